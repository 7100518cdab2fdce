package io.synod.simulation;

/**
 * Runs seeds until the time is over or one fails.
 *
 * <pre>
 * mvn -q -pl replication test-compile
 * java -cp replication/target/classes:replication/target/test-classes io.synod.simulation.SimulationMain --seed 1 --minutes 10
 * </pre>
 *
 * <p>{@code --seed S} is the first seed (default 1; a failure names its own), {@code --minutes N} the time (default 0: only
 * that one seed). Exit status 1 when a seed fails.
 */
public final class SimulationMain {
    private SimulationMain() {}

    public static void main(String[] args) {
        long[] sums = new long[5];
        SeedRuns.until(
                args,
                seed -> {
                    Simulation.Outcome outcome = new Simulation(seed, Mutant.NONE).run();
                    sums[0] += outcome.committed();
                    sums[1] += outcome.reads();
                    sums[2] += outcome.elections();
                    sums[3] += outcome.snapshots();
                    sums[4] += outcome.changes();
                },
                () -> String.format(
                        "%d entries committed, %d reads, %d elections, %d snapshots, %d changes of members",
                        sums[0], sums[1], sums[2], sums[3], sums[4]));
    }
}
