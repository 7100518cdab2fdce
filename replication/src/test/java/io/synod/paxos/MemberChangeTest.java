package io.synod.paxos;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.group.EntryKind;
import io.synod.group.Invariant;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.paxos.MemberChange.Refusal;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Members that come and go, step by step. */
class MemberChangeTest {
    private static final byte[] X = {1};

    private static MemberChange add(int slot) {
        return MemberChange.add("s" + slot, new UUID(0, slot), "s" + slot + ":1");
    }

    private static TraceGroup led(int nodes, int members) {
        TraceGroup group = new TraceGroup(nodes, TraceGroup.members(1, members), Sabotage.NOTHING);
        Integer[] slots = new Integer[members];
        for (int i = 0; i < members; i++) {
            slots[i] = i + 1;
        }
        group.elect(slots);
        group.settle(slots);
        assertTrue(group.node(1).state.serving());
        beat(group, slots);
        return group;
    }

    /** After which all of these have told the leader what they have applied. */
    private static void beat(TraceGroup group, Integer... slots) {
        for (int i = 0; i < 2; i++) {
            group.pass(20 * TraceGroup.MILLI);
            group.tick(1);
            group.settle(slots);
        }
    }

    @Test
    void learner_gets_everything_and_counts_for_nothing_until_it_is_promoted() {
        TraceGroup group = led(4, 3);
        assertNull(group.change(1, add(4)).refusal());
        assertEquals(
                Refusal.TOO_EARLY, group.change(1, MemberChange.remove("s3")).refusal());
        group.settle(1, 4);
        assertEquals(4, group.node(1).state.members().all().size());
        assertEquals(1, group.node(1).state.commitIndex(), "committed by 1 and the learner");
        group.settle(1, 2, 4);
        assertEquals(2, group.node(1).state.commitIndex());
        assertEquals(Refusal.NAME_TAKEN, group.change(1, add(4)).refusal());
        assertEquals(
                Refusal.NOT_A_LEARNER,
                group.change(1, MemberChange.promote("s2")).refusal());
        assertEquals(
                Refusal.NO_SUCH_MEMBER,
                group.change(1, MemberChange.remove("s9")).refusal());
        beat(group, 1, 2, 3, 4);
        assertNull(group.change(1, MemberChange.promote("s4")).refusal());
        group.settle(1, 2);
        assertEquals(2, group.node(1).state.commitIndex(), "two of four");
        group.settle(1, 2, 4);
        assertEquals(3, group.node(1).state.commitIndex());
        assertEquals(Member.Role.VOTER, group.node(4).state.members().bySlot(4).role());
    }

    @Test
    void learner_that_is_away_or_behind_is_not_promoted() {
        TraceGroup group = led(4, 3);
        group.change(1, add(4));
        group.settle(1, 2, 3);
        assertEquals(
                Refusal.LEARNER_IS_BEHIND,
                group.change(1, MemberChange.promote("s4")).refusal());
        beat(group, 1, 2, 3, 4);
        for (int i = 0; i <= Reconfiguration.CAUGHT_UP_ENTRIES; i++) {
            group.propose(1, EntryKind.DATA, X);
            group.settle(1, 2);
            group.drop();
        }
        assertEquals(
                Refusal.LEARNER_IS_BEHIND,
                group.change(1, MemberChange.promote("s4")).refusal());
    }

    /** In one step: nobody gets the name in between, and no crash leaves the group without it. */
    @Test
    void directory_takes_the_place_of_one_of_its_name_that_is_silent_as_a_learner_with_its_own_slot() {
        TraceGroup group = led(4, 3);
        UUID directory = new UUID(7, 7);
        MemberChange replace = MemberChange.replace("s3", directory, "s3:2", 4);
        assertEquals(
                Refusal.NO_SUCH_MEMBER,
                group.change(1, MemberChange.replace("s9", directory, "s9:1", 4))
                        .refusal());
        assertEquals(
                Refusal.SLOT_GIVEN,
                group.change(1, MemberChange.replace("s3", directory, "s3:2", 3))
                        .refusal());
        assertEquals(
                Refusal.STILL_THERE,
                group.change(1, MemberChange.replace("s1", directory, "s1:2", 4))
                        .refusal(),
                "the leader itself");
        long silent = 0;
        while (silent < 4_900 * TraceGroup.MILLI) {
            beat(group, 1, 2);
            group.drop();
            silent += 40 * TraceGroup.MILLI;
            assertEquals(Refusal.STILL_THERE, group.change(1, replace).refusal(), silent + " ns");
        }
        for (int i = 0; i < 5; i++) {
            beat(group, 1, 2);
            group.drop();
        }
        assertNull(group.change(1, replace).refusal());
        group.settle(1, 2, 4);
        Members now = group.node(4).state.members();
        assertNull(now.bySlot(3));
        assertEquals(new Member(4, "s3", directory, Member.Role.LEARNER, "s3:2"), now.bySlot(4));
        assertArrayEquals(new int[] {1, 2}, now.voters());
        assertEquals(Refusal.NAME_TAKEN, group.change(1, replace).refusal());
        beat(group, 1, 2, 4);
        assertNull(group.change(1, MemberChange.promote("s3")).refusal());
        group.settle(1, 2, 4);
        assertEquals(
                new Member(4, "s3", directory, Member.Role.VOTER, "s3:2"),
                group.node(2).state.members().bySlot(4));
    }

    @Test
    void place_of_a_silent_voter_is_not_given_away_where_the_rest_is_no_majority() {
        TraceGroup group = led(4, 4);
        for (int i = 0; i < 150; i++) {
            beat(group, 1, 2, 3);
            group.drop();
        }
        MemberChange replace = MemberChange.replace("s4", new UUID(7, 7), "s4:2", 5);
        for (int i = 0; i < 8; i++) {
            group.pass(20 * TraceGroup.MILLI);
        }
        assertEquals(Refusal.MAJORITY_OUT_OF_REACH, group.change(1, replace).refusal());
        beat(group, 1, 2);
        beat(group, 1, 2, 3);
        assertNull(group.change(1, replace).refusal());
    }

    @Test
    void voter_is_not_removed_where_the_rest_would_be_no_majority() {
        TraceGroup group = led(3, 3);
        for (int i = 0; i < 8; i++) {
            beat(group, 1, 2);
        }
        assertEquals(
                Refusal.MAJORITY_OUT_OF_REACH,
                group.change(1, MemberChange.remove("s2")).refusal());
        assertNull(group.change(1, MemberChange.remove("s3")).refusal());
        group.settle(1, 2);
        assertArrayEquals(new int[] {1, 2}, group.node(2).state.members().voters());
    }

    @Test
    void last_voter_and_a_witness_too_many_stay() {
        TraceGroup group = led(1, 1);
        assertEquals(
                Refusal.TOO_FEW_VOTERS,
                group.change(1, MemberChange.remove("s1")).refusal());
        List<Member> all = TraceGroup.members(1, 3).all();
        Member witness = new Member(3, "s3", new UUID(0, 3), Member.Role.WITNESS, "s3:1");
        TraceGroup three = new TraceGroup(3, new Members(List.of(all.get(0), all.get(1), witness)), Sabotage.NOTHING);
        three.elect(1, 2, 3);
        three.settle(1, 2, 3);
        beat(three, 1, 2, 3);
        assertEquals(
                Refusal.TOO_FEW_VOTERS,
                three.change(1, MemberChange.remove("s2")).refusal());
        assertEquals(
                Refusal.NOT_A_VOTER, three.change(1, MemberChange.demote("s3")).refusal());
        assertNull(three.change(1, MemberChange.remove("s3")).refusal());
    }

    /** The one voter and the witness commit and elect as they did while the lost one was a member. */
    @Test
    void one_of_two_voters_beside_a_witness_comes_back_with_another_directory() {
        List<Member> all = TraceGroup.members(1, 2).all();
        Member witness = new Member(3, "s3", new UUID(0, 3), Member.Role.WITNESS, "s3:1");
        TraceGroup group = new TraceGroup(5, new Members(List.of(all.get(0), all.get(1), witness)), Sabotage.NOTHING);
        group.node(3).state.keepLogOnly();
        group.elect(1, 2, 3);
        group.settle(1, 2, 3);
        for (int i = 0; i < 130; i++) {
            beat(group, 1, 3);
            group.drop();
        }
        assertEquals(
                Refusal.TOO_FEW_VOTERS,
                group.change(1, MemberChange.remove("s2")).refusal());
        assertNull(group.change(1, MemberChange.replace("s2", new UUID(7, 7), "s2:1", 4))
                .refusal());
        group.settle(1, 3);
        assertArrayEquals(
                new int[] {1, 3}, group.node(1).state.committedMembers().voters());
        assertEquals(
                Refusal.TOO_FEW_VOTERS,
                group.change(1, MemberChange.demote("s1")).refusal());
        assertEquals(
                Refusal.TOO_FEW_VOTERS,
                group.change(1, MemberChange.addWitness("s5", new UUID(0, 5), "s5:1", 0))
                        .refusal());
        // What changes no voter is as possible as before.
        assertNull(group.change(1, MemberChange.move("s2", "s2:9")).refusal());
        group.settle(1, 3, 4);
        beat(group, 1, 3, 4);
        assertNull(group.change(1, MemberChange.promote("s2")).refusal());
        group.settle(1, 3, 4);
        assertArrayEquals(
                new int[] {1, 3, 4}, group.node(1).state.committedMembers().voters());
    }

    /** Bug 42, by another way: it would be a majority with the witness, which has forgotten what the learner lacks. */
    @Test
    void learner_beside_a_witness_is_promoted_only_with_all_that_is_committed() {
        List<Member> all = TraceGroup.members(1, 2).all();
        Member witness = new Member(3, "s3", new UUID(0, 3), Member.Role.WITNESS, "s3:1");
        TraceGroup group = new TraceGroup(4, new Members(List.of(all.get(0), all.get(1), witness)), Sabotage.NOTHING);
        group.node(3).state.keepLogOnly();
        group.elect(1, 2, 3);
        group.settle(1, 2, 3);
        for (int i = 0; i < 5; i++) {
            group.propose(1, EntryKind.DATA, X);
        }
        beat(group, 1, 2, 3);
        assertEquals(6, group.node(3).state.allHave());
        group.node(3).state.forget(6, group.now, group.node(3));
        for (int i = 0; i < 130; i++) {
            beat(group, 1, 3);
            group.drop();
        }
        assertNull(group.change(1, MemberChange.replace("s2", new UUID(7, 7), "s2:1", 4))
                .refusal());
        group.settle(1, 3);
        assertEquals(7, group.node(1).state.commitIndex());
        // Which tells that it has nothing; of the rest it gets the beginning.
        group.deliver(1, 4, Message.Accept.class, accept -> !accept.entries().isEmpty());
        for (int i = 0; i < 4; i++) {
            group.pass(20 * TraceGroup.MILLI);
            group.tick(1);
            group.settle(
                    message -> !(message instanceof Message.Accept accept)
                            || accept.entries().isEmpty()
                            || accept.entries().get(0).index() <= 3,
                    1,
                    3,
                    4);
            group.drop();
        }
        assertEquals(3, group.node(1).state.peer(4, group.now).applied());
        assertEquals(
                Refusal.LEARNER_IS_BEHIND,
                group.change(1, MemberChange.promote("s2")).refusal());
        for (int i = 0; i < 50; i++) {
            beat(group, 1, 3, 4);
        }
        assertNull(group.change(1, MemberChange.promote("s2")).refusal());
        group.settle(1, 3, 4);
        group.elect(4, 3);
        group.settle(3, 4);
        assertTrue(group.node(4).state.serving(), "the leader is gone");
    }

    private static MemberChange addWitness(int slot) {
        return MemberChange.addWitness("s" + slot, new UUID(0, slot), "s" + slot + ":1", 0);
    }

    @Test
    void witness_votes_from_the_start_where_two_voters_with_everything_are_there_and_stays_one() {
        TraceGroup one = led(2, 1);
        assertEquals(Refusal.TOO_FEW_VOTERS, one.change(1, addWitness(2)).refusal());
        TraceGroup group = led(3, 2);
        group.pass(1000 * TraceGroup.MILLI);
        assertEquals(
                Refusal.MAJORITY_OUT_OF_REACH, group.change(1, addWitness(3)).refusal());
        beat(group, 1, 2);
        assertNull(group.change(1, addWitness(3)).refusal());
        group.settle(1, 2);
        assertEquals(2, group.node(1).state.commitIndex(), "two of three");
        group.settle(1, 2, 3);
        assertEquals(
                Member.Role.WITNESS, group.node(3).state.members().bySlot(3).role());
        beat(group, 1, 2, 3);
        assertEquals(Refusal.NAME_TAKEN, group.change(1, addWitness(3)).refusal());
        assertEquals(
                Refusal.NOT_A_LEARNER,
                group.change(1, MemberChange.promote("s3")).refusal());
        assertEquals(
                Refusal.NOT_A_VOTER,
                group.change(1, MemberChange.replace("s3", new UUID(7, 7), "s3:1", 4))
                        .refusal());
        assertEquals(
                Refusal.TOO_FEW_VOTERS,
                group.change(1, MemberChange.demote("s2")).refusal());
    }

    /** Bug 42: what only the witness has beside the lost leader is not lost. */
    @Test
    void member_that_is_behind_leads_with_what_only_the_witness_has() {
        List<Member> all = TraceGroup.members(1, 2).all();
        Member witness = new Member(3, "s3", new UUID(0, 3), Member.Role.WITNESS, "s3:1");
        TraceGroup group = new TraceGroup(3, new Members(List.of(all.get(0), all.get(1), witness)), Sabotage.NOTHING);
        group.node(3).state.keepLogOnly();
        group.elect(1, 2, 3);
        group.settle(1, 2, 3);
        for (int i = 0; i < 5; i++) {
            group.propose(1, EntryKind.DATA, X);
        }
        group.settle(1, 3);
        group.drop();
        beat(group, 1, 3);
        assertEquals(6, group.node(3).state.commitIndex());
        assertEquals(1, group.node(2).state.lastIndex());
        assertEquals(1, group.node(3).state.othersNeedAbove(4), "whatever room it takes");
        assertEquals(4, group.node(1).state.othersNeedAbove(4), "others can get a snapshot");
        // Never by itself, however long nobody leads.
        for (int i = 0; i < 100; i++) {
            group.pass(100 * TraceGroup.MILLI);
            group.tick(3);
            assertEquals(Role.FOLLOWER, group.node(3).state.role());
        }
        group.drop();
        group.elect(2, 3);
        group.settle(2, 3);
        assertTrue(group.node(2).state.serving());
        assertEquals(7, group.node(2).state.commitIndex());
    }

    /** Should it have forgotten all the same, nobody leads without it, and who cannot says why. */
    @Test
    void member_that_is_behind_does_not_lead_where_the_witness_has_forgotten_what_it_lacks() {
        List<Member> all = TraceGroup.members(1, 2).all();
        Member witness = new Member(3, "s3", new UUID(0, 3), Member.Role.WITNESS, "s3:1");
        TraceGroup group = new TraceGroup(3, new Members(List.of(all.get(0), all.get(1), witness)), Sabotage.NOTHING);
        group.node(3).state.keepLogOnly();
        group.elect(1, 2, 3);
        group.settle(1, 2, 3);
        for (int i = 0; i < 5; i++) {
            group.propose(1, EntryKind.DATA, X);
        }
        group.settle(1, 3);
        group.drop();
        beat(group, 1, 3);
        group.node(3).state.forget(4, group.now, group.node(3));
        group.drop();
        for (int i = 0; i < 20; i++) {
            group.pass(1000 * TraceGroup.MILLI);
            group.tick(2);
            group.settle(2, 3);
            assertFalse(group.node(2).state.role() == Role.LEADER);
        }
        List<String> said = group.node(2).notices.stream()
                .filter(notice -> notice.startsWith("cannot lead: it lacks the entries 2 to 4"))
                .toList();
        assertEquals(1, said.size(), group.node(2).notices.toString());
        // It hears that others have promised more since it led.
        group.tick(1);
        group.settle(1, 3);
        group.elect(1, 2, 3);
        group.settle(1, 3);
        assertEquals(7, group.node(1).state.commitIndex(), "with the one that has it");
    }

    /** Found by seed 1997, with a witness: it forgot what its leader would have lacked after a crash, had the third one been gone. */
    @Test
    void leader_whose_own_force_is_late_does_not_say_that_all_have_the_entry() {
        TraceGroup group = led(3, 3);
        group.propose(1, EntryKind.DATA, X);
        for (int slot : List.of(2, 3)) {
            group.deliver(
                    1, slot, Message.Accept.class, accept -> !accept.entries().isEmpty());
        }
        TraceGroup.Node leader = group.node(1);
        for (TraceGroup.Envelope envelope : List.copyOf(group.wire)) {
            if (envelope.to() == 1) {
                leader.state.onMessage(envelope.from(), envelope.message(), group.now, leader);
            }
        }
        assertEquals(2, leader.state.commitIndex(), "by the other two");
        assertEquals(1, leader.state.allHave());
        group.force(1);
        assertEquals(2, leader.state.allHave());
    }

    /**
     * Found by seed 2026126741: the others may yet elect a leader that never had the removal, and if this one is gone then, a witness
     * may be all that there is beside who lacks the entries.
     */
    @Test
    void what_a_member_lacks_that_is_being_removed_is_not_what_all_have_until_that_is_committed() {
        TraceGroup group = led(4, 4);
        group.propose(1, EntryKind.DATA, X);
        group.settle(1, 3, 4);
        beat(group, 1, 3, 4);
        group.drop();
        assertEquals(1, group.node(1).state.allHave(), "s2 has the barrier");
        assertNull(group.change(1, MemberChange.remove("s2")).refusal());
        group.force(1);
        assertEquals(1, group.node(1).state.allHave());
        group.settle(1, 3, 4);
        beat(group, 1, 3, 4);
        assertEquals(3, group.node(1).state.commitIndex());
        assertEquals(3, group.node(1).state.allHave());
    }

    @Test
    void who_leads_next_does_not_know_what_a_member_has_that_is_being_removed() {
        TraceGroup group = led(5, 5);
        assertNull(group.change(1, MemberChange.remove("s2")).refusal());
        for (int slot = 3; slot <= 5; slot++) {
            group.deliver(
                    1, slot, Message.Accept.class, accept -> !accept.entries().isEmpty());
            group.force(slot);
        }
        group.force(1);
        group.elect(4, 3, 5);
        for (int slot : List.of(1, 3, 5)) {
            group.deliver(
                    4, slot, Message.Accept.class, accept -> accept.entries().isEmpty());
            group.deliver(slot, 4, Message.Accepted.class, accepted -> true);
        }
        GroupState leader = group.node(4).state;
        assertEquals(2, leader.membersIndex());
        assertTrue(leader.commitIndex() < 2, "its barrier is on no disk yet");
        assertEquals(0, leader.allHave());
        group.settle(1, 3, 4, 5);
        assertEquals(3, leader.commitIndex());
        assertEquals(3, leader.allHave());
    }

    /** Also where it is told that it is a voter. */
    @Test
    void member_that_has_the_log_only_does_not_stand_and_gives_no_snapshot() {
        TraceGroup group = new TraceGroup(2);
        group.node(1).state.keepLogOnly();
        for (int i = 0; i < 100; i++) {
            group.pass(100 * TraceGroup.MILLI);
            group.tick(1);
            group.force(1);
            assertEquals(Role.FOLLOWER, group.node(1).state.role());
        }
    }

    /** Those that begin a group have seen nobody yet. */
    private static TraceGroup begun() {
        List<Member> unseen = TraceGroup.members(1, 3).all().stream()
                .map(member ->
                        new Member(member.slot(), member.name(), Member.UNSEEN, Member.Role.VOTER, member.address()))
                .toList();
        TraceGroup group = new TraceGroup(4, new Members(unseen), Sabotage.NOTHING);
        group.elect(1, 2, 3);
        group.settle(1, 2, 3);
        beat(group, 1, 2, 3);
        return group;
    }

    @Test
    void member_moves_to_another_address_and_no_snapshot_forgets_it() {
        TraceGroup group = begun();
        Members bootstrap = group.node(1).state.members();
        assertEquals(
                Refusal.NAME_TAKEN,
                group.change(1, MemberChange.move("s2", "s2:1")).refusal());
        // One that is away, as a node is that moves.
        assertNull(group.change(1, MemberChange.move("s2", "s9:1")).refusal());
        group.settle(1, 3);
        beat(group, 1, 3);
        Members now = group.node(3).state.committedMembers();
        assertEquals("s9:1", now.byName("s2").address());
        assertEquals(2, now.byName("s2").slot());
        assertArrayEquals(bootstrap.voters(), now.voters());
        assertFalse(now.isSameButForAddresses(bootstrap));
        assertEquals(now, Members.decode(now.encode()));
    }

    /** A node that was added in another group has the next slot there, and comes here later. */
    @Test
    void move_of_a_member_that_was_met_leaves_the_next_slot_to_who_has_it_elsewhere() {
        TraceGroup group = begun();
        Members bootstrap = group.node(1).state.members();
        UUID met = new UUID(0, 2);
        for (String address : List.of("s9:1", "s9:2", "s2:1")) {
            assertNull(group.change(1, new MemberChange(MemberChange.Kind.MOVE, "s2", met, address, 0))
                    .refusal());
            group.settle(1, 2, 3);
            beat(group, 1, 2, 3);
            Members now = group.node(3).state.committedMembers();
            assertEquals(new Member(2, "s2", met, Member.Role.VOTER, address), now.byName("s2"));
            assertFalse(now.isSameButForAddresses(bootstrap), "a snapshot would forget it");
        }
        assertNull(group.change(1, MemberChange.add("s4", Member.UNSEEN, "s4:1", 4))
                .refusal());
        // No group begins with a learner: nothing has to tell this one from another.
        group.settle(1, 2, 3, 4);
        assertNull(group.change(1, MemberChange.move("s3", "s9:3")).refusal());
        assertEquals(5, group.node(1).state.members().nextSlot());
    }

    @Test
    void leader_that_removes_itself_leads_until_that_is_committed_and_hands_over() {
        TraceGroup group = led(3, 3);
        assertNull(group.change(1, MemberChange.remove("s1")).refusal());
        group.settle(1, 2);
        assertEquals(1, group.node(1).state.commitIndex(), "counts itself");
        group.settle(1, 2, 3);
        assertEquals(2, group.node(1).state.commitIndex());
        assertEquals(Role.LEADER, group.node(1).state.role());
        for (int i = 0; i < 4; i++) {
            group.pass(5 * TraceGroup.MILLI);
            group.tick(1);
            group.settle(1, 2, 3);
        }
        assertEquals(Role.FOLLOWER, group.node(1).state.role());
        int leader = group.node(2).state.role() == Role.LEADER ? 2 : 3;
        assertTrue(group.node(leader).state.serving());
        group.pass(5 * TraceGroup.MILLI);
        group.tick(1);
        assertTrue(group.node(1).removed);
    }

    @Test
    void leader_that_removed_itself_goes_also_when_nobody_takes_over() {
        TraceGroup group = led(3, 3);
        group.change(1, MemberChange.remove("s1"));
        group.settle(1, 2, 3);
        for (int i = 0; i < 200 && group.node(1).state.role() == Role.LEADER; i++) {
            group.pass(5 * TraceGroup.MILLI);
            group.tick(1);
            group.settle(message -> !(message instanceof Message.TransferNow), 1, 2, 3);
            group.wire.removeIf(envelope -> envelope.message() instanceof Message.TransferNow);
        }
        assertEquals(Role.FOLLOWER, group.node(1).state.role());
    }

    /** Nobody speaks to it any more, and it knows nothing of it. */
    @Test
    void member_that_was_away_hears_that_it_was_removed_and_stands_no_more() {
        TraceGroup group = led(3, 3);
        group.change(1, MemberChange.remove("s3"));
        group.settle(1, 2);
        group.pass(1000 * TraceGroup.MILLI);
        group.tick(3);
        group.settle(1, 3);
        assertTrue(group.node(3).removed);
        assertTrue(group.node(3).state.isRemoved());
        assertEquals(Role.FOLLOWER, group.node(3).state.role());
        group.drop();
        group.pass(5000 * TraceGroup.MILLI);
        group.tick(3);
        assertTrue(group.wire.isEmpty(), group.wire.toString());
    }

    @Test
    void learner_that_was_away_hears_that_it_was_removed() {
        TraceGroup group = led(4, 3);
        group.change(1, add(4));
        group.settle(1, 2, 3, 4);
        group.change(1, MemberChange.remove("s4"));
        group.settle(1, 2, 3);
        group.pass(5000 * TraceGroup.MILLI);
        group.tick(4);
        group.settle(1, 4);
        assertTrue(group.node(4).removed);
    }

    @Test
    void node_keeps_the_slot_that_another_group_gave_it_unless_one_as_high_is_given_here() {
        TraceGroup group = led(6, 3);
        assertNull(group.change(1, MemberChange.add("s5", new UUID(0, 5), "s5:1", 5))
                .refusal());
        group.settle(1, 2, 3, 5);
        Members members = group.node(1).state.members();
        assertEquals(5, members.byName("s5").slot());
        assertEquals(6, members.nextSlot());
        assertEquals(
                Refusal.SLOT_GIVEN,
                group.change(1, MemberChange.add("s4", new UUID(0, 4), "s4:1", 4))
                        .refusal());
        assertEquals(
                Refusal.SLOT_GIVEN,
                group.change(1, MemberChange.add("other", new UUID(0, 9), "o:1", 5))
                        .refusal());
        group.change(1, MemberChange.remove("s5"));
        group.settle(1, 2, 3);
        assertEquals(
                Refusal.SLOT_GIVEN,
                group.change(1, MemberChange.add("other", new UUID(0, 9), "o:1", 5))
                        .refusal());
    }

    @Test
    void slot_is_never_given_twice() {
        TraceGroup group = led(5, 3);
        group.change(1, add(4));
        group.settle(1, 2, 3, 4);
        group.change(1, MemberChange.remove("s4"));
        group.settle(1, 2, 3);
        assertEquals(3, group.node(1).state.members().all().size());
        assertNull(
                group.change(1, MemberChange.add("s4", new UUID(0, 9), "s4:1")).refusal());
        Members members = group.node(1).state.members();
        assertEquals(5, members.byName("s4").slot());
        assertEquals(members, Members.decode(members.encode()));
        Members without = MemberChange.remove("s4").appliedTo(members);
        assertEquals(6, Members.decode(without.encode()).nextSlot());
        assertTrue(without.hasLost(5));
        assertFalse(without.hasLost(6));
    }

    /** Found by seed 1467: what it had confirmed alone counted for ever. */
    @Test
    void reads_of_a_leader_that_was_the_only_voter_are_confirmed_by_the_second_one() {
        TraceGroup group = led(2, 1);
        TraceGroup.Node leader = group.node(1);
        leader.state.read(1, group.now, leader);
        assertEquals(1, leader.readable.size());
        group.change(1, add(2));
        group.settle(1, 2);
        beat(group, 1, 2);
        assertNull(group.change(1, MemberChange.promote("s2")).refusal());
        group.settle(1, 2);
        leader.holdsApply = true;
        group.propose(1, EntryKind.DATA, X);
        group.settle(1, 2);
        // No lease lasts so long.
        group.pass(120 * TraceGroup.MILLI);
        leader.state.read(2, group.now, leader);
        leader.holdsApply = false;
        leader.apply();
        assertFalse(leader.readable.containsKey(2L), "confirmed by nobody");
        group.settle(1, 2);
        assertTrue(leader.readable.containsKey(2L));
    }

    @Test
    void configuration_that_changes_two_voters_is_a_broken_invariant() {
        Configurations configurations = new Configurations(TraceGroup.members(1, 3), null);
        assertThrows(Invariant.Violation.class, () -> configurations.append(1, TraceGroup.members(1, 5)));
        configurations.append(2, TraceGroup.members(1, 4));
        Map<Long, Members> all = Map.of(2L, configurations.latest());
        assertEquals(all.get(2L), configurations.at(2));
        assertNull(configurations.at(1));
    }

    @Test
    void member_that_restarts_has_the_configuration_of_its_log() {
        TraceGroup group = led(4, 3);
        group.change(1, add(4));
        group.settle(1, 2, 3, 4);
        group.restart(2);
        assertEquals(4, group.node(2).state.members().all().size());
        group.restart(4);
        assertEquals(
                Member.Role.LEARNER, group.node(4).state.members().bySlot(4).role());
    }
}
