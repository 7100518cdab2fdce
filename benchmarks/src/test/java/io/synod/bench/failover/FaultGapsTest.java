package io.synod.bench.failover;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class FaultGapsTest {
    private static long[] millis(long... at) {
        return LongStream.of(at).map(TimeUnit.MILLISECONDS::toNanos).toArray();
    }

    private static long longest(long from, long to, long... at) {
        return FaultGaps.millis(TimeUnit.MILLISECONDS.toNanos(from), TimeUnit.MILLISECONDS.toNanos(to), millis(at));
    }

    @Test
    void a_gap_begins_with_the_last_commit_before_the_fault() {
        assertEquals(130, longest(100, 300, 50, 90, 220, 290));
    }

    @Test
    void a_silence_that_lasts_until_the_end_is_a_gap() {
        assertEquals(30_000, longest(100, 30_100, 50, 80, 100));
        assertEquals(30_020, longest(100, 30_100, 50, 80));
        assertEquals(30_000, longest(100, 30_100));
    }

    @Test
    void what_was_acknowledged_later_ends_no_gap() {
        assertEquals(210, longest(100, 300, 50, 90, 320));
    }

    @Test
    void one_that_waits_is_seen_beside_others_that_do_not() {
        Fault fault = new Fault(FaultKind.KILL, "a", System.nanoTime() - TimeUnit.SECONDS.toNanos(10));
        fault.end();
        long end = fault.untilNanos();
        long[] stuck = {fault.atNanos};
        long[] goesOn = LongStream.rangeClosed(0, 1_000)
                .map(i -> end - TimeUnit.MILLISECONDS.toNanos(10 * i))
                .toArray();
        List<long[]> both = List.of(stuck, goesOn);
        assertEquals(10, FaultGaps.ofAllMillis(fault, both));
        assertEquals(TimeUnit.NANOSECONDS.toMillis(end - fault.atNanos), FaultGaps.ofOneMillis(fault, both));
    }

    @Test
    void moves_that_did_not_happen_meet_no_bar() {
        long[] gaps = {1, 2, 50};
        assertTrue(FaultKind.TRANSFER.isMet(gaps, 3));
        assertFalse(FaultKind.TRANSFER.isMet(gaps, 2));
        assertFalse(FaultKind.TRANSFER.isMet(new long[] {1, 2, 100}, 3));
        assertTrue(FaultKind.ROLLING_FOLLOWER.isMet(gaps, 0));
        assertFalse(FaultKind.ROLLING_FOLLOWER.isMet(gaps, 1));
        assertTrue(FaultKind.PAUSE.isMet(new long[] {300}, 0));
        assertFalse(FaultKind.PAUSE.isMet(new long[] {300}, 1));
    }

    @Test
    void percentiles_are_of_the_sorted_values() {
        long[] sorted = LongStream.rangeClosed(1, 100).toArray();
        assertEquals(50, FaultGaps.percentile(sorted, 50));
        assertEquals(99, FaultGaps.percentile(sorted, 99));
        assertEquals(100, FaultGaps.percentile(sorted, 100));
        assertEquals(7, FaultGaps.percentile(new long[] {7}, 99));
    }
}
