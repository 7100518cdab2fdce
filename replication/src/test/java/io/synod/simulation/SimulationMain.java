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
        long seed = 1;
        long minutes = 0;
        for (int i = 0; i + 1 < args.length; i += 2) {
            switch (args[i]) {
                case "--seed" -> seed = Long.parseLong(args[i + 1]);
                case "--minutes" -> minutes = Long.parseLong(args[i + 1]);
                default -> throw new IllegalArgumentException(args[i] + " is not known; expected --seed S --minutes N");
            }
        }
        long end = System.nanoTime() + minutes * 60_000_000_000L;
        long first = seed;
        long committed = 0;
        long reads = 0;
        long elections = 0;
        long snapshots = 0;
        do {
            try {
                Simulation.Outcome outcome = new Simulation(seed++, Mutant.NONE).run();
                committed += outcome.committed();
                reads += outcome.reads();
                elections += outcome.elections();
                snapshots += outcome.snapshots();
            } catch (AssertionError broken) {
                broken.printStackTrace();
                System.exit(1);
            }
        } while (System.nanoTime() < end);
        System.out.printf(
                "seeds %d to %d: %d entries committed, %d reads, %d elections, %d snapshots, nothing broken%n",
                first, seed - 1, committed, reads, elections, snapshots);
    }
}
