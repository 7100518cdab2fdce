package io.synod.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.group.Base;
import io.synod.group.Epoch;
import io.synod.log.EntryLog.Append;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PersistQueueTest {
    private final PersistQueue queue = new PersistQueue();

    @Test
    void batch_that_was_drained_never_grows_even_an_empty_one() {
        PersistQueue.Batch empty = queue.drain();
        queue.add(null, Append.promise(1, 2));
        PersistQueue.Batch first = queue.drain();
        queue.add(null, Append.promise(1, 3));
        // Else what was added during a force would be told that it is durable.
        assertTrue(empty.isEmpty());
        assertEquals(1, first.appends().size());
        assertEquals(1, queue.drain().owners().size());
    }

    @Test
    void order_is_kept_and_work_is_told() {
        assertFalse(queue.hasWork());
        for (int i = 1; i <= 3; i++) {
            queue.add(null, Append.promise(1, i));
        }
        assertTrue(queue.hasWork());
        PersistQueue.Batch batch = queue.drain();
        assertFalse(queue.hasWork());
        for (int i = 1; i <= 3; i++) {
            assertEquals(i, batch.appends().get(i - 1).promise());
        }
    }

    @Test
    void bases_that_may_go_ahead_are_the_last_of_each_group_whose_log_does_not_begin_anew() {
        Base early = new Base(3, Epoch.of(1, 1), null);
        Base late = new Base(5, Epoch.of(1, 1), null);
        queue.add(null, Append.base(1, early, false));
        queue.add(null, Append.promise(1, 9));
        queue.add(null, Append.base(2, late, true));
        PersistQueue.Batch held = queue.drain();
        queue.add(null, Append.base(1, late, false));
        queue.add(null, Append.base(2, new Base(6, Epoch.of(1, 1), null), false));
        held.add(queue.drain());
        assertEquals(5, held.owners().size());
        assertEquals(Map.of(1L, Append.base(1, late, false)), held.bases());
    }
}
