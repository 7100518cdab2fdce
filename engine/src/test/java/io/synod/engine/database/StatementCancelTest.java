package io.synod.engine.database;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class StatementCancelTest {
    @Test
    void a_look_that_failed_does_not_keep_later_cancels_from_being_looked_at() {
        // It has no statement that runs, so nobody asks for its session.
        StatementCancel cancel = new StatementCancel(null);
        AtomicInteger asked = new AtomicInteger();
        assertThrows(
                IllegalStateException.class,
                () -> cancel.wake(() -> {
                    if (asked.incrementAndGet() > 1) {
                        throw new IllegalStateException("not to be told");
                    }
                    return true;
                }));
        AtomicInteger later = new AtomicInteger();
        cancel.wake(() -> later.incrementAndGet() < 3);
        assertTrue(later.get() >= 2, "not looked at");
    }
}
