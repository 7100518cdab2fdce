package io.synod.engine.snapshot;

import java.io.IOException;
import java.util.zip.CRC32C;

/**
 * The checksum of an H2 file's bytes up to a checkpoint. H2 has none of what is in its pages. What a checkpoint holds stays as it
 * is until space is reclaimed, so a later one only adds to it; but for the file's header, which has a checksum of its own. Not
 * thread-safe.
 */
final class FileSum {
    private static final int PIECE = 1 << 20;

    private final CRC32C crc = new CRC32C();
    private long end = Checkpoint.HEADER;

    /** Where the bytes are read. */
    @FunctionalInterface
    interface Source {
        /** @return exactly so many, or fewer at the end of the file */
        byte[] read(long offset, int length) throws IOException;
    }

    /** Adds what lies between the end so far and this one. */
    void extend(long length, Source file) throws IOException {
        while (end < length) {
            byte[] piece = file.read(end, (int) Math.min(PIECE, length - end));
            if (piece.length == 0) {
                throw new IOException("the database file ends at " + end + ", expected " + length + " bytes");
            }
            crc.update(piece, 0, piece.length);
            end += piece.length;
        }
    }

    /** The bytes have moved. */
    void restart() {
        crc.reset();
        end = Checkpoint.HEADER;
    }

    /** What was added ends there. */
    long end() {
        return end;
    }

    /** For messages, behind the name of the file. */
    static String differs(int found, int expected) {
        return " does not hold what was written to it: checksum " + Integer.toHexString(found) + ", expected "
                + Integer.toHexString(expected);
    }

    int value() {
        return (int) crc.getValue();
    }
}
