package io.synod.engine.snapshot;

import io.synod.group.Members;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.MVStoreException;
import org.h2.mvstore.type.LongDataType;
import org.h2.mvstore.type.StringDataType;

/**
 * Takes checkpoints of an open H2 file. One at a time; thread-safe. In a database in memory, a checkpoint does nothing.
 *
 * <p>H2 writes its store in chunks at the end of the file. A chunk that is written beside a running statement may hold a
 * change without its undo record, and a chunk may name another that is not written yet; H2 reports neither at the next
 * start. So a checkpoint is a chunk that is written while nothing changes the store and nothing is on its way to the file,
 * and the length of the file just then. Because space is never used again while the store is open, the bytes up to that
 * length stay what they are, whatever is written behind them; and a start cuts everything behind them away.
 */
public final class Checkpoint {
    private static final long PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final long HOLD_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    /** Long statements one beside the other never pause: each miss doubles the time for which new ones are held back. */
    private static final int MAX_DOUBLINGS = 5;

    private static final String CHECKPOINT = "checkpoint";

    /**
     * @param length bytes of the H2 file that belong to the checkpoint
     * @param applied index of the last entry in it
     * @param pauseNanos how long statements that write stood still for it
     */
    public record Taken(long length, long applied, long pauseNanos) {}

    /**
     * Where the rows stand.
     *
     * @param index of the last entry in them
     * @param epoch of that entry
     * @param members the configuration in force there; {@code null} where the log has told of none
     */
    public record Position(long index, long epoch, Members members) {}

    /**
     * A checkpoint and what else belongs to it for a copy.
     *
     * @param header the first blocks of the file, the only ones that change after it
     * @param sum {@link FileSum} of the others; 0 until the checkpoint is sealed
     */
    record Image(long length, Position position, byte[] header, int sum) {}

    /**
     * What the file has to hold as long as its bytes are not moved.
     *
     * @param moves how often they have been
     */
    record Sealed(long length, int sum, long moves) {}

    /** H2's store header: two blocks. */
    static final int HEADER = 2 * 4096;

    private final MVStore store;
    private final StatementGate gate;
    private final Path sideFile;
    private final Supplier<Position> position;
    private final SnapshotHeader origin;
    private final FileSum sum;
    private final MVMap<String, Long> checkpoints;
    private long taken;
    private int missed;
    private volatile Taken last;
    private volatile boolean ended;
    private volatile Image image;
    private boolean suspended;
    private long moves;

    /**
     * @param sideFile {@code null} for a database in memory
     * @param sum of the file up to where it was opened
     */
    Checkpoint(
            MVStore store,
            StatementGate gate,
            Path sideFile,
            CheckpointFile opened,
            FileSum sum,
            Supplier<Position> position) {
        this.store = store;
        this.gate = gate;
        this.sideFile = sideFile;
        this.position = position;
        this.origin = opened.origin();
        this.sum = sum;
        this.checkpoints = map(store);
        this.taken = checkpoints.getOrDefault(CHECKPOINT, 0L);
        this.last = new Taken(opened.length(), opened.applied(), 0);
    }

    private static MVMap<String, Long> map(MVStore store) {
        return store.openMap(
                "synod.checkpoints",
                new MVMap.Builder<String, Long>()
                        .keyType(StringDataType.INSTANCE)
                        .valueType(LongDataType.INSTANCE));
    }

    /** Gives the next store something to write, so that it makes a chunk. */
    static void mark(MVStore store) {
        MVMap<String, Long> checkpoints = map(store);
        checkpoints.put(CHECKPOINT, checkpoints.getOrDefault(CHECKPOINT, 0L) + 1);
    }

    /**
     * Takes a checkpoint.
     *
     * @return {@code null} when statements that write never paused in time: nothing happened, try later
     * @throws IOException the file could not be forced or the side file not be written: the last checkpoint stands
     */
    public synchronized Taken take() throws IOException {
        Taken checkpoint = take(PATIENCE_NANOS, HOLD_NANOS << Math.min(missed, MAX_DOUBLINGS));
        missed = checkpoint == null ? missed + 1 : 0;
        return checkpoint;
    }

    /** Waits as long as it takes, new transactions being held back: for a stop, when no more are to come. */
    synchronized Taken takeLast() throws IOException {
        return take(0, TimeUnit.SECONDS.toNanos(30));
    }

    /** Between the moments at which a start goes on from a copy, and no longer does: no other checkpoint counts then. */
    void suspend(boolean on) {
        suspended = on;
        moves++;
    }

    /** From now on there are none: what H2 holds is not what the log says any more. */
    void end() {
        ended = true;
    }

    private Taken take(long patienceNanos, long holdNanos) throws IOException {
        if (ended) {
            return null;
        }
        if (suspended) {
            throw new IOException(
                    "reclaiming space did not come to its end: the next start goes on from the copy that was"
                            + " made before, restart this node");
        }
        if (sideFile == null) {
            last = new Taken(0, position.get().index(), 0);
            return last;
        }
        store.commit(); // most of the work, beside the statements; what it writes is not a checkpoint
        if (!gate.close(patienceNanos, holdNanos)) {
            return null;
        }
        long start = System.nanoTime();
        Image taken;
        try {
            taken = write();
        } finally {
            gate.open();
        }
        long pause = System.nanoTime() - start;
        seal(taken);
        last = new Taken(taken.length, taken.position.index, pause);
        return last;
    }

    /** Under the closed gate. */
    Image write() throws IOException {
        store.executeFilestoreOperation(() -> {}); // waits until nothing is on its way to the file
        // Never the chunk before: that one may have been written beside a statement, or not know its predecessor.
        checkpoints.put(CHECKPOINT, ++taken);
        store.commit();
        return new Image(store.getFileStore().size(), position.get(), read(store, 0, HEADER), 0);
    }

    /** Makes what was written the state that the next start goes on from. */
    void seal(Image taken) throws IOException {
        store.sync();
        sum.extend(taken.length, (offset, length) -> read(store, offset, length));
        new CheckpointFile(taken.length, taken.position.index, origin, sum.value()).write(sideFile);
        image = new Image(taken.length, taken.position, taken.header, sum.value());
    }

    /** What is to be found in the file. Waits while its bytes are being moved. */
    synchronized Sealed sealed() {
        return new Sealed(sum.end(), sum.value(), moves);
    }

    CheckpointFile file(long length, long applied) {
        return new CheckpointFile(length, applied, origin);
    }

    /** The bytes of the file are not where they were. */
    void moved() {
        sum.restart();
    }

    /**
     * Reads through the channel that H2 has open: closing another one would give up H2's lock of the file.
     *
     * @throws DamagedStoreException the disk does not give it
     * @throws IOException the store was closed
     */
    static byte[] read(MVStore store, long offset, int length) throws IOException {
        ByteBuffer bytes;
        try {
            bytes = store.getFileStore().readFully(null, offset, length);
        } catch (MVStoreException e) {
            if (store.isClosed()) {
                throw new IOException("the database file was closed", e);
            }
            Throwable why = e.getCause() == null ? e : e.getCause();
            throw new DamagedStoreException(
                    "the database file cannot be read at byte " + offset + ": " + why.getMessage(), e);
        }
        if (bytes.hasArray() && bytes.array().length == length) {
            return bytes.array();
        }
        byte[] copy = new byte[length];
        bytes.get(copy);
        return copy;
    }

    /** The last one of this run; {@code null} before. */
    Image image() {
        return image;
    }

    /** The last one of this or an earlier run; an applied index of 0 when there is none. */
    public Taken last() {
        return last;
    }
}
