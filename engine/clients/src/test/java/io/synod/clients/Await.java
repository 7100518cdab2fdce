package io.synod.clients;

import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;

/** Waiting for what must come to be. */
final class Await {
    /** For whatever takes milliseconds on a machine that has nothing else to do. */
    static final Duration LIMIT = Duration.ofSeconds(120);

    private static final long PAUSE_NANOS = 5_000_000;

    private Await() {}

    /** What is waited for. */
    @FunctionalInterface
    interface Condition {
        boolean holds() throws Exception;
    }

    static void until(String what, Condition condition) throws Exception {
        long startNanos = System.nanoTime();
        while (!condition.holds()) {
            if (System.nanoTime() - startNanos > LIMIT.toNanos()) {
                throw new AssertionError("not within " + LIMIT.toSeconds() + " s: " + what + threadsInTheDriver());
            }
            if (Thread.interrupted()) {
                throw new InterruptedException("while waiting for " + what);
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    private static String threadsInTheDriver() {
        StringBuilder all = new StringBuilder();
        Thread.getAllStackTraces().forEach((thread, stack) -> {
            if (Arrays.stream(stack).anyMatch(f -> f.getClassName().startsWith("io.synod.jdbc"))) {
                all.append("\n").append(thread.getName());
                Arrays.stream(stack).limit(25).forEach(f -> all.append("\n    ").append(f));
            }
        });
        return all.toString();
    }
}
