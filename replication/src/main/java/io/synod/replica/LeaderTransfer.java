package io.synod.replica;

import io.synod.paxos.PeerView;

/**
 * Hands this node's leadership of a group over to another voter, and asks again until it is gone or the time is up.
 *
 * <p>While an attempt is running, nothing new is proposed here: the successor could not reach the end of a log that grows.
 * Any thread may call, without locks; {@link #over} is called under the group's lock.
 */
final class LeaderTransfer {
    private static final long RETRY_NANOS = 5_000_000L;
    /** A little more than the protocol gives a handover. */
    private static final long ATTEMPT_NANOS = 250_000_000L;

    private static final int ANY = 0;
    private static final int NOBODY = 0;

    private final Replica replica;
    private final ReplicaNode node;
    private final Signal roleChanged;
    private volatile boolean running;

    LeaderTransfer(Replica replica, ReplicaNode node, Signal roleChanged) {
        this.replica = replica;
        this.node = node;
        this.roleChanged = roleChanged;
    }

    boolean isRunning() {
        return running;
    }

    /** This node leads no longer. */
    void over() {
        running = false;
    }

    /** @return whether this node leads no longer */
    boolean toAny(long timeoutNanos) {
        return to(ANY, timeoutNanos);
    }

    /** As {@link #toAny}, with one successor only; somebody else may be quicker all the same. */
    boolean to(int wanted, long timeoutNanos) {
        long start = System.nanoTime();
        while (replica.leadsNow()) {
            long left = timeoutNanos - (System.nanoTime() - start);
            if (left <= 0) {
                return false;
            }
            int target = bestSuccessor(wanted);
            if (target == NOBODY) {
                roleChanged.await(() -> !replica.leadsNow(), Math.min(left, RETRY_NANOS));
                continue;
            }
            running = true;
            try {
                replica.submit((s, now, out) -> s.transfer(target, now, out));
                roleChanged.await(() -> !replica.leadsNow(), Math.min(left, ATTEMPT_NANOS));
            } finally {
                running = false;
            }
        }
        return true;
    }

    /** The reachable voter that has most of the log, if it is wanted. */
    private int bestSuccessor(int wanted) {
        return replica.inspect(state -> {
            int best = NOBODY;
            long most = -1;
            for (int slot : state.members().voters()) {
                PeerView view = state.peer(slot, node.nanoClock().getAsLong());
                boolean alive =
                        view != null && view.silentNanos() < node.timing().electionTimeout();
                boolean eligible = wanted == ANY || slot == wanted;
                if (alive && eligible && view.durable() > most) {
                    best = slot;
                    most = view.durable();
                }
            }
            return best;
        });
    }
}
