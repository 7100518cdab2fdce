package io.synod.paxos;

import io.synod.group.Entry;
import io.synod.group.Members;
import java.util.Arrays;
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

    /**
     * {@code ok} is false when the previous entry does not match the donor's log, or the donor no longer has the range.
     *
     * @param base the donor's log begins behind this index: below it nobody gets anything but a snapshot
     */
    record Fetched(long epoch, boolean ok, long prevIndex, long prevEpoch, List<Entry> entries, long base)
            implements Message {
        public Fetched(long epoch, boolean ok, long prevIndex, long prevEpoch, List<Entry> entries) {
            this(epoch, ok, prevIndex, prevEpoch, entries, 0);
        }
    }

    /**
     * Phase 2a; without entries it is a heartbeat. {@code sentAtNanos} and {@code seq} come back as an echo.
     *
     * @param allHave every member has forced everything up to this index: a log need not keep it for anybody else
     */
    record Accept(
            long epoch,
            long prevIndex,
            long prevEpoch,
            List<Entry> entries,
            long commit,
            long sentAtNanos,
            long seq,
            long leaseNanos,
            long quorumAgeNanos,
            long allHave)
            implements Message {
        public Accept(
                long epoch,
                long prevIndex,
                long prevEpoch,
                List<Entry> entries,
                long commit,
                long sentAtNanos,
                long seq,
                long leaseNanos,
                long quorumAgeNanos) {
            this(epoch, prevIndex, prevEpoch, entries, commit, sentAtNanos, seq, leaseNanos, quorumAgeNanos, 0);
        }
    }

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

    /**
     * The answer to a member that was removed: the sender has it as committed, by the configuration at {@code configuration} or
     * an earlier one. True for ever, because slots are not given twice.
     */
    record Removed(long configuration) implements Message {}

    /** The sender stands at {@code index} and can only go on from a snapshot. */
    record SnapshotRequest(long index) implements Message {}

    /**
     * A snapshot lies ready for the receiver.
     *
     * @param knownBy an epoch that the sender promised: leaders of this epoch and higher ones have what is in it
     * @param id the same only for the same bytes
     * @param index of the last entry in it, {@code entryEpoch} its epoch
     * @param members the configuration in force there
     * @param length bytes of the whole
     */
    record SnapshotOffer(long knownBy, int version, long id, long index, long entryEpoch, Members members, long length)
            implements Message {}

    /** {@code crc}: CRC32C of id, offset and bytes, made where the snapshot was read. */
    record SnapshotChunk(long id, long offset, byte[] bytes, int crc) implements Message {
        @Override
        public boolean equals(Object other) {
            return other instanceof SnapshotChunk m
                    && m.id == id
                    && m.offset == offset
                    && m.crc == crc
                    && Arrays.equals(m.bytes, bytes);
        }

        @Override
        public int hashCode() {
            return Long.hashCode(id) * 31 + Long.hashCode(offset);
        }
    }

    /** {@code received} bytes from the start are on disk; twice the same means: send again from there. */
    record SnapshotReceived(long id, long received, SnapshotState state) implements Message {}

    /** What becomes of a snapshot at its receiver. The code is part of the format. */
    enum SnapshotState {
        RECEIVING(1),
        /** It is whole, and being put in place. */
        INSTALLING(2),
        INSTALLED(3),
        /** The receiver has no use for it. */
        REFUSED(4);

        private final byte code;

        SnapshotState(int code) {
            this.code = (byte) code;
        }

        public byte code() {
            return code;
        }

        /** {@code null} for a code that this version does not know. */
        public static SnapshotState of(byte code) {
            return code >= 1 && code <= values().length ? values()[code - 1] : null;
        }
    }

    /**
     * A node asks another one for something that is not of this protocol; see {@code io.synod.replica.Questions}. It is no
     * business of the group, which only names whom it is about.
     *
     * @param ticket comes back with the answer
     */
    record Question(long ticket, byte[] bytes) implements Message {
        @Override
        public boolean equals(Object other) {
            return other instanceof Question m && m.ticket == ticket && Arrays.equals(m.bytes, bytes);
        }

        @Override
        public int hashCode() {
            return Long.hashCode(ticket);
        }
    }

    /** What a node says to a {@link Question}. */
    record Reply(long ticket, byte[] bytes) implements Message {
        @Override
        public boolean equals(Object other) {
            return other instanceof Reply m && m.ticket == ticket && Arrays.equals(m.bytes, bytes);
        }

        @Override
        public int hashCode() {
            return Long.hashCode(ticket);
        }
    }

    /** A follower asks for an index at which a read is linearizable. */
    record ReadIndex(long ticket) implements Message {}

    /** {@code index} is −1 when the receiver does not serve as leader; {@code leaderHint} is then a slot or 0. */
    record ReadIndexReply(long ticket, long index, int leaderHint) implements Message {}
}
