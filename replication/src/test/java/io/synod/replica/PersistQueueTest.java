package io.synod.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.log.EntryLog.Append;
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
}
