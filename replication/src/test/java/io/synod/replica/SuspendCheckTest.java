package io.synod.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class SuspendCheckTest {
    private static final long MILLI = 1_000_000L;

    private long nanos = 17;
    private long wallMillis = 1_000_000;
    private final SuspendCheck check = new SuspendCheck(() -> nanos, () -> wallMillis, 90 * MILLI);

    private void pass(long millis) {
        nanos += millis * MILLI;
        wallMillis += millis;
    }

    @Test
    void clocks_that_agree_are_trusted() {
        for (int i = 0; i < 1_000; i++) {
            pass(5);
            check.tick();
            assertFalse(check.distrusts());
        }
    }

    @Test
    void suspended_machine_distrusts_its_leases_for_the_duration_of_one() {
        pass(5);
        check.tick();
        wallMillis += 3_000;
        assertTrue(check.distrusts(), "the wall clock went on alone");
        assertEquals(nanos + 90 * MILLI, check.distrustUntil());
        pass(89);
        check.tick();
        assertTrue(check.distrusts());
        pass(2);
        assertFalse(check.distrusts());
    }

    @Test
    void slow_drift_is_followed() {
        for (int i = 0; i < 10_000; i++) {
            nanos += 5 * MILLI;
            wallMillis += i % 100 == 0 ? 6 : 5;
            check.tick();
            assertFalse(check.distrusts());
        }
    }
}
