package io.synod.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.group.Base;
import io.synod.group.Epoch;
import org.junit.jupiter.api.Test;

class GroupIndexTest {
    /** Entry 4 was in a segment that is gone and was written again behind the base; entry 5 stands before both. */
    @Test
    void base_that_was_read_before_the_moved_entries_keeps_its_epoch() {
        long epoch = Epoch.of(3, 1);
        GroupIndex index = new GroupIndex();
        index.beginsAt(5);
        index.add(epoch, 5, 1, Location.of(2, 100));
        index.base(new Base(3, epoch, null), false);
        index.beginsAt(4);
        index.add(epoch, 4, 2, Location.of(3, 100));
        assertEquals(new Base(3, epoch, null), index.base());
        assertTrue(index.proven());
        assertEquals(epoch, index.epochAt(3));
    }
}
