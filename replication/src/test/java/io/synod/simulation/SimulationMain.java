package io.synod.simulation;

import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * Runs seeds until there were enough, the time is over or one fails; {@link SeedRuns} has the arguments.
 *
 * <pre>
 * mvn -q -pl replication test-compile
 * java -cp replication/target/classes:replication/target/test-classes io.synod.simulation.SimulationMain --seed 1 --minutes 10
 * </pre>
 *
 * <p>{@code -Dsynod.mutant=NAME} breaks the protocol as {@link Mutant} says.
 */
public final class SimulationMain {
    private static final Mutant MUTANT = Mutant.valueOf(System.getProperty("synod.mutant", "NONE"));

    private static final int COUNTS = 12;

    private SimulationMain() {}

    public static void main(String[] args) throws Exception {
        SeedRuns.main(
                args,
                (seed, change, lines) -> run(seed, MUTANT, change, lines),
                COUNTS + Tally.SIZE,
                sums -> String.format(
                        "%d entries committed, %d reads, %d elections, %d snapshots, %d changes of members,"
                                + " %d histories that overlap too much to judge, %d transactions of clients,"
                                + " %d asked about, %d void behind their fence, %d disks lost,"
                                + " %d places given to other directories%nfaults that struck: %s",
                        sums[1],
                        sums[2],
                        sums[3],
                        sums[4],
                        sums[5],
                        sums[6],
                        sums[7],
                        sums[8],
                        sums[9],
                        sums[10],
                        sums[11],
                        Tally.describe(sums, COUNTS)));
    }

    static long[] run(long seed, Mutant mutant, UnaryOperator<FaultPlan> change, Consumer<String> lines) {
        Simulation simulation = new Simulation(seed, mutant, change);
        simulation.trace(lines);
        Simulation.Outcome outcome = simulation.run();
        long[] counts = new long[COUNTS + Tally.SIZE];
        simulation.tally().copyTo(counts, COUNTS);
        long[] done = {
            outcome.nanos(),
            outcome.committed(),
            outcome.reads(),
            outcome.elections(),
            outcome.snapshots(),
            outcome.changes(),
            outcome.unjudged(),
            outcome.transactions(),
            outcome.resolved(),
            outcome.voids(),
            outcome.lost(),
            outcome.places()
        };
        System.arraycopy(done, 0, counts, 0, COUNTS);
        return counts;
    }
}
