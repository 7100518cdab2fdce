package io.synod.simulation;

/**
 * Global transactions over replicated groups: runs seeds until the time is over or one fails.
 *
 * <pre>
 * mvn -q -pl replication test-compile
 * java -cp replication/target/classes:replication/target/test-classes io.synod.simulation.GlobalSimulationMain --seed 1 --minutes 60
 * </pre>
 *
 * <p>{@code --seed S} is the first seed (default 1; a failure names its own), {@code --minutes N} the time (default 0: only
 * that one seed). Exit status 1 when a seed fails.
 */
public final class GlobalSimulationMain {
    private GlobalSimulationMain() {}

    public static void main(String[] args) {
        long[] sums = new long[5];
        SeedRuns.until(args, seed -> add(sums, seed), () -> describe(sums));
    }

    static void add(long[] sums, long seed) {
        GlobalSimulation.Outcome outcome = new GlobalSimulation(seed, GlobalMutant.NONE).run();
        sums[0] += outcome.begun();
        sums[1] += outcome.committed();
        sums[2] += outcome.aborted();
        sums[3] += outcome.ended();
        sums[4] += outcome.elections();
    }

    static String describe(long[] sums) {
        return String.format(
                "%d global transactions begun, %d committed, %d aborted after can-commit, %d found out by others, %d elections",
                sums[0], sums[1], sums[2], sums[3], sums[4]);
    }
}
