package io.synod.engine.database;

import io.synod.replica.ReplicatedLog;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.h2.message.DbException;

/**
 * The writing transactions that are open on this node while it leads: admits no more than H2 bears (its bound is 255
 * transactions with changes), and ends them all when this node is deposed. Thread-safe.
 */
final class WriterRegistry {
    /** Below H2's 255, with room for the apply session, H2's own and transactions that only read. */
    static final int MAX_OPEN = 200;

    private final WriterPlaces places = new WriterPlaces(MAX_OPEN);
    /** Since when, by System.nanoTime(). */
    private final Map<LocalTransaction, Long> open = new HashMap<>();

    /**
     * Registers a transaction under the leadership of this moment. The epoch is read under the same lock that {@link
     * #endAll} takes, after the log has stopped serving: nobody slips in behind it.
     *
     * @return the epoch, or 0 when this node does not serve
     */
    long admit(LocalTransaction writer, ReplicatedLog log, long lockTimeoutMillis) {
        if (!acquire(lockTimeoutMillis)) {
            throw Errors.timeout(MAX_OPEN + " writing transactions are open, the bound of this node; one more");
        }
        synchronized (open) {
            long epoch = log.servingEpoch();
            if (epoch != 0) {
                open.put(writer, System.nanoTime());
                return epoch;
            }
        }
        release();
        return 0;
    }

    boolean acquire(long lockTimeoutMillis) {
        return places.acquire(TimeUnit.MILLISECONDS.toNanos(lockTimeoutMillis));
    }

    void release() {
        places.release();
    }

    boolean isAdmitted(LocalTransaction writer) {
        synchronized (open) {
            return open.containsKey(writer);
        }
    }

    void leave(LocalTransaction writer) {
        boolean was;
        synchronized (open) {
            was = open.remove(writer) != null;
        }
        if (was) {
            release();
        }
    }

    /** For how long the oldest one has been open, 0 when there is none. */
    long oldestNanos() {
        long now = System.nanoTime();
        synchronized (open) {
            return open.values().stream().mapToLong(since -> now - since).max().orElse(0);
        }
    }

    List<CommitsInDoubt.InDoubt> inDoubt() {
        long now = System.nanoTime();
        synchronized (open) {
            return open.entrySet().stream()
                    .filter(e -> e.getKey().wasGivenUp())
                    .map(e -> new CommitsInDoubt.InDoubt(
                            e.getKey().commitId(),
                            e.getKey().user(),
                            "UNKNOWN",
                            TimeUnit.NANOSECONDS.toMillis(now - e.getValue())))
                    .toList();
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
    void endAll(LocalTransaction except, Supplier<DbException> why) {
        List<LocalTransaction> left;
        synchronized (open) {
            left = new ArrayList<>(open.keySet());
        }
        left.remove(except);
        for (LocalTransaction writer : left) {
            writer.cancelStatement(why);
        }
        while (!left.isEmpty()) {
            left.removeIf(writer -> writer.tryEnd(why));
            for (LocalTransaction writer : left) {
                writer.cancelStatement(why);
            }
        }
    }
}
