package io.synod.simulation;

import io.synod.paxos.Message;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/** Carries messages late, twice, out of order or not at all; links can be cut in one direction. */
final class SimulatedNetwork {
    private static final long MICRO = 1_000L;

    /** Chances per message, and latency in nanoseconds. */
    record Weather(double loss, double duplication, double delay, long maxDelay) {
        static final Weather FINE = new Weather(0, 0, 0, 0);
    }

    private final Cluster cluster;
    private final RandomGenerator random;
    private final boolean[][] cut;
    private Weather weather = Weather.FINE;

    SimulatedNetwork(Cluster cluster, int nodes, RandomGenerator random) {
        this.cluster = cluster;
        this.random = random;
        this.cut = new boolean[nodes + 1][nodes + 1];
    }

    void weather(Weather now) {
        weather = now;
    }

    void cut(int from, int to) {
        cut[from][to] = true;
    }

    void mend(int from, int to) {
        cut[from][to] = false;
    }

    void mendAll() {
        for (boolean[] row : cut) {
            Arrays.fill(row, false);
        }
    }

    void send(int from, int to, Message message) {
        if (to < 1 || to >= cut.length || cut[from][to] || cluster.dropped(from, to, message)) {
            return;
        }
        if (weather.loss > 0 && random.nextDouble() < weather.loss) {
            return;
        }
        deliver(from, to, message);
        if (weather.duplication > 0 && random.nextDouble() < weather.duplication) {
            deliver(from, to, message);
        }
    }

    private void deliver(int from, int to, Message message) {
        long latency = 50 * MICRO + random.nextLong(300 * MICRO);
        if (weather.delay > 0 && random.nextDouble() < weather.delay) {
            latency += random.nextLong(weather.maxDelay);
        }
        cluster.after(latency, () -> {
            if (!cut[from][to]) {
                cluster.node(to).receive(from, message);
            }
        });
    }
}
