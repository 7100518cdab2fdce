package io.synod.replica;

import java.util.function.LongSupplier;

/** Production's {@link SuspendCheck} for tests in other packages. */
public final class SuspendWatch {
    private final SuspendCheck check;

    public SuspendWatch(LongSupplier nanoClock, LongSupplier wallClockMillis, long leaseNanos) {
        check = new SuspendCheck(nanoClock, wallClockMillis, leaseNanos);
    }

    public void tick() {
        check.tick();
    }

    public boolean distrusts() {
        return check.distrusts();
    }

    public long distrustUntil() {
        return check.distrustUntil();
    }
}
