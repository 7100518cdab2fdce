package io.synod.engine.node;

import io.synod.replica.Questions;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.IntPredicate;
import java.util.function.IntToLongFunction;
import java.util.function.IntUnaryOperator;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends the sessions of a node that has vanished without a word. The system does so where nothing is on its way to it (TCP keep-alive), and
 * else goes on sending for a quarter of an hour, in which rows that these sessions have locked would stay so. It is gone when it was
 * not connected as a peer at several looks in a row: counted, so that a pause of this process is no silence of the other. Thread:
 * {@code synod-vanished}, since a checkpoint takes as long as the disk likes.
 */
final class VanishedNodes implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(VanishedNodes.class);
    static final int LOOKS = 2;
    private static final long SECONDS_BETWEEN = 5;

    private final Supplier<List<Integer>> slots;
    private final IntPredicate connected;
    private final IntToLongFunction connections;
    private final IntUnaryOperator end;
    private final Map<Integer, Missed> missed = new HashMap<>();
    private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, task -> {
        Thread thread = new Thread(task, "synod-vanished");
        thread.setDaemon(true);
        return thread;
    });

    /**
     * Not connected at this many looks.
     *
     * @param connections how often it had been connected before
     */
    private record Missed(int looks, long connections) {}

    /**
     * @param slots of the other nodes, as they are by now
     * @param connections another number once the node of that slot has been connected again
     * @param end ends what the node of that slot has open here, and says how many those were
     */
    VanishedNodes(
            Supplier<List<Integer>> slots,
            IntPredicate connected,
            IntToLongFunction connections,
            IntUnaryOperator end) {
        this.slots = slots;
        this.connected = connected;
        this.connections = connections;
        this.end = end;
    }

    static VanishedNodes of(CurrentMembers members, Questions questions, SqlFrontEnd sql) {
        return new VanishedNodes(members::otherSlots, questions::reaches, questions::connections, sql::endSessionsOf);
    }

    void start() {
        Runnable look = () -> Checkpoints.each(List.of(this), VanishedNodes::look);
        timer.scheduleWithFixedDelay(look, SECONDS_BETWEEN, SECONDS_BETWEEN, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }

    @Override
    public String toString() {
        return "sessions of vanished nodes";
    }

    void look() {
        Set<Integer> members = new HashSet<>(slots.get());
        Set<Integer> looked = new HashSet<>(members);
        // Another one may have taken its place since the last look: what it has open here is open all the same.
        looked.addAll(missed.keySet());
        for (int slot : looked) {
            long times = connections.applyAsLong(slot);
            Missed before = missed.get(slot);
            // What was there in between has perhaps opened something.
            int looks = before == null || before.connections() != times ? 1 : before.looks() + 1;
            missed.put(slot, new Missed(looks, times));
            if (connected.test(slot) || looks > LOOKS && !members.contains(slot)) {
                missed.remove(slot);
            } else if (looks == LOOKS) {
                // Once: whatever it opens after that, unconnected, comes from where it is not gone.
                int ended = end.applyAsInt(slot);
                if (ended > 0) {
                    LOG.warn(
                            "the node in slot {} is not connected any more: {} of its sessions are ended", slot, ended);
                }
            }
        }
    }
}
