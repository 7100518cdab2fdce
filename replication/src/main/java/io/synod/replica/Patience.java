package io.synod.replica;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;

/**
 * How long a request is willing to wait for other nodes: until it is cancelled, or its own time-out has passed. Belongs to the
 * thread that serves the request; all waits for the cluster on that thread look at it, and end as if their time were over.
 *
 * <p>A proposal that is on its way gets {@link #GRACE_NANOS} more, because whoever gives it up does not know what becomes of it;
 * one that is committed is waited for. Only {@link #giveUp} may be called by other threads.
 */
public final class Patience implements AutoCloseable {
    /** What a proposal that is on its way gets in addition. */
    static final long GRACE_NANOS = 1_000_000_000L;

    /** How often a wait looks. */
    private static final long LOOK_NANOS = 50_000_000L;

    private static final long FOR_EVER = Long.MAX_VALUE;
    private static final ThreadLocal<Patience> CURRENT = new ThreadLocal<>();

    private final Patience outer;
    private final long startNanos = System.nanoTime();
    private final long limitNanos;
    /** Since {@link #startNanos}. */
    private volatile long givenUpNanos = FOR_EVER;

    private Patience(Patience outer, long limitNanos) {
        this.outer = outer;
        this.limitNanos = limitNanos;
    }

    /**
     * Of the request that this thread begins to serve; to be closed by it.
     *
     * @param limitNanos 0 for none
     */
    public static Patience begin(long limitNanos) {
        Patience mine = new Patience(CURRENT.get(), limitNanos == 0 ? FOR_EVER : limitNanos);
        CURRENT.set(mine);
        return mine;
    }

    @Override
    public void close() {
        if (outer == null) {
            CURRENT.remove();
        } else {
            CURRENT.set(outer);
        }
    }

    /** From any thread. */
    public void giveUp() {
        givenUpNanos = Math.min(givenUpNanos, System.nanoTime() - startNanos);
    }

    /** Whether it was given up, or its time has passed. */
    public boolean ended() {
        return System.nanoTime() - startNanos >= endNanos();
    }

    /**
     * Takes a lock that may be held for long.
     *
     * @return false where it was not free in time, or the calling thread's request is not willing to wait any longer, or is interrupted
     */
    public static boolean lock(Lock lock, long timeoutNanos) {
        long start = System.nanoTime();
        if (lock.tryLock()) {
            return true;
        }
        try {
            while (!isOver()) {
                long left = timeoutNanos - (System.nanoTime() - start);
                if (lock.tryLock(Math.max(0, slice(left)), TimeUnit.NANOSECONDS)) {
                    return true;
                }
                if (left <= 0) {
                    return false;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return false;
    }

    private long endNanos() {
        return Math.min(limitNanos, givenUpNanos);
    }

    /** Whether the calling thread shall not wait any more. */
    public static boolean isOver() {
        Patience mine = CURRENT.get();
        return mine != null && mine.ended();
    }

    /** How long a proposal that is not committed may still be waited for. */
    static long graceLeft() {
        Patience mine = CURRENT.get();
        if (mine == null || !mine.ended()) {
            return FOR_EVER;
        }
        return mine.endNanos() + GRACE_NANOS - (System.nanoTime() - mine.startNanos);
    }

    /** How long to wait before the next look. */
    static long slice(long leftNanos) {
        return CURRENT.get() == null ? leftNanos : Math.min(leftNanos, LOOK_NANOS);
    }
}
