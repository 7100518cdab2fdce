package io.synod.paxos;

/** What a leader knows of one follower. */
final class Progress {
    /** Entries that may be on the way to a follower that streams. */
    static final int WINDOW_ENTRIES = 4096;

    /** Entries in the one message that may be on the way to a follower that is probed. */
    static final int PROBE_ENTRIES = 64;

    private static final long MAX_RETRANSMIT_NANOS = 2_000_000_000L;
    private static final long OFFER_AGAIN_NANOS = 1_000_000_000L;

    enum Mode {
        /** One message at a time, until one is acknowledged. */
        PROBE,
        /** Whatever is proposed, at once. */
        STREAM,
        /** What it needs next is not in the log any more. */
        SNAPSHOT
    }

    final int slot;
    boolean voter;
    Mode mode = Mode.PROBE;
    /** Forced there and equal to the leader's log. */
    long match;
    /** The next index to send. */
    long next;
    /** Greatest commit index that was sent there. */
    long commitSent;
    /** The latest sending of ours that was answered. */
    long echoSentAt = Core.NEVER;

    long echoSeq;
    /** The latest sending of ours that asked for a lease and was answered. */
    long leaseSentAt = Core.NEVER;

    long applied;
    long diskLagNanos;
    /** {@link LeaderFitness#UNKNOWN} until it has told. */
    int priority = LeaderFitness.UNKNOWN;
    /** Since when it could lead as well as anybody. */
    long wellSince = Core.NEVER;

    private final long absenceNanos;
    private final long firstRetransmitNanos;
    private long retransmitNanos;
    private long waitingSince;
    /** Where the probe that is on the way begins; 0 when none is. */
    private long probeFrom;
    /** Number of the last probe. */
    private long probeSeq;

    private long offeredAt = Core.NEVER;

    Progress(int slot, long next, Timing timing) {
        this.slot = slot;
        this.next = next;
        this.absenceNanos = timing.electionTimeout();
        this.firstRetransmitNanos = timing.heartbeat() * 5 / 2;
        this.retransmitNanos = firstRetransmitNanos;
    }

    void heard(long sentAt, long seq, long leaseFromSeq) {
        if (sentAt - echoSentAt > absenceNanos) {
            // It was away, not slow: what was sent meanwhile is lost, and waited for no longer.
            retransmitNanos = firstRetransmitNanos;
        }
        echoSentAt = Math.max(echoSentAt, sentAt);
        echoSeq = Math.max(echoSeq, seq);
        if (seq >= leaseFromSeq) {
            leaseSentAt = Math.max(leaseSentAt, sentAt);
        }
    }

    /** The last index that may be sent now; below {@link #next} when nothing may. */
    long sendableTo(long last) {
        if (mode == Mode.SNAPSHOT) {
            return next - 1;
        }
        if (mode == Mode.STREAM) {
            return Math.min(last, match + WINDOW_ENTRIES);
        }
        return unanswered() ? next - 1 : Math.min(last, next - 1 + PROBE_ENTRIES);
    }

    void sent(long to, long seq, long now) {
        if (!unanswered()) {
            waitingSince = now;
        }
        if (mode == Mode.PROBE) {
            probeFrom = next;
            probeSeq = seq;
        }
        next = to + 1;
    }

    private boolean unanswered() {
        return switch (mode) {
            case STREAM -> next - 1 > match;
            case PROBE -> probeFrom > 0;
            case SNAPSHOT -> false;
        };
    }

    /** Its next entry is gone. */
    void needsSnapshot() {
        if (mode != Mode.SNAPSHOT) {
            mode = Mode.SNAPSHOT;
            probeFrom = 0;
            next = match + 1;
        }
    }

    /** Whether it is time to offer the snapshot (again). */
    boolean offers(long now) {
        if (mode != Mode.SNAPSHOT || now - offeredAt < OFFER_AGAIN_NANOS) {
            return false;
        }
        offeredAt = now;
        return true;
    }

    /** @return whether {@link #match} rose */
    boolean acknowledged(long durable, long now) {
        if (durable <= match) {
            return false;
        }
        match = durable;
        next = Math.max(next, match + 1);
        mode = Mode.STREAM;
        probeFrom = 0;
        retransmitNanos = firstRetransmitNanos;
        waitingSince = now;
        return true;
    }

    /**
     * Whether a refusal says something new: of several for one probe, or from before it, only the first is heeded. Otherwise
     * each refused part of a batch would send a batch.
     */
    boolean heeds(long refusedSeq) {
        return switch (mode) {
            case PROBE -> probeFrom > 0 && refusedSeq == probeSeq;
            case STREAM -> refusedSeq > probeSeq;
            case SNAPSHOT -> false;
        };
    }

    /** The follower has another entry before {@link #next}, or none: go on from {@code index}. */
    void rejected(long index) {
        mode = Mode.PROBE;
        probeFrom = 0;
        next = Math.max(match + 1, index);
    }

    /** What was sent may be lost. */
    boolean overdue(long now) {
        return unanswered() && now - waitingSince > retransmitNanos;
    }

    void retry() {
        rejected(mode == Mode.PROBE ? probeFrom : match + 1);
        retransmitNanos = Math.min(2 * retransmitNanos, MAX_RETRANSMIT_NANOS);
    }
}
