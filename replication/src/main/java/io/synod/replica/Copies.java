package io.synod.replica;

import io.synod.group.Member;
import io.synod.paxos.PeerView;
import io.synod.transport.Transport;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/** Those who wait until an entry is on certain disks, which is not what commits it. Thread-safe. */
final class Copies {
    private final LockedState state;
    private final int selfSlot;
    private final Transport transport;
    private final Signal changed = new Signal();

    /** @param transport {@code null} for a node without peers */
    Copies(LockedState state, int selfSlot, Transport transport) {
        this.state = state;
        this.selfSlot = selfSlot;
        this.transport = transport;
    }

    /** A step was made: somebody may have forced something. */
    void stepped() {
        changed.raise();
    }

    void await(BooleanSupplier condition, long timeoutNanos) {
        changed.await(condition, timeoutNanos);
    }

    List<String> awaitEverywhere(long index, long timeoutNanos) {
        changed.await(() -> state.isStopped() || missing(index, true).isEmpty(), timeoutNanos);
        return missing(index, false);
    }

    /** @param reachable leaves out the members that nothing will come from now */
    private List<String> missing(long index, boolean reachable) {
        return state.inspect(group -> {
            List<String> names = new ArrayList<>();
            for (Member member : group.members().all()) {
                if (member.slot() == selfSlot) {
                    continue;
                }
                PeerView view = group.peer(member.slot(), System.nanoTime());
                boolean waits = view != null && transport.connected(member.slot());
                if ((view == null || view.durable() < index) && (waits || !reachable)) {
                    names.add(member.name());
                }
            }
            return names;
        });
    }
}
