package io.synod.simulation;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/** Carries things between nodes late, twice, out of order or not at all; each link can be cut in one direction. */
class Links {
    private static final long MICRO = 1_000L;

    private final Timeline time;
    private final RandomGenerator random;
    private final boolean[][] cut;
    private SimulatedNetwork.Weather weather = SimulatedNetwork.Weather.FINE;

    final Tally tally = new Tally();

    Links(Timeline time, int nodes, RandomGenerator random) {
        this.time = time;
        this.random = random;
        this.cut = new boolean[nodes + 1][nodes + 1];
    }

    void weather(SimulatedNetwork.Weather now) {
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

    void isolate(int slot) {
        for (int other = 1; other < cut.length; other++) {
            if (other != slot) {
                cut(slot, other);
                cut(other, slot);
            }
        }
    }

    boolean isCut(int from, int to) {
        return to < 1 || to >= cut.length || cut[from][to];
    }

    void carry(int from, int to, Runnable arrives) {
        if (isCut(from, to)) {
            return;
        }
        if (weather.loss() > 0 && random.nextDouble() < weather.loss()) {
            tally.add(Tally.Event.MESSAGE_LOST);
            return;
        }
        deliver(from, to, arrives);
        if (weather.duplication() > 0 && random.nextDouble() < weather.duplication()) {
            tally.add(Tally.Event.MESSAGE_TWICE);
            deliver(from, to, arrives);
        }
    }

    private void deliver(int from, int to, Runnable arrives) {
        long latency = 50 * MICRO + random.nextLong(300 * MICRO);
        if (weather.delay() > 0 && random.nextDouble() < weather.delay()) {
            long late = random.nextLong(weather.maxDelay());
            // Pareto's: most are little, one in a hundred is ten times as late.
            long more = weather.heavy() ? (long) Math.min(20 * late, late / Math.sqrt(1 - random.nextDouble())) : late;
            latency += more;
            tally.add(more > weather.maxDelay() ? Tally.Event.MESSAGE_VERY_LATE : Tally.Event.MESSAGE_LATE);
        }
        time.after(latency, () -> {
            if (!cut[from][to]) {
                arrives.run();
            }
        });
    }
}
