package io.synod.engine.operations;

import java.util.Arrays;

/** Times at which commits were acknowledged, and how long there was none. */
public final class Gaps {
    private final long[] atNanos;

    /** @param atNanos by {@link System#nanoTime()}, in any order */
    public Gaps(long[] atNanos) {
        this.atNanos = atNanos.clone();
        Arrays.sort(this.atNanos);
    }

    /**
     * The longest time between two acknowledgements that follow one another, where the later one is in the interval: so
     * that what was acknowledged just before a kill is where the gap begins.
     *
     * @return nanoseconds; −1 when nothing was acknowledged in the interval
     */
    public long longestNanos(long fromNanos, long toNanos) {
        long longest = -1;
        for (int i = 1; i < atNanos.length; i++) {
            if (atNanos[i] - fromNanos >= 0 && atNanos[i] - toNanos <= 0) {
                longest = Math.max(longest, atNanos[i] - atNanos[i - 1]);
            }
        }
        return longest;
    }
}
