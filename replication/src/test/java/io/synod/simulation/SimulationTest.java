package io.synod.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** More seeds for as long as one likes: {@link SimulationMain}. A failing seed is named in the message. */
class SimulationTest {
    static final long SEEDS = 1_500;

    @Test
    void nothing_is_lost_stale_or_stuck_in_fifteen_hundred_runs_under_faults() {
        long committed = 0;
        long reads = 0;
        long elections = 0;
        long snapshots = 0;
        long changes = 0;
        long unjudged = 0;
        long transactions = 0;
        long resolved = 0;
        long voids = 0;
        long lost = 0;
        long witnesses = 0;
        long places = 0;
        Tally struck = new Tally();
        for (long seed = 1; seed <= SEEDS; seed++) {
            Simulation simulation = new Simulation(seed, Mutant.NONE);
            Simulation.Outcome outcome = simulation.run();
            struck.add(simulation.tally());
            committed += outcome.committed();
            reads += outcome.reads();
            elections += outcome.elections();
            snapshots += outcome.snapshots();
            changes += outcome.changes();
            unjudged += outcome.unjudged();
            transactions += outcome.transactions();
            resolved += outcome.resolved();
            voids += outcome.voids();
            lost += outcome.lost();
            witnesses += outcome.witnesses();
            places += outcome.places();
        }
        // Runs in which nothing happens prove nothing.
        assertTrue(committed > 50 * SEEDS, "entries committed: " + committed);
        assertTrue(reads > 20 * SEEDS, "reads answered: " + reads);
        assertTrue(elections > 2 * SEEDS, "elections won: " + elections);
        assertTrue(snapshots > SEEDS / 4, "snapshots installed: " + snapshots);
        assertTrue(changes > SEEDS, "changes of members: " + changes);
        assertTrue(transactions > 4 * SEEDS, "transactions of clients: " + transactions);
        assertTrue(resolved > SEEDS / 2, "commits that were asked about: " + resolved);
        assertTrue(voids > SEEDS / 100, "commits behind their fence: " + voids);
        assertTrue(lost > SEEDS / 50, "disks lost: " + lost);
        assertTrue(witnesses > SEEDS / 30, "witnesses: " + witnesses);
        assertTrue(places > SEEDS / 100, "places that other directories got: " + places);
        System.out.println("seeds 1 to " + SEEDS + ", faults that struck: " + struck);
        for (FaultPlan.Fault fault : FaultPlan.Fault.values()) {
            // That one is DoubtedStateTest's.
            boolean drawn = fault != FaultPlan.Fault.DOUBT_STATE_MACHINE;
            assertTrue(!drawn || struck.of(fault) > 0, () -> fault + " never struck: " + struck);
        }
        for (Tally.Event event : Tally.Event.values()) {
            // That one is GlobalSimulationTest's.
            boolean occurs = event != Tally.Event.NODE_LOST;
            assertTrue(!occurs || struck.of(event) > 0, () -> event + " never occurred: " + struck);
        }
        assertTrue(unjudged < SEEDS / 200, "histories without a verdict: " + unjudged);
    }

    @Test
    void same_seed_goes_the_same_way() {
        for (long seed = 1; seed <= 20; seed++) {
            long first = new Simulation(seed, Mutant.NONE).run().traceHash();
            assertEquals(first, new Simulation(seed, Mutant.NONE).run().traceHash(), "seed " + seed);
            assertNotEquals(
                    first, new Simulation(seed + 1000, Mutant.NONE).run().traceHash(), "seed " + seed);
        }
    }
}
