package io.synod.jdbc;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class CommitAgeTest {
    private long nanos = 5;
    private long wall = 1_000_000_000_000L;
    private final CommitAge age = new CommitAge(() -> nanos, () -> wall);

    @Test
    void a_young_commit_is_remembered_even_when_the_wall_clock_is_set_back() {
        nanos += TimeUnit.MINUTES.toNanos(59);
        wall -= TimeUnit.DAYS.toMillis(1);
        assertTrue(age.isRemembered());
    }

    @Test
    void nobody_is_believed_after_a_night_of_sleep_that_only_the_wall_clock_has_seen() {
        wall += TimeUnit.HOURS.toMillis(8);
        assertFalse(age.isRemembered());
    }

    @Test
    void nobody_is_believed_after_an_hour_of_waiting() {
        nanos += TimeUnit.HOURS.toNanos(1);
        assertFalse(age.isRemembered());
    }
}
