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
        for (long seed = 1; seed <= SimulationTest.SEEDS; seed++) {
            try {
                new Simulation(seed, mutant).run();
            } catch (AssertionError found) {
                assertTrue(found.getMessage().startsWith("seed " + seed + " "), found.getMessage());
                return;
            }
        }
        fail(mutant + " survived " + SimulationTest.SEEDS + " seeds");
    }
}
