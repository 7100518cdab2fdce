package io.synod.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class StallsTest {
    private final Stalls stalls = new Stalls();
    private final long start = Long.MAX_VALUE - TimeUnit.SECONDS.toNanos(90);

    private String noted(long second, long millis) {
        return stalls.noted(start + TimeUnit.SECONDS.toNanos(second), TimeUnit.MILLISECONDS.toNanos(millis));
    }

    @Test
    void stalls_are_reported_once_a_minute_with_the_worst_one() {
        assertEquals("this process stood still for 200 ms", noted(0, 200));
        assertNull(noted(1, 170));
        assertNull(noted(20, 900));
        assertNull(noted(59, 160));
        // The clock has wrapped around by then.
        assertEquals(
                "this process stood still for 900 ms, the worst of 4 times since the last such line", noted(100, 180));
        assertNull(noted(101, 180));
        assertEquals(
                "this process stood still for 300 ms, the worst of 2 times since the last such line", noted(160, 300));
    }
}
