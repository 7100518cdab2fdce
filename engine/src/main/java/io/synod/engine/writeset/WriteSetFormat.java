package io.synod.engine.writeset;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.WriteBuffer;

/**
 * The bytes of a write set, version 1:
 *
 * <pre>
 * version(1)  tables(varint) { number(varint) schemaVersion(varlong) }
 * marks, as {@link SequenceMarks} writes them
 * per table { op(1) key(varlong) [unchanged LOB columns] [row] } 0
 * </pre>
 *
 * The tables stand in front, so that a member can tell that a write set is void without knowing the columns of its rows;
 * then the marks, so that the member that made it need not read the rows at all.
 *
 * <p>An oversized one is cut in two. The head: {@code version(1) tables marks inserts(varlong) updates(varlong)
 * deletes(varlong)}, as above. The body, which is a stream that may be cut anywhere:
 *
 * <pre>
 * { LOB column(varint) octets(varlong) characters(varlong), -1 for a BLOB | octets
 *   op(1) table(varint) key(varlong) [length(varint) row, as above]                        }
 * </pre>
 *
 * The LOBs of a row stand before it.
 */
final class WriteSetFormat {
    static final byte VERSION = 1;

    static final byte END = 0;
    static final byte INSERT = 1;
    static final byte UPDATE = 2;
    static final byte DELETE = 3;
    static final byte LOB = 4;

    private WriteSetFormat() {}

    static void putString(WriteBuffer out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.putVarInt(bytes.length).put(bytes);
    }

    /**
     * How many follow of what takes a byte or more.
     *
     * @throws IllegalStateException there are not so many bytes
     */
    static int readCount(ByteBuffer in) {
        int count = DataUtils.readVarInt(in);
        if (count < 0 || count > in.remaining()) {
            throw new IllegalStateException(
                    "a write set says that " + count + " follow, and " + in.remaining() + " bytes are left of it");
        }
        return count;
    }

    static String readString(ByteBuffer in) {
        byte[] bytes = new byte[readCount(in)];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    static byte[] toBytes(WriteBuffer buffer) {
        byte[] bytes = new byte[buffer.position()];
        buffer.position(0);
        buffer.get(bytes);
        return bytes;
    }

    static void checkVersion(byte found, String what) {
        if (found != VERSION) {
            throw new IllegalStateException(what + " has format version " + found
                    + "; this release of Synod reads version " + VERSION + ": update this node");
        }
    }
}
