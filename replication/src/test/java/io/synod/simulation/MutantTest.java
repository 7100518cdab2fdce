package io.synod.simulation;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The simulator is worth something only if it finds a broken protocol: each of these must fail within the suite's seeds. */
class MutantTest {
    @ParameterizedTest
    @EnumSource(value = Mutant.class, mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void broken_protocol_is_found_within_the_seeds_of_the_suite(Mutant mutant) {
        for (long i = 0; i < SimulationTest.SEEDS; i++) {
            long seed = 1 + (firstSeed(mutant) - 1 + i) % SimulationTest.SEEDS;
            try {
                new Simulation(seed, mutant).run();
            } catch (AssertionError found) {
                assertTrue(found.getMessage().startsWith("seed " + seed + " "), found.getMessage());
                return;
            }
        }
        fail(mutant + " survived " + SimulationTest.SEEDS + " seeds");
    }

    /** Which was found late the last time; it saves time, and the others come behind it. */
    private static long firstSeed(Mutant mutant) {
        return switch (mutant) {
            case LAST_RECORD_PER_INDEX -> 90;
            case LEASES_WITH_CLOCKS_BEYOND_THE_BOUND -> 136;
            case INSTALL_IN_TWO_STEPS -> 283;
            case DAMAGED_SNAPSHOT_IS_SENT_AGAIN -> 529;
            case SUSPENSION_IS_NOT_NOTICED -> 648;
            case VOIDED_ENTRIES_COME_BACK -> 890;
            default -> 1;
        };
    }
}
