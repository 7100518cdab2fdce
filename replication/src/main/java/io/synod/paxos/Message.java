package io.synod.paxos;

import io.synod.group.Entry;
import java.util.List;

/**
 * What members of a group tell each other. Group, sender and format version stand in the frame around it. Any message
 * may be lost, doubled or overtaken; none is trusted to be recent. All times are durations or echoes of the sender's own
 * monotonic clock, in nanoseconds; no clock is ever compared with another node's.
 */
public sealed interface Message {

    /** May I start {@code nextEpoch}? Nothing is persisted for it. Ongaro (2014), section 9.6. */
    record PreVote(long nextEpoch, long lastEpoch, long lastIndex, int priority, long silentNanos) implements Message {}

    record PreVoteReply(
            long nextEpoch,
            boolean granted,
            long promised,
            long lastEpoch,
            long lastIndex,
            int priority,
            long guardLeftNanos)
            implements Message {}

    /** Phase 1a for the whole log above {@code commit}; {@code releases} names the epoch whose lease was given back, or 0. */
    record Prepare(long epoch, long commit, long releases) implements Message {}

    /** Phase 1b. With {@code ok} it was forced before it was sent. */
    record Promise(
            long epoch, boolean ok, long promised, long lastEpoch, long lastIndex, long commit, long guardLeftNanos)
            implements Message {}

    /** A candidate asks for the suffix that it lacks. */
    record Fetch(long epoch, long from, long to, long prevIndex, long prevEpoch) implements Message {}

    /** {@code ok} is false when the previous entry does not match the donor's log, or the donor no longer has the range. */
    record Fetched(long epoch, boolean ok, long prevIndex, long prevEpoch, List<Entry> entries) implements Message {}

    /** Phase 2a; without entries it is a heartbeat. {@code sentAtNanos} and {@code seq} come back as an echo. */
    record Accept(
            long epoch,
            long prevIndex,
            long prevEpoch,
            List<Entry> entries,
            long commit,
            long sentAtNanos,
            long seq,
            long leaseNanos,
            long quorumAgeNanos)
            implements Message {}

    /** Phase 2b: everything up to {@code durable} is forced and equal to the log of the leader of {@code epoch}. */
    record Accepted(
            long epoch,
            long durable,
            long echoSentAtNanos,
            long echoSeq,
            long applied,
            int windowBytes,
            long diskLagNanos)
            implements Message {}

    /** The answer to an Accept of a lower epoch, or of one whose previous entry does not match. */
    record Reject(
            long epoch,
            long promised,
            long commit,
            long lastEpoch,
            long lastIndex,
            long epochAtPrev,
            long firstIndexOfEpochAtPrev,
            long echoSentAtNanos,
            long echoSeq)
            implements Message {}

    /** Hands leadership over: the receiver may prepare at once, past the guard of exactly {@code epoch}. */
    record TransferNow(long epoch, long lastIndex) implements Message {}

    /** A follower asks for an index at which a read is linearizable. */
    record ReadIndex(long ticket) implements Message {}

    /** {@code index} is −1 when the receiver does not serve as leader; {@code leaderHint} is then a slot or 0. */
    record ReadIndexReply(long ticket, long index, int leaderHint) implements Message {}
}
