package io.synod.engine.snapshot;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts another file in the place of H2's, with its checkpoint, as one step: the decision is one small file that is forced
 * and renamed into place. Before it, a start finds the old state; after it, the new, because every start carries out
 * first what is decided ({@link #finish}).
 */
final class Replacement {
    private static final Logger LOG = LoggerFactory.getLogger(Replacement.class);
    private static final int MAGIC = 0x53594e52; // SYNR
    private static final int VERSION = 1;
    private static final int SIZE_MIN = 4 + 4 + 1 + 8 + 8 + 1 + 4;

    /** Where the new file comes from. The code is part of the format. */
    enum Source {
        INCOMING(1),
        FALLBACK(2);

        private final byte code;

        Source(int code) {
            this.code = (byte) code;
        }

        Path path(DatabaseFiles files) {
            return this == INCOMING ? files.incoming() : files.fallback();
        }

        static Source of(byte code) throws IOException {
            return switch (code) {
                case 1 -> INCOMING;
                case 2 -> FALLBACK;
                default -> throw new IOException("source " + code + " of a database file, expected 1 or 2");
            };
        }
    }

    private Replacement() {}

    /** Decides it: from now on only {@link #finish} goes on, here or at the next start. The source must be on disk. */
    static void decide(DatabaseFiles files, Source source, CheckpointFile checkpoint) throws IOException {
        byte[] origin =
                checkpoint.origin() == null ? new byte[0] : checkpoint.origin().encode();
        ByteBuffer out = ByteBuffer.allocate(SIZE_MIN + origin.length);
        out.putInt(MAGIC)
                .putInt(VERSION)
                .put(source.code)
                .putLong(checkpoint.length())
                .putLong(checkpoint.applied())
                .put((byte) (checkpoint.origin() == null ? 0 : 1))
                .put(origin);
        out.putInt(crc(out.array())).flip();
        DatabaseFiles.replace(files.replacement(), out);
    }

    /** Takes the decision back: the file that is in place stays. */
    static void revoke(DatabaseFiles files) throws IOException {
        DatabaseFiles.delete(files.replacement());
    }

    /**
     * Carries out what is decided, however far that has come already.
     *
     * @return whether anything was
     */
    static boolean finish(DatabaseFiles files) throws IOException {
        if (!Files.exists(files.replacement())) {
            return false;
        }
        byte[] bytes = DatabaseFiles.read(files.replacement());
        ByteBuffer in = ByteBuffer.wrap(bytes);
        if (bytes.length < SIZE_MIN || in.getInt() != MAGIC || in.getInt(bytes.length - 4) != crc(bytes)) {
            throw new DamagedStoreException(files.replacement() + " is damaged (" + bytes.length + " bytes)");
        }
        int version = in.getInt();
        if (version != VERSION) {
            throw new IOException(files.replacement() + " has format version " + version
                    + "; this release of Synod reads version " + VERSION + ": update this node");
        }
        Path source = Source.of(in.get()).path(files);
        long length = in.getLong();
        long applied = in.getLong();
        SnapshotHeader origin = in.get() == 0 ? null : SnapshotHeader.read(in);
        if (Files.exists(source)) {
            DatabaseFiles.move(source, files.data());
        }
        FaultPoint.reach(FaultPoint.MOVED);
        new CheckpointFile(length, applied, origin).write(files.checkpoint());
        FaultPoint.reach(FaultPoint.SEALED);
        if (source.equals(files.incoming())) {
            // What it speaks of is no longer there.
            DatabaseFiles.delete(files.progress());
        }
        DatabaseFiles.delete(files.replacement());
        FaultPoint.reach(FaultPoint.DONE);
        LOG.info("{} was replaced, it stands at index {} now", files.data(), applied);
        return true;
    }

    private static int crc(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(Arrays.copyOf(bytes, bytes.length - 4));
        return (int) crc.getValue();
    }
}
