package io.synod.replica;

import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Waiting for what must come to be. */
final class Await {
    static final long LIMIT_NANOS = 120_000_000_000L;

    private Await() {}

    static void until(String what, BooleanSupplier condition) {
        until(() -> what, condition);
    }

    static void until(Supplier<String> what, BooleanSupplier condition) {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - start > LIMIT_NANOS) {
                throw new AssertionError("not within 120 s: " + what.get());
            }
            LockSupport.parkNanos(500_000L);
        }
    }
}
