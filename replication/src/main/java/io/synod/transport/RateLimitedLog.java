package io.synod.transport;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/** Lets a message about one address through once per interval, so that a scanner does not fill the log. Thread-safe. */
final class RateLimitedLog {
    private static final int ADDRESSES_MAX = 256;

    private final long intervalNanos;
    private final LongSupplier nanoClock;
    private final Map<String, Long> last = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
            return size() > ADDRESSES_MAX;
        }
    };

    RateLimitedLog(long intervalNanos, LongSupplier nanoClock) {
        this.intervalNanos = intervalNanos;
        this.nanoClock = nanoClock;
    }

    synchronized boolean allows(String address) {
        long now = nanoClock.getAsLong();
        Long before = last.get(address);
        if (before != null && now - before < intervalNanos) {
            return false;
        }
        last.remove(address);
        last.put(address, now);
        return true;
    }
}
