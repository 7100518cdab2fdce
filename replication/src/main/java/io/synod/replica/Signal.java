package io.synod.replica;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * Lets threads wait for a condition over volatile state. Costs one read where nobody waits.
 *
 * <p>No wake-up is missed: a waiter is counted <em>before</em> it looks at the condition, and who changes the state does
 * so <em>before</em> it looks at the count.
 */
final class Signal {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final AtomicInteger waiters = new AtomicInteger();

    /** To be called after the state has changed. */
    void raise() {
        if (waiters.get() == 0) {
            return;
        }
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits, no longer than the thread's {@link Patience} lasts; an interrupt does not end it, the flag is set again
     * afterwards.
     *
     * @return whether the condition held before the time was over
     */
    boolean await(BooleanSupplier condition, long timeoutNanos) {
        if (condition.getAsBoolean()) {
            return true;
        }
        boolean interrupted = false;
        long left = timeoutNanos;
        waiters.incrementAndGet();
        lock.lock();
        try {
            while (!condition.getAsBoolean()) {
                if (left <= 0 || Patience.isOver()) {
                    return false;
                }
                try {
                    long slice = Patience.slice(left);
                    left -= slice - changed.awaitNanos(slice);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            return true;
        } finally {
            lock.unlock();
            waiters.decrementAndGet();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
