package io.synod.replica;

import io.synod.group.Invariant;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;

/**
 * Who may work: one thread at a time, and nobody ever waits to become it.
 *
 * <p>No wake-up is missed, because everybody first says and then looks: who brings work queues it, then looks at the baton;
 * the holder frees the baton, then looks for work; the sleeper says that it sleeps, then looks at both. So of any two that
 * race, at least one sees the other.
 */
final class Baton {
    private final AtomicReference<Thread> holder = new AtomicReference<>();
    private final BooleanSupplier hasWork;
    private final BooleanSupplier cycle;
    private final Runnable unparkSleeper;
    private volatile boolean sleeping;
    private volatile boolean closed;

    /**
     * @param cycle does what there is to do, under the baton; false when there was nothing
     * @param unparkSleeper wakes the thread that calls {@link #exhaust}
     */
    Baton(BooleanSupplier hasWork, BooleanSupplier cycle, Runnable unparkSleeper) {
        this.hasWork = hasWork;
        this.cycle = cycle;
        this.unparkSleeper = unparkSleeper;
    }

    /** Makes one cycle on the calling thread if there is work and nobody else is at it. */
    void help() {
        if (hasWork.getAsBoolean() && holder.compareAndSet(null, Thread.currentThread())) {
            try {
                if (!closed) {
                    cycle.getAsBoolean();
                }
            } finally {
                holder.set(null);
            }
            wake();
        }
    }

    /** Sees to it that somebody does what there is to do; to be called after the work was queued. */
    void wake() {
        if (holder.get() == null && sleeping && hasWork.getAsBoolean()) {
            unparkSleeper.run();
        }
    }

    /**
     * Works until there is nothing to do. Called by one thread only, again and again.
     *
     * @return whether the caller is to park before it calls again
     */
    boolean exhaust() {
        sleeping = false;
        if (holder.compareAndSet(null, Thread.currentThread())) {
            try {
                while (!closed && cycle.getAsBoolean()) {
                    // The next cycle takes what came meanwhile.
                }
            } finally {
                holder.set(null);
            }
        }
        sleeping = true;
        return !closed && (holder.get() != null || !hasWork.getAsBoolean());
    }

    boolean isClosed() {
        return closed;
    }

    /** No further cycle begins. */
    void close() {
        closed = true;
        unparkSleeper.run();
    }

    /** After {@link #close}: whether no cycle is running any more. */
    boolean isIdle() {
        Invariant.that(holder.get() != Thread.currentThread(), "waiting for the end of a cycle from within it");
        return holder.get() == null;
    }
}
