package io.synod.branch;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.synod.group.Invariant;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Three-phase commit under faults; that the faults are found is shown by breaking it. */
@Timeout(240)
class GlobalCommitTest {
    private static final int RUNS = 50_000;
    private static final int RUNS_FOR_A_MUTANT = 1_000_000;
    private static final long SEED = Long.getLong("synod.seed", new Random().nextLong());

    @Test
    void all_participants_end_alike_and_in_time() {
        int committed = 0;
        for (long seed = SEED; seed < SEED + RUNS; seed++) {
            try {
                committed += new GlobalCommitSimulation(seed, BranchMutant.NONE).run() ? 1 : 0;
            } catch (RuntimeException e) {
                fail("seed " + seed + ": " + e, e);
            }
        }
        System.out.println("seed " + SEED + ": " + RUNS + " transactions, " + committed + " committed");
        assertTrue(committed > RUNS / 5, committed + " committed");
        assertFalse(committed > RUNS * 9 / 10, committed + " committed");
    }

    @ParameterizedTest
    @EnumSource(value = BranchMutant.class, names = "NONE", mode = EnumSource.Mode.EXCLUDE)
    void a_broken_one_is_found(BranchMutant mutant) {
        for (long seed = SEED; seed < SEED + RUNS_FOR_A_MUTANT; seed++) {
            try {
                new GlobalCommitSimulation(seed, mutant).run();
            } catch (GlobalCommitSimulation.Violation | Invariant.Violation e) {
                System.out.println(mutant + ": found after " + (seed - SEED + 1) + " runs: " + e.getMessage());
                return;
            }
        }
        fail(mutant + " was not found in " + RUNS_FOR_A_MUTANT + " runs from seed " + SEED);
    }
}
