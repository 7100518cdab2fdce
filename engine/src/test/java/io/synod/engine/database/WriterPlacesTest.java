package io.synod.engine.database;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.failover.Await;
import io.synod.replica.Patience;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The places of writing transactions when there are too few. */
@Timeout(240)
class WriterPlacesTest {
    private static final long MILLIS = 120_000;

    @Test
    void who_leaves_and_comes_back_at_once_waits_behind_those_that_were_there_first() throws Exception {
        WriterRegistry registry = new WriterRegistry();
        for (int i = 0; i < WriterRegistry.MAX_OPEN; i++) {
            assertTrue(registry.acquire(MILLIS));
        }
        assertFalse(registry.acquire(1), "no place is left");
        for (int round = 0; round < 100; round++) {
            AtomicBoolean admitted = new AtomicBoolean();
            Thread waiting = new Thread(() -> {
                if (registry.acquire(MILLIS)) {
                    admitted.set(true);
                    registry.release();
                }
            });
            waiting.start();
            Await.until("it waits", () -> waiting.getState() == Thread.State.TIMED_WAITING);
            // The one that works without a pause.
            registry.release();
            assertTrue(registry.acquire(MILLIS));
            assertTrue(admitted.get(), "passed by in round " + round);
            waiting.join();
        }
    }

    @Test
    void who_was_cancelled_waits_no_longer_and_takes_no_place() {
        WriterRegistry registry = new WriterRegistry();
        for (int i = 0; i < WriterRegistry.MAX_OPEN; i++) {
            assertTrue(registry.acquire(MILLIS));
        }
        try (Patience timeout = Patience.begin(50_000_000L)) {
            // Longer than the test may take.
            assertFalse(registry.acquire(TimeUnit.HOURS.toMillis(1)));
            assertTrue(timeout.ended());
        }
        registry.release();
        assertTrue(registry.acquire(MILLIS));
        assertFalse(registry.acquire(1), "no place is left");
    }
}
