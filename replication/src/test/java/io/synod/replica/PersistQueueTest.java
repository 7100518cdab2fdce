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
    private static final long FORCE = 3_000_000;
    private static final Siblings FIRST = new Siblings("t", 0, new long[] {1, 2, 9});
    private static final Siblings SECOND = new Siblings("t", 1, null);

    private final long[] now = {Long.MAX_VALUE - FORCE / 2};
    /** Group 9 has no member on this node. */
    private final PersistQueue queue = new PersistQueue(() -> now[0], group -> group != 9);

    private void add(long group, Siblings siblings) {
        queue.add(null, Append.promise(group, 1), siblings);
    }

    @Test
    void entry_waits_for_its_siblings_on_this_node_as_long_as_a_force_takes() {
        int[] watched = {0};
        queue.watchedBy(() -> watched[0]++);
        queue.forceTakes(FORCE);
        for (Siblings phase : new Siblings[] {FIRST, SECOND}) {
            watched[0] = 0;
            add(1, phase);
            assertFalse(queue.hasWork());
            assertTrue(queue.drain().isEmpty());
            assertEquals(FORCE, queue.waitNanos());
            assertEquals(1, watched[0]);
            now[0] += FORCE - 1;
            add(1, phase);
            assertFalse(queue.hasWork(), "the same twice is no sibling");
            assertEquals(1, queue.waitNanos());
            add(2, phase);
            assertTrue(queue.hasWork());
            assertEquals(0, queue.waitNanos());
            assertEquals(3, queue.drain().appends().size());
            assertEquals(1, watched[0]);
        }
    }

    @Test
    void nothing_waits_where_a_force_takes_less_than_a_hop() {
        queue.forceTakes(500_000);
        add(1, FIRST);
        assertTrue(queue.hasWork());
        assertFalse(queue.isWaiting());
        assertEquals(1, queue.drain().appends().size());
    }

    @Test
    void wait_ends_with_its_time_and_who_comes_too_late_does_not_wait() {
        queue.forceTakes(FORCE);
        add(1, FIRST);
        assertTrue(queue.isWaiting());
        now[0] += FORCE;
        assertTrue(queue.hasWork());
        assertEquals(0, queue.waitNanos());
        assertTrue(queue.isWaiting(), "who would sleep for good has to see that it is still there");
        assertEquals(1, queue.drain().appends().size());
        assertFalse(queue.isWaiting());
        add(2, FIRST);
        assertTrue(queue.hasWork());
    }

    @Test
    void whatever_does_not_wait_ends_the_wait_of_all_that_is_there() {
        queue.forceTakes(FORCE);
        add(1, FIRST);
        queue.add(null, Append.promise(3, 1));
        assertTrue(queue.hasWork());
        add(1, new Siblings("another", 0, new long[] {1, 2}));
        assertTrue(queue.hasWork());
        assertEquals(3, queue.drain().appends().size());
        assertFalse(queue.hasWork());
        add(1, new Siblings("a third", 0, new long[] {1, 2}));
        assertFalse(queue.hasWork());
    }

    @Test
    void nothing_waits_for_what_is_not_known_or_not_hosted_here() {
        queue.forceTakes(FORCE);
        add(1, new Siblings("of which this node has never heard", 1, null));
        assertTrue(queue.hasWork());
        queue.drain();
        add(1, new Siblings("with one group here", 0, new long[] {1, 9}));
        assertTrue(queue.hasWork());
        queue.drain();
        add(1, FIRST);
        for (int i = 0; i < 2_000; i++) {
            add(1, new Siblings("family " + i, 0, new long[] {1, 2}));
        }
        now[0] += FORCE;
        queue.drain();
        add(1, SECOND);
        assertTrue(queue.hasWork(), "what is long ago is forgotten");
    }

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
