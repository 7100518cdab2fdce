package io.synod.log;

import io.synod.log.EntryCodec.Verdict;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Walks the bytes of one segment, read from the file and trusted in nothing, batch by batch. Chronicle must not see a file
 * before this did: a garbled length makes it read outside of its mapping, which kills the JVM.
 *
 * <p>Normally it follows Chronicle's framing: an int before each record (0: end, 0xC0000000: end of a rolled file, bit 31:
 * not complete, bit 30: Chronicle's own data, else the length). Where that breaks it looks for the headers and trailers of
 * batches, which know their number: nothing in between can be lost unseen.
 */
final class SegmentScan {
    private static final int META = 0x4000_0000;
    private static final int END_OF_FILE = 0xC000_0000;

    /** Told what was found, in order. */
    interface Sink {
        /** A whole batch: its joined chunks are {@code start … end} of {@code bytes}. */
        void batch(long number, int record, int recordsEnd, ByteBuffer bytes, int start, int end);

        /**
         * Batches {@code from … to} are damaged or missing. Calls {@link EntryCodec#runs} on {@code bytes} for every
         * trailer in {@code trailers} that is left of them.
         */
        void fault(long from, long to, int position, ByteBuffer bytes, int[] trailers, String reason);
    }

    private final EntryCodec codec = new EntryCodec();
    private final ByteBuffer bytes;
    private final Sink sink;
    private final long durableBatch;

    /** Next batch number. */
    private long next;
    /** End of the last batch that was found. */
    private int tail;

    private boolean framingBroken;
    private boolean torn;
    /** Of a record that another release has written, 0 for none. */
    private int otherVersion;

    /** @param durableBatch the last batch that is known to be durable: nothing up to it may be dropped */
    SegmentScan(ByteBuffer bytes, long firstBatch, long durableBatch, Sink sink) {
        this.bytes = bytes.order(ByteOrder.LITTLE_ENDIAN);
        this.next = firstBatch;
        this.durableBatch = durableBatch;
        this.sink = sink;
    }

    /** The number of the first batch in a segment; 0 where none is to be seen. */
    static long firstBatch(ByteBuffer segment) {
        ByteBuffer bytes = segment.order(ByteOrder.LITTLE_ENDIAN);
        EntryCodec codec = new EntryCodec();
        for (int at = 0; at <= bytes.limit() - EntryCodec.RECORD_HEADER; at += 4) {
            if (bytes.getInt(at) == EntryCodec.RECORD_MAGIC && codec.isRecord(bytes, at)) {
                return EntryCodec.number(bytes, at);
            }
        }
        return 0;
    }

    /** The number of the batch that should come next after this segment. */
    long next() {
        return next;
    }

    /** Position behind the last batch found. */
    int tail() {
        return tail;
    }

    /** Whether batches were found although the frames around them are damaged. */
    boolean framingBroken() {
        return framingBroken;
    }

    /** The version of records that this release does not read, where there are any: what was found then says nothing. 0 for none. */
    int otherVersion() {
        return otherVersion;
    }

    /** Whether the last thing found was part of a batch that was never forced. */
    boolean torn() {
        return torn;
    }

    void run() {
        int record = 0;
        while (record >= 0) {
            record = nextFramed();
            if (record < 0) {
                record = rescue();
            }
            if (record >= 0 && !accept(record)) {
                record = faultOrTorn(record + EntryCodec.RECORD_HEADER, record);
                if (record >= 0 && !accept(record)) {
                    // The batch behind a damaged one is damaged too: go on from there.
                    tail = record;
                }
            }
        }
    }

    /** The record header of batch {@link #next} by Chronicle's framing; −1 where that ends or breaks. */
    private int nextFramed() {
        int at = tail;
        while (at <= bytes.limit() - 4 - EntryCodec.RECORD_HEADER) {
            int frame = bytes.getInt(at);
            int length = frame & 0x3fff_ffff;
            if (frame <= 0 || frame == END_OF_FILE || length > bytes.limit() - at - 4) {
                return -1;
            }
            if ((frame & META) != 0) {
                at += 4 + EntryCodec.padded(length);
                continue;
            }
            boolean expected = isFirstRecordOf(at + 4, next)
                    && length == EntryCodec.RECORD_HEADER + EntryCodec.chunkBytes(bytes, at + 4);
            return expected ? at + 4 : -1;
        }
        return -1;
    }

    private boolean isFirstRecordOf(int at, long number) {
        return codec.isRecord(bytes, at)
                && EntryCodec.number(bytes, at) == number
                && EntryCodec.fragment(bytes, at) == 0;
    }

    /** The framing ends: is there really nothing more? */
    private int rescue() {
        for (int at = tail; at <= bytes.limit() - EntryCodec.RECORD_HEADER; at += 4) {
            if (bytes.getInt(at) == EntryCodec.RECORD_MAGIC && isFirstRecordOf(at, next)) {
                framingBroken = true;
                return at;
            }
        }
        return faultOrTorn(tail, tail);
    }

    private boolean accept(int record) {
        int fragments = EntryCodec.fragments(bytes, record);
        if (fragments == 1) {
            int start = record + EntryCodec.RECORD_HEADER;
            int end = start + EntryCodec.chunkBytes(bytes, record);
            return end <= bytes.limit()
                    && codec.verify(bytes, start, end, next) == Verdict.WHOLE
                    && found(record, EntryCodec.padded(end), bytes, start, end);
        }
        ByteBuffer joined = Fragments.join(codec, bytes, record, next);
        return joined != null
                && codec.verify(joined, 0, joined.limit(), next) == Verdict.WHOLE
                && found(record, Fragments.end(bytes, record), joined, 0, joined.limit());
    }

    private boolean found(int record, int recordsEnd, ByteBuffer in, int start, int end) {
        sink.batch(next, record, recordsEnd, in, start, end);
        tail = recordsEnd;
        next++;
        return true;
    }

    /**
     * Batch {@link #next} is not readable. It is torn, and so is all behind it, only if nothing says that its force may
     * have returned: no trailer of its own, no whole batch behind it, no later header that calls it durable, no mark.
     *
     * @return the header of a later batch to go on with, or −1 at the end
     */
    private int faultOrTorn(int from, int position) {
        int later = -1;
        boolean durable = next <= durableBatch;
        long lastTrailer = next - 1;
        int[] trailers = new int[0];
        for (int at = from & ~3; at <= bytes.limit() - EntryCodec.TRAILER_TAIL; at += 4) {
            int magic = bytes.getInt(at);
            if (magic == EntryCodec.RECORD_MAGIC && otherVersion == 0) {
                otherVersion = codec.otherVersion(bytes, at);
            }
            if (magic == EntryCodec.RECORD_MAGIC && codec.isRecord(bytes, at) && EntryCodec.number(bytes, at) > next) {
                durable |= EntryCodec.durable(bytes, at) >= next;
                if (later < 0 && EntryCodec.fragment(bytes, at) == 0) {
                    later = at;
                }
            } else if (magic == EntryCodec.TRAILER_MAGIC
                    && codec.isTrailer(bytes, at)
                    && EntryCodec.trailerNumber(bytes, at) >= next) {
                durable = true;
                lastTrailer = Math.max(lastTrailer, EntryCodec.trailerNumber(bytes, at));
                if (later < 0) {
                    trailers = Arrays.copyOf(trailers, trailers.length + 1);
                    trailers[trailers.length - 1] = at;
                }
            }
        }
        if (!durable) {
            torn = from > position;
            return -1;
        }
        long until =
                later >= 0 ? EntryCodec.number(bytes, later) - 1 : Math.max(Math.max(lastTrailer, next), durableBatch);
        sink.fault(
                next,
                until,
                position,
                bytes,
                trailers,
                later >= 0 || lastTrailer >= next ? "what follows is valid" : "it was forced");
        next = until + 1;
        return later;
    }
}
