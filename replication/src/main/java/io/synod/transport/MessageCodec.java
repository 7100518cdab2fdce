package io.synod.transport;

import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.group.Invariant;
import io.synod.group.Members;
import io.synod.paxos.Message;
import io.synod.paxos.Message.Accept;
import io.synod.paxos.Message.Accepted;
import io.synod.paxos.Message.Fetch;
import io.synod.paxos.Message.Fetched;
import io.synod.paxos.Message.PreVote;
import io.synod.paxos.Message.PreVoteReply;
import io.synod.paxos.Message.Prepare;
import io.synod.paxos.Message.Promise;
import io.synod.paxos.Message.Question;
import io.synod.paxos.Message.ReadIndex;
import io.synod.paxos.Message.ReadIndexReply;
import io.synod.paxos.Message.Reject;
import io.synod.paxos.Message.Removed;
import io.synod.paxos.Message.Reply;
import io.synod.paxos.Message.SnapshotChunk;
import io.synod.paxos.Message.SnapshotOffer;
import io.synod.paxos.Message.SnapshotReceived;
import io.synod.paxos.Message.SnapshotRequest;
import io.synod.paxos.Message.SnapshotState;
import io.synod.paxos.Message.TransferNow;
import java.util.ArrayList;
import java.util.List;

/**
 * Messages as bytes: {@code group:8 type:1 length:4 body}. Codes and the order of fields belong to the protocol's
 * version; a later version may append fields to a body (readers skip what they do not know) or add types (skipped whole).
 */
final class MessageCodec {
    private static final int ENTRY_MIN_BYTES = 8 + 8 + 1 + 4;

    private MessageCodec() {}

    static void encode(Envelope envelope, WireOutput out) {
        encode(envelope.group(), envelope.message(), out);
    }

    static void encode(long group, Message message, WireOutput out) {
        out.putLong(group);
        out.putByte(typeOf(message));
        int lengthAt = out.length();
        out.putInt(0);
        encodeBody(message, out);
        out.setInt(lengthAt, out.length() - lengthAt - 4);
    }

    /** @return {@code null} for a type that this version does not know */
    static Envelope decode(WireInput in) throws MalformedFrameException {
        long group = in.getLong();
        byte type = in.getByte();
        Message message = decodeBody(type, in.slice());
        return message == null ? null : new Envelope(group, message);
    }

    private static int typeOf(Message message) {
        // Instances and not a switch over types: the language level is 17.
        if (message instanceof Accept) {
            return 1;
        } else if (message instanceof Accepted) {
            return 2;
        } else if (message instanceof Reject) {
            return 3;
        } else if (message instanceof PreVote) {
            return 4;
        } else if (message instanceof PreVoteReply) {
            return 5;
        } else if (message instanceof Prepare) {
            return 6;
        } else if (message instanceof Promise) {
            return 7;
        } else if (message instanceof Fetch) {
            return 8;
        } else if (message instanceof Fetched) {
            return 9;
        } else if (message instanceof TransferNow) {
            return 10;
        } else if (message instanceof ReadIndex) {
            return 11;
        } else if (message instanceof ReadIndexReply) {
            return 12;
        } else if (message instanceof SnapshotRequest) {
            return 13;
        } else if (message instanceof SnapshotOffer) {
            return 14;
        } else if (message instanceof SnapshotChunk) {
            return 15;
        } else if (message instanceof SnapshotReceived) {
            return 16;
        } else if (message instanceof Question) {
            return 17;
        } else if (message instanceof Reply) {
            return 18;
        } else if (message instanceof Removed) {
            return 19;
        }
        throw new IllegalArgumentException("no code for " + message.getClass());
    }

    private static void encodeBody(Message message, WireOutput out) {
        if (message instanceof Accept m) {
            out.putLong(m.epoch());
            out.putLong(m.prevIndex());
            out.putLong(m.prevEpoch());
            out.putLong(m.commit());
            out.putLong(m.sentAtNanos());
            out.putLong(m.seq());
            out.putLong(m.leaseNanos());
            out.putLong(m.quorumAgeNanos());
            encodeEntries(m.entries(), out);
            out.putLong(m.allHave());
        } else if (message instanceof Accepted m) {
            out.putLong(m.epoch());
            out.putLong(m.durable());
            out.putLong(m.echoSentAtNanos());
            out.putLong(m.echoSeq());
            out.putLong(m.applied());
            out.putInt(m.windowBytes());
            out.putLong(m.diskLagNanos());
        } else if (message instanceof Reject m) {
            out.putLong(m.epoch());
            out.putLong(m.promised());
            out.putLong(m.commit());
            out.putLong(m.lastEpoch());
            out.putLong(m.lastIndex());
            out.putLong(m.epochAtPrev());
            out.putLong(m.firstIndexOfEpochAtPrev());
            out.putLong(m.echoSentAtNanos());
            out.putLong(m.echoSeq());
        } else if (message instanceof PreVote m) {
            out.putLong(m.nextEpoch());
            out.putLong(m.lastEpoch());
            out.putLong(m.lastIndex());
            out.putInt(m.priority());
            out.putLong(m.silentNanos());
        } else if (message instanceof PreVoteReply m) {
            out.putLong(m.nextEpoch());
            out.putBoolean(m.granted());
            out.putLong(m.promised());
            out.putLong(m.lastEpoch());
            out.putLong(m.lastIndex());
            out.putInt(m.priority());
            out.putLong(m.guardLeftNanos());
        } else if (message instanceof Prepare m) {
            out.putLong(m.epoch());
            out.putLong(m.commit());
            out.putLong(m.releases());
        } else if (message instanceof Promise m) {
            out.putLong(m.epoch());
            out.putBoolean(m.ok());
            out.putLong(m.promised());
            out.putLong(m.lastEpoch());
            out.putLong(m.lastIndex());
            out.putLong(m.commit());
            out.putLong(m.guardLeftNanos());
        } else if (message instanceof Fetch m) {
            out.putLong(m.epoch());
            out.putLong(m.from());
            out.putLong(m.to());
            out.putLong(m.prevIndex());
            out.putLong(m.prevEpoch());
        } else if (message instanceof Fetched m) {
            out.putLong(m.epoch());
            out.putBoolean(m.ok());
            out.putLong(m.prevIndex());
            out.putLong(m.prevEpoch());
            encodeEntries(m.entries(), out);
            out.putLong(m.base());
        } else if (message instanceof TransferNow m) {
            out.putLong(m.epoch());
            out.putLong(m.lastIndex());
        } else if (message instanceof ReadIndex m) {
            out.putLong(m.ticket());
        } else if (message instanceof ReadIndexReply m) {
            out.putLong(m.ticket());
            out.putLong(m.index());
            out.putInt(m.leaderHint());
        } else if (message instanceof SnapshotRequest m) {
            out.putLong(m.index());
        } else if (message instanceof SnapshotOffer m) {
            out.putLong(m.knownBy());
            out.putInt(m.version());
            out.putLong(m.id());
            out.putLong(m.index());
            out.putLong(m.entryEpoch());
            out.putBytes(m.members().encode());
            out.putLong(m.length());
        } else if (message instanceof SnapshotChunk m) {
            out.putLong(m.id());
            out.putLong(m.offset());
            out.putBytes(m.bytes());
            out.putInt(m.crc());
        } else if (message instanceof SnapshotReceived m) {
            out.putLong(m.id());
            out.putLong(m.received());
            out.putByte(m.state().code());
        } else if (message instanceof Question m) {
            out.putLong(m.ticket());
            out.putBytes(m.bytes());
        } else if (message instanceof Reply m) {
            out.putLong(m.ticket());
            out.putBytes(m.bytes());
        } else if (message instanceof Removed m) {
            out.putLong(m.configuration());
        }
    }

    private static Message decodeBody(byte type, WireInput in) throws MalformedFrameException {
        return switch (type) {
            case 1 -> decodeAccept(in);
            case 2 ->
                new Accepted(
                        in.getLong(),
                        in.getLong(),
                        in.getLong(),
                        in.getLong(),
                        in.getLong(),
                        in.getInt(),
                        in.getLong());
            case 3 ->
                new Reject(
                        in.getLong(),
                        in.getLong(),
                        in.getLong(),
                        in.getLong(),
                        in.getLong(),
                        in.getLong(),
                        in.getLong(),
                        in.getLong(),
                        in.getLong());
            case 4 -> new PreVote(in.getLong(), in.getLong(), in.getLong(), in.getInt(), in.getLong());
            case 5 ->
                new PreVoteReply(
                        in.getLong(),
                        in.getBoolean(),
                        in.getLong(),
                        in.getLong(),
                        in.getLong(),
                        in.getInt(),
                        in.getLong());
            case 6 -> new Prepare(in.getLong(), in.getLong(), in.getLong());
            case 7 ->
                new Promise(
                        in.getLong(),
                        in.getBoolean(),
                        in.getLong(),
                        in.getLong(),
                        in.getLong(),
                        in.getLong(),
                        in.getLong());
            case 8 -> new Fetch(in.getLong(), in.getLong(), in.getLong(), in.getLong(), in.getLong());
            case 9 ->
                new Fetched(
                        in.getLong(),
                        in.getBoolean(),
                        in.getLong(),
                        in.getLong(),
                        decodeEntries(in),
                        in.remaining() > 0 ? in.getLong() : 0);
            case 10 -> new TransferNow(in.getLong(), in.getLong());
            case 11 -> new ReadIndex(in.getLong());
            case 12 -> new ReadIndexReply(in.getLong(), in.getLong(), in.getInt());
            case 13 -> new SnapshotRequest(in.getLong());
            case 14 ->
                new SnapshotOffer(
                        in.getLong(),
                        in.getInt(),
                        in.getLong(),
                        in.getLong(),
                        in.getLong(),
                        decodeMembers(in),
                        in.getLong());
            case 15 -> new SnapshotChunk(in.getLong(), in.getLong(), in.getBytes(), in.getInt());
            case 16 -> decodeReceived(in);
            case 17 -> new Question(in.getLong(), in.getBytes());
            case 18 -> new Reply(in.getLong(), in.getBytes());
            case 19 -> new Removed(in.getLong());
            default -> null;
        };
    }

    private static Accept decodeAccept(WireInput in) throws MalformedFrameException {
        long epoch = in.getLong();
        long prevIndex = in.getLong();
        long prevEpoch = in.getLong();
        long commit = in.getLong();
        long sentAtNanos = in.getLong();
        long seq = in.getLong();
        long leaseNanos = in.getLong();
        long quorumAgeNanos = in.getLong();
        List<Entry> entries = decodeEntries(in);
        long allHave = in.remaining() > 0 ? in.getLong() : 0;
        return new Accept(
                epoch, prevIndex, prevEpoch, entries, commit, sentAtNanos, seq, leaseNanos, quorumAgeNanos, allHave);
    }

    private static Members decodeMembers(WireInput in) throws MalformedFrameException {
        try {
            return Members.decode(in.getBytes());
        } catch (IllegalArgumentException | Invariant.Violation e) {
            throw new MalformedFrameException("members of a snapshot: " + e.getMessage());
        }
    }

    /** @return {@code null} for a state that this version does not know */
    private static SnapshotReceived decodeReceived(WireInput in) throws MalformedFrameException {
        long id = in.getLong();
        long received = in.getLong();
        SnapshotState state = SnapshotState.of(in.getByte());
        return state == null ? null : new SnapshotReceived(id, received, state);
    }

    private static void encodeEntries(List<Entry> entries, WireOutput out) {
        out.putInt(entries.size());
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            out.putLong(entry.epoch());
            out.putLong(entry.index());
            out.putByte(entry.kind().code());
            out.putBytes(entry.payload());
        }
    }

    private static List<Entry> decodeEntries(WireInput in) throws MalformedFrameException {
        int count = in.getCount(ENTRY_MIN_BYTES);
        if (count == 0) {
            return List.of();
        }
        List<Entry> entries = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            long epoch = in.getLong();
            long index = in.getLong();
            byte kind = in.getByte();
            if (epoch <= 0 || index <= 0 || kind < 1 || kind > EntryKind.values().length) {
                throw new MalformedFrameException("entry of epoch " + epoch + ", index " + index + ", kind " + kind);
            }
            entries.add(new Entry(epoch, index, EntryKind.of(kind), in.getBytes()));
        }
        return entries;
    }
}
