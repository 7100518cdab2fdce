package io.synod.replica;

import io.synod.log.EntryLog;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * Keeps the node's log small: looks from time to time what each group's log may forget, and has the log give back the room.
 *
 * <p>A group's log keeps what its state machine would ask for after a restart, what is needed behind a snapshot that is on
 * its way, and what some member has not got; the last of these only as long as the whole log is not larger than its bound:
 * past that, who is so far behind gets a snapshot. What stands in a damaged file is of use to nobody, and is forgotten as soon as
 * a restart would not ask for it.
 *
 * <p>Thread: {@code synod-retention} looks; the holder of the baton gives back ({@link #reclaim}), because that appends.
 */
final class Retention implements Runnable {
    private static final long LOOK_NANOS = 100_000_000L;
    /** Room is looked for also where no group forgot anything, after so many looks: one may have been closed. */
    private static final int PATIENCE = 10;
    /** The segment being written, the next one, and one that has just been left. */
    private static final int LEAST_UNITS = 3;

    private final EntryLog log;
    private final LogLimits limits;
    private final Supplier<Replica[]> replicas;
    private final ClosedGroups closedGroups = new ClosedGroups();
    private volatile boolean due;
    private volatile boolean closed;
    private volatile Thread thread;
    private Runnable wake = () -> {};

    Retention(EntryLog log, LogLimits limits, Supplier<Replica[]> replicas) {
        this.log = log;
        this.limits = limits;
        this.replicas = replicas;
    }

    ClosedGroups closedGroups() {
        return closedGroups;
    }

    /** Before the thread starts. */
    void wakesBy(Runnable commitPath) {
        wake = commitPath;
    }

    @Override
    public void run() {
        thread = Thread.currentThread();
        int looks = 0;
        while (!closed) {
            LockSupport.parkNanos(this, LOOK_NANOS);
            looks++;
            long bytes = log.bytes();
            // A log of which that is not known may have failed: the commit path finds out, also of a node that is idle.
            boolean damaged = !log.damage().isEmpty();
            if (!closed && (bytes < 0 || bytes >= LEAST_UNITS * log.reclaimUnit() || damaged)) {
                look(damaged || looks % PATIENCE == 0);
            }
        }
    }

    void look(boolean reclaims) {
        long over = log.bytes() - limits.logBytes();
        boolean forgot = reclaims;
        for (Replica replica : replicas.get()) {
            forgot |=
                    replica.retention().forget(over > 0 ? over + log.reclaimUnit() : 0, over > -limits.logBytes() / 2);
            replica.retention().warnOfPinned(over);
        }
        closedGroups.warnOfPinned(log, over);
        if (forgot) {
            due = true;
            wake.run();
        }
    }

    boolean reclaimDue() {
        return due;
    }

    /**
     * Under the baton.
     *
     * @return whether anything was done
     */
    boolean reclaim() throws IOException {
        if (!due) {
            return false;
        }
        due = false;
        return log.reclaim();
    }

    void close() {
        closed = true;
        LockSupport.unpark(thread);
    }
}
