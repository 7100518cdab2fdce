package io.synod.log;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Batches that are written in several records, one behind the other. */
final class Fragments {
    private Fragments() {}

    /** The joined chunks of the batch whose first record header is at {@code record}; {@code null} when it is not whole. */
    static ByteBuffer join(EntryCodec codec, ByteBuffer bytes, int record, long number) {
        int fragments = EntryCodec.fragments(bytes, record);
        int size = EntryCodec.batchBytes(bytes, record);
        if (size > bytes.limit() - record) {
            return null;
        }
        ByteBuffer joined = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        int at = record;
        for (int i = 0; i < fragments; i++) {
            boolean expected = codec.isRecord(bytes, at)
                    && EntryCodec.number(bytes, at) == number
                    && EntryCodec.fragment(bytes, at) == i
                    && EntryCodec.fragments(bytes, at) == fragments;
            if (!expected) {
                return null;
            }
            int chunk = EntryCodec.chunkBytes(bytes, at);
            int start = at + EntryCodec.RECORD_HEADER;
            if (chunk > bytes.limit() - start || chunk > joined.remaining()) {
                return null;
            }
            joined.put(bytes.slice(start, chunk));
            at = next(bytes, at);
        }
        return joined.hasRemaining() ? null : joined.flip();
    }

    /** The header of the following record, behind its frame's length. */
    static int next(ByteBuffer bytes, int record) {
        return EntryCodec.padded(record + EntryCodec.RECORD_HEADER + EntryCodec.chunkBytes(bytes, record)) + 4;
    }

    /** Where the last record of a whole batch ends. */
    static int end(ByteBuffer bytes, int record) {
        int at = record;
        for (int i = EntryCodec.fragments(bytes, record); i > 0; i--) {
            at = next(bytes, at);
        }
        return at - 4;
    }
}
