package io.synod.replica;

/** So many bytes per second, whoever sends them; at most a tenth of a second's worth at once. Thread-safe. */
final class Throttle {
    private static final long SECOND = 1_000_000_000L;

    private final long bytesPerSecond;
    /** When what has been let through by now would have been sent at the rate. */
    private long paidUntil = Long.MIN_VALUE;

    /** @param bytesPerSecond 0 for no bound */
    Throttle(long bytesPerSecond) {
        this.bytesPerSecond = bytesPerSecond;
    }

    /** Lets these bytes through: after so many nanoseconds they may be sent. */
    synchronized long delay(int bytes, long nowNanos) {
        if (bytesPerSecond == 0) {
            return 0;
        }
        long earliest = nowNanos - SECOND / 10;
        paidUntil = paidUntil == Long.MIN_VALUE ? earliest : Math.max(paidUntil, earliest);
        paidUntil += bytes * SECOND / bytesPerSecond;
        return Math.max(0, paidUntil - nowNanos);
    }
}
