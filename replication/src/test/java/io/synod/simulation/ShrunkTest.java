package io.synod.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What helps to understand a failing seed. */
class ShrunkTest {
    private static final SeedRuns.Run BROKEN =
            (seed, change, lines) -> SimulationMain.run(seed, Mutant.FORGET_TO_FORCE_PROMISE, change, lines);

    private static long failingSeed() {
        for (long seed = 1; ; seed++) {
            try {
                BROKEN.run(seed, plan -> plan, null);
            } catch (AssertionError found) {
                return seed;
            }
        }
    }

    @Test
    void a_shrunk_plan_fails_and_nothing_can_be_left_out() {
        long seed = failingSeed();
        Shrunk shrunk = Shrunk.of(BROKEN, seed);
        AssertionError again =
                assertThrows(AssertionError.class, () -> BROKEN.run(seed, plan -> shrunk.plan(), null), "seed " + seed);
        assertEquals(shrunk.failure().getMessage(), again.getMessage());
        FaultPlan[] drawn = new FaultPlan[1];
        assertThrows(AssertionError.class, () -> BROKEN.run(seed, plan -> drawn[0] = plan, null));
        assertNotEquals(drawn[0], shrunk.plan());
        for (FaultPlan simpler : shrunk.plan().simpler()) {
            BROKEN.run(seed, plan -> simpler, null);
        }
    }

    @Test
    void what_does_not_fail_is_not_shrunk() {
        assertNull(Shrunk.of((seed, change, lines) -> SimulationMain.run(seed, Mutant.NONE, change, lines), 1));
    }

    @Test
    void same_seed_gives_the_same_trace_line_by_line() {
        for (long seed = 1; seed <= 4; seed++) {
            List<String> first = new ArrayList<>();
            List<String> second = new ArrayList<>();
            long[] counts = SimulationMain.run(seed, Mutant.NONE, plan -> plan, first::add);
            SimulationMain.run(seed, Mutant.NONE, plan -> plan, second::add);
            assertTrue(first.size() > counts[1], first.size() + " lines");
            assertEquals(first, second, "seed " + seed);
        }
    }
}
