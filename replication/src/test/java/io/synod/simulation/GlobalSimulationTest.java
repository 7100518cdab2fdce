package io.synod.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** More seeds for as long as one likes: {@link GlobalSimulationMain}. A failing seed is named in the message. */
@Timeout(600)
class GlobalSimulationTest {
    private static final long SEEDS = 150;
    private static final long FIRST = Long.getLong("synod.seed", 1);

    @Test
    void global_transactions_end_alike_in_all_groups_and_in_time_under_faults() {
        long[] sums = new long[GlobalSimulationMain.COUNTS];
        for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
            long[] counts = GlobalSimulationMain.run(seed, GlobalMutant.NONE, plan -> plan, null);
            Arrays.setAll(sums, i -> sums[i] + counts[i]);
        }
        String done = "seeds " + FIRST + " to " + (FIRST + SEEDS - 1) + ": " + GlobalSimulationMain.describe(sums);
        System.out.println(done);
        Tally struck = new Tally();
        struck.add(sums, GlobalSimulationMain.DONE);
        for (Tally.Event event : List.of(
                Tally.Event.NODE_LOST,
                Tally.Event.STATE_SPOILT,
                Tally.Event.SENT_SNAPSHOT_SPOILT,
                Tally.Event.PART_SPOILT,
                Tally.Event.CHUNK_REFUSED,
                Tally.Event.SNAPSHOT_REFUSED,
                Tally.Event.RECORD_TORN)) {
            assertTrue(struck.of(event) > 0, event + " never occurred: " + done);
        }
        // Runs in which nothing happens prove nothing.
        assertTrue(sums[2] > 8 * SEEDS, done);
        assertTrue(sums[3] > 2 * SEEDS, done);
        assertTrue(sums[4] > 3 * SEEDS, done);
        assertTrue(sums[5] > 8 * SEEDS, done);
    }

    @Test
    void same_seed_goes_the_same_way() {
        for (long seed = FIRST; seed < FIRST + 5; seed++) {
            GlobalSimulation.Outcome first = new GlobalSimulation(seed, GlobalMutant.NONE).run();
            assertEquals(first, new GlobalSimulation(seed, GlobalMutant.NONE).run(), "seed " + seed);
            assertNotEquals(first, new GlobalSimulation(seed + 1000, GlobalMutant.NONE).run(), "seed " + seed);
        }
    }
}
