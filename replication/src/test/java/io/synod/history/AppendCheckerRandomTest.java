package io.synod.history;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.history.Level.Isolation;
import io.synod.history.Level.Order;
import io.synod.history.Transaction.Action;
import io.synod.history.Transaction.Append;
import io.synod.history.Transaction.Outcome;
import io.synod.history.Transaction.Read;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Random histories: correct ones are accepted, and found out with a fault planted in them; of small ones the verdict is
 * that of a search through all orders.
 */
class AppendCheckerRandomTest {
    private static final long FIRST = Long.getLong("synod.seed", 1);
    private static final long SEEDS = 10;
    private static final long SMALL_SEEDS = 1_500;

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

    // ------------------------------------------------------------------ against all orders

    @Test
    void verdict_on_serializability_is_that_of_a_search_through_all_orders() {
        long count = SMALL_SEEDS / 3;
        for (Order order : Order.values()) {
            int refused = 0;
            for (long seed = FIRST; seed < FIRST + count; seed++) {
                List<Transaction> history = anything(new SplittableRandom(seed));
                boolean expected = new AllOrders(history, order, false).some();
                List<Anomaly> found = AppendChecker.check(history, new Level(Isolation.SERIALIZABLE, order));
                assertEquals(expected, found.isEmpty(), "seed " + seed + " " + order + ": " + history + found);
                refused += expected ? 0 : 1;
            }
            assertTrue(refused > count / 5 && refused < count * 4 / 5, "refused " + refused);
        }
    }

    @Test
    void verdict_on_snapshot_isolation_is_that_of_a_search_through_all_orders() {
        int refused = 0;
        int differ = 0;
        for (long seed = FIRST; seed < FIRST + SMALL_SEEDS; seed++) {
            List<Transaction> history = anything(new SplittableRandom(seed));
            boolean expected = new AllOrders(history, Order.NONE, true).some();
            List<Anomaly> found = AppendChecker.check(history, Level.SNAPSHOT);
            String which = "seed " + seed + ": " + history + found;
            if (expected) {
                assertEquals(List.of(), found, which);
            } else if (allShown(history)) {
                assertFalse(found.isEmpty(), which);
            }
            refused += expected ? 0 : 1;
            differ += expected != new AllOrders(history, Order.NONE, false).some() ? 1 : 0;
        }
        assertTrue(refused > SMALL_SEEDS / 5 && refused < SMALL_SEEDS * 4 / 5, "refused " + refused);
        assertTrue(differ > 0, "histories of snapshot isolation that are not serializable: " + differ);
    }

    /** Else nobody knows the order of versions. */
    private static boolean allShown(List<Transaction> history) {
        Map<String, Integer> shown = new HashMap<>();
        Map<String, Integer> written = new HashMap<>();
        for (Transaction each : history) {
            for (Action action : each.actions()) {
                if (action instanceof Read read) {
                    shown.merge(read.key(), read.values().size(), Math::max);
                } else {
                    written.merge(action.key(), 1, Integer::sum);
                }
            }
        }
        return written.entrySet().stream().allMatch(e -> shown.getOrDefault(e.getKey(), 0) >= e.getValue());
    }

    /** Two to four transactions, nearly always with lists that begin alike. */
    private static List<Transaction> anything(SplittableRandom random) {
        int count = 2 + random.nextInt(3);
        Map<String, List<Long>> orders = new HashMap<>(Map.of("x", new ArrayList<>(), "y", new ArrayList<>()));
        List<List<Object>> plans = new ArrayList<>();
        long value = 0;
        for (int i = 0; i < count; i++) {
            List<Object> plan = new ArrayList<>();
            for (int j = random.nextInt(3); j >= 0; j--) {
                String key = random.nextBoolean() ? "x" : "y";
                if (random.nextBoolean()) {
                    plan.add(key);
                } else {
                    plan.add(new Append(key, ++value));
                    List<Long> order = orders.get(key);
                    order.add(random.nextInt(4) == 0 ? random.nextInt(order.size() + 1) : order.size(), value);
                }
            }
            plans.add(plan);
        }
        List<Transaction> history = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            List<Action> actions = new ArrayList<>();
            for (Object step : plans.get(i)) {
                if (step instanceof String key) {
                    List<Long> order = orders.get(key);
                    actions.add(new Read(key, order.subList(0, random.nextInt(order.size() + 1))));
                } else {
                    actions.add((Action) step);
                }
            }
            long began = 3L * i + random.nextInt(6);
            history.add(new Transaction(i, i % 2, Outcome.COMMITTED, began, began + random.nextInt(6), actions));
        }
        return history;
    }

    /** Whether some order of commits explains all reads; under snapshot isolation each reads the state after some commit before its own. */
    private static final class AllOrders {
        private final List<Transaction> history;
        private final Order order;
        private final boolean snapshots;
        private final List<Map<String, List<Long>>> states = new ArrayList<>(List.of(Map.of()));
        private final boolean[] placed;

        AllOrders(List<Transaction> history, Order order, boolean snapshots) {
            this.history = history;
            this.order = order;
            this.snapshots = snapshots;
            placed = new boolean[history.size()];
        }

        boolean some() {
            if (states.size() > history.size()) {
                return true;
            }
            for (int i = 0; i < placed.length; i++) {
                if (placed[i] || !mayBeNext(i)) {
                    continue;
                }
                placed[i] = true;
                int last = states.size() - 1;
                for (int from = snapshots ? 0 : last; from <= last; from++) {
                    Map<String, List<Long>> next = after(history.get(i), states.get(from), states.get(last));
                    if (next != null) {
                        states.add(next);
                        boolean found = some();
                        states.remove(states.size() - 1);
                        if (found) {
                            return true;
                        }
                    }
                }
                placed[i] = false;
            }
            return false;
        }

        private boolean mayBeNext(int i) {
            Transaction next = history.get(i);
            for (int j = 0; j < placed.length; j++) {
                Transaction other = history.get(j);
                boolean earlier = other.process() == next.process()
                        && (other.began() < next.began() || other.began() == next.began() && j < i);
                if (!placed[j]
                        && j != i
                        && (order != Order.NONE && earlier
                                || order == Order.REAL_TIME && other.ended() < next.began())) {
                    return false;
                }
            }
            return true;
        }

        /** @return null if it would see something else there */
        private static Map<String, List<Long>> after(
                Transaction transaction, Map<String, List<Long>> seen, Map<String, List<Long>> latest) {
            Map<String, List<Long>> state = new HashMap<>(seen);
            Map<String, List<Long>> next = new HashMap<>(latest);
            for (Action action : transaction.actions()) {
                List<Long> there = state.getOrDefault(action.key(), List.of());
                if (action instanceof Append append) {
                    if (!seen.getOrDefault(append.key(), List.of())
                            .equals(latest.getOrDefault(append.key(), List.of()))) {
                        return null;
                    }
                    List<Long> longer = new ArrayList<>(there);
                    longer.add(append.value());
                    state.put(append.key(), longer);
                    next.put(append.key(), longer);
                } else if (!there.equals(((Read) action).values())) {
                    return null;
                }
            }
            return next;
        }
    }
}
