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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Small random histories, right or wrong: the verdict is that of a search through all orders. */
class AppendCheckerOrdersTest {
    private static final long FIRST = Long.getLong("synod.seed", 1);
    private static final long SEEDS = 1_500;

    @Test
    void verdict_on_serializability_is_that_of_a_search_through_all_orders() {
        long count = SEEDS / 3;
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
        for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
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
        assertTrue(refused > SEEDS / 5 && refused < SEEDS * 4 / 5, "refused " + refused);
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
