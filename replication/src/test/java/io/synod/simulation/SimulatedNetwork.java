package io.synod.simulation;

import io.synod.paxos.Message;
import java.util.random.RandomGenerator;

/** The links between the members of one group. */
final class SimulatedNetwork extends Links {
    /**
     * Chances per message, and latency in nanoseconds.
     *
     * @param heavy whether some are far later than that
     */
    record Weather(double loss, double duplication, double delay, long maxDelay, boolean heavy) {
        static final Weather FINE = new Weather(0, 0, 0, 0, false);

        Weather heavier() {
            return new Weather(loss, duplication, delay, maxDelay, true);
        }
    }

    private final Cluster cluster;

    SimulatedNetwork(Cluster cluster, Timeline time, int nodes, RandomGenerator random) {
        super(time, nodes, random);
        this.cluster = cluster;
    }

    void send(int from, int to, Message message) {
        if (!isCut(from, to) && !cluster.dropped(from, to, message)) {
            carry(from, to, () -> cluster.node(to).receive(from, message));
        }
    }
}
