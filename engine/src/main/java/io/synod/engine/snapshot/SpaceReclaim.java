package io.synod.engine.snapshot;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.RandomAccessStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives back the space of what is no longer current. While the database is open, its file only grows: that is what makes a
 * checkpoint one. To use space again, chunks have to be moved, and a crash in the middle must not cost the checkpoint: so a
 * copy of it is made first, from which every start goes on until the compacted file has a checkpoint of its own.
 *
 * <p>Most of the copy is made beside the statements. From its last piece to the new checkpoint nothing is written here; reads
 * go on.
 */
final class SpaceReclaim {
    private static final Logger LOG = LoggerFactory.getLogger(SpaceReclaim.class);
    private static final int PIECE = 1 << 20;
    private static final long COMPACT_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final int WRITE_MAX = 16 << 20;
    private static final int FILL_TARGET = 95;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long HOLD_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final MVStore store;
    private final StatementGate gate;
    private final DatabaseFiles files;
    private final Checkpoint checkpoints;
    /** Of what was copied. */
    private final FileSum sum = new FileSum();

    SpaceReclaim(MVStore store, StatementGate gate, DatabaseFiles files, Checkpoint checkpoints) {
        this.store = store;
        this.gate = gate;
        this.files = files;
        this.checkpoints = checkpoints;
    }

    /** @return {@code null} when statements that write never paused in time: nothing happened, try later */
    H2Store.Reclaimed run() throws IOException {
        if (checkpoints.take() == null) {
            return null;
        }
        try {
            return copyAndCompact();
        } catch (IOException e) {
            if (Files.notExists(files.replacement())) {
                DatabaseFiles.delete(files.fallback());
            }
            throw e;
        }
    }

    private H2Store.Reclaimed copyAndCompact() throws IOException {
        long copied = Checkpoint.HEADER;
        long before;
        long start;
        try (FileChannel copy = FileChannel.open(
                files.fallback(),
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE)) {
            copied = copy(copy, copied, checkpoints.image().length());
            copy.force(false);
            if (!gate.close(PATIENCE_NANOS, HOLD_NANOS)) {
                DatabaseFiles.delete(files.fallback());
                return null;
            }
            start = System.nanoTime();
            try {
                Checkpoint.Image image = checkpoints.write();
                checkpoints.seal(image);
                before = image.length();
                copy(copy, copied, before);
                write(copy, image.header(), 0);
                copy.force(true);
                if (sum.value() != checkpoints.image().sum()) {
                    // What is moved gets a new checksum, whatever it is.
                    throw new DamagedStoreException(files.data()
                            + FileSum.differs(sum.value(), checkpoints.image().sum()));
                }
                FaultPoint.reach(FaultPoint.COPIED);
                compact(image);
            } finally {
                gate.open();
            }
        }
        long pause = System.nanoTime() - start;
        DatabaseFiles.delete(files.fallback());
        long after = checkpoints.image().length();
        LOG.info(
                "{}: {} bytes are {} now, statements that write stood still for {} ms",
                files.data(),
                before,
                after,
                TimeUnit.NANOSECONDS.toMillis(pause));
        return new H2Store.Reclaimed(before, after, pause);
    }

    private void compact(Checkpoint.Image image) throws IOException {
        Replacement.decide(
                files,
                Replacement.Source.FALLBACK,
                checkpoints.file(image.length(), image.position().index()));
        checkpoints.suspend(true);
        FaultPoint.reach(FaultPoint.DECIDED);
        try {
            store.setRetentionTime(0);
            store.setReuseSpace(true);
            rewrite();
        } finally {
            store.setReuseSpace(false);
            store.setRetentionTime(Integer.MAX_VALUE);
        }
        FaultPoint.reach(FaultPoint.COMPACTED);
        checkpoints.moved();
        checkpoints.seal(checkpoints.write());
        FaultPoint.reach(FaultPoint.SEALED);
        Replacement.revoke(files);
        checkpoints.suspend(false);
        FaultPoint.reach(FaultPoint.REVOKED);
    }

    /** Writes what is current anew, and moves it to the front, until that gains nothing more or the time is up. */
    private void rewrite() throws IOException {
        RandomAccessStore file = (RandomAccessStore) store.getFileStore();
        long end = System.nanoTime() + COMPACT_NANOS;
        long size;
        boolean rewritten;
        do {
            size = file.size();
            rewritten = store.compact(FILL_TARGET, WRITE_MAX);
            // Only what no version needs any more can be given up: the versions move on with each store.
            checkpoints.write();
            checkpoints.write();
            file.compactMoveChunks(FILL_TARGET, WRITE_MAX, store);
            store.sync();
        } while ((rewritten || file.size() < size) && System.nanoTime() < end);
    }

    private long copy(FileChannel to, long from, long end) throws IOException {
        for (long offset = from; offset < end; offset += PIECE) {
            int length = (int) Math.min(PIECE, end - offset);
            byte[] piece = Checkpoint.read(store, offset, length);
            sum.extend(offset + length, (at, bytes) -> piece);
            write(to, piece, offset);
        }
        return end;
    }

    private static void write(FileChannel to, byte[] bytes, long offset) throws IOException {
        ByteBuffer out = ByteBuffer.wrap(bytes);
        while (out.hasRemaining()) {
            to.write(out, offset + out.position());
        }
    }
}
