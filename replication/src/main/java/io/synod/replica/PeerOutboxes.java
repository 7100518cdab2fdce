package io.synod.replica;

import java.util.HashMap;
import java.util.Map;

/** A group's outboxes, made when there is something for a peer. Under the group's lock. */
final class PeerOutboxes {
    private final LockedState state;
    private final UnforcedTail tail;
    private final long group;
    private final ReplicaNode node;
    private final Map<Integer, PeerOutbox> bySlot = new HashMap<>();

    PeerOutboxes(LockedState state, UnforcedTail tail, long group, ReplicaNode node) {
        this.state = state;
        this.tail = tail;
        this.group = group;
        this.node = node;
    }

    /** {@code null} on a node without peers. */
    PeerOutbox to(int slot) {
        return node.transport() == null
                ? null
                : bySlot.computeIfAbsent(
                        slot,
                        to -> new PeerOutbox(state, tail, node.log(), group, to, node.transport(), node.feeder()));
    }
}
