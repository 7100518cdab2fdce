package io.synod.history;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.history.Anomaly.Kind;
import io.synod.history.Transaction.Action;
import io.synod.history.Transaction.Append;
import io.synod.history.Transaction.Outcome;
import io.synod.history.Transaction.Read;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** For each anomaly the smallest history that has it, and a nearest one that has not. */
class AppendCheckerTest {
    private static final Level PROCESS_SNAPSHOT = new Level(Level.Isolation.SNAPSHOT, Level.Order.PROCESS);

    private final List<Transaction> history = new ArrayList<>();

    private static Append append(String key, long value) {
        return new Append(key, value);
    }

    private static Read read(String key, Long... values) {
        return new Read(key, Arrays.asList(values));
    }

    /** T1, T2, ... in processes of their own, all at the same time. */
    private AppendCheckerTest given(Action... actions) {
        return given(Outcome.COMMITTED, 0, 100, actions);
    }

    private AppendCheckerTest given(Outcome outcome, long began, long ended, Action... actions) {
        int id = history.size() + 1;
        history.add(new Transaction(id, id, outcome, began, ended, List.of(actions)));
        return this;
    }

    private AppendCheckerTest inProcess(int process, Action... actions) {
        history.add(
                new Transaction(history.size() + 1, process, Outcome.COMMITTED, history.size(), 100, List.of(actions)));
        return this;
    }

    private AppendCheckerTest is(Level level, Kind... kinds) {
        List<Anomaly> found = AppendChecker.check(history, level);
        assertEquals(List.of(kinds), found.stream().map(Anomaly::kind).toList(), found.toString());
        return this;
    }

    private AppendCheckerTest anew() {
        history.clear();
        return this;
    }

    @Test
    void g0_writes_follow_each_other_in_two_ways() {
        given(append("x", 1), append("y", 1))
                .given(append("x", 2), append("y", 2))
                .given(read("x", 1L, 2L), read("y", 2L, 1L))
                .is(Level.READ_COMMITTED, Kind.G0);
        anew().given(append("x", 1), append("y", 1))
                .given(append("x", 2), append("y", 2))
                .given(read("x", 1L, 2L), read("y", 1L, 2L))
                .is(Level.STRICT_SERIALIZABLE);
    }

    @Test
    void g1a_aborted_read() {
        given(Outcome.ABORTED, 0, 1, append("x", 1)).given(read("x", 1L)).is(Level.READ_COMMITTED, Kind.G1A);
        anew().given(Outcome.ABORTED, 0, 1, append("x", 1)).given(read("x")).is(Level.STRICT_SERIALIZABLE);
        anew().given(Outcome.ABORTED, 0, 1, append("x", 1), read("x", 1L)).is(Level.STRICT_SERIALIZABLE);
    }

    @Test
    void g1b_intermediate_read() {
        given(append("x", 1), append("x", 2)).given(read("x", 1L)).is(Level.READ_COMMITTED, Kind.G1B);
        anew().given(append("x", 1), append("x", 2)).given(read("x", 1L, 2L)).is(Level.STRICT_SERIALIZABLE);
        anew().given(append("x", 1), read("x", 1L), append("x", 2)).is(Level.STRICT_SERIALIZABLE);
    }

    @Test
    void g1c_each_reads_the_other() {
        given(append("x", 1), read("y", 1L))
                .given(append("y", 1), read("x", 1L))
                .is(Level.READ_COMMITTED, Kind.G1C);
        anew().given(append("x", 1), read("y"))
                .given(append("y", 1), read("x", 1L))
                .is(Level.STRICT_SERIALIZABLE);
    }

    @Test
    void g_single_read_skew() {
        given(append("x", 1), append("y", 1)).given(read("x"), read("y", 1L));
        is(Level.READ_COMMITTED).is(Level.SNAPSHOT, Kind.G_SINGLE);
        anew().given(append("x", 1), append("y", 1)).given(read("x", 1L), read("y", 1L));
        is(Level.STRICT_SERIALIZABLE);
    }

    @Test
    void g_single_read_that_does_not_repeat() {
        given(append("x", 1)).given(read("x"), read("x", 1L));
        is(Level.READ_COMMITTED).is(Level.SNAPSHOT, Kind.G_SINGLE);
        anew().given(append("x", 1)).given(read("x", 1L), read("x", 1L)).is(Level.STRICT_SERIALIZABLE);
    }

    @Test
    void g_single_lost_update() {
        given(read("x"), append("x", 1)).given(read("x"), append("x", 2)).given(read("x", 1L, 2L));
        is(Level.READ_COMMITTED).is(Level.SNAPSHOT, Kind.G_SINGLE);
        anew().given(read("x"), append("x", 1))
                .given(read("x", 1L), append("x", 2))
                .given(read("x", 1L, 2L));
        is(Level.STRICT_SERIALIZABLE);
    }

    @Test
    void g_nonadjacent_long_fork() {
        given(append("x", 1)).given(append("y", 1));
        given(read("x", 1L), read("y")).given(read("x"), read("y", 1L));
        is(Level.READ_COMMITTED).is(Level.SNAPSHOT, Kind.G_NONADJACENT);
        anew().given(append("x", 1)).given(append("y", 1));
        given(read("x", 1L), read("y")).given(read("x"), read("y")).is(Level.STRICT_SERIALIZABLE);
    }

    @Test
    void g2_write_skew() {
        given(read("x"), append("y", 1)).given(read("y"), append("x", 1)).given(read("x", 1L), read("y", 1L));
        is(Level.SNAPSHOT).is(Level.SERIALIZABLE, Kind.G2);
        anew().given(read("x"), append("y", 1)).given(read("y", 1L), append("x", 1));
        is(Level.STRICT_SERIALIZABLE);
    }

    @Test
    void stale_read_matters_in_real_time_only() {
        given(Outcome.COMMITTED, 0, 1, append("x", 1))
                .given(Outcome.COMMITTED, 2, 3, read("x"))
                .given(read("x", 1L));
        is(Level.SERIALIZABLE).is(Level.STRICT_READ_COMMITTED).is(Level.STRICT_SNAPSHOT, Kind.G_SINGLE);
        anew().given(Outcome.COMMITTED, 0, 2, append("x", 1)).given(Outcome.COMMITTED, 2, 3, read("x"));
        is(Level.STRICT_SERIALIZABLE);
    }

    @Test
    void process_sees_its_own_writes() {
        inProcess(1, append("x", 1)).inProcess(1, read("x")).given(read("x", 1L));
        is(Level.SERIALIZABLE).is(PROCESS_SNAPSHOT, Kind.G_SINGLE);
        anew().inProcess(1, append("x", 1)).inProcess(2, read("x")).is(PROCESS_SNAPSHOT);
    }

    @Test
    void lost_append_is_committed_and_overtaken() {
        given(Outcome.COMMITTED, 0, 1, append("x", 1))
                .given(Outcome.COMMITTED, 2, 3, append("x", 2))
                .given(read("x", 2L));
        is(Level.SERIALIZABLE).is(Level.STRICT_READ_COMMITTED, Kind.LOST_APPEND);
        anew().given(Outcome.COMMITTED, 0, 3, append("x", 1))
                .given(Outcome.COMMITTED, 2, 3, append("x", 2))
                .given(read("x", 2L))
                .is(Level.STRICT_SERIALIZABLE);
        anew().given(Outcome.UNKNOWN, 0, 1, append("x", 1))
                .given(Outcome.COMMITTED, 2, 3, append("x", 2))
                .given(read("x", 2L))
                .is(Level.STRICT_SERIALIZABLE);
    }

    @Test
    void lost_append_is_committed_and_not_read() {
        given(Outcome.COMMITTED, 0, 1, append("x", 1)).given(Outcome.COMMITTED, 2, 3, read("x"));
        is(Level.SERIALIZABLE).is(Level.STRICT_SNAPSHOT, Kind.LOST_APPEND);
    }

    @Test
    void of_several_unseen_appends_each_comes_after_the_readers_and_not_after_itself() {
        given(append("x", 1), append("y", 1))
                .given(read("x"), append("x", 2))
                .given(append("x", 3))
                .given(read("x"), read("y", 1L))
                .is(Level.SERIALIZABLE, Kind.G_SINGLE);
        // One of them is the reader, the other one is what it misses; in both orders.
        anew().given(read("x"), append("x", 1), read("y", 1L)).given(append("x", 2), append("y", 1));
        is(Level.SERIALIZABLE, Kind.G_SINGLE);
        anew().given(append("x", 2), append("y", 1)).given(read("x"), append("x", 1), read("y", 1L));
        is(Level.SERIALIZABLE, Kind.G_SINGLE);
        anew().given(read("x"), append("x", 1)).given(append("x", 2)).given(read("x"));
        is(Level.STRICT_SERIALIZABLE);
    }

    @Test
    void swapped_order_matters_in_real_time_only() {
        given(Outcome.COMMITTED, 0, 1, append("x", 1))
                .given(Outcome.COMMITTED, 2, 3, append("x", 2))
                .given(read("x", 2L, 1L));
        is(Level.SERIALIZABLE).is(Level.STRICT_READ_COMMITTED, Kind.G0);
    }

    @Test
    void duplicate_append() {
        given(append("x", 1)).given(read("x", 1L, 1L)).is(Level.READ_COMMITTED, Kind.DUPLICATE);
        anew().given(append("x", 1))
                .given(append("x", 2))
                .given(read("x", 1L, 1L))
                .given(read("x", 1L, 2L, 1L));
        is(Level.READ_COMMITTED, Kind.DUPLICATE, Kind.DUPLICATE);
        anew().given(append("x", 1))
                .given(append("x", 2))
                .given(read("x", 1L, 2L))
                .is(Level.STRICT_SERIALIZABLE);
    }

    @Test
    void invented_value() {
        given(read("x", 1L)).is(Level.READ_COMMITTED, Kind.INVENTED);
        anew().given(append("x", 1)).given(read("x", 1L)).is(Level.STRICT_SERIALIZABLE);
    }

    @Test
    void incompatible_order() {
        given(append("x", 1)).given(append("x", 2)).given(read("x", 1L, 2L)).given(read("x", 2L));
        is(Level.READ_COMMITTED, Kind.INCOMPATIBLE_ORDER);
        anew().given(append("x", 1))
                .given(append("x", 2))
                .given(read("x", 1L, 2L))
                .given(read("x", 1L));
        is(Level.STRICT_SERIALIZABLE);
    }

    @Test
    void internal_does_not_see_its_own_or_sees_it_before() {
        given(append("x", 1), read("x")).is(Level.READ_COMMITTED, Kind.INTERNAL);
        anew().given(read("x", 1L), append("x", 1)).is(Level.READ_COMMITTED, Kind.INTERNAL);
        anew().given(read("x"), append("x", 1), read("x", 1L)).is(Level.STRICT_SERIALIZABLE);
    }

    @Test
    void internal_its_own_are_in_another_order_or_not_all_there() {
        given(append("x", 1), append("x", 2)).given(read("x", 2L, 1L));
        is(Level.READ_COMMITTED, Kind.INTERNAL, Kind.G1B);
        anew().given(append("x", 1), append("x", 2)).given(read("x", 2L)).is(Level.READ_COMMITTED, Kind.INTERNAL);
        anew().given(append("x", 1), append("x", 2)).given(read("x", 1L, 2L)).is(Level.STRICT_SERIALIZABLE);
    }

    @Test
    void unknown_outcome_is_committed_when_somebody_shows_it_and_nothing_otherwise() {
        given(Outcome.UNKNOWN, 0, 0, append("x", 1), append("y", 1)).given(read("x", 1L), read("y"));
        is(Level.SNAPSHOT, Kind.G_SINGLE);
        anew().given(Outcome.UNKNOWN, 0, 0, append("x", 1), append("y", 1)).given(read("x"), read("y"));
        is(Level.STRICT_SERIALIZABLE);
        // It committed some time later.
        anew().given(Outcome.UNKNOWN, 0, 0, append("x", 1))
                .given(Outcome.COMMITTED, 5, 6, read("x"))
                .given(Outcome.COMMITTED, 7, 8, read("x", 1L))
                .is(Level.STRICT_SERIALIZABLE);
        // Shown by one of unknown outcome that is shown itself.
        anew().given(Outcome.UNKNOWN, 0, 0, append("x", 1), append("y", 1))
                .given(Outcome.UNKNOWN, 0, 0, read("x", 1L), read("y"), append("z", 1))
                .given(read("z", 1L))
                .is(Level.SNAPSHOT, Kind.G_SINGLE);
    }

    @Test
    void report_has_the_shortest_cycle_with_the_reason_of_each_edge() {
        // T1 and T2 make a short one within a longer one of all four.
        given(append("x", 1), append("y", 1))
                .given(read("x", 1L), read("y"), append("z", 1))
                .given(read("z", 1L), append("u", 1))
                .given(read("u", 1L), read("y"));
        List<Anomaly> found = AppendChecker.check(history, Level.SERIALIZABLE);
        assertEquals(1, found.size(), found.toString());
        Anomaly anomaly = found.get(0);
        assertEquals(2, anomaly.transactions().size());
        String text = anomaly.toString();
        assertTrue(text.startsWith("G_SINGLE T"), text);
        assertTrue(text.contains("T2 read 1 in x, of T1\n"), text);
        assertTrue(text.contains("T2 read y without 1, of T1 (which no read shows)\n"), text);
        assertTrue(text.contains("T2 COMMITTED [0, 100] in process 2: [read x [1], read y [], append 1 to z]"), text);
    }

    @Test
    void cycles_that_share_nothing_are_all_reported() {
        given(append("x", 1), append("y", 1)).given(read("x"), read("y", 1L));
        given(append("a", 1), read("b", 1L)).given(append("b", 1), read("a", 1L));
        is(Level.SERIALIZABLE, Kind.G1C, Kind.G_SINGLE);
    }

    @Test
    void value_that_is_appended_twice_is_no_history_to_judge() {
        given(append("x", 1)).given(append("x", 1));
        assertThrows(IllegalArgumentException.class, () -> AppendChecker.check(history, Level.SERIALIZABLE));
    }
}
