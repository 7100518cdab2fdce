package io.synod.engine.snapshot;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/**
 * The side file of an H2 file: how much of it belongs to the last checkpoint, and where that stands in the log. Replaced as
 * a whole, forced before and after.
 *
 * @param length bytes of the H2 file; 0 for one that has never been checkpointed
 * @param applied index of the last entry in them
 * @param origin header of the snapshot that this state began with; {@code null} for one that began empty
 * @param sum {@link FileSum} of the H2 file; {@code null} where it is not known: of earlier releases, and of a file that has just
 *     taken the place of another
 */
record CheckpointFile(long length, long applied, SnapshotHeader origin, Integer sum) {
    static final CheckpointFile NEVER = new CheckpointFile(0, 0, null);

    CheckpointFile(long length, long applied, SnapshotHeader origin) {
        this(length, applied, origin, null);
    }

    /** Version 1: the chunks of the file bear no stamps, and there is no origin. */
    static boolean isUnstamped(Path path) throws IOException {
        byte[] bytes = DatabaseFiles.read(path);
        return bytes.length >= 8 && ByteBuffer.wrap(bytes).getInt(4) == 1;
    }

    private static final int MAGIC = 0x53594e43; // SYNC
    private static final int VERSION = 2;
    /** Version 1 has no origin. */
    private static final int SIZE_1 = 4 + 4 + 8 + 8 + 4;

    private static final int SIZE_MAX = 1 << 20;

    /** @return {@code null} when there is none */
    static CheckpointFile read(Path path) throws IOException {
        if (!Files.exists(path)) {
            return null;
        }
        byte[] bytes = Files.size(path) > SIZE_MAX ? new byte[0] : DatabaseFiles.read(path);
        ByteBuffer in = ByteBuffer.wrap(bytes);
        if (bytes.length < SIZE_1 || in.getInt() != MAGIC || in.getInt(bytes.length - 4) != crc(bytes)) {
            throw new DamagedStoreException(path + " is damaged (" + Files.size(path) + " bytes)");
        }
        int version = in.getInt();
        if (version < 1 || version > VERSION) {
            throw new IOException(path + " has format version " + version
                    + "; this release of Synod reads versions 1 to " + VERSION + ": update this node");
        }
        long length = in.getLong();
        long applied = in.getLong();
        SnapshotHeader origin = version > 1 && in.get() != 0 ? SnapshotHeader.read(in) : null;
        // Earlier releases of this version do not look at what follows.
        Integer sum = version > 1 && in.remaining() >= 4 + 4 ? (Integer) in.getInt() : null;
        return new CheckpointFile(length, applied, origin, sum);
    }

    void write(Path path) throws IOException {
        byte[] from = origin == null ? new byte[0] : origin.encode();
        ByteBuffer out = ByteBuffer.allocate(SIZE_1 + 1 + from.length + (sum == null ? 0 : 4));
        out.putInt(MAGIC).putInt(VERSION).putLong(length).putLong(applied);
        out.put((byte) (origin == null ? 0 : 1)).put(from);
        if (sum != null) {
            out.putInt(sum);
        }
        out.putInt(crc(out.array())).flip();
        DatabaseFiles.replace(path, out);
    }

    private static int crc(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, bytes.length - 4);
        return (int) crc.getValue();
    }
}
