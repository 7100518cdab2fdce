package io.synod.history;

import static io.synod.history.RegisterOperation.NEVER;
import static io.synod.history.RegisterOperation.read;
import static io.synod.history.RegisterOperation.refusedSwap;
import static io.synod.history.RegisterOperation.swap;
import static io.synod.history.RegisterOperation.write;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Smallest histories by hand, then random ones: against a search through all orders, and with a fault planted in each. */
class RegisterCheckerTest {
    private static final long FIRST = Long.getLong("synod.seed", 1);
    private static final int SEEDS = 50;
    private static final int SMALL_SEEDS = 3_000;

    private static void accepts(RegisterOperation... history) {
        assertEquals(List.of(), RegisterChecker.check(List.of(history)));
    }

    /** @return the one that has no place */
    private static RegisterOperation refuses(RegisterOperation... history) {
        List<RegisterChecker.Fault> faults = RegisterChecker.check(List.of(history));
        assertEquals(1, faults.size(), faults.toString());
        return faults.get(0).operation();
    }

    @Test
    void read_shows_the_last_write_that_ended_before_it() {
        RegisterOperation stale = read(2, "x", 0, 3, 4);
        assertEquals(stale, refuses(write(1, "x", 1, 1, 2), stale));
        accepts(write(1, "x", 1, 1, 2), read(2, "x", 1, 3, 4));
        accepts(write(1, "x", 1, 1, 3), read(2, "x", 0, 3, 4));
    }

    @Test
    void read_does_not_show_what_is_written_later() {
        RegisterOperation early = read(2, "x", 1, 1, 2);
        assertEquals(early, refuses(early, write(1, "x", 1, 3, 4)));
        accepts(read(2, "x", 1, 1, 3), write(1, "x", 1, 3, 4));
    }

    @Test
    void what_one_read_shows_the_next_one_does_not_take_back() {
        RegisterOperation back = read(3, "x", 0, 4, 5);
        assertEquals(back, refuses(write(1, "x", 1, 1, 9), read(2, "x", 1, 2, 3), back));
        accepts(write(1, "x", 1, 1, 9), read(2, "x", 1, 2, 4), read(3, "x", 0, 4, 5));
    }

    @Test
    void all_see_one_order_of_writes_that_overlap() {
        List<RegisterOperation> history = List.of(
                write(1, "x", 1, 1, 2),
                write(2, "x", 2, 1, 2),
                read(3, "x", 1, 3, 4),
                read(4, "x", 2, 5, 6),
                read(3, "x", 1, 7, 8));
        assertEquals(history.get(3), RegisterChecker.check(history).get(0).operation());
        accepts(history.get(0), history.get(1), history.get(2), read(4, "x", 1, 5, 6), history.get(4));
    }

    @Test
    void of_two_swaps_from_the_same_value_one_succeeds() {
        refuses(swap(1, "x", 0, 1, 1, 4), swap(2, "x", 0, 2, 2, 5));
        accepts(swap(1, "x", 0, 1, 1, 4), swap(2, "x", 1, 2, 2, 5));
        accepts(swap(1, "x", 0, 1, 1, 4), refusedSwap(2, "x", 0, 2, 5));
        refuses(refusedSwap(2, "x", 0, 2, 5));
    }

    @Test
    void unknown_outcome_is_any_time_after_the_beginning_or_never() {
        accepts(write(1, "x", 1, 1, NEVER), read(2, "x", 0, 3, 4), read(2, "x", 1, 50, 51));
        accepts(write(1, "x", 1, 1, NEVER), read(2, "x", 0, 3, 4), read(2, "x", 0, 50, 51));
        refuses(write(1, "x", 1, 1, NEVER), read(2, "x", 1, 3, 4), read(2, "x", 0, 50, 51));
        refuses(read(2, "x", 1, 3, 4), write(1, "x", 1, 5, NEVER));
        accepts(swap(1, "x", 0, 1, 1, NEVER), refusedSwap(2, "x", 0, 3, 4));
        accepts(swap(1, "x", 7, 1, 1, NEVER), read(2, "x", 0, 3, 4));
        refuses(swap(1, "x", 7, 1, 1, NEVER), read(2, "x", 1, 3, 4));
        accepts(read(1, "x", 5, 1, NEVER));
    }

    @Test
    void keys_are_registers_of_their_own() {
        accepts(write(1, "x", 1, 1, 2), read(2, "y", 0, 3, 4));
        List<RegisterChecker.Fault> faults =
                RegisterChecker.check(List.of(read(1, "y", 1, 1, 2), write(1, "z", 1, 1, 2), read(1, "x", 1, 1, 2)));
        assertEquals(
                List.of("x", "y"), faults.stream().map(f -> f.operation().key()).toList());
    }

    @Test
    void report_names_what_has_no_place_and_what_could_have_been() {
        RegisterChecker.Fault fault = RegisterChecker.check(List.of(
                        write(1, "x", 1, 1, 2), write(2, "x", 2, 3, 9), read(3, "x", 0, 4, 5), read(3, "x", 7, 6, 7)))
                .get(0);
        assertEquals(Set.of(1L, 2L), fault.possible());
        assertEquals(
                "register x is not linearizable: no place for client 3: read 0 [4, 5], meanwhile it held one of"
                        + " [1, 2]; overlaps with [client 2: write 2 [3, 9]]",
                fault.toString());
    }

    @Test
    void too_much_overlap_is_refused_and_not_searched_for_ever() {
        List<RegisterOperation> history = new ArrayList<>();
        for (int i = 1; i <= 40; i++) {
            history.add(write(i, "x", i, i, 100));
            history.add(read(i, "x", i, 100 + i, 200));
        }
        history.add(read(0, "x", 41, 60, 61));
        RegisterChecker.TooManySteps refused =
                assertThrows(RegisterChecker.TooManySteps.class, () -> RegisterChecker.check(history, 20_000));
        assertTrue(refused.getMessage().startsWith("gave up on register x after 20000 steps, at client 0"));
    }

    @Test
    void many_writes_that_overlap_cost_nothing_when_few_are_read() {
        List<RegisterOperation> history = new ArrayList<>();
        for (int i = 1; i <= 200; i++) {
            history.add(write(i, "x", i, 1, 10));
        }
        history.add(read(0, "x", 77, 2, 3));
        history.add(read(0, "x", 33, 20, 21));
        assertEquals(List.of(), RegisterChecker.check(history, 10_000));
        history.add(read(0, "x", 77, 22, 23));
        assertEquals(1, RegisterChecker.check(history, 10_000).size());
    }

    @Test
    void many_writes_of_unknown_outcome_cost_nothing_when_values_are_unique() {
        List<RegisterOperation> history = new ArrayList<>();
        for (int i = 1; i <= 3_000; i++) {
            boolean unknown = i % 3 != 0;
            history.add(write(i, "x", i, 10 * i, unknown ? NEVER : 10 * i + 3));
            if (i % 6 == 0 || i % 6 == 1) {
                history.add(read(0, "x", i, 10 * i + 4, 10 * i + 5));
            }
        }
        assertEquals(List.of(), RegisterChecker.check(history, 100_000));
        history.add(read(0, "x", 2_994, 100_000, 100_001));
        assertEquals(1, RegisterChecker.check(history, 100_000).size());
    }

    // ------------------------------------------------------------------ random histories

    @Test
    void verdict_is_that_of_a_search_through_all_orders() {
        int refused = 0;
        for (long seed = FIRST; seed < FIRST + SMALL_SEEDS; seed++) {
            List<RegisterOperation> history = anything(new SplittableRandom(seed));
            boolean expected = someOrder(history, new boolean[history.size()], 0);
            assertEquals(expected, RegisterChecker.check(history).isEmpty(), "seed " + seed + ": " + history);
            refused += expected ? 0 : 1;
        }
        assertTrue(refused > SMALL_SEEDS / 5 && refused < SMALL_SEEDS * 4 / 5, "refused " + refused);
    }

    /** Few operations with few values: often right by chance. */
    private static List<RegisterOperation> anything(SplittableRandom random) {
        List<RegisterOperation> history = new ArrayList<>();
        int count = 2 + random.nextInt(5);
        for (int i = 0; i < count; i++) {
            long invoked = random.nextInt(12);
            long returned = random.nextInt(5) == 0 ? NEVER : invoked + random.nextInt(8);
            long value = random.nextInt(3);
            history.add(
                    switch (random.nextInt(6)) {
                        case 0, 1 -> read(i, "x", value, invoked, returned);
                        case 2, 3 -> write(i, "x", value, invoked, returned);
                        case 4 -> swap(i, "x", random.nextInt(3), value, invoked, returned);
                        default -> refusedSwap(i, "x", value, invoked, returned);
                    });
        }
        return history;
    }

    private static boolean someOrder(List<RegisterOperation> history, boolean[] placed, long state) {
        boolean complete = true;
        for (int i = 0; i < placed.length; i++) {
            RegisterOperation next = history.get(i);
            complete &= placed[i] || !next.known();
            boolean first = !placed[i] && next.possibleAt(state);
            for (int j = 0; j < placed.length && first; j++) {
                first = placed[j] || history.get(j).returned() >= next.invoked();
            }
            if (first) {
                placed[i] = true;
                if (someOrder(history, placed, next.changes() ? next.value() : state)) {
                    return true;
                }
                placed[i] = false;
            }
        }
        return complete;
    }

    @Test
    void correct_history_is_accepted_and_one_with_a_planted_fault_is_not() {
        int planted = 0;
        for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            List<RegisterOperation> history = correct(random, 150, 2 + random.nextInt(6));
            assertEquals(List.of(), RegisterChecker.check(history), "seed " + seed);
            for (int i = 0; i < history.size(); i++) {
                RegisterOperation each = history.get(i);
                Long stale = each.kind() == RegisterOperation.Kind.READ ? overwritten(history, each, random) : null;
                if (stale != null && random.nextInt(10) == 0) {
                    List<RegisterOperation> wrong = new ArrayList<>(history);
                    wrong.set(i, read(each.client(), each.key(), stale, each.invoked(), each.returned()));
                    List<RegisterChecker.Fault> faults = RegisterChecker.check(wrong);
                    assertEquals(1, faults.size(), "seed " + seed + ", stale " + wrong.get(i));
                    planted++;
                }
            }
        }
        assertTrue(planted > SEEDS, "planted " + planted);
    }

    /** A value that was surely written, and surely overwritten, before this read began. */
    private static Long overwritten(List<RegisterOperation> history, RegisterOperation read, SplittableRandom random) {
        List<Long> values = new ArrayList<>();
        for (RegisterOperation one : history) {
            if (one.key().equals(read.key()) && one.changes()) {
                for (RegisterOperation other : history) {
                    if (other.key().equals(read.key())
                            && other.changes()
                            && one.returned() < other.invoked()
                            && other.returned() < read.invoked()) {
                        values.add(one.value());
                        break;
                    }
                }
            }
        }
        return values.isEmpty() ? null : values.get(random.nextInt(values.size()));
    }

    /** Clients in turns on three registers; each operation takes effect once between its two ends, or has no known end. */
    private static List<RegisterOperation> correct(SplittableRandom random, int count, int clients) {
        long[] state = new long[3];
        List<RegisterOperation> history = new ArrayList<>();
        long time = 0;
        long value = 0;
        long[] free = new long[clients];
        for (int i = 0; i < count; i++) {
            // In the order in which they take effect.
            time += 1 + random.nextInt(6);
            int client = random.nextInt(clients);
            long invoked = Math.max(free[client], time - random.nextInt(20));
            if (invoked > time) {
                continue;
            }
            long returned = time + random.nextInt(20);
            free[client] = returned + 1;
            int register = random.nextInt(state.length);
            String key = "r" + register;
            boolean unknown = random.nextInt(8) == 0;
            boolean happens = !unknown || random.nextBoolean();
            long end = unknown ? NEVER : returned;
            switch (random.nextInt(4)) {
                case 0, 1 -> history.add(read(client, key, state[register], invoked, returned));
                case 2 -> {
                    history.add(write(client, key, ++value, invoked, end));
                    state[register] = happens ? value : state[register];
                }
                default -> {
                    if (random.nextBoolean()) {
                        history.add(swap(client, key, state[register], ++value, invoked, end));
                        state[register] = happens ? value : state[register];
                    } else if (state[register] != 0) {
                        history.add(refusedSwap(client, key, 0, invoked, returned));
                    }
                }
            }
        }
        return history;
    }
}
