package io.synod.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class FreshnessTest {
    private static final long MILLI = 1_000_000L;

    private long nanos = 17;
    private long wallMillis = 1_000_000;
    private final SuspendCheck check = new SuspendCheck(() -> nanos, () -> wallMillis, 90 * MILLI);
    private final Freshness freshness = new Freshness();

    private long ageMillis(long applied) {
        long age = freshness.ageNanos(nanos, applied, check.trustedFrom());
        return age == Long.MAX_VALUE ? age : age / MILLI;
    }

    private void pass(long millis) {
        nanos += millis * MILLI;
        wallMillis += millis;
    }

    @Test
    void state_is_as_old_as_the_last_question_whose_answer_it_holds() {
        assertEquals(Long.MAX_VALUE, ageMillis(7));
        freshness.confirmed(nanos, 7);
        pass(5);
        assertEquals(Long.MAX_VALUE, ageMillis(6));
        assertEquals(5, ageMillis(7));
        freshness.confirmed(nanos, 9);
        pass(3);
        assertEquals(8, ageMillis(8));
        assertEquals(3, ageMillis(9));
    }

    /** The monotonic clock would say that it is as old as it was an hour ago. */
    @Test
    void nobody_knows_how_old_a_state_is_after_the_machine_was_suspended() {
        pass(1_000);
        freshness.confirmed(nanos, 7);
        pass(5);
        assertEquals(5, ageMillis(7));
        wallMillis += 3_600_000;
        assertEquals(Long.MAX_VALUE, ageMillis(7));
        pass(2_000);
        assertEquals(Long.MAX_VALUE, ageMillis(7), "also when leases are trusted again");
        freshness.confirmed(nanos, 7);
        pass(1);
        assertEquals(1, ageMillis(7));
    }
}
