package io.synod.log;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * A lower bound of what was forced, noted after each force and never forced itself: the last durable batch, and the last
 * durable index of each group. It outlives the process, not always the machine. What it names and the log lacks was lost,
 * even when the end of the log was cut off so cleanly that the log itself shows nothing.
 *
 * <p>The file is a table of slots of two halves, written in turn, so that a death in the middle of a write leaves the
 * other half: key 8, value 8, batch number 8, CRC32C 4, unused 4. Slot 0 is the log's (value: the batch again), the
 * others are groups' (key: group, value: last index). Groups beyond the table's end are not noted.
 */
final class DurableMark {
    static final String FILE = "DURABLE";

    private static final int BYTES = 64 << 10;
    private static final int HALF = 32;
    private static final int SLOT = 2 * HALF;
    private static final long LOG_KEY = 0x53594e4f44L;

    /** The newest valid half of a slot. */
    record Mark(long value, long batch) {}

    private final MappedByteBuffer table;
    private final ByteBuffer scratch = ByteBuffer.allocate(HALF).order(ByteOrder.LITTLE_ENDIAN);
    private final CRC32C crc = new CRC32C();
    private final Map<Long, Integer> slots = new HashMap<>();
    private final byte[] nextHalf = new byte[BYTES / SLOT];
    private int slotsUsed = 1;

    private DurableMark(MappedByteBuffer table) {
        this.table = table;
        table.order(ByteOrder.LITTLE_ENDIAN);
    }

    static DurableMark open(Path directory) throws IOException {
        try (RandomAccessFile file =
                new RandomAccessFile(directory.resolve(FILE).toFile(), "rw")) {
            if (file.length() < BYTES) {
                // Written, not only sized: a hole could not be filled on a full disk.
                file.seek(file.length());
                file.write(new byte[BYTES - (int) file.length()]);
            }
            DurableMark mark = new DurableMark(file.getChannel().map(FileChannel.MapMode.READ_WRITE, 0, BYTES));
            mark.load();
            return mark;
        }
    }

    private void load() {
        while (slotsUsed < nextHalf.length) {
            int half = newestHalf(slotsUsed);
            if (half < 0) {
                break;
            }
            slots.put(table.getLong(at(slotsUsed, half)), slotsUsed);
            nextHalf[slotsUsed] = (byte) (1 - half);
            slotsUsed++;
        }
        int half = newestHalf(0);
        nextHalf[0] = (byte) (half < 0 ? 0 : 1 - half);
    }

    /** The last durable batch, 0 where nothing is known. */
    long batch() {
        return read(0).batch();
    }

    /** Per group the last durable index, and the batch after which that was noted. */
    Map<Long, Mark> groups() {
        Map<Long, Mark> marks = new HashMap<>();
        slots.forEach((group, slot) -> marks.put(group, read(slot)));
        return marks;
    }

    void group(long group, long lastIndex, long batch) {
        Integer slot = slots.get(group);
        if (slot == null) {
            if (slotsUsed == nextHalf.length) {
                return;
            }
            slot = slotsUsed++;
            slots.put(group, slot);
        }
        write(slot, group, lastIndex, batch);
    }

    /** To be called last: what groups noted before counts from now on. */
    void batch(long batch) {
        write(0, LOG_KEY, batch, batch);
    }

    private Mark read(int slot) {
        int half = newestHalf(slot);
        return half < 0
                ? new Mark(0, 0)
                : new Mark(table.getLong(at(slot, half) + 8), table.getLong(at(slot, half) + 16));
    }

    private void write(int slot, long key, long value, long batch) {
        scratch.clear();
        scratch.putLong(key).putLong(value).putLong(batch);
        scratch.putInt(crcOf(scratch.array())).putInt(0);
        table.put(at(slot, nextHalf[slot]), scratch.array(), 0, HALF);
        nextHalf[slot] ^= 1;
    }

    private int newestHalf(int slot) {
        boolean first = isValid(slot, 0);
        boolean second = isValid(slot, 1);
        if (first && second) {
            return table.getLong(at(slot, 1) + 16) > table.getLong(at(slot, 0) + 16) ? 1 : 0;
        }
        return first ? 0 : second ? 1 : -1;
    }

    private boolean isValid(int slot, int half) {
        byte[] bytes = new byte[HALF];
        table.get(at(slot, half), bytes);
        // Zeros are not valid: their CRC is not zero.
        return table.getInt(at(slot, half) + 24) == crcOf(bytes)
                && (slot != 0 || table.getLong(at(slot, half)) == LOG_KEY);
    }

    private int crcOf(byte[] bytes) {
        crc.reset();
        crc.update(bytes, 0, 24);
        return (int) crc.getValue();
    }

    private static int at(int slot, int half) {
        return slot * SLOT + half * HALF;
    }
}
