package io.synod.jdbc;

/** A time limit that starts to run at its first use: a statement that needs no failover never asks the clock. */
final class Deadline {
    private final int millis;
    private long endNanos;
    private boolean started;

    Deadline(int millis) {
        this.millis = millis;
    }

    int millis() {
        return millis;
    }

    boolean hasPassed() {
        return leftMillis() <= 0;
    }

    long leftMillis() {
        long now = System.nanoTime();
        if (!started) {
            started = true;
            endNanos = now + millis * 1_000_000L;
        }
        return (endNanos - now + 999_999) / 1_000_000;
    }
}
