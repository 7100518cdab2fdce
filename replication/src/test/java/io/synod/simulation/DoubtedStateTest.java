package io.synod.simulation;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Members whose state machines turn out to be damaged while they run, under all other faults. */
class DoubtedStateTest {
    private static final long SEEDS = 400;

    @Test
    void members_in_doubt_get_snapshots_and_nothing_is_lost_stale_or_stuck() {
        long first = Long.getLong("synod.seed", 1);
        long snapshots = 0;
        long committed = 0;
        for (long seed = first; seed < first + SEEDS; seed++) {
            Simulation.Outcome outcome = new Simulation(seed, Mutant.NONE, FaultPlan::doubting).run();
            snapshots += outcome.snapshots();
            committed += outcome.committed();
        }
        assertTrue(snapshots > SEEDS / 2, "snapshots installed: " + snapshots);
        assertTrue(committed > 50 * SEEDS, "entries committed: " + committed);
    }
}
