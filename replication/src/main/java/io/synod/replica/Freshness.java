package io.synod.replica;

import java.util.ArrayDeque;

/**
 * How old an applied state can be. An answer (asked at, index) says: a state that holds this index lacks nothing that was
 * acknowledged before it was asked for. One monotonic clock, this node's; nobody else's clock has a part in it. Thread-safe.
 */
final class Freshness {
    private static final int MAX_AHEAD = 16;

    private record Answer(long askedAtNanos, long index) {}

    /** Answers that the applied state has not reached yet, in the order of their indexes. */
    private final ArrayDeque<Answer> ahead = new ArrayDeque<>();

    /** When the latest answer that the state has reached was asked for. */
    private long freshAsOfNanos;

    private boolean known;

    synchronized void confirmed(long askedAtNanos, long index) {
        Answer last = ahead.peekLast();
        if (last != null && last.index >= index) {
            // Overtaken: the state that holds the greater index holds this one as well.
            ahead.pollLast();
            ahead.add(new Answer(later(last.askedAtNanos, askedAtNanos), last.index));
            return;
        }
        if (ahead.size() >= MAX_AHEAD) {
            // Not the oldest, which is reached first.
            ahead.pollLast();
        }
        ahead.add(new Answer(askedAtNanos, index));
    }

    /**
     * @param trustedFromNanos since when the clock is known to have gone on without a stop: how old earlier answers are, it does
     *     not tell
     * @return {@link Long#MAX_VALUE} where it is not known
     */
    synchronized long ageNanos(long nowNanos, long appliedIndex, long trustedFromNanos) {
        while (!ahead.isEmpty() && ahead.peek().index <= appliedIndex) {
            long askedAt = ahead.poll().askedAtNanos;
            freshAsOfNanos = known ? later(freshAsOfNanos, askedAt) : askedAt;
            known = true;
        }
        return known && freshAsOfNanos - trustedFromNanos >= 0
                ? Math.max(0, nowNanos - freshAsOfNanos)
                : Long.MAX_VALUE;
    }

    private static long later(long a, long b) {
        return a - b > 0 ? a : b;
    }
}
