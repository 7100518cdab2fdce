package io.synod.paxos;

import io.synod.group.EntryKind;
import io.synod.group.Members;
import io.synod.group.Recovered;
import java.util.random.RandomGenerator;

/**
 * One member of one group: follower, candidate or leader of Multi-Paxos over a log without holes.
 *
 * <p>A contract so far; the bodies come with the protocol.
 */
public final class GroupState {
    /**
     * @param selfSlot this member's slot
     * @param bootstrap the configuration that holds until a CONFIG entry is in the log
     * @param recovered what the log holds of this group
     * @param applied the index up to which the state machine stands at start; also the lower bound of the commit index
     * @param priority of this node as leader, greater is preferred
     */
    public GroupState(
            int selfSlot,
            Members bootstrap,
            Recovered recovered,
            long applied,
            int priority,
            Timing timing,
            RandomGenerator random,
            long nowNanos) {
        throw new UnsupportedOperationException();
    }

    /** To be called about every 5 ms, and after each long pause. */
    public void tick(long nowNanos, Effects out) {
        throw new UnsupportedOperationException();
    }

    public void onMessage(int fromSlot, Message message, long nowNanos, Effects out) {
        throw new UnsupportedOperationException();
    }

    /** A connection to this peer was reset or refused: a hint, not a proof. */
    public void onPeerDown(int slot, long nowNanos, Effects out) {
        throw new UnsupportedOperationException();
    }

    /**
     * Appends an entry as leader.
     *
     * @return its index, or −1 when this member does not serve as leader
     */
    public long propose(EntryKind kind, byte[] payload, long nowNanos, Effects out) {
        throw new UnsupportedOperationException();
    }

    /** Ships what has been proposed since the last call to every peer that streams; once per batch. */
    public void flush(long nowNanos, Effects out) {
        throw new UnsupportedOperationException();
    }

    /** The first {@code persisted} persist effects (appends and promises, counted from construction) are durable. */
    public void onForced(long persisted, long nowNanos, Effects out) {
        throw new UnsupportedOperationException();
    }

    /** The state machine has applied everything up to this index. */
    public void onApplied(long index, long nowNanos, Effects out) {
        throw new UnsupportedOperationException();
    }

    /**
     * Asks for a linearizable read; answered through {@link Effects#readable} or {@link Effects#notReadable}, at once
     * where a lease holds.
     */
    public void read(long ticket, long nowNanos, Effects out) {
        throw new UnsupportedOperationException();
    }

    /** Whether a linearizable read whose snapshot is already taken may be answered from here: serving and under a lease. */
    public boolean leaseHolds(long nowNanos) {
        throw new UnsupportedOperationException();
    }

    /** Starts a graceful handover of leadership; without effect where this member does not lead. */
    public void transfer(int toSlot, long nowNanos, Effects out) {
        throw new UnsupportedOperationException();
    }

    public Role role() {
        throw new UnsupportedOperationException();
    }

    /** Whether this member leads, has its barrier committed and applied, and takes proposals. */
    public boolean serving() {
        throw new UnsupportedOperationException();
    }

    /** The epoch of the leader that this member follows or is; {@link io.synod.group.Epoch#NONE} if none is known. */
    public long leaderEpoch() {
        throw new UnsupportedOperationException();
    }

    public int leaderSlot() {
        throw new UnsupportedOperationException();
    }

    public long lastIndex() {
        throw new UnsupportedOperationException();
    }

    public long durableIndex() {
        throw new UnsupportedOperationException();
    }

    public long commitIndex() {
        throw new UnsupportedOperationException();
    }

    public Members members() {
        throw new UnsupportedOperationException();
    }
}
