package io.synod.bench.failover;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Has a run that gets SIGINT or SIGTERM end with its report: the process waits for it, and only then ends. For one run, on the
 * thread that makes it.
 */
final class EndedEarly {
    private static final int REPORT_SECONDS = 400;

    private final Thread run = Thread.currentThread();
    private final CountDownLatch reported = new CountDownLatch(1);
    private final Thread hook = new Thread(this::end, "ended-early");

    // Guarded by this.
    private boolean asked;
    private boolean running = true;

    EndedEarly() {
        Runtime.getRuntime().addShutdownHook(hook);
    }

    private void end() {
        synchronized (this) {
            asked = true;
            if (running) {
                run.interrupt();
            }
        }
        try {
            reported.await(REPORT_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** From now on nothing interrupts the thread: it makes its report. */
    synchronized void runEnded() {
        running = false;
        // That it was asked is remembered; the report must not be ended by it.
        Thread.interrupted();
    }

    synchronized boolean wasAsked() {
        return asked;
    }

    /** The process may end. */
    void reported() {
        reported.countDown();
        synchronized (this) {
            if (asked) {
                return;
            }
        }
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // It has just begun to end: the hook runs, and has nothing to wait for.
            return;
        }
    }
}
