package io.synod.paxos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.group.Member;
import io.synod.group.Members;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Losses that random schedules hardly ever meet, step by step; first on the protocol as it is, then on one without the rule. */
class DirectedTraceTest {
    private static final byte[] X = {1};

    @Test
    void entry_of_an_older_epoch_is_not_committed_by_counting_its_copies() {
        TraceGroup group = countOldEpochTrace(Sabotage.NOTHING);
        assertEquals(1, group.node(1).committed.size(), "1 committed more than its first barrier");
        assertTrue(agree(group, 1, 5));
    }

    @Test
    void without_that_rule_a_committed_entry_is_lost() {
        TraceGroup group = countOldEpochTrace(Sabotage.COUNT_OLD_EPOCHS);
        assertEquals(EntryKind.DATA, group.node(1).committed.get(1).kind());
        assertFalse(agree(group, 1, 5));
    }

    /** Ongaro (2014), figure 3.7. */
    private static TraceGroup countOldEpochTrace(Sabotage sabotage) {
        TraceGroup group = new TraceGroup(5, TraceGroup.members(1, 5), sabotage);
        // a: 1 leads and gives entry 2 to node 2 only.
        group.elect(1, 2, 3);
        group.settle(1, 2, 3, 4, 5);
        assertEquals(2, group.propose(1, EntryKind.DATA, X));
        group.settle(1, 2);
        // b: 5 leads by 3 and 4, and has another entry 2 (its barrier), on itself only.
        group.elect(5, 3, 4);
        group.force(5);
        // c: 1 comes back and leads by 2 and 3; its old entry 2 reaches a majority, its new barrier does not.
        group.restart(1);
        group.elect(1, 2, 3);
        group.force(1);
        group.deliver(1, 2, Message.Accept.class, accept -> accept.prevIndex() == 2);
        group.deliver(1, 3, Message.Accept.class, accept -> !accept.entries().isEmpty() && accept.prevIndex() == 1);
        group.deliver(2, 1, Message.Accepted.class, accepted -> accepted.durable() == 3);
        group.deliver(3, 1, Message.Accepted.class, accepted -> accepted.durable() == 2);
        // d: 1 is gone; 5 leads by 3 and 4, whose logs end in an older epoch than its own.
        group.restart(5);
        group.elect(5, 3, 4);
        group.settle(5, 3, 4);
        assertEquals(3, group.node(5).committed.size());
        return group;
    }

    @Test
    void configuration_is_not_changed_before_the_barrier_is_committed() {
        TraceGroup group = configBeforeBarrierTrace(Sabotage.NOTHING);
        assertTrue(group.node(2).committed.size() <= 1, "2 committed something in its epoch");
        assertTrue(agree(group, 1, 2));
    }

    @Test
    void without_that_rule_two_majorities_do_not_meet() {
        TraceGroup group = configBeforeBarrierTrace(Sabotage.CONFIG_BEFORE_BARRIER);
        assertEquals(EntryKind.CONFIG, group.node(2).committed.get(2).kind());
        assertFalse(agree(group, 1, 2));
    }

    /** Ongaro, "bug in single-server membership changes", raft-dev, 10 July 2015. */
    private static TraceGroup configBeforeBarrierTrace(Sabotage sabotage) {
        Members four = TraceGroup.members(1, 4);
        TraceGroup group = new TraceGroup(5, four, sabotage);
        group.elect(1, 2, 3);
        group.settle(1, 2, 3, 4);
        // 1 adds node 5 and reaches only itself and 5: two of five.
        assertEquals(
                2, group.propose(1, EntryKind.CONFIG, TraceGroup.members(1, 5).encode()));
        group.settle(1, 5);
        assertEquals(2, group.node(5).log.size());
        // 2 leads by 3 and 4 and at once removes 4: two of three.
        group.elect(2, 3, 4);
        List<Member> three = four.all().subList(0, 3);
        long index = group.propose(2, EntryKind.CONFIG, new Members(three, 5).encode());
        assertEquals(sabotage == Sabotage.NOTHING ? -1 : 3, index);
        group.settle(2, 3);
        // 1 leads by 4 and 5 in its configuration of five.
        group.restart(1);
        group.elect(1, 4, 5);
        group.settle(1, 4, 5);
        assertEquals(3, group.node(1).committed.size());
        return group;
    }

    @Test
    void leader_is_made_by_a_majority_of_the_newest_configuration_that_it_finds() {
        TraceGroup group = oldElectorateTrace(Sabotage.NOTHING);
        assertNotEquals(Role.LEADER, group.node(1).state.role());
        group.settle(1, 2, 4, 5);
        assertTrue(agree(group, 1, 3));
    }

    @Test
    void without_that_rule_what_the_new_majority_committed_is_lost() {
        TraceGroup group = oldElectorateTrace(Sabotage.OLD_ELECTORATE);
        assertEquals(Role.LEADER, group.node(1).state.role());
        group.settle(1, 2, 4, 5);
        assertFalse(agree(group, 1, 3));
    }

    /** Any member may win here, and 1 was away while the group grew from three to five. */
    private static TraceGroup oldElectorateTrace(Sabotage sabotage) {
        TraceGroup group = new TraceGroup(5, TraceGroup.members(1, 3), sabotage);
        group.elect(3, 1, 2);
        group.settle(1, 2, 3);
        for (int slot = 4; slot <= 5; slot++) {
            assertTrue(group.propose(
                            3, EntryKind.CONFIG, TraceGroup.members(1, slot).encode())
                    > 0);
            group.settle(2, 3, 4, 5);
        }
        // What comes now, 3, 4 and 5 have; 2 does not.
        group.drop();
        assertEquals(4, group.propose(3, EntryKind.DATA, X));
        group.settle(3, 4, 5);
        assertEquals(4, group.node(3).committed.size());
        group.drop();
        // 1 asks its own majority, itself and 2, and learns from 2 that there are five.
        for (int attempt = 0; attempt < 4 && group.node(1).state.role() != Role.LEADER; attempt++) {
            group.pass(1000 * TraceGroup.MILLI);
            group.tick(1);
            group.settle(message -> !(message instanceof Message.Accept), 1, 2);
        }
        return group;
    }

    @Test
    void acknowledgement_to_an_earlier_leadership_of_the_same_member_does_not_count() {
        TraceGroup group = lateAcknowledgementTrace(Sabotage.NOTHING);
        assertEquals(1, group.node(1).committed.size(), "1 committed more than its first barrier");
        assertTrue(agree(group, 1, 5));
    }

    @Test
    void without_that_rule_a_member_counts_for_what_it_has_voided() {
        TraceGroup group = lateAcknowledgementTrace(Sabotage.ANSWERS_OF_OTHER_EPOCHS_COUNT);
        assertEquals(3, group.node(1).committed.size());
        assertFalse(agree(group, 1, 5));
    }

    /** Aeron, issue 2147. */
    private static TraceGroup lateAcknowledgementTrace(Sabotage sabotage) {
        TraceGroup group = new TraceGroup(5, TraceGroup.members(1, 5), sabotage);
        group.elect(1, 2, 3);
        group.settle(1, 2, 3, 4, 5);
        // 2 acknowledges entries 2 and 3, of which 1 has forced the first one only, and nobody else has any.
        assertEquals(2, group.propose(1, EntryKind.DATA, X));
        group.force(1);
        assertEquals(3, group.propose(1, EntryKind.DATA, X));
        group.deliver(1, 2, Message.Accept.class, accept -> !accept.entries().isEmpty() && accept.prevIndex() == 1);
        group.deliver(1, 2, Message.Accept.class, accept -> !accept.entries().isEmpty() && accept.prevIndex() == 2);
        TraceGroup.Envelope late = group.wire.stream()
                .filter(sent -> sent.message() instanceof Message.Accepted accepted && accepted.durable() == 3)
                .findFirst()
                .orElseThrow();
        // 5 leads by 3 and 4, and its barrier voids both on 2.
        group.elect(5, 3, 4);
        group.force(5);
        group.deliver(5, 2, Message.Accept.class, accept -> !accept.entries().isEmpty() && accept.prevIndex() == 1);
        // 1 comes back and leads by 3 and 4; its new barrier is entry 3, and 3 gets it.
        group.restart(1);
        group.elect(1, 3, 4);
        group.settle(1, 3);
        // What 2 said of the log that 1 had then.
        group.wire.add(late);
        group.deliver(2, 1, Message.Accepted.class, accepted -> accepted.durable() == 3);
        // 5 leads again, by 2 and 4: 2 has had its barrier all the time.
        group.restart(5);
        group.elect(5, 2, 4);
        group.settle(5, 2, 4);
        assertEquals(3, group.node(5).committed.size());
        return group;
    }

    /** Whether two nodes have committed the same as far as both have. */
    private static boolean agree(TraceGroup group, int a, int b) {
        List<Entry> left = group.node(a).committed;
        List<Entry> right = group.node(b).committed;
        for (int i = 0; i < Math.min(left.size(), right.size()); i++) {
            if (left.get(i).epoch() != right.get(i).epoch()) {
                return false;
            }
        }
        return true;
    }
}
