package io.synod.engine.snapshot;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/** The smallest log that survives a kill: records one behind the other, the torn one at the end cut off when it is opened. */
final class PlainLog implements AutoCloseable {
    /** @param ddl the payload is a statement; else a write set */
    record Record(boolean ddl, byte[] payload) {}

    private final FileChannel file;
    private final List<Record> records = new ArrayList<>();

    PlainLog(Path path) throws IOException {
        file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        ByteBuffer in = ByteBuffer.allocate((int) file.size());
        while (in.hasRemaining() && file.read(in) >= 0) {
            continue;
        }
        in.flip();
        while (in.remaining() >= 9) {
            int start = in.position();
            int length = in.getInt();
            int crc = in.getInt();
            boolean ddl = in.get() != 0;
            if (length > in.remaining()) {
                in.position(start);
                break;
            }
            byte[] payload = new byte[length];
            in.get(payload);
            if (crc(payload) != crc) {
                in.position(start);
                break;
            }
            records.add(new Record(ddl, payload));
        }
        file.truncate(in.position());
        file.position(in.position());
    }

    /** Records from index 1 on. */
    List<Record> records() {
        return records;
    }

    void appendDdl(String sql) throws IOException {
        append(true, sql.getBytes(StandardCharsets.UTF_8));
    }

    void append(boolean ddl, byte[] payload) throws IOException {
        ByteBuffer out = ByteBuffer.allocate(9 + payload.length);
        out.putInt(payload.length)
                .putInt(crc(payload))
                .put((byte) (ddl ? 1 : 0))
                .put(payload)
                .flip();
        while (out.hasRemaining()) {
            file.write(out);
        }
    }

    private static int crc(byte[] payload) {
        CRC32 crc = new CRC32();
        crc.update(payload);
        return (int) crc.getValue();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
