package io.synod.simulation;

import io.synod.paxos.Message;
import java.util.Arrays;

/** I19: another directory takes the place of a member only when its leader has had no answer of that for long, in all of the time in which it leads. */
final class OnlyTheSilentReplaced implements Checker {
    private static final int TIMEOUTS = 5;

    private final Cluster cluster;
    /** By leader and member: when the leader asked, by its own clock since its start, what was answered last. */
    private final long[][] asked;

    private final long[] startedAt;
    private final long[] ledAt;
    private int places;

    OnlyTheSilentReplaced(Cluster cluster, int size) {
        this.cluster = cluster;
        int slots = size + 1;
        asked = new long[slots][slots];
        startedAt = new long[slots];
        ledAt = new long[slots];
    }

    /** How many were given to another directory. */
    int places() {
        return places;
    }

    @Override
    public void restarted(SimulatedNode node) {
        startedAt[node.slot] = node.clock();
    }

    @Override
    public void led(SimulatedNode node, long epoch) {
        ledAt[node.slot] = node.clock() - startedAt[node.slot];
        Arrays.fill(asked[node.slot], 0);
    }

    /** This node is about to take a message. */
    void receives(SimulatedNode node, int from, Message message) {
        if (message instanceof Message.Accepted answer && answer.epoch() == node.state.leaderEpoch()) {
            asked[node.slot][from] = Math.max(asked[node.slot][from], answer.echoSentAtNanos());
        }
    }

    /** This leader lets another directory take the place of a member. */
    void replaced(SimulatedNode leader, int slot) {
        long now = leader.clock() - startedAt[leader.slot];
        long silent = now - Math.max(asked[leader.slot][slot], ledAt[leader.slot]);
        long needed = Math.max(
                cluster.timing().settled() / 2, TIMEOUTS * cluster.timing().electionTimeout());
        places++;
        Checker.check(silent >= needed, leader, "gives away the place of", slot, "which it heard", silent, "ns ago");
    }
}
