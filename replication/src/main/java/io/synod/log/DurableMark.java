package io.synod.log;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
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
 * other half: key 8, batch number 8, last index 8, last epoch 8, first index of that epoch 8, CRC32C 4, unused 20. Slot 0
 * is the log's, the others are groups' (key: group). Groups beyond the table's end are not noted.
 */
final class DurableMark {
    static final String FILE = "DURABLE";

    private static final int BYTES = 64 << 10;
    private static final int HALF = 64;
    private static final int CRC_AT = 40;
    private static final int SLOT = 2 * HALF;
    private static final long LOG_KEY = 0x53594e4f44L;

    /**
     * What a group had when the batch was forced.
     *
     * @param lastEpoch epoch of the last entry, which begins at {@code lastEpochFirst}
     */
    record Mark(long batch, long lastIndex, long lastEpoch, long lastEpochFirst) {}

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

    /** It is there before a log takes anything, and never goes. */
    static boolean isIn(Path directory) {
        return !Files.notExists(directory.resolve(FILE));
    }

    /** @throws DamagedLogException it cannot be read: asked before it is mapped, where that would be an error of the JVM */
    static DurableMark open(Path directory) throws IOException {
        if (isIn(directory)) {
            FileReads.small(directory.resolve(FILE), BYTES);
        }
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

    void group(long group, long batch, long lastIndex, long lastEpoch, long lastEpochFirst) {
        Integer slot = slots.get(group);
        if (slot == null) {
            if (slotsUsed == nextHalf.length) {
                return;
            }
            slot = slotsUsed++;
            slots.put(group, slot);
        }
        write(slot, group, batch, lastIndex, lastEpoch, lastEpochFirst);
    }

    /** To be called last: what groups noted before counts from now on. */
    void batch(long batch) {
        write(0, LOG_KEY, batch, 0, 0, 0);
    }

    private Mark read(int slot) {
        int half = newestHalf(slot);
        if (half < 0) {
            return new Mark(0, 0, 0, 0);
        }
        int at = at(slot, half);
        return new Mark(table.getLong(at + 8), table.getLong(at + 16), table.getLong(at + 24), table.getLong(at + 32));
    }

    private void write(int slot, long key, long batch, long lastIndex, long lastEpoch, long lastEpochFirst) {
        scratch.clear();
        scratch.putLong(key)
                .putLong(batch)
                .putLong(lastIndex)
                .putLong(lastEpoch)
                .putLong(lastEpochFirst);
        scratch.putInt(crcOf(scratch.array()));
        table.put(at(slot, nextHalf[slot]), scratch.array(), 0, HALF);
        nextHalf[slot] ^= 1;
    }

    private int newestHalf(int slot) {
        boolean first = isValid(slot, 0);
        boolean second = isValid(slot, 1);
        if (first && second) {
            return table.getLong(at(slot, 1) + 8) > table.getLong(at(slot, 0) + 8) ? 1 : 0;
        }
        return first ? 0 : second ? 1 : -1;
    }

    private boolean isValid(int slot, int half) {
        byte[] bytes = new byte[HALF];
        table.get(at(slot, half), bytes);
        // Zeros are not valid: their CRC is not zero.
        return table.getInt(at(slot, half) + CRC_AT) == crcOf(bytes)
                && (slot != 0 || table.getLong(at(slot, half)) == LOG_KEY);
    }

    private int crcOf(byte[] bytes) {
        crc.reset();
        crc.update(bytes, 0, CRC_AT);
        return (int) crc.getValue();
    }

    private static int at(int slot, int half) {
        return slot * SLOT + half * HALF;
    }
}
