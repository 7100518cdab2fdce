package io.synod.simulation;

import io.synod.group.Base;
import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.group.Members;
import io.synod.paxos.Message;
import io.synod.paxos.Message.SnapshotState;
import io.synod.replica.SnapshotSums;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * The snapshots of one member, in both directions, chunk by chunk over the simulated network. What was received survives a
 * crash; a crash may come at each step of the installation.
 */
final class SimulatedSnapshots {
    private static final long RESEND = 30 * Cluster.MILLI;
    private static final long GIVEN_UP = 400 * Cluster.MILLI;
    /** The receiver is asked again where it is: it may have begun anew, for an offer that came late. */
    private static final long NO_PROGRESS = 10 * RESEND;

    /** What the state machine was, at the end of it. */
    record Snapshot(long id, List<Entry> state) {
        /** One byte for each entry. */
        byte[] bytes() {
            byte[] bytes = new byte[state.size()];
            for (int i = 0; i < bytes.length; i++) {
                Entry entry = state.get(i);
                bytes[i] = (byte) (31 * (entry.epoch() + entry.index()) + Arrays.hashCode(entry.payload()));
            }
            return bytes;
        }

        /** What the bytes say, which may have turned. */
        List<Entry> read(byte[] bytes) {
            byte[] written = bytes();
            if (Arrays.equals(bytes, written)) {
                return state;
            }
            List<Entry> read = new ArrayList<>(state);
            for (int i = 0; i < bytes.length; i++) {
                if (bytes[i] != written[i]) {
                    read.set(i, spoilt(state.get(i)));
                }
            }
            return read;
        }

        /** What its header has: a header that is damaged itself is refused likewise. */
        long sum() {
            return sumOf(bytes());
        }

        static long sumOf(byte[] bytes) {
            CRC32C crc = new CRC32C();
            crc.update(bytes, 0, bytes.length);
            return crc.getValue();
        }

        Entry last() {
            return state.get(state.size() - 1);
        }

        long index() {
            return state.size();
        }

        Members configuration(Members first) {
            for (int i = state.size() - 1; i >= 0; i--) {
                if (state.get(i).kind() == EntryKind.CONFIG) {
                    return Members.decode(state.get(i).payload());
                }
            }
            return first;
        }
    }

    /** A snapshot in a file. */
    private record Stored(Snapshot snapshot, byte[] bytes) {}

    private static final class Dispatch {
        final Snapshot snapshot;
        final byte[] bytes;
        final long knownBy;
        long received = -1;
        long heardAt;
        long progressAt;

        Dispatch(Stored stored, long knownBy, long now) {
            this.snapshot = stored.snapshot;
            this.bytes = stored.bytes;
            this.knownBy = knownBy;
            this.heardAt = now;
            this.progressAt = now;
        }
    }

    private final SimulatedNode node;
    private final Cluster cluster;
    private final Members members;
    private final Map<Integer, Dispatch> outgoing = new HashMap<>();

    /** A file that has turned serves again until somebody refuses it; {@code null} for a new one each time. */
    private Stored kept;

    private Message.SnapshotOffer offer;
    private long received;
    /** What was received, on this member's disk. */
    private byte[] part = {};

    private boolean installing;

    SimulatedSnapshots(SimulatedNode node, Cluster cluster, Members members) {
        this.node = node;
        this.cluster = cluster;
        this.members = members;
    }

    /** What the log must keep for those that are on their way. */
    long pinned() {
        long lowest = Long.MAX_VALUE;
        for (Dispatch dispatch : outgoing.values()) {
            lowest = Math.min(lowest, dispatch.snapshot.index());
        }
        return lowest;
    }

    void crashed() {
        if (!outgoing.isEmpty()) {
            cluster.tally().add(Tally.Event.SNAPSHOT_SENDER_DIED);
        }
        if (offer != null) {
            cluster.tally().add(Tally.Event.SNAPSHOT_RECEIVER_DIED);
        }
        outgoing.clear();
        installing = false;
    }

    // ------------------------------------------------------------------ out

    void offer(int slot, long atLeast) {
        if (outgoing.containsKey(slot) || node.applied < atLeast) {
            return;
        }
        Dispatch dispatch = new Dispatch(take(atLeast), node.state.promisedEpoch(), cluster.now());
        outgoing.put(slot, dispatch);
        resend(slot, dispatch, node.life);
    }

    private Stored take(long atLeast) {
        if (kept != null && kept.snapshot.index() >= atLeast) {
            return kept;
        }
        kept = null;
        Snapshot snapshot = cluster.snapshot(node.machine());
        Stored stored = new Stored(snapshot, snapshot.bytes());
        if (cluster.spoils(6)) {
            flip(stored.bytes, stored.bytes.length);
            kept = stored;
            cluster.tally().add(Tally.Event.SENT_SNAPSHOT_SPOILT);
        }
        return stored;
    }

    private void flip(byte[] bytes, int within) {
        bytes[cluster.damage.nextInt(within)] ^= (byte) (1 << cluster.damage.nextInt(8));
    }

    /** An entry in the bytes of which something has turned. */
    static Entry spoilt(Entry entry) {
        byte[] payload = Arrays.copyOf(entry.payload(), Math.max(8, entry.payload().length));
        payload[payload.length - 1] ^= 1;
        return new Entry(entry.epoch(), entry.index(), entry.kind(), payload);
    }

    private void resend(int slot, Dispatch dispatch, int born) {
        if (node.life != born || !node.up() || outgoing.get(slot) != dispatch) {
            return;
        }
        if (cluster.now() - dispatch.heardAt > GIVEN_UP) {
            outgoing.remove(slot);
            return;
        }
        if (cluster.now() - dispatch.progressAt > NO_PROGRESS) {
            dispatch.received = -1;
            dispatch.progressAt = cluster.now();
        }
        send(slot, dispatch);
        cluster.after(RESEND, () -> resend(slot, dispatch, born));
    }

    private void send(int slot, Dispatch dispatch) {
        Snapshot s = dispatch.snapshot;
        Message message = dispatch.received < 0
                ? new Message.SnapshotOffer(
                        dispatch.knownBy, 1, s.id, s.index(), s.last().epoch(), s.configuration(members), s.index())
                : chunk(s.id, dispatch);
        cluster.network.send(node.slot, slot, message);
    }

    private Message.SnapshotChunk chunk(long id, Dispatch dispatch) {
        int from = (int) dispatch.received;
        int to = Math.min(dispatch.bytes.length, from + cluster.snapshotChunk());
        byte[] bytes = Arrays.copyOfRange(dispatch.bytes, from, to);
        int crc = SnapshotSums.chunk(id, from, bytes);
        if (bytes.length > 0 && cluster.spoils(20)) {
            flip(bytes, bytes.length);
            cluster.tally().add(Tally.Event.CHUNK_SPOILT);
        }
        return new Message.SnapshotChunk(id, from, bytes, crc);
    }

    private void answered(int from, Message.SnapshotReceived m) {
        Dispatch dispatch = outgoing.get(from);
        if (dispatch == null || dispatch.snapshot.id != m.id()) {
            return;
        }
        dispatch.heardAt = cluster.now();
        if (m.state() == SnapshotState.INSTALLED || m.state() == SnapshotState.REFUSED) {
            outgoing.remove(from);
            boolean doubted = m.state() == SnapshotState.REFUSED && kept != null && kept.snapshot.id == m.id();
            if (doubted && cluster.mutant != Mutant.DAMAGED_SNAPSHOT_IS_SENT_AGAIN) {
                kept = null;
            }
        } else if (m.received() > dispatch.received) {
            dispatch.received = m.received();
            dispatch.progressAt = cluster.now();
            if (dispatch.received < dispatch.snapshot.index()) {
                send(from, dispatch);
            }
        }
    }

    // ------------------------------------------------------------------ in

    /** @return whether it was a message about snapshots */
    boolean takes(int from, Message message) {
        if (message instanceof Message.SnapshotReceived m) {
            answered(from, m);
        } else if (message instanceof Message.SnapshotOffer m) {
            offered(from, m);
        } else if (message instanceof Message.SnapshotChunk m) {
            if (offer != null && offer.id() == m.id()) {
                if (m.offset() == received && arrivedWhole(m)) {
                    System.arraycopy(m.bytes(), 0, part, (int) received, m.bytes().length);
                    received += m.bytes().length;
                    if (received > 0 && cluster.spoils(40)) {
                        flip(part, (int) received);
                        cluster.tally().add(Tally.Event.PART_SPOILT);
                    }
                }
                proceed(from);
            }
        } else {
            return false;
        }
        return true;
    }

    private boolean arrivedWhole(Message.SnapshotChunk m) {
        boolean whole = SnapshotSums.chunk(m.id(), m.offset(), m.bytes()) == m.crc();
        if (!whole) {
            cluster.tally().add(Tally.Event.CHUNK_REFUSED);
        }
        return whole || cluster.mutant == Mutant.SNAPSHOT_SUMS_ARE_NOT_CHECKED;
    }

    private void offered(int from, Message.SnapshotOffer m) {
        if (installing) {
            return;
        }
        if (!node.state.wantsSnapshot(m.index(), m.entryEpoch())) {
            tell(from, m, SnapshotState.REFUSED);
            return;
        }
        if (offer == null || offer.id() != m.id()) {
            offer = m;
            received = 0;
            part = new byte[(int) m.length()];
        }
        proceed(from);
    }

    private void proceed(int from) {
        tell(from, offer, SnapshotState.RECEIVING);
        if (received == offer.length() && !installing) {
            installing = true;
            int born = node.life;
            cluster.after(cluster.applyTime(), () -> {
                if (node.life == born) {
                    node.step("install", () -> install(from));
                }
            });
        }
    }

    private void tell(int to, Message.SnapshotOffer m, SnapshotState state) {
        cluster.network.send(node.slot, to, new Message.SnapshotReceived(m.id(), received, state));
    }

    private void install(int from) {
        installing = false;
        Message.SnapshotOffer m = offer;
        offer = null;
        if (!node.state.wantsSnapshot(m.index(), m.entryEpoch())) {
            tell(from, m, SnapshotState.REFUSED);
            return;
        }
        Snapshot snapshot = cluster.snapshot(m.id());
        boolean unchecked = cluster.mutant == Mutant.SNAPSHOT_SUMS_ARE_NOT_CHECKED
                || cluster.mutant == Mutant.WHOLE_SNAPSHOT_IS_NOT_CHECKED;
        if (Snapshot.sumOf(part) != snapshot.sum() && !unchecked) {
            // What is wrong once stays wrong: the next attempt begins anew.
            cluster.tally().add(Tally.Event.SNAPSHOT_REFUSED);
            if (cluster.mutant == Mutant.DAMAGED_SNAPSHOT_IS_SENT_AGAIN) {
                offer = m;
            } else {
                received = 0;
            }
            tell(from, m, SnapshotState.REFUSED);
            return;
        }
        if (m.knownBy() != node.state.promisedEpoch()) {
            cluster.tally().add(Tally.Event.SNAPSHOT_ACROSS_EPOCHS);
        }
        Members members = cluster.mutant == Mutant.SNAPSHOT_FORGETS_CONFIGURATION ? null : m.members();
        node.install(snapshot.read(part), new Base(m.index(), m.entryEpoch(), members), m.knownBy());
        tell(from, m, SnapshotState.INSTALLED);
    }
}
