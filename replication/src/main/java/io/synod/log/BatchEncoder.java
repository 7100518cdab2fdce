package io.synod.log;

import io.synod.group.Entry;
import io.synod.group.Invariant;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import net.openhft.chronicle.bytes.Bytes;

/**
 * Encodes a batch once, into reused memory, and hands it out record by record. A header is put right before its chunk: in a
 * batch of fragments it overwrites the end of the chunk before, which has been written by then.
 */
final class BatchEncoder implements SegmentWriter.Records {
    private final EntryCodec codec = new EntryCodec();
    private final RecordBuffer memory = new RecordBuffer();
    private final int fragmentBytes;
    private final int maxTrailerBytes;

    private ByteBuffer out;
    private long number;
    private long durable;
    private int entriesBytes;
    private int batchBytes;

    private int runs;
    private long[] runGroup = new long[8];
    private long[] runEpoch = new long[8];
    private long[] runFirst = new long[8];
    private int[] runCount = new int[8];

    BatchEncoder(LogConfig config) {
        fragmentBytes = config.fragmentBytes();
        maxTrailerBytes = config.segmentBytes() / 8;
    }

    void encode(List<EntryLog.Append> batch, long batchNumber, long durableBatch) {
        encode(batch, 0, batchNumber, durableBatch);
    }

    /** @param cut batches before this one are not needed any more once this one is durable; 0 says nothing */
    void encode(List<EntryLog.Append> batch, long cut, long batchNumber, long durableBatch) {
        number = batchNumber;
        durable = durableBatch;
        measure(batch, cut);
        out = memory.clear(Math.addExact(EntryCodec.RECORD_HEADER, batchBytes));
        out.position(EntryCodec.RECORD_HEADER);
        codec.begin();
        for (int i = 0; i < batch.size(); i++) {
            codec.record(out, batch.get(i));
        }
        if (cut > 0) {
            codec.cut(out, cut);
        }
        int runsStart = out.position();
        for (int i = 0; i < runs; i++) {
            EntryCodec.run(out, runGroup[i], runEpoch[i], runFirst[i], runCount[i]);
        }
        codec.trailer(out, runsStart, number, batch.size() + (cut > 0 ? 1 : 0), runs);
        Invariant.that(
                out.position() == EntryCodec.RECORD_HEADER + batchBytes,
                "batch of %d bytes was measured as %d",
                out.position(),
                batchBytes);
    }

    private void measure(List<EntryLog.Append> batch, long cut) {
        long bytes = 0;
        runs = 0;
        long expected = -1;
        for (int i = 0; i < batch.size(); i++) {
            EntryLog.Append append = batch.get(i);
            Entry entry = append.entry();
            bytes += EntryCodec.encodedBytes(EntryCodec.payloadOf(append).length);
            boolean goesOn = entry != null
                    && expected == entry.index()
                    && runGroup[runs - 1] == append.group()
                    && runEpoch[runs - 1] == entry.epoch();
            if (goesOn) {
                runCount[runs - 1]++;
            } else if (append.base() != null) {
                addRun(append.group(), append.base().epoch(), append.base().index(), 0);
            } else if (entry == null) {
                addRun(append.group(), append.promise(), 0, 0);
            } else {
                addRun(append.group(), entry.epoch(), entry.index(), 1);
            }
            expected = entry == null ? -1 : entry.index() + 1;
        }
        if (cut > 0) {
            bytes += EntryCodec.encodedBytes(0);
            addRun(0, 0, cut, 0);
        }
        int trailerBytes = runs * EntryCodec.RUN + EntryCodec.TRAILER_TAIL;
        Invariant.that(
                trailerBytes <= maxTrailerBytes,
                "batch of %d runs, its segment allows %d bytes",
                runs,
                maxTrailerBytes);
        Invariant.that(bytes < Integer.MAX_VALUE - (1 << 20), "batch of %d bytes, limit %d", bytes, Integer.MAX_VALUE);
        entriesBytes = (int) bytes;
        batchBytes = entriesBytes + trailerBytes;
    }

    private void addRun(long group, long epoch, long first, int count) {
        if (runs == runGroup.length) {
            runGroup = Arrays.copyOf(runGroup, runs * 2);
            runEpoch = Arrays.copyOf(runEpoch, runs * 2);
            runFirst = Arrays.copyOf(runFirst, runs * 2);
            runCount = Arrays.copyOf(runCount, runs * 2);
        }
        runGroup[runs] = group;
        runEpoch[runs] = epoch;
        runFirst[runs] = first;
        runCount[runs++] = count;
    }

    @Override
    public int count() {
        return batchBytes <= fragmentBytes ? 1 : (entriesBytes + fragmentBytes - 1) / fragmentBytes + 1;
    }

    @Override
    public long framedBytes() {
        return batchBytes + (long) count() * (EntryCodec.RECORD_HEADER + 4);
    }

    @Override
    public Bytes<?> record(int fragment) {
        int count = count();
        int from = fragment * fragmentBytes;
        int to = Math.min(entriesBytes, from + fragmentBytes);
        if (fragment == count - 1) {
            from = count == 1 ? 0 : entriesBytes;
            to = batchBytes;
        }
        codec.recordHeader(out, from, number, durable, fragment, count, to - from, batchBytes);
        return memory.view(from, EntryCodec.RECORD_HEADER + to - from);
    }
}
