package io.synod.simulation;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The simulation is worth something only if it finds what is broken: each of these must fail, and nearly always does at once. */
@Timeout(600)
class GlobalMutantTest {
    private static final long SEEDS = 300;

    @ParameterizedTest
    @EnumSource(value = GlobalMutant.class, mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void broken_global_commit_is_found(GlobalMutant mutant) {
        for (long seed = mutant.foundBy; seed < mutant.foundBy + SEEDS; seed++) {
            try {
                new GlobalSimulation(seed, mutant).run();
            } catch (AssertionError found) {
                String message = found.getMessage();
                assertTrue(message.startsWith("seed " + seed + " "), message);
                System.out.println(mutant + ": " + message);
                return;
            }
        }
        fail(mutant + " survived " + SEEDS + " seeds from " + mutant.foundBy + " on");
    }
}
