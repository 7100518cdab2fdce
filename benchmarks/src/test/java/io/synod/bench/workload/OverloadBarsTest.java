package io.synod.bench.workload;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.bench.Round;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class OverloadBarsTest {
    private final OverloadBars bars = new OverloadBars();

    private static Round round(Map<String, Long> errors) {
        return Round.of("it", List.of(new Histogram(3)), 0, 1, errors);
    }

    @Test
    void only_steps_behind_the_best_one_count() {
        bars.throughput(List.of(1, 8, 32), List.of(100.0, 1_000.0, 800.0));
        assertTrue(bars.areMet(), () -> bars.lines().toString());
        bars.throughput(List.of(1, 8, 32), List.of(100.0, 1_000.0, 799.0));
        assertFalse(bars.areMet(), () -> bars.lines().toString());
    }

    @Test
    void one_client_that_starves_misses_it_and_few_operations_say_nothing() {
        bars.fairness("it", new long[] {25, 100, 100, 150});
        bars.fairness("it", new long[] {0, 7, 7});
        assertTrue(bars.areMet(), () -> bars.lines().toString());
        bars.fairness("it", new long[] {24, 100, 100, 150});
        assertFalse(bars.areMet(), () -> bars.lines().toString());
    }

    @Test
    void half_of_the_clients_that_starve_miss_it() {
        bars.fairness("it", new long[] {0, 0, 0, 500, 500});
        assertFalse(bars.areMet(), () -> bars.lines().toString());
    }

    @Test
    void the_bar_is_of_the_mean_where_that_is_more_than_the_median() {
        bars.fairness("it", new long[] {30, 100, 100, 300});
        assertFalse(bars.areMet(), () -> bars.lines().toString());
    }

    @Test
    void a_node_whose_heap_is_not_known_at_the_end_misses_it() {
        bars.heap("b", 20, -1);
        assertFalse(bars.areMet(), () -> bars.lines().toString());
    }

    @Test
    void who_is_not_admitted_is_told_and_nobody_is_left_without_an_answer() {
        bars.errors("it", round(Map.of("53300", 5L, "HYT00", 2L)));
        assertTrue(bars.areMet(), () -> bars.lines().toString());
        bars.errors("it", round(Map.of(Target.NOT_ENDED, 1L)));
        assertFalse(bars.areMet(), () -> bars.lines().toString());
    }

    @Test
    void a_lost_node_is_no_clear_answer() {
        bars.errors("it", round(Map.of("08007", 1L)));
        assertFalse(bars.areMet(), () -> bars.lines().toString());
    }

    @Test
    void a_heap_that_grows_misses_it() {
        bars.heap("a", 20, 20 + OverloadBars.HEAP_MIB);
        bars.heap("b", -1, -1);
        assertTrue(bars.areMet(), () -> bars.lines().toString());
        assertEquals("heap of node b: not known", bars.lines().get(1));
        bars.heap("c", 20, 21 + OverloadBars.HEAP_MIB);
        assertFalse(bars.areMet(), () -> bars.lines().toString());
    }
}
