package io.synod.history;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.history.Level.Isolation;
import io.synod.history.Level.Order;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Random histories: correct ones are accepted, and found out with a fault planted in them. */
class AppendCheckerRandomTest {
    private static final long FIRST = Long.getLong("synod.seed", 1);
    private static final long SEEDS = 10;

    private static List<Level> levels() {
        List<Level> levels = new ArrayList<>();
        for (Isolation isolation : Isolation.values()) {
            for (Order order : Order.values()) {
                levels.add(new Level(isolation, order));
            }
        }
        return levels;
    }

    @Test
    void correct_history_is_accepted_and_one_with_a_planted_fault_is_not() {
        Map<PlantedFault, Integer> planted = new EnumMap<>(PlantedFault.class);
        for (Level level : levels()) {
            for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
                String which = "seed " + seed + " at " + level;
                List<Transaction> history = ListModel.run(level, seed, 60);
                assertEquals(List.of(), AppendChecker.check(history, level), which);
                for (PlantedFault fault : PlantedFault.values()) {
                    List<Transaction> wrong =
                            fault.breaks(level) ? fault.plant(history, new SplittableRandom(seed)) : null;
                    if (wrong != null) {
                        assertFalse(
                                AppendChecker.check(wrong, level).isEmpty(), () -> which + ", " + fault + ": " + wrong);
                        planted.merge(fault, 1, Integer::sum);
                    }
                }
            }
        }
        for (PlantedFault fault : PlantedFault.values()) {
            assertTrue(planted.getOrDefault(fault, 0) > SEEDS, fault + " was planted in " + planted.get(fault));
        }
    }

    /** Or the models that must be accepted would be no test of the weaker levels. */
    @Test
    void what_a_level_lets_pass_the_next_one_often_forbids() {
        for (Level level : levels()) {
            for (Level other : levels()) {
                boolean stronger = other.atLeast(level.isolation()) && other.atLeast(level.order());
                // One difference suffices; reads that are old at READ COMMITTED are allowed in each order.
                boolean differs = other.isolation() != level.isolation()
                        || other.order() != level.order() && other.isolation() != Isolation.READ_COMMITTED;
                if (stronger && differs) {
                    int refused = 0;
                    for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
                        refused += AppendChecker.check(ListModel.run(level, seed, 60), other)
                                        .isEmpty()
                                ? 0
                                : 1;
                    }
                    assertTrue(refused > 0, other + " refuses " + refused + " of " + SEEDS + " histories of " + level);
                }
            }
        }
    }

    /** What takes time in proportion to the square of the history does not end in time. */
    @Test
    @Timeout(60)
    void one_fault_among_many_transactions_is_found() {
        List<Transaction> history = ListModel.run(Level.STRICT_SERIALIZABLE, FIRST, 6_000);
        assertEquals(List.of(), AppendChecker.check(history, Level.STRICT_SERIALIZABLE), "seed " + FIRST);
        List<Transaction> wrong = PlantedFault.STALE_READ.plant(history, new SplittableRandom(FIRST));
        assertEquals(1, AppendChecker.check(wrong, Level.STRICT_SERIALIZABLE).size(), "seed " + FIRST);
    }

    /** All of it is one component. */
    @Test
    @Timeout(60)
    void many_faults_among_many_transactions_are_reported_briefly() {
        List<Transaction> history = ListModel.run(Level.READ_COMMITTED, FIRST, 2_000);
        List<Anomaly> found = AppendChecker.check(history, Level.STRICT_SERIALIZABLE);
        assertTrue(!found.isEmpty() && found.size() < 50, "seed " + FIRST + ": " + found.size());
        found.forEach(each -> assertTrue(each.transactions().size() < 10, "seed " + FIRST + ": " + each));
    }
}
