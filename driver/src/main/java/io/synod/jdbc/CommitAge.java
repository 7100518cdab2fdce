package io.synod.jdbc;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * How long ago a commit was sent whose answer is missing. Nodes forget the ids of old commits, so "not committed" is an answer
 * only while they surely remember; later than that, the outcome is unknown. The monotonic clock may stand still while the
 * machine sleeps and the wall clock may be set back: the one that says more is believed. Thread-safe.
 */
public final class CommitAge {
    /** Nodes remember for twice as long, at least. */
    static final long REMEMBERED_MILLIS = TimeUnit.HOURS.toMillis(1);

    private final LongSupplier nanoClock;
    private final LongSupplier wallClockMillis;
    private final long nanosThen;
    private final long wallThen;

    CommitAge(LongSupplier nanoClock, LongSupplier wallClockMillis) {
        this.nanoClock = nanoClock;
        this.wallClockMillis = wallClockMillis;
        nanosThen = nanoClock.getAsLong();
        wallThen = wallClockMillis.getAsLong();
    }

    /** The commit is about to be sent. */
    public static CommitAge now() {
        return new CommitAge(System::nanoTime, System::currentTimeMillis);
    }

    /** Whether a node that knows nothing of the commit may be believed. */
    public boolean isRemembered() {
        long byNanos = TimeUnit.NANOSECONDS.toMillis(nanoClock.getAsLong() - nanosThen);
        return Math.max(byNanos, wallClockMillis.getAsLong() - wallThen) < REMEMBERED_MILLIS;
    }
}
