package io.synod.simulation;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.group.Entry;
import io.synod.group.EntryKind;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The other checkers stop a run before this one is asked, so it is shown here that it finds anything. */
class RegisterHistoryTest {
    private final Cluster cluster = new Cluster(3, new SplittableRandom(1), Mutant.NONE);
    private final RegisterHistory history = new RegisterHistory(cluster);
    private final SimulatedNode node = cluster.node(1);

    private Entry acknowledged(long index, long value) {
        Entry entry = new Entry(
                1, index, EntryKind.DATA, ByteBuffer.allocate(8).putLong(value).array());
        history.proposed(node, entry);
        cluster.runFor(1);
        history.acknowledged(node, entry);
        cluster.runFor(1);
        node.machine().add(entry);
        return entry;
    }

    private Checker.Start now() {
        return new Checker.Start(0, cluster.now());
    }

    @Test
    void read_of_what_was_acknowledged_before_it_passes() {
        acknowledged(1, 7);
        node.machine().add(Entry.barrier(2, 2));
        history.read(node, now(), 2);
        history.settled(cluster);
    }

    @Test
    void read_that_began_in_time_may_show_what_was_there_before() {
        Checker.Start early = now();
        acknowledged(1, 7);
        history.read(node, early, 0);
        history.settled(cluster);
    }

    @Test
    void stale_read_is_found() {
        acknowledged(1, 7);
        history.read(node, now(), 0);
        AssertionError found = assertThrows(AssertionError.class, () -> history.settled(cluster));
        assertTrue(found.getMessage().contains("no place for client 1: read 0"), found.getMessage());
    }
}
