package io.synod.paxos;

import static io.synod.paxos.TraceGroup.MILLI;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.group.EntryKind;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** Leadership goes to the member of the highest priority that is well, and no more often than it has to. */
class PriorityTest {
    private static final byte[] X = {1};
    private static final long STEP = 20 * MILLI;

    private TraceGroup group;
    private Predicate<TraceGroup.Envelope> lost = envelope -> false;
    private long writeEvery = Long.MAX_VALUE;
    private long written;
    private int moves;
    private int leader;

    private void ranked(int... priorities) {
        group = TraceGroup.ranked(priorities);
        group.elect(1, 2);
        group.settle(1, 2, 3);
        leader = 1;
    }

    /** Heartbeats come and go; at most so long. */
    private void run(long seconds) {
        runUntil(0, seconds);
    }

    /** @return after how many milliseconds it led */
    private long runUntil(int wanted, long seconds) {
        long start = group.now;
        while (group.now - start < seconds * 1000 * MILLI) {
            group.pass(STEP);
            for (int slot = 1; slot <= 3; slot++) {
                group.tick(slot);
                TraceGroup.Node node = group.node(slot);
                if (node.state.serving() && group.now - written >= writeEvery) {
                    written = group.now;
                    group.propose(slot, EntryKind.DATA, X);
                }
            }
            group.wire.removeIf(lost);
            group.settle(1, 2, 3);
            group.wire.removeIf(lost);
            for (int slot = 1; slot <= 3; slot++) {
                if (group.node(slot).state.serving() && slot != leader) {
                    leader = slot;
                    moves++;
                }
            }
            if (leader == wanted) {
                return (group.now - start) / MILLI;
            }
        }
        return -1;
    }

    private List<String> notices(int slot) {
        return group.node(slot).notices;
    }

    @Test
    void goes_to_the_highest_after_half_a_minute_and_stays_there() {
        ranked(1, 5, 3);
        long millis = runUntil(2, 60);
        assertTrue(millis >= 29_000 && millis < 35_000, "after " + millis + " ms");
        assertTrue(
                notices(1).stream().anyMatch(n -> n.contains("to slot 2: its priority is 5, that of this node 1")),
                notices(1).toString());
        assertTrue(
                notices(2).contains("takes over from slot 1, which hands over"),
                notices(2).toString());
        run(300);
        assertEquals(2, leader);
        assertEquals(1, moves);
    }

    @Test
    void equals_do_not_move_it() {
        ranked(3, 3, 3);
        run(120);
        assertEquals(0, moves);
        assertEquals(1, leader);
    }

    @Test
    void one_of_priority_0_gives_it_away_and_gets_it_only_when_it_is_asked_to_take_it() {
        ranked(0, 1, 1);
        long millis = runUntil(2, 60);
        assertTrue(millis >= 0 || leader == 3, "leads: " + leader);
        group.node(leader).state.transfer(1, group.now, group.node(leader));
        assertTrue(runUntil(1, 5) >= 0, "moved by a person");
        run(25);
        assertEquals(1, leader, "not taken back at once");
        run(20);
        assertTrue(leader != 1, "but then");
    }

    @Test
    void not_to_one_whose_disk_keeps_nothing_until_that_has_been_well_for_a_while() {
        ranked(1, 5, 1);
        writeEvery = 500 * MILLI;
        group.node(2).diskHangs = true;
        run(90);
        assertEquals(0, moves, "to a disk that is full");
        group.node(2).diskHangs = false;
        long millis = runUntil(2, 60);
        assertTrue(millis >= 9_000 && millis < 20_000, "after " + millis + " ms");
    }

    @Test
    void one_that_is_well_only_now_and_then_is_left_alone() {
        ranked(1, 5, 1);
        for (int i = 0; i < 20; i++) {
            run(8);
            lost = envelope -> envelope.from() == 2 || envelope.to() == 2;
            group.pass(STEP);
            run(1);
            lost = envelope -> false;
        }
        assertEquals(0, moves);
    }

    @Test
    void handover_that_comes_to_nothing_is_tried_again_only_half_a_minute_later() {
        ranked(1, 5, 1);
        lost = envelope -> envelope.message() instanceof Message.TransferNow;
        int[] told = {0};
        run(95);
        for (String notice : notices(1)) {
            told[0] += notice.contains("its priority") ? 1 : 0;
        }
        assertEquals(0, moves);
        assertEquals(3, told[0], notices(1).toString());
        lost = envelope -> false;
        assertTrue(runUntil(2, 40) >= 0);
    }
}
