package io.synod.replica;

import io.synod.group.Members;
import io.synod.paxos.GroupState;
import io.synod.paxos.PeerView;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Hands this node's leadership of a group over to another voter, and asks again until it is gone or the time is up.
 *
 * <p>When the time is up the attempt is called off: whoever asked was told that leadership stays. Only a successor that was
 * told to take over already may still do so. While an attempt is running, nothing new is proposed here: the successor could not reach the end of a log that grows.
 * So none begins while the successor is far behind, nor as soon as one has failed: whoever was held up gets as long to go on.
 * One attempt runs at a time; where several ask they take turns, and none ends or calls off another's.
 * Any thread may call, without locks; {@link #over} is called under the group's lock.
 */
final class LeaderTransfer {
    private static final long RETRY_NANOS = 5_000_000L;
    /** A little more than the protocol gives a handover. */
    static final long ATTEMPT_NANOS = 250_000_000L;

    /** So far behind, in what it has and in what it has applied, is who can make it up while an attempt lasts. */
    static final long LEVEL_ENTRIES = 1_024;

    private static final int ANY = 0;
    private static final int NOBODY = 0;

    private final Replica replica;
    private final ReplicaNode node;
    private final Signal roleChanged;
    /** Fair: who has just made an attempt lets the others make theirs. */
    private final ReentrantLock attempt = new ReentrantLock(true);

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
        boolean interrupted = false;
        try {
            while (replica.leadsNow()) {
                long left = timeoutNanos - (System.nanoTime() - start);
                if (left <= 0 || Patience.isOver()) {
                    return false;
                }
                int target = bestSuccessor(wanted);
                if (target == NOBODY) {
                    roleChanged.await(() -> !replica.leadsNow(), Math.min(left, RETRY_NANOS));
                    continue;
                }
                try {
                    if (attempt.tryLock(Math.min(left, RETRY_NANOS), TimeUnit.NANOSECONDS)) {
                        attempt(target, timeoutNanos - (System.nanoTime() - start));
                        left = timeoutNanos - (System.nanoTime() - start);
                        roleChanged.await(() -> !replica.leadsNow(), Math.min(left, ATTEMPT_NANOS));
                    }
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            return true;
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Under the lock {@link #attempt}, which is free afterwards. */
    private void attempt(int target, long leftNanos) {
        try {
            if (leftNanos > 0) {
                running = true;
                replica.submit((s, now, out) -> s.transfer(target, now, out));
                roleChanged.await(() -> !replica.leadsNow(), Math.min(leftNanos, ATTEMPT_NANOS));
                replica.submit((s, now, out) -> s.callOffTransfer());
            }
        } finally {
            running = false;
            attempt.unlock();
            // This node may serve on, and those who wait for a leader have seen it stop.
            roleChanged.raise();
        }
    }

    /** Whether there is somebody to hand over to, also where that one cannot take over just now. */
    boolean isPossible() {
        Members members = replica.members();
        return Arrays.stream(members.voters()).anyMatch(slot -> members.mayLead(slot) && isConnected(slot));
    }

    /** Never so of this node itself. */
    private boolean isConnected(int slot) {
        return node.transport() != null && node.transport().connected(slot);
    }

    /** The reachable voter that would serve soonest, if it is wanted and level: the one that has applied most. */
    private int bestSuccessor(int wanted) {
        return replica.inspect(state -> {
            int best = NOBODY;
            long most = -1;
            for (int slot : state.members().voters()) {
                PeerView view = state.peer(slot, node.nanoClock().getAsLong());
                boolean alive =
                        view != null && view.silentNanos() < node.timing().electionTimeout() && isConnected(slot);
                boolean eligible = state.members().mayLead(slot) && (wanted == ANY || slot == wanted);
                if (alive && eligible && isLevel(state, view) && view.applied() > most) {
                    best = slot;
                    most = view.applied();
                }
            }
            return best;
        });
    }

    private static boolean isLevel(GroupState state, PeerView view) {
        return state.lastIndex() - view.durable() <= LEVEL_ENTRIES
                && state.commitIndex() - view.applied() <= LEVEL_ENTRIES;
    }
}
