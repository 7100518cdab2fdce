package io.synod.replica;

import io.synod.group.Members;
import io.synod.paxos.MemberChange;

/**
 * One group's log as its user sees it: propose payloads, have committed ones applied in order. Thread-safe.
 */
public interface ReplicatedLog extends AutoCloseable {
    /**
     * What one payload may have at most, in bytes: with all that may go with it in one frame, half of what peers take
     * ({@code FrameCodec.MAX_BODY_BYTES}).
     */
    int MAX_PAYLOAD_BYTES = 128 << 20;

    /**
     * Puts a payload at the end of the log. The order of two proposals made one after the other (or under a lock that
     * conflicting work shares) is their order in the log.
     *
     * <p>Does no I/O: that begins when somebody waits for it in {@link Proposal#await}, or, if nobody does, within two
     * ticks of the timer (10 ms).
     *
     * @param payload is not copied: nobody may change it any more; at most {@link #maxPayloadBytes}
     * @param epoch the epoch of the leadership that the payload was made under; with any other the proposal is LOST at once
     * @param attachment handed to {@link Applier#apply} with the entry
     */
    Proposal propose(byte[] payload, long epoch, Object attachment);

    /** What a proposal's payload may have at most: one that is longer could be logged here and not be shipped. */
    default int maxPayloadBytes() {
        return MAX_PAYLOAD_BYTES;
    }

    /** The epoch that this node serves as leader, or 0 when it does not serve or hands leadership over just now. */
    long servingEpoch();

    /** Name of the leading node, {@code null} where none is known. */
    String leader();

    /**
     * Waits until a leader is known, and, if it is this node, serves.
     *
     * @return its name; {@code null} when there was none in that time
     */
    String awaitLeader(long timeoutNanos);

    /**
     * Waits until a read on this node's applied state is linearizable, that is, includes everything that was
     * acknowledged before the call.
     *
     * @return false when that could not be confirmed in time
     */
    boolean awaitReadable(long timeoutNanos);

    /**
     * Waits until a read on this node's applied state includes everything that was acknowledged longer before the call than
     * {@code maxAgeNanos}. Asks the leader only where what it said last is too old, and for all who wait at once; clocks of two
     * nodes are never compared.
     *
     * @param maxAgeNanos 0 or more
     * @return false when that could not be confirmed in time
     */
    boolean awaitFresh(long maxAgeNanos, long timeoutNanos);

    /**
     * How old this node's applied state can be by what the leader last said, in nanoseconds of this node's clock: 0 for a leader
     * under its lease, {@link Long#MAX_VALUE} where it was never asked.
     */
    long ageNanos();

    /** Whether a snapshot that was taken before this call is linearizable: this node serves under a valid lease. */
    boolean leaseHolds();

    /** Waits until this node has applied at least this index. */
    boolean awaitApplied(long index, long timeoutNanos);

    /**
     * Waits until every member that this node, as the leader, can reach has forced this committed index.
     *
     * @return names of the members that have not: out of reach, or not in time; of all others where this node does not lead
     */
    java.util.List<String> awaitEverywhere(long index, long timeoutNanos);

    long appliedIndex();

    long commitIndex();

    long durableIndex();

    /** The newest configuration in the log, as of the last step: the one that counts, which may still be undone. */
    Members members();

    /** The newest configuration that is committed, as far as is known here: what it says of a slot stays so. */
    default Members committedMembers() {
        return members();
    }

    /**
     * Has the members changed, where this node leads, and waits until that is committed. A leader may remove itself: it hands
     * leadership over then, and its group stops here with {@link RemovedMemberException}.
     *
     * @return the index of the configuration, or why there is none
     */
    default MemberChange.Outcome changeMembers(MemberChange change, long timeoutNanos) {
        return MemberChange.Outcome.refused(MemberChange.Refusal.NOT_LEADING);
    }

    /** {@code host:port} where clients reach that member, as it has said; empty where it has not, or has no such place. */
    default String clientAddress(String member) {
        return "";
    }

    /** What status shows of every member as this node knows it; complete on the leader. */
    java.util.List<MemberStatus> status();

    /** How many segments this node's log has, of all its groups together; −1 where not known. */
    default int segments() {
        return -1;
    }

    /**
     * The state machine here is not to be relied on any more: it stands still until a snapshot of another member, at this index or
     * a later one, has taken its place. A leader steps down for it.
     *
     * @return false where there is no other member, and nothing has changed
     */
    default boolean needSnapshot(long atLeast) {
        return false;
    }

    /** What is known to be damaged in the files of this node's log, of all its groups together; empty where nothing is. */
    default java.util.List<String> damage() {
        return java.util.List.of();
    }

    /** Hands leadership to a caught-up peer and waits; true when this node no longer leads. */
    boolean transferAway(long timeoutNanos);

    /**
     * Hands leadership to that peer and waits. Another one may still win if the peer fails at just that moment.
     *
     * @return true when this node no longer leads; false when the peer was not reachable or not caught up in time
     * @throws IllegalArgumentException no voting member has this name
     */
    boolean transferTo(String member, long timeoutNanos);

    @Override
    void close();

    /**
     * @param epoch as {@code round.slot}
     * @param lagMillis −1 where not known
     * @param leaseLeftMillis 0 where there is none
     * @param firstIndex the first entry that the log still has; −1 where not known
     * @param snapshotPercent how much of a snapshot has arrived there; −1 where none is on its way, as far as this node sends
     *     or receives it
     */
    record MemberStatus(
            String name,
            String address,
            String role,
            String epoch,
            long durableIndex,
            long commitIndex,
            long appliedIndex,
            long lagEntries,
            long lagMillis,
            long leaseLeftMillis,
            long logBytes,
            boolean reachable,
            long firstIndex,
            int snapshotPercent) {
        public MemberStatus(
                String name,
                String address,
                String role,
                String epoch,
                long durableIndex,
                long commitIndex,
                long appliedIndex,
                long lagEntries,
                long lagMillis,
                long leaseLeftMillis,
                long logBytes,
                boolean reachable) {
            this(
                    name,
                    address,
                    role,
                    epoch,
                    durableIndex,
                    commitIndex,
                    appliedIndex,
                    lagEntries,
                    lagMillis,
                    leaseLeftMillis,
                    logBytes,
                    reachable,
                    -1,
                    -1);
        }
    }
}
