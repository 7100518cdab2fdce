package io.synod.log;

import io.synod.group.Base;
import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.group.Members;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * The bytes of one batch. All numbers little-endian, all parts multiples of 4 bytes.
 *
 * <pre>
 * batch    = record, or several (fragments) when it is large; a record is one entry of the queue
 * record   = magic 4, version 4, batch number 8, durable batch number 8, fragment 4, fragments 4, chunk bytes 4,
 *            bytes of the whole batch 4, reserved 4, CRC32C of these 44 | chunk
 * chunks   = entry* trailer, cut at multiples of the fragment size; in a batch of fragments the trailer is the last one
 * entry    = magic 1, version 1, kind 1 (0: promise, 64: base, 65: cut), reserved 1, payload bytes 4, group 8, epoch 8, index 8,
 *            CRC32C of these 32 and the payload 4 | payload, padded
 * base     = an entry whose payload is: format 1, voids 1, the members in force as {@link io.synod.group.Members#encode}
 *            or nothing
 * cut      = an entry without payload: batches before number {@code index} are not needed any more
 * trailer  = run* (group 8, epoch 8, first index 8, count 4; count 0: no entry)
 *            magic 4, version 4, batch number 8, entries 4, runs 4, CRC32C of all entries' CRCs 4, CRC32C of the trailer 4
 * </pre>
 *
 * The trailer is what tells a torn batch from a damaged one: it was written under the same force as the entries that it
 * lists. Alagappan et al., Protocol-Aware Recovery (FAST 2018), section 3.2. The batch number counts without holes
 * through all segments; "durable" is the number of the newest batch known to be forced when this one was written.
 *
 * <p>An instance holds scratch space and belongs to one thread at a time.
 */
final class EntryCodec {
    static final int RECORD_HEADER = 48;
    static final int ENTRY_HEADER = 36;
    static final int RUN = 28;
    static final int TRAILER_TAIL = 32;
    static final int RECORD_MAGIC = 0x524e5953; // "SYNR"
    static final int TRAILER_MAGIC = 0x544e5953; // "SYNT"
    static final byte PROMISE = 0;
    static final byte BASE = 64;
    static final byte CUT = 65;

    /** Of records, entries and trailers: whoever changes one of them counts all up. */
    static final int VERSION = 1;

    private static final byte ENTRY_MAGIC = 0x5e;
    private static final byte BASE_FORMAT = 1;
    private static final byte[] NOTHING = new byte[0];

    private final CRC32C crc = new CRC32C();
    private final CRC32C digest = new CRC32C();

    /** What a batch turned out to be. */
    enum Verdict {
        WHOLE,
        /** No valid trailer: its force may never have returned. */
        WITHOUT_TRAILER,
        /** The trailer is valid and something that it lists is not. */
        SPOILT
    }

    /** Receives the records of a batch in order. The payload is at {@code position} of {@code bytes}. */
    interface Records {
        void record(byte kind, long group, long epoch, long index, ByteBuffer bytes, int position, int length);
    }

    /** Receives the runs of a trailer: consecutive indices of one group and epoch; {@code count} 0 for a promise. */
    interface Runs {
        void run(long group, long epoch, long firstIndex, int count);
    }

    static int padded(int length) {
        return length + 3 & ~3;
    }

    static int encodedBytes(int payloadBytes) {
        return ENTRY_HEADER + padded(payloadBytes);
    }

    /** Whether a record of this kind is an entry of a group's log. */
    static boolean isEntry(byte kind) {
        return kind != PROMISE && kind < BASE;
    }

    static byte[] payloadOf(EntryLog.Append append) {
        if (append.entry() != null) {
            return append.entry().payload();
        }
        if (append.base() == null) {
            return NOTHING;
        }
        Members members = append.base().members();
        byte[] encoded = members == null ? NOTHING : members.encode();
        byte[] payload = new byte[2 + encoded.length];
        payload[0] = BASE_FORMAT;
        payload[1] = (byte) (append.voids() ? 1 : 0);
        System.arraycopy(encoded, 0, payload, 2, encoded.length);
        return payload;
    }

    /** @throws IllegalArgumentException when it was written by a version that this one does not know */
    static EntryLog.Append baseOf(long group, long epoch, long index, ByteBuffer bytes, int position, int length) {
        byte[] payload = new byte[length];
        bytes.get(position, payload);
        if (length < 2 || payload[0] != BASE_FORMAT) {
            throw new IllegalArgumentException("base of " + length + " bytes, expected format " + BASE_FORMAT);
        }
        Members members = length == 2 ? null : Members.decode(Arrays.copyOfRange(payload, 2, length));
        return EntryLog.Append.base(group, new Base(index, epoch, members), payload[1] == 1);
    }

    /** Starts a batch: {@link #record}, {@link #cut} and {@link #trailer} follow. */
    void begin() {
        digest.reset();
    }

    void record(ByteBuffer out, EntryLog.Append append) {
        Entry entry = append.entry();
        Base base = append.base();
        if (entry != null) {
            put(out, entry.kind().code(), append.group(), entry.epoch(), entry.index(), entry.payload());
        } else if (base != null) {
            put(out, BASE, append.group(), base.epoch(), base.index(), payloadOf(append));
        } else {
            put(out, PROMISE, append.group(), append.promise(), 0, NOTHING);
        }
    }

    void cut(ByteBuffer out, long firstBatch) {
        put(out, CUT, 0, 0, firstBatch, NOTHING);
    }

    private void put(ByteBuffer out, byte kind, long group, long epoch, long index, byte[] payload) {
        int start = out.position();
        int length = payload.length;
        out.put(ENTRY_MAGIC).put((byte) VERSION).put(kind).put((byte) 0).putInt(length);
        out.putLong(group).putLong(epoch).putLong(index);
        crc.reset();
        updateCrc(crc, out, start, ENTRY_HEADER - 4);
        if (length > 0) {
            crc.update(payload, 0, length);
        }
        out.putInt((int) crc.getValue());
        updateCrc(digest, out, out.position() - 4, 4);
        if (length > 0) {
            out.put(payload);
            for (int pad = padded(length) - length; pad > 0; pad--) {
                out.put((byte) 0);
            }
        }
    }

    /** Ends a batch; the caller has put its {@code runs} runs from {@code runsStart} on. */
    void trailer(ByteBuffer out, int runsStart, long number, int entries, int runs) {
        out.putInt(TRAILER_MAGIC)
                .putInt(VERSION)
                .putLong(number)
                .putInt(entries)
                .putInt(runs);
        out.putInt((int) digest.getValue());
        out.putInt(crcOf(out, runsStart, out.position() - runsStart));
    }

    static void run(ByteBuffer out, long group, long epoch, long firstIndex, int count) {
        out.putLong(group).putLong(epoch).putLong(firstIndex).putInt(count);
    }

    /** Writes a record header at {@code at}, without moving the buffer's position. */
    void recordHeader(
            ByteBuffer out,
            int at,
            long number,
            long durable,
            int fragment,
            int fragments,
            int chunkBytes,
            int batchBytes) {
        out.putInt(at, RECORD_MAGIC).putInt(at + 4, VERSION);
        out.putLong(at + 8, number).putLong(at + 16, durable);
        out.putInt(at + 24, fragment).putInt(at + 28, fragments);
        out.putInt(at + 32, chunkBytes).putInt(at + 36, batchBytes).putInt(at + 40, 0);
        out.putInt(at + 44, crcOf(out, at, RECORD_HEADER - 4));
    }

    /** Whether a valid record header is at {@code at}; nothing is assumed about the bytes. */
    boolean isRecord(ByteBuffer in, int at) {
        return at >= 0
                && at <= in.limit() - RECORD_HEADER
                && in.getInt(at) == RECORD_MAGIC
                && in.getInt(at + 4) == VERSION
                && in.getInt(at + 44) == crcOf(in, at, RECORD_HEADER - 4)
                && in.getInt(at + 32) >= 0
                && in.getInt(at + 36) >= in.getInt(at + 32)
                && in.getInt(at + 24) >= 0
                && in.getInt(at + 24) < in.getInt(at + 28);
    }

    /**
     * The version of the whole record header at {@code at} where it is not this release's: then nothing here is damaged, but there is nothing
     * that could be read. Length, place of the version and of the checksum are the same in all versions.
     *
     * @return 0 for none
     */
    int otherVersion(ByteBuffer in, int at) {
        return at >= 0
                        && at <= in.limit() - RECORD_HEADER
                        && in.getInt(at) == RECORD_MAGIC
                        && in.getInt(at + 4) != VERSION
                        && in.getInt(at + 44) == crcOf(in, at, RECORD_HEADER - 4)
                ? in.getInt(at + 4)
                : 0;
    }

    static long number(ByteBuffer in, int record) {
        return in.getLong(record + 8);
    }

    static long durable(ByteBuffer in, int record) {
        return in.getLong(record + 16);
    }

    static int fragment(ByteBuffer in, int record) {
        return in.getInt(record + 24);
    }

    static int fragments(ByteBuffer in, int record) {
        return in.getInt(record + 28);
    }

    static int chunkBytes(ByteBuffer in, int record) {
        return in.getInt(record + 32);
    }

    static int batchBytes(ByteBuffer in, int record) {
        return in.getInt(record + 36);
    }

    /** Whether the tail of a valid trailer is at {@code at}; its runs lie before it. */
    boolean isTrailer(ByteBuffer in, int at) {
        if (at < 0
                || at > in.limit() - TRAILER_TAIL
                || in.getInt(at) != TRAILER_MAGIC
                || in.getInt(at + 4) != VERSION) {
            return false;
        }
        int runs = in.getInt(at + 20);
        if (runs < 0 || runs > at / RUN) {
            return false;
        }
        int start = at - runs * RUN;
        return in.getInt(at + 28) == crcOf(in, start, at + TRAILER_TAIL - 4 - start);
    }

    static long trailerNumber(ByteBuffer in, int tail) {
        return in.getLong(tail + 8);
    }

    static void runs(ByteBuffer in, int tail, Runs to) {
        for (int at = tail - in.getInt(tail + 20) * RUN; at < tail; at += RUN) {
            to.run(in.getLong(at), in.getLong(at + 8), in.getLong(at + 16), in.getInt(at + 24));
        }
    }

    /** Checks the chunks of one batch, joined, from {@code start} to {@code end}. */
    Verdict verify(ByteBuffer in, int start, int end, long number) {
        int tail = end - TRAILER_TAIL;
        if (tail < start || !isTrailer(in, tail) || trailerNumber(in, tail) != number) {
            return Verdict.WITHOUT_TRAILER;
        }
        int entriesEnd = tail - in.getInt(tail + 20) * RUN;
        int entries = in.getInt(tail + 16);
        int at = start;
        digest.reset();
        for (int i = 0; i < entries; i++) {
            if (!isEntry(in, at, entriesEnd)) {
                return Verdict.SPOILT;
            }
            updateCrc(digest, in, at + ENTRY_HEADER - 4, 4);
            at += ENTRY_HEADER + padded(in.getInt(at + 4));
        }
        return at == entriesEnd && (int) digest.getValue() == in.getInt(tail + 24) ? Verdict.WHOLE : Verdict.SPOILT;
    }

    private boolean isEntry(ByteBuffer in, int at, int end) {
        if (at < 0 || at > end - ENTRY_HEADER || in.get(at) != ENTRY_MAGIC || in.get(at + 1) != VERSION) {
            return false;
        }
        int length = in.getInt(at + 4);
        if (length < 0 || length > end - at - ENTRY_HEADER) {
            return false;
        }
        crc.reset();
        updateCrc(crc, in, at, ENTRY_HEADER - 4);
        updateCrc(crc, in, at + ENTRY_HEADER, length);
        return in.getInt(at + ENTRY_HEADER - 4) == (int) crc.getValue();
    }

    /** The records of a batch that {@link #verify} found whole. */
    static void records(ByteBuffer in, int start, int end, Records to) {
        int tail = end - TRAILER_TAIL;
        int entries = in.getInt(tail + 16);
        int at = start;
        for (int i = 0; i < entries; i++) {
            int length = in.getInt(at + 4);
            to.record(
                    in.get(at + 2),
                    in.getLong(at + 8),
                    in.getLong(at + 16),
                    in.getLong(at + 24),
                    in,
                    at + ENTRY_HEADER,
                    length);
            at += ENTRY_HEADER + padded(length);
        }
    }

    static Entry entryOf(byte kind, long epoch, long index, ByteBuffer bytes, int position, int length) {
        byte[] payload = new byte[length];
        bytes.get(position, payload);
        return new Entry(epoch, index, EntryKind.of(kind), payload);
    }

    private int crcOf(ByteBuffer bytes, int from, int length) {
        crc.reset();
        updateCrc(crc, bytes, from, length);
        return (int) crc.getValue();
    }

    /** Leaves position and limit as they were; no view is allocated. */
    private static void updateCrc(CRC32C crc, ByteBuffer bytes, int from, int length) {
        int position = bytes.position();
        int limit = bytes.limit();
        bytes.limit(from + length).position(from);
        crc.update(bytes);
        bytes.limit(limit).position(position);
    }
}
