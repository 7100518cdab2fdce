package io.synod.simulation;

import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * Global transactions over replicated groups: runs seeds until there were enough, the time is over or one fails; {@link SeedRuns}
 * has the arguments.
 *
 * <pre>
 * mvn -q -pl replication test-compile
 * java -cp replication/target/classes:replication/target/test-classes io.synod.simulation.GlobalSimulationMain --seed 1 --minutes 60
 * </pre>
 *
 * <p>{@code -Dsynod.mutant=NAME} breaks the protocol as {@link GlobalMutant} says.
 */
public final class GlobalSimulationMain {
    /** Where the faults that struck begin. */
    static final int DONE = 6;

    static final int COUNTS = DONE + Tally.SIZE;

    private static final GlobalMutant MUTANT = GlobalMutant.valueOf(System.getProperty("synod.mutant", "NONE"));

    private GlobalSimulationMain() {}

    public static void main(String[] args) throws Exception {
        SeedRuns.main(
                args,
                (seed, change, lines) -> run(seed, MUTANT, change, lines),
                COUNTS,
                GlobalSimulationMain::describe);
    }

    static long[] run(long seed, GlobalMutant mutant, UnaryOperator<FaultPlan> change, Consumer<String> lines) {
        GlobalSimulation simulation = new GlobalSimulation(seed, mutant, change);
        simulation.trace(lines);
        GlobalSimulation.Outcome outcome = simulation.run();
        long[] counts = new long[COUNTS];
        simulation.tally().copyTo(counts, DONE);
        long[] done = {
            outcome.nanos(),
            outcome.begun(),
            outcome.committed(),
            outcome.aborted(),
            outcome.ended(),
            outcome.elections()
        };
        System.arraycopy(done, 0, counts, 0, DONE);
        return counts;
    }

    static String describe(long[] sums) {
        return String.format(
                "%d global transactions begun, %d committed, %d aborted after can-commit, %d found out by others, %d elections%n"
                        + "faults that struck: %s",
                sums[1], sums[2], sums[3], sums[4], sums[5], Tally.describe(sums, DONE));
    }
}
