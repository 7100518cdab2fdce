package io.synod.engine.database;

import io.synod.group.Invariant;
import io.synod.replica.Patience;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * So many may work at a time; first come, first served: a place that is given back goes to the one that has waited longest, and
 * who has just left does not come back before those that wait. Thread-safe.
 *
 * <p>Not a fair {@code Semaphore}: who waits there and looks in between whether its statement was cancelled loses its turn.
 */
final class WriterPlaces {
    /** How often it is looked whether a statement still waits. */
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final ArrayDeque<Waiter> waiting = new ArrayDeque<>();
    private final int places;
    private int free;

    private static final class Waiter {
        final Thread thread = Thread.currentThread();
        volatile boolean admitted;
    }

    WriterPlaces(int places) {
        this.places = places;
        free = places;
    }

    /** @return false where there was no place in time, or before the statement was cancelled or its thread interrupted */
    boolean acquire(long nanos) {
        Waiter mine;
        synchronized (waiting) {
            // Where one is free nobody waits.
            if (free > 0) {
                free--;
                return true;
            }
            mine = new Waiter();
            waiting.add(mine);
        }
        long start = System.nanoTime();
        while (!mine.admitted) {
            long left = nanos - (System.nanoTime() - start);
            if (left <= 0 || Patience.isOver() || mine.thread.isInterrupted()) {
                synchronized (waiting) {
                    // Unless it got one just now.
                    return !waiting.remove(mine);
                }
            }
            LockSupport.parkNanos(this, Math.min(left, LOOK_NANOS));
        }
        return true;
    }

    void release() {
        Waiter next;
        synchronized (waiting) {
            next = waiting.poll();
            if (next == null) {
                free++;
                Invariant.that(free <= places, "a place was given back that nobody had");
                return;
            }
            next.admitted = true;
        }
        LockSupport.unpark(next.thread);
    }
}
