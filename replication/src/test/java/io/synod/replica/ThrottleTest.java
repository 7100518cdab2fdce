package io.synod.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ThrottleTest {
    private static final long SECOND = 1_000_000_000L;
    private static final int CHUNK = 32 << 10;

    @Test
    void who_waits_as_long_as_told_sends_at_the_rate_whoever_it_is() {
        Throttle throttle = new Throttle(1 << 20);
        long now = -5 * SECOND;
        long start = now;
        for (int sent = 0; sent < 10 << 20; sent += CHUNK) {
            now += throttle.delay(CHUNK, now);
        }
        // A tenth of a second's worth goes at once.
        assertEquals(10 * SECOND - SECOND / 10, now - start, 1_000);
    }

    @Test
    void a_pause_is_not_made_up_for_beyond_a_tenth_of_a_second() {
        Throttle throttle = new Throttle(1 << 20);
        throttle.delay(CHUNK, 0);
        long now = 1_000 * SECOND;
        int atOnce = 0;
        while (throttle.delay(CHUNK, now) == 0) {
            atOnce += CHUNK;
        }
        assertTrue(atOnce <= (1 << 20) / 10, atOnce + " bytes");
    }

    @Test
    void zero_is_no_bound() {
        Throttle throttle = new Throttle(0);
        for (int i = 0; i < 100; i++) {
            assertEquals(0, throttle.delay(CHUNK, 0));
        }
    }
}
