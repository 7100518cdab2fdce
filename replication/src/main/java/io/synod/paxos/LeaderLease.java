package io.synod.paxos;

/**
 * The leader's right to answer reads without asking: a majority has said that it promises nothing to others for a while.
 * Counted from the sending of the request on this clock, where a granter counts from its receipt on its own; only the
 * clocks' speeds must agree, to {@link Timing#maxDriftPercent}. Asked for only while reads come, because a lease that
 * stands is time that a failover must wait.
 *
 * <p>Sources: Gray and Cheriton (1989); Chandra et al., Paxos Made Live (2007), section 5.2.
 */
final class LeaderLease {
    private static final long DEMAND_NANOS = 1_000_000_000L;

    private final Timing timing;
    /** Answers to messages from this number on grant a lease; the greatest long while none is asked for. */
    private long fromSeq = Long.MAX_VALUE;

    private long wantedAt = Core.NEVER;
    private boolean released;
    private long distrustedUntil = Core.NEVER;

    LeaderLease(Timing timing) {
        this.timing = timing;
    }

    void start() {
        fromSeq = Long.MAX_VALUE;
        released = false;
    }

    void wanted(long now) {
        wantedAt = now;
    }

    /** @return what the message with this number is to ask for, in nanoseconds; 0 for no lease */
    long ask(long seq, long quorumAge, long now) {
        boolean asks = timing.lease() > 0
                && now - wantedAt < DEMAND_NANOS
                && quorumAge < timing.electionTimeout()
                && !released;
        if (!asks) {
            fromSeq = Long.MAX_VALUE;
            return 0;
        }
        fromSeq = Math.min(fromSeq, seq);
        return timing.lease();
    }

    long fromSeq() {
        return fromSeq;
    }

    void release() {
        released = true;
    }

    boolean released() {
        return released;
    }

    /** Grants from before this time do not count: the clock may have stood still since. */
    void distrust(long until) {
        distrustedUntil = Math.max(distrustedUntil, until);
    }

    boolean distrusted(long now) {
        return now < distrustedUntil;
    }

    /** @param grantedAt when the request was sent that a majority granted */
    long until(long grantedAt) {
        return grantedAt == Core.NEVER
                ? Core.NEVER
                : grantedAt + timing.lease() * (100 - timing.maxDriftPercent()) / (100 + timing.maxDriftPercent());
    }
}
