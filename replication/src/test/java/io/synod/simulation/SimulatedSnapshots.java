package io.synod.simulation;

import io.synod.group.Base;
import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.group.Members;
import io.synod.paxos.Message;
import io.synod.paxos.Message.SnapshotState;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

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

    private static final class Dispatch {
        final Snapshot snapshot;
        final long knownBy;
        long received = -1;
        long heardAt;
        long progressAt;

        Dispatch(Snapshot snapshot, long knownBy, long now) {
            this.snapshot = snapshot;
            this.knownBy = knownBy;
            this.heardAt = now;
            this.progressAt = now;
        }
    }

    private final SimulatedNode node;
    private final Cluster cluster;
    private final Members members;
    private final Map<Integer, Dispatch> outgoing = new HashMap<>();

    private Message.SnapshotOffer offer;
    private long received;
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
        outgoing.clear();
        installing = false;
    }

    // ------------------------------------------------------------------ out

    void offer(int slot, long atLeast) {
        if (outgoing.containsKey(slot) || node.applied < atLeast) {
            return;
        }
        Snapshot snapshot = cluster.snapshot(node.machine());
        Dispatch dispatch = new Dispatch(snapshot, node.state.promisedEpoch(), cluster.now());
        outgoing.put(slot, dispatch);
        resend(slot, dispatch, node.life);
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
                : new Message.SnapshotChunk(s.id, dispatch.received, new byte[cluster.snapshotChunk()], 0);
        cluster.network.send(node.slot, slot, message);
    }

    private void answered(int from, Message.SnapshotReceived m) {
        Dispatch dispatch = outgoing.get(from);
        if (dispatch == null || dispatch.snapshot.id != m.id()) {
            return;
        }
        dispatch.heardAt = cluster.now();
        if (m.state() == SnapshotState.INSTALLED || m.state() == SnapshotState.REFUSED) {
            outgoing.remove(from);
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
                if (m.offset() == received) {
                    received = Math.min(offer.length(), received + m.bytes().length);
                }
                proceed(from);
            }
        } else {
            return false;
        }
        return true;
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
        Members members = cluster.mutant == Mutant.SNAPSHOT_FORGETS_CONFIGURATION ? null : m.members();
        node.install(cluster.snapshot(m.id()), new Base(m.index(), m.entryEpoch(), members), m.knownBy());
        tell(from, m, SnapshotState.INSTALLED);
    }
}
