package io.synod.engine.database;

import io.synod.replica.ReplicatedLog;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * The writing transactions that are open on this node while it leads: admits no more than H2 bears (its bound is 255
 * transactions with changes), and ends them all when this node is deposed. Thread-safe.
 */
final class WriterRegistry {
    /** Below H2's 255, with room for the apply session, H2's own and transactions that only read. */
    static final int MAX_OPEN = 200;

    private final Semaphore places = new Semaphore(MAX_OPEN, true);
    private final Set<Writer> open = new HashSet<>();

    /**
     * Registers a transaction under the leadership of this moment. The epoch is read under the same lock that {@link
     * #endAll} takes, after the log has stopped serving: nobody slips in behind it.
     *
     * @return the epoch, or 0 when this node does not serve
     */
    long admit(Writer writer, ReplicatedLog log, long lockTimeoutMillis) {
        if (!acquire(lockTimeoutMillis)) {
            throw Errors.timeout(MAX_OPEN + " writing transactions are open, the bound of this node; one more");
        }
        synchronized (open) {
            long epoch = log.servingEpoch();
            if (epoch != 0) {
                open.add(writer);
                return epoch;
            }
        }
        places.release();
        return 0;
    }

    private boolean acquire(long lockTimeoutMillis) {
        if (places.tryAcquire()) {
            return true;
        }
        try {
            return places.tryAcquire(lockTimeoutMillis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    void leave(Writer writer) {
        boolean was;
        synchronized (open) {
            was = open.remove(writer);
        }
        if (was) {
            places.release();
        }
    }

    int size() {
        synchronized (open) {
            return open.size();
        }
    }

    /**
     * Rolls back every open transaction but one. A statement that waits for a row of another transaction gets away as soon as that
     * one has been rolled back, so the rounds end.
     *
     * @param except may be {@code null}
     */
    void endAll(Writer except, String why) {
        List<Writer> left;
        synchronized (open) {
            left = new ArrayList<>(open);
        }
        left.remove(except);
        for (Writer writer : left) {
            writer.cancelStatement(why);
        }
        while (!left.isEmpty()) {
            left.removeIf(writer -> writer.tryEnd(why));
            for (Writer writer : left) {
                writer.cancelStatement(why);
            }
        }
    }
}
