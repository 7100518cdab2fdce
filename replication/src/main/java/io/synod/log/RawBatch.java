package io.synod.log;

import java.nio.ByteBuffer;
import net.openhft.chronicle.bytes.Bytes;

/** The records of a batch as they stand in a segment that was read, to be written again. */
final class RawBatch implements SegmentWriter.Records {
    private final RecordBuffer memory = new RecordBuffer();
    private final ByteBuffer segment;
    private int record;

    RawBatch(ByteBuffer segment) {
        this.segment = segment;
    }

    RawBatch at(int firstRecord) {
        record = firstRecord;
        return this;
    }

    @Override
    public int count() {
        return EntryCodec.fragments(segment, record);
    }

    @Override
    public long framedBytes() {
        return Fragments.end(segment, record) - record + 4L;
    }

    @Override
    public Bytes<?> record(int i) {
        int at = record;
        for (int k = 0; k < i; k++) {
            at = Fragments.next(segment, at);
        }
        int length = EntryCodec.RECORD_HEADER + EntryCodec.chunkBytes(segment, at);
        memory.clear(length).put(segment.slice(at, length));
        return memory.view(0, length);
    }
}
