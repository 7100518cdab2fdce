package io.synod.paxos;

/**
 * An estimate, near the 99th percentile, of the time between two signs of life (of the leader, or of its quorum): a late one
 * moves it up by half a heartbeat, any other moves it down by a ninety-ninth of that.
 */
final class HeartbeatGap {
    private final long up;
    private final long least;
    private long high;

    HeartbeatGap(Timing timing) {
        this.up = timing.heartbeat() / 2;
        this.least = timing.heartbeat();
        this.high = least;
    }

    void observe(long gapNanos) {
        high = gapNanos > high ? Math.min(high + up, gapNanos) : Math.max(least, high - up / 99);
    }

    long high() {
        return high;
    }
}
