package io.synod.transport;

import java.util.Collection;
import java.util.concurrent.TimeUnit;

/** Threads that have been told to end. */
public final class EndingThreads {
    private EndingThreads() {}

    /**
     * Returns when they have ended, or the time is up. The calling thread may be one of them, and does not wait for itself. An
     * interrupt does not end the wait and is kept.
     */
    public static void join(Collection<Thread> threads, long nanos) {
        boolean interrupted = false;
        long start = System.nanoTime();
        for (Thread thread : threads) {
            long left = TimeUnit.NANOSECONDS.toMillis(nanos - (System.nanoTime() - start));
            if (thread == Thread.currentThread() || left <= 0) {
                continue;
            }
            try {
                thread.join(left);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
