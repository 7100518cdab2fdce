package io.synod.engine.snapshot;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
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

    private final MVStore store;
    private final StatementGate gate;
    private final Path sideFile;
    private final LongSupplier appliedIndex;
    private final MVMap<String, Long> checkpoints;
    private long taken;
    private int missed;
    private volatile Taken last;
    private volatile boolean ended;

    /** @param sideFile {@code null} for a database in memory */
    Checkpoint(MVStore store, StatementGate gate, Path sideFile, CheckpointFile opened, LongSupplier appliedIndex) {
        this.store = store;
        this.gate = gate;
        this.sideFile = sideFile;
        this.appliedIndex = appliedIndex;
        this.checkpoints = store.openMap(
                "synod.checkpoints",
                new MVMap.Builder<String, Long>()
                        .keyType(StringDataType.INSTANCE)
                        .valueType(LongDataType.INSTANCE));
        this.taken = checkpoints.getOrDefault(CHECKPOINT, 0L);
        this.last = new Taken(opened.length(), opened.applied(), 0);
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

    /** From now on there are none: what H2 holds is not what the log says any more. */
    void end() {
        ended = true;
    }

    private Taken take(long patienceNanos, long holdNanos) throws IOException {
        if (ended) {
            return null;
        }
        if (sideFile == null) {
            last = new Taken(0, appliedIndex.getAsLong(), 0);
            return last;
        }
        store.commit(); // most of the work, beside the statements; what it writes is not a checkpoint
        if (!gate.close(patienceNanos, holdNanos)) {
            return null;
        }
        long start = System.nanoTime();
        long length;
        long applied;
        try {
            store.executeFilestoreOperation(() -> {}); // waits until nothing is on its way to the file
            // Never the chunk before: that one may have been written beside a statement, or not know its predecessor.
            checkpoints.put(CHECKPOINT, ++taken);
            store.commit();
            length = store.getFileStore().size();
            applied = appliedIndex.getAsLong();
        } finally {
            gate.open();
        }
        long pause = System.nanoTime() - start;
        store.sync();
        new CheckpointFile(length, applied).write(sideFile);
        last = new Taken(length, applied, pause);
        return last;
    }

    /** The last one of this or an earlier run; an applied index of 0 when there is none. */
    public Taken last() {
        return last;
    }
}
