package io.synod.replica;

import java.util.concurrent.TimeUnit;

/** Reports that this process stood still, at most once a minute, with the worst that was seen meanwhile. One thread. */
final class Stalls {
    private static final long EVERY_NANOS = TimeUnit.MINUTES.toNanos(1);

    private int count;
    private long worstNanos;
    private long lastReport;
    private boolean reported;

    /**
     * @param now monotonic
     * @param stallNanos how long it has just stood still
     * @return a line for the log, {@code null} when there was one a moment ago
     */
    String noted(long now, long stallNanos) {
        count++;
        worstNanos = Math.max(worstNanos, stallNanos);
        if (reported && now - lastReport < EVERY_NANOS) {
            return null;
        }
        String line = "this process stood still for " + TimeUnit.NANOSECONDS.toMillis(worstNanos) + " ms"
                + (count > 1 ? ", the worst of " + count + " times since the last such line" : "");
        reported = true;
        lastReport = now;
        count = 0;
        worstNanos = 0;
        return line;
    }
}
