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
                throw new AssertionError("not within " + LIMIT.toSeconds() + " s: " + what + threads());
            }
            if (Thread.interrupted()) {
                throw new InterruptedException("while waiting for " + what);
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    /** Of this process, without those that the JDK keeps for itself. */
    private static String threads() {
        StringBuilder all = new StringBuilder();
        Thread.getAllStackTraces().forEach((thread, stack) -> {
            if (stack.length > 0 && !"system".equals(groupOf(thread))) {
                all.append("\n").append(thread.getName()).append(" ").append(thread.getState());
                Arrays.stream(stack).limit(30).forEach(f -> all.append("\n    ").append(f));
            }
        });
        return all.toString();
    }

    private static String groupOf(Thread thread) {
        ThreadGroup group = thread.getThreadGroup();
        return group == null ? "" : group.getName();
    }
}
