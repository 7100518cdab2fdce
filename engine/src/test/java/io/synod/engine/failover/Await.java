package io.synod.engine.failover;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** Waiting for what must come to be. */
public final class Await {
    /** For whatever takes milliseconds on a machine that has nothing else to do. */
    public static final Duration LIMIT = Duration.ofSeconds(120);

    private static final long PAUSE_NANOS = 5_000_000;

    private Await() {}

    /** What is waited for. */
    @FunctionalInterface
    public interface Condition {
        boolean holds() throws Exception;
    }

    public static void until(String what, Condition condition) throws Exception {
        until(what, LIMIT, condition);
    }

    public static void until(String what, Duration limit, Condition condition) throws Exception {
        long startNanos = System.nanoTime();
        while (!condition.holds()) {
            if (System.nanoTime() - startNanos > limit.toNanos()) {
                throw new AssertionError("not within " + limit.toSeconds() + " s: " + what);
            }
            if (Thread.interrupted()) {
                throw new InterruptedException("while waiting for " + what);
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }
}
