package io.synod.replica;

import java.util.function.LongSupplier;

/**
 * Notices that the machine was suspended. On Linux the monotonic clock stands still meanwhile, so a leader would believe in
 * leases that have long ended; the wall clock goes on, and the two part. A wall clock that was set looks the same and costs
 * nothing but a round to the followers per read for a while. A hypervisor that hides a pause from both cannot be noticed.
 * Thread-safe.
 *
 * <p>Source: Gray and Cheriton (1989), section 5, on clocks that fail.
 */
final class SuspendCheck {
    private static final long TOLERANCE_NANOS = 20_000_000L;
    private static final long NANOS_PER_MILLI = 1_000_000L;

    private final LongSupplier nanoClock;
    private final LongSupplier wallClockMillis;
    private final long leaseNanos;
    private volatile long offset;
    private volatile long distrustUntil;

    SuspendCheck(LongSupplier nanoClock, LongSupplier wallClockMillis, long leaseNanos) {
        this.nanoClock = nanoClock;
        this.wallClockMillis = wallClockMillis;
        this.leaseNanos = leaseNanos;
        this.offset = offset();
        this.distrustUntil = nanoClock.getAsLong();
    }

    private long offset() {
        return wallClockMillis.getAsLong() * NANOS_PER_MILLI - nanoClock.getAsLong();
    }

    /** Follows clocks that drift apart slowly; by the timer at each tick. */
    void tick() {
        // What was looked at and no other: the machine may be suspended between two looks.
        long here = offset();
        if (!distrusts(here)) {
            offset = here;
        }
    }

    /** Whether leases do not count now. */
    boolean distrusts() {
        return distrusts(offset());
    }

    private boolean distrusts(long here) {
        long now = nanoClock.getAsLong();
        if (Math.abs(here - offset) > TOLERANCE_NANOS) {
            distrustUntil = now + leaseNanos;
            offset = here;
        }
        return now - distrustUntil < 0;
    }

    /** In the monotonic clock's nanoseconds; meaningful while {@link #distrusts}. */
    long distrustUntil() {
        return distrustUntil;
    }

    /** Since when the monotonic clock has not stood still, as far as is known now; in its nanoseconds. */
    long trustedFrom() {
        distrusts();
        return distrustUntil - leaseNanos;
    }
}
