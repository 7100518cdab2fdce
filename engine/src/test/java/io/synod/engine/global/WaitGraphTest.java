package io.synod.engine.global;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.global.WaitGraph.Victim;
import io.synod.engine.global.WaitGraph.Wait;
import io.synod.engine.global.WaitGraph.Whole;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Transactions are numbers here, their branches "number@database". */
class WaitGraphTest {
    private static final int GRAPHS = 3_000;
    private static final long SEED = Long.getLong("synod.seed", new Random().nextLong());

    private static Wait wait(int waiter, int blocker, String database, long number) {
        return new Wait(1, database, waiter + "@" + database, blocker + "@" + database, number, true);
    }

    private static List<Whole> wholes(int count, Collection<String> databases) {
        List<Whole> wholes = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int number = i;
            wholes.add(new Whole(
                    "t" + i,
                    100 + i,
                    databases.stream().map(d -> number + "@" + d).collect(Collectors.toSet())));
        }
        return wholes;
    }

    private static List<String> victims(WaitGraph graph) {
        return graph.victims().stream().map(v -> v.whole().id()).toList();
    }

    @Test
    void the_youngest_of_a_ring_is_ended() {
        List<Wait> ring = List.of(wait(0, 1, "sales", 1), wait(1, 2, "stock", 1), wait(2, 0, "bank", 1));
        List<Victim> victims =
                WaitGraph.of(ring, wholes(3, Set.of("sales", "stock", "bank"))).victims();
        assertEquals(1, victims.size());
        assertEquals("t2", victims.get(0).whole().id());
        assertEquals(ring.get(2), victims.get(0).waiting());
        assertEquals(Set.of("sales", "stock", "bank"), victims.get(0).databases());
    }

    @Test
    void a_ring_inside_of_one_database_is_left_alone() {
        List<Wait> ring = List.of(wait(0, 1, "sales", 1), wait(1, 0, "sales", 1), wait(2, 0, "stock", 1));
        assertEquals(List.of(), victims(WaitGraph.of(ring, wholes(3, Set.of("sales", "stock")))));
    }

    @Test
    void a_ring_may_lead_through_a_transaction_of_one_database_which_is_not_ended() {
        List<Wait> ring = List.of(wait(0, 9, "sales", 1), wait(9, 1, "sales", 1), wait(1, 0, "stock", 1));
        assertEquals(List.of("t1"), victims(WaitGraph.of(ring, wholes(2, Set.of("sales", "stock")))));
    }

    @Test
    void who_cannot_be_taken_out_of_a_wait_is_not_chosen() {
        Wait fixed = new Wait(1, "stock", "1@stock", "0@stock", 1, false);
        List<Wait> ring = List.of(wait(0, 1, "sales", 1), fixed);
        assertEquals(List.of("t0"), victims(WaitGraph.of(ring, wholes(2, Set.of("sales", "stock")))));
    }

    @Test
    void each_of_several_waits_of_a_transaction_counts() {
        List<Wait> waits =
                List.of(wait(0, 1, "sales", 1), wait(0, 2, "sales", 1), wait(0, 3, "sales", 1), wait(2, 0, "stock", 1));
        assertEquals(List.of("t2"), victims(WaitGraph.of(waits, wholes(4, Set.of("sales", "stock")))));
    }

    @Test
    void a_ring_that_was_open_in_between_is_none() {
        List<Whole> wholes = wholes(2, Set.of("sales", "stock"));
        WaitGraph first = WaitGraph.of(List.of(wait(0, 1, "sales", 1), wait(1, 0, "stock", 1)), wholes);
        WaitGraph again = WaitGraph.of(List.of(wait(0, 1, "sales", 1), wait(1, 0, "stock", 2)), wholes);
        assertEquals(List.of("t1"), victims(first));
        assertEquals(List.of("t1"), victims(again));
        assertEquals(List.of(), victims(first.stillIn(again)));
    }

    /** Each waits for one other, so that rings have nothing in common: one victim in each, the youngest. */
    @Test
    void one_victim_in_each_of_separate_rings() {
        Random random = new Random(SEED);
        int rings = 0;
        for (int graph = 0; graph < GRAPHS; graph++) {
            int size = 2 + random.nextInt(9);
            int[] waitsFor = new int[size];
            List<Wait> waits = new ArrayList<>();
            List<String> databases = List.of("a", "b", "c").subList(0, 1 + random.nextInt(3));
            String[] in = new String[size];
            for (int i = 0; i < size; i++) {
                waitsFor[i] = random.nextInt(4) == 0 ? -1 : random.nextInt(size);
                in[i] = databases.get(random.nextInt(databases.size()));
                if (waitsFor[i] >= 0) {
                    waits.add(wait(i, waitsFor[i], in[i], 1));
                }
            }
            Set<String> expected = new HashSet<>();
            for (int start = 0; start < size; start++) {
                Set<Integer> path = new HashSet<>();
                Set<String> over = new HashSet<>();
                int at = start;
                while (at >= 0 && path.add(at)) {
                    over.add(in[at]);
                    at = waitsFor[at];
                }
                if (at == start && over.size() > 1) {
                    expected.add("t" + path.stream().max(Integer::compare).orElseThrow());
                }
            }
            rings += expected.size();
            List<String> found = victims(WaitGraph.of(waits, wholes(size, databases)));
            assertEquals(expected, new HashSet<>(found), "seed " + SEED + ", " + waits);
            assertEquals(expected.size(), found.size(), "seed " + SEED);
        }
        assertTrue(rings > GRAPHS / 20, "seed " + SEED);
    }

    /**
     * Waits begin and end between two collections, which do not see all of the same moment either: nobody is ended who is in no ring
     * that was there all the time, and no such ring is left when all who are chosen have been ended.
     */
    @Test
    void rings_that_were_broken_have_no_victim_and_lasting_ones_have() {
        Random random = new Random(SEED);
        int ended = 0;
        for (int graph = 0; graph < GRAPHS; graph++) {
            int size = 2 + random.nextInt(6);
            List<String> databases = List.of("a", "b", "c");
            List<Whole> wholes = wholes(size, databases);
            List<Wait> lasting = new ArrayList<>();
            List<Wait> before = new ArrayList<>();
            List<Wait> after = new ArrayList<>();
            for (int i = random.nextInt(3 * size); i >= 0; i--) {
                int waiter = random.nextInt(size);
                int blocker = (waiter + 1 + random.nextInt(size - 1)) % size;
                String database = databases.get(random.nextInt(3));
                switch (random.nextInt(4)) {
                    case 0 -> before.add(wait(waiter, blocker, database, 2 * i));
                    case 1 -> after.add(wait(waiter, blocker, database, 2 * i));
                    case 2 -> {
                        // It waits for the same again.
                        before.add(wait(waiter, blocker, database, 2 * i));
                        after.add(wait(waiter, blocker, database, 2 * i + 1));
                    }
                    default -> lasting.add(wait(waiter, blocker, database, 2 * i));
                }
            }
            before.addAll(lasting);
            after.addAll(lasting);
            List<Victim> victims = WaitGraph.of(before, wholes)
                    .stillIn(WaitGraph.of(after, wholes))
                    .victims();
            List<Wait> left = new ArrayList<>(lasting);
            for (Victim victim : victims) {
                int number = Integer.parseInt(victim.whole().id().substring(1));
                assertTrue(lasting.contains(victim.waiting()), "seed " + SEED);
                assertTrue(isInRing(number, left), "seed " + SEED + ": " + number + " of " + left);
                left.removeIf(
                        w -> w.waiter().startsWith(number + "@") || w.blocker().startsWith(number + "@"));
                ended++;
            }
            for (int i = 0; i < size; i++) {
                assertFalse(isInRing(i, left), "seed " + SEED + ": " + i + " of " + left + " after " + victims);
            }
        }
        assertTrue(ended > GRAPHS / 20, "seed " + SEED);
    }

    /** Whether a simple way leads from it to itself over more than one database: tries all. */
    private static boolean isInRing(int start, List<Wait> waits) {
        return leadsTo(start, start, waits, new HashSet<>(), new ArrayList<>());
    }

    private static boolean leadsTo(int at, int goal, List<Wait> waits, Set<Integer> passed, List<String> over) {
        for (Wait wait : waits) {
            if (!wait.waiter().startsWith(at + "@")) {
                continue;
            }
            int next = Integer.parseInt(wait.blocker().split("@")[0]);
            over.add(wait.database());
            boolean toGoal = next == goal;
            boolean isNew = !toGoal && passed.add(next);
            if (toGoal ? new HashSet<>(over).size() > 1 : isNew && leadsTo(next, goal, waits, passed, over)) {
                return true;
            }
            over.remove(over.size() - 1);
            if (isNew) {
                passed.remove(next);
            }
        }
        return false;
    }
}
