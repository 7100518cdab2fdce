package io.synod.replica;

import io.synod.paxos.Message;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The snapshots of one group that are on their way, out ({@link SnapshotDispatch}) and in ({@link SnapshotIntake}). They
 * travel over the control connections, a few small chunks at a time, so that heartbeats never wait for them.
 *
 * <p>Threads: {@code synod-snapshot-GROUP-out-SLOT}, {@code synod-snapshot-GROUP-in}, only while there is something to do.
 */
final class SnapshotExchange {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotExchange.class);
    private static final long IDLE_SECONDS = 5;

    private final Replica replica;
    private final ReplicaNode node;
    private final Snapshots snapshots;
    private final Pins pins;
    private final Map<Integer, SnapshotDispatch> outgoing = new ConcurrentHashMap<>();
    private final SnapshotIntake intake;
    /** Members of which it was told that there is nothing for them. */
    private final Set<Integer> refused = ConcurrentHashMap.newKeySet();

    private volatile boolean closed;

    /** @param snapshots {@code null} where the group has none */
    SnapshotExchange(Replica replica, ReplicaNode node, Snapshots snapshots, Pins pins) {
        this.replica = replica;
        this.node = node;
        this.snapshots = snapshots;
        this.pins = pins;
        this.intake = snapshots == null ? null : new SnapshotIntake(replica, node, snapshots);
    }

    static ThreadPoolExecutor worker(String name, int queued) {
        ThreadPoolExecutor worker = new ThreadPoolExecutor(
                1, 1, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(queued), task -> {
                    Thread thread = new Thread(task, name);
                    thread.setDaemon(true);
                    return thread;
                });
        worker.allowCoreThreadTimeOut(true);
        return worker;
    }

    /** Without locks. Does nothing where a snapshot is on its way to that member already. */
    void offer(int slot, long atLeast) {
        if (snapshots == null) {
            if (!refused.add(slot)) {
                return;
            }
            LOG.error(
                    "group {}: slot {} needs a snapshot of index {} or later, and this group makes none",
                    replica.group(),
                    slot,
                    atLeast);
            return;
        }
        if (closed || !node.transport().connected(slot)) {
            return;
        }
        SnapshotDispatch dispatch = new SnapshotDispatch(replica, node, snapshots, pins, slot, atLeast);
        if (outgoing.putIfAbsent(slot, dispatch) != null) {
            return;
        }
        try {
            node.snapshotsTo(slot).execute(() -> {
                try {
                    dispatch.run();
                } finally {
                    outgoing.remove(slot, dispatch);
                }
            });
        } catch (RejectedExecutionException e) {
            LOG.trace("group {}: the node closes, or too many groups send to slot {}", replica.group(), slot, e);
            outgoing.remove(slot, dispatch);
        }
    }

    /** Whether the group can go on from a snapshot of another member. */
    boolean receives() {
        return intake != null;
    }

    /** @return whether it was a message about snapshots */
    boolean takes(int fromSlot, Message message) {
        if (message instanceof Message.SnapshotReceived m) {
            SnapshotDispatch dispatch = outgoing.get(fromSlot);
            if (dispatch != null) {
                dispatch.answered(m);
            }
            return true;
        }
        if (message instanceof Message.SnapshotOffer || message instanceof Message.SnapshotChunk) {
            if (intake != null) {
                intake.take(fromSlot, message);
            }
            return true;
        }
        return false;
    }

    /** By the timer. */
    void tick() {
        if (intake != null) {
            intake.tick();
        }
    }

    /** How much of a snapshot has arrived at that member, in percent; −1 where none is on its way. */
    int percentTo(int slot) {
        SnapshotDispatch dispatch = outgoing.get(slot);
        return dispatch == null ? -1 : dispatch.percent();
    }

    /** The same for this member. */
    int percentHere() {
        return intake == null ? -1 : intake.percent();
    }

    /** After {@link #close}, not by a thread of this: nothing is being installed any more when this returns. */
    void join(long nanos) {
        if (intake != null && !intake.join(nanos)) {
            LOG.warn(
                    "group {}: a snapshot is still being installed, after {} s",
                    replica.group(),
                    nanos / 1_000_000_000L);
        }
    }

    void close() {
        closed = true;
        outgoing.values().forEach(SnapshotDispatch::close);
        if (intake != null) {
            intake.close();
        }
    }
}
