package io.synod.paxos;

import static io.synod.paxos.TraceGroup.MILLI;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.group.Epoch;
import io.synod.group.Recovered;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Rules of the protocol, each by one trace; where somebody shipped without the rule, the issue is named. */
class ProtocolTest {
    private static final byte[] X = {1};

    @Test
    void group_of_one_leads_at_once_and_commits_by_its_own_force() {
        TraceGroup group = new TraceGroup(1);
        group.tick(1);
        group.force(1);
        assertTrue(!group.node(1).state.serving(), "served before its barrier was forced");
        group.force(1);
        assertTrue(group.node(1).state.serving());
        assertTrue(group.node(1).state.leaseHolds(group.now));
        long index = group.propose(1, EntryKind.DATA, X);
        assertEquals(index - 1, group.node(1).state.commitIndex());
        group.force(1);
        assertEquals(index, group.node(1).state.commitIndex());
    }

    /** Node 3 holds entries 1 to 6, knows that the first is committed, and stands; 2 has more. Stops before the fetch. */
    private static TraceGroup candidateAboutToFetch() {
        TraceGroup group = serving(3, 1);
        for (int i = 0; i < 5; i++) {
            group.propose(1, EntryKind.DATA, X);
        }
        group.settle(1, 2);
        for (int i = 0; i < 5; i++) {
            group.deliver(
                    1, 3, Message.Accept.class, accept -> !accept.entries().isEmpty());
        }
        group.propose(1, EntryKind.DATA, X);
        group.settle(1, 2);
        group.drop();
        assertEquals(6, group.node(3).log.size());
        assertEquals(1, group.node(3).state.commitIndex());
        for (int i = 0; i < 8 && fetch(group) == null; i++) {
            group.pass(1000 * MILLI);
            group.tick(3);
            group.settle(message -> !(message instanceof Message.Fetch), 2, 3);
        }
        return group;
    }

    private static Message.Fetch fetch(TraceGroup group) {
        return group.wire.stream()
                .filter(e -> e.from() == 3 && e.message() instanceof Message.Fetch)
                .map(e -> (Message.Fetch) e.message())
                .findFirst()
                .orElse(null);
    }

    private static void refuse(TraceGroup group, Message.Fetch fetch, long base) {
        group.wire.removeIf(e -> e.message() instanceof Message.Fetch);
        Message.Fetched refusal =
                new Message.Fetched(fetch.epoch(), false, fetch.prevIndex(), fetch.prevEpoch(), List.of(), base);
        group.node(3).state.onMessage(2, refusal, group.now, group.node(3));
    }

    @Test
    void donor_that_refuses_what_is_committed_is_not_asked_again_and_again() {
        TraceGroup group = candidateAboutToFetch();
        long epoch = fetch(group).epoch();
        int asked = 0;
        for (int i = 0; i < 30; i++) {
            Message.Fetch fetch = fetch(group);
            if (fetch != null && fetch.epoch() == epoch) {
                asked++;
                refuse(group, fetch, 0);
            }
            group.pass(45 * MILLI);
            group.tick(3);
            group.settle(message -> message instanceof Message.Prepare || message instanceof Message.Promise, 2, 3);
        }
        assertEquals(2, asked, "asked for what stands behind 6, then behind the committed 1");
        assertTrue(group.node(3).state.role() != Role.LEADER);
    }

    @Test
    void candidate_does_not_step_back_below_the_start_of_the_donors_log() {
        TraceGroup group = candidateAboutToFetch();
        assertEquals(6, fetch(group).prevIndex());
        refuse(group, fetch(group), 4);
        assertEquals(4, fetch(group).prevIndex());
    }

    /** Who dials it is told again and again. */
    @Test
    void leader_that_is_gone_is_not_waited_for_anew_with_each_hint_that_it_is() {
        TraceGroup group = serving(3, 1);
        TraceGroup.Node late = group.node(3);
        late.holdsApply = true;
        // It leaves others some time to stand, as it would serve late.
        for (int i = 0; i < 300; i++) {
            group.propose(1, EntryKind.DATA, X);
            group.settle(1, 2, 3);
        }
        assertEquals(Role.FOLLOWER, late.state.role());
        for (int i = 0; i < 200 && late.state.role() == Role.FOLLOWER; i++) {
            if (i % 10 == 0) {
                late.state.onPeerDown(1, group.now, late);
            }
            group.pass(5 * MILLI);
            group.tick(3);
        }
        assertEquals(Role.PREVOTE, late.state.role());
    }

    /** Silence proves nothing to who stood still; a connection that was reset does. */
    @Test
    void leader_that_is_gone_is_not_waited_for_by_a_member_that_stands_still_now_and_then() {
        TraceGroup group = serving(3, 1);
        group.pass(5 * MILLI);
        group.tick(3);
        group.node(3).state.onPeerDown(1, group.now, group.node(3));
        for (int i = 0; i < 3 && group.node(3).state.role() == Role.FOLLOWER; i++) {
            group.pass(80 * MILLI);
            group.tick(3);
        }
        assertEquals(Role.PREVOTE, group.node(3).state.role());
    }

    /** Members that are as busy as this one answer as late as it does. */
    @Test
    void candidate_that_stood_still_a_moment_ago_gives_the_others_time_to_answer() {
        TraceGroup group = serving(3, 1);
        group.pass(5 * MILLI);
        group.tick(3);
        group.pass(300 * MILLI);
        group.tick(3);
        for (int i = 0; i < 400 && group.node(3).state.role() == Role.FOLLOWER; i++) {
            group.pass(5 * MILLI);
            group.tick(3);
        }
        assertEquals(Role.PREVOTE, group.node(3).state.role());
        awaited(group, Role.PREVOTE, 500);
        group.node(2).state.onPeerDown(1, group.now, group.node(2));
        group.pass(20 * MILLI);
        group.tick(3);
        group.settle(message -> message instanceof Message.PreVote || message instanceof Message.PreVoteReply, 2, 3);
        assertEquals(Role.PREPARE, group.node(3).state.role());
        group.force(3);
        group.drop();
        awaited(group, Role.PREPARE, 500);
        group.pass(40 * MILLI);
        group.tick(3);
        group.settle(2, 3);
        assertEquals(Role.LEADER, group.node(3).state.role());
    }

    private static void awaited(TraceGroup group, Role role, int millis) {
        for (int i = 0; i < millis / 5; i++) {
            group.pass(5 * MILLI);
            group.tick(3);
            assertEquals(role, group.node(3).state.role(), "after " + i * 5 + " ms");
        }
        group.drop();
    }

    /** etcd 7331. */
    @Test
    void new_leader_answers_no_read_before_its_barrier_is_applied() {
        TraceGroup group = new TraceGroup(3);
        group.elect(1, 2);
        group.node(1).holdsApply = true;
        group.node(1).state.read(7, group.now, group.node(1));
        group.settle(1, 2, 3);
        assertEquals(1, group.node(1).state.commitIndex());
        assertNull(group.node(1).readable.get(7L));
        group.node(1).holdsApply = false;
        group.node(1).apply();
        assertEquals(1L, group.node(1).readable.get(7L));
    }

    @Test
    void read_on_a_follower_waits_for_what_the_leader_has_committed() {
        TraceGroup group = serving(3, 1);
        group.propose(1, EntryKind.DATA, X);
        group.settle(1, 2);
        group.node(3).state.read(7, group.now, group.node(3));
        group.drop();
        // The question was lost; it is asked again.
        group.pass(25 * MILLI);
        group.tick(3);
        group.settle(1, 2, 3);
        assertEquals(2L, group.node(3).readable.get(7L));
    }

    @Test
    void candidate_with_a_stale_log_fetches_the_committed_suffix_before_it_leads() {
        TraceGroup group = serving(3, 1);
        for (int i = 0; i < 5; i++) {
            group.propose(1, EntryKind.DATA, X);
        }
        group.settle(1, 2);
        assertEquals(6, group.node(1).state.commitIndex());
        group.elect(3, 2);
        assertEquals(
                6, group.node(3).state.commitIndex() > 1 ? 6 : group.node(3).log.size() - 1);
        group.settle(2, 3);
        assertEquals(7, group.node(3).committed.size());
        assertEquals(group.node(1).log, group.node(3).log.subList(0, 6));
    }

    @Test
    void leader_whose_clock_stood_still_asks_before_it_answers_a_read() {
        TraceGroup group = serving(3, 1);
        group.node(1).state.leaseHolds(group.now);
        group.pass(25 * MILLI);
        group.tick(1);
        group.settle(1, 2, 3);
        assertTrue(group.node(1).state.leaseHolds(group.now));
        group.node(1).state.distrustLease(group.now + 90 * MILLI);
        assertFalse(group.node(1).state.leaseHolds(group.now));
        group.node(1).state.read(7, group.now, group.node(1));
        assertNull(group.node(1).readable.get(7L), "answered under a lease that may be over");
        group.settle(1, 2, 3);
        assertEquals(1L, group.node(1).readable.get(7L));
    }

    @Test
    void member_that_has_much_to_apply_lets_another_one_try_first() {
        TraceGroup group = serving(3, 1);
        group.node(3).holdsApply = true;
        for (int i = 0; i < 300; i++) {
            group.propose(1, EntryKind.DATA, X);
            group.settle(1, 2, 3);
        }
        group.pass(25 * MILLI);
        group.tick(1);
        group.settle(1, 2, 3);
        assertEquals(301, group.node(3).state.commitIndex());
        for (int i = 0; i < 50; i++) {
            group.pass(5 * MILLI);
            group.tick(2);
            group.tick(3);
            group.drop();
        }
        assertEquals(Role.PREVOTE, group.node(2).state.role());
        assertEquals(Role.FOLLOWER, group.node(3).state.role());
    }

    @Test
    void member_whose_state_machine_stands_still_lets_another_one_try_first() {
        TraceGroup group = serving(3, 1);
        group.node(3).holdsApply = true;
        group.propose(1, EntryKind.DATA, X);
        group.settle(1, 2, 3);
        for (int i = 0; i < 10; i++) {
            group.pass(20 * MILLI);
            group.tick(1);
            group.settle(1, 2, 3);
            group.tick(3);
        }
        assertEquals(2, group.node(3).state.commitIndex());
        for (int i = 0; i < 50; i++) {
            group.pass(5 * MILLI);
            group.tick(2);
            group.tick(3);
            group.drop();
        }
        assertEquals(Role.PREVOTE, group.node(2).state.role());
        assertEquals(Role.FOLLOWER, group.node(3).state.role());
    }

    @Test
    void leader_that_does_not_come_to_serve_hands_over_to_a_member_that_would() {
        TraceGroup group = serving(3, 1);
        group.node(3).holdsApply = true;
        group.elect(3, 2);
        group.settle(2, 3);
        assertEquals(Role.LEADER, group.node(3).state.role());
        for (int i = 0; i < 10; i++) {
            group.pass(20 * MILLI);
            group.tick(3);
            group.settle(2, 3);
        }
        assertTrue(group.node(2).state.serving(), "2 is " + group.node(2).state.role());
        assertEquals(Role.FOLLOWER, group.node(3).state.role());
    }

    @Test
    void leader_that_does_not_come_to_serve_stays_while_nobody_else_would() {
        TraceGroup group = serving(3, 1);
        group.node(2).holdsApply = true;
        group.node(3).holdsApply = true;
        group.elect(3, 2);
        long epoch = group.node(3).state.leaderEpoch();
        for (int i = 0; i < 20; i++) {
            group.settle(2, 3);
            group.pass(20 * MILLI);
            group.tick(3);
        }
        group.node(3).holdsApply = false;
        group.node(3).apply();
        assertTrue(group.node(3).state.serving());
        assertEquals(epoch, group.node(3).state.leaderEpoch());
    }

    /** neondatabase 295: what is voided stays void, also when indexes above were never written again. */
    @Test
    void entries_behind_a_superseded_one_are_void_after_restart_and_in_promises() {
        TraceGroup group = new TraceGroup(3);
        TraceGroup.Node node = group.node(3);
        long first = Epoch.of(1, 1);
        long third = Epoch.of(3, 2);
        group.pass(1000 * MILLI);
        for (long index = 1; index <= 7; index++) {
            accept(group, 3, first, index, index == 1 ? 0 : first);
        }
        accept(group, 3, third, 5, first);
        group.force(3);
        assertEquals(5, node.state.lastIndex());
        group.restart(3);
        assertEquals(5, node.state.lastIndex());
        group.drop();
        group.pass(1000 * MILLI);
        group.node(1).send(3, new Message.Prepare(Epoch.of(9, 1), 0, 0));
        group.deliver(1, 3, Message.Prepare.class, m -> true);
        Message.Promise promise = (Message.Promise) group.wire.get(0).message();
        assertEquals(third, promise.lastEpoch());
        assertEquals(5, promise.lastIndex());
    }

    private static void accept(TraceGroup group, int to, long epoch, long index, long prevEpoch) {
        Entry entry = new Entry(epoch, index, EntryKind.DATA, X);
        Message.Accept accept =
                new Message.Accept(epoch, index - 1, prevEpoch, List.of(entry), 0, group.now, index, 0, 0);
        group.node(to).state.onMessage(Epoch.slot(epoch), accept, group.now, group.node(to));
    }

    /** RATIS-2605. */
    @Test
    void heartbeat_proves_nothing_about_a_divergent_tail() {
        TraceGroup group = new TraceGroup(3);
        group.pass(1000 * MILLI);
        long old = Epoch.of(1, 1);
        for (long index = 1; index <= 4; index++) {
            accept(group, 3, old, index, index == 1 ? 0 : old);
        }
        group.force(3);
        group.drop();
        // The new leader has entry 1 in common, and names it.
        long epoch = Epoch.of(2, 2);
        Message.Accept heartbeat = new Message.Accept(epoch, 1, old, List.of(), 4, group.now, 1, 0, 0);
        group.node(3).state.onMessage(2, heartbeat, group.now, group.node(3));
        Message.Accepted accepted = (Message.Accepted) group.wire.get(0).message();
        assertEquals(1, accepted.durable());
        assertEquals(1, group.node(3).state.commitIndex(), "commit of the leader counts only up to what is equal");
        assertEquals(4, group.node(3).state.durableIndex());
    }

    @Test
    void promise_is_answered_only_after_its_force_and_survives_a_restart() {
        TraceGroup group = new TraceGroup(3);
        group.pass(1000 * MILLI);
        TraceGroup.Node node = group.node(3);
        long higher = Epoch.of(5, 2);
        node.state.onMessage(2, new Message.Prepare(higher, 0, 0), group.now, node);
        assertTrue(group.wire.isEmpty(), "answered before the force");
        node.force();
        assertTrue(((Message.Promise) group.wire.get(0).message()).ok());
        group.restart(3);
        group.drop();
        group.pass(1000 * MILLI);
        long lower = Epoch.of(5, 1);
        node.state.onMessage(1, new Message.Prepare(lower, 0, 0), group.now, node);
        node.force();
        Message.Promise refusal = (Message.Promise) group.wire.get(0).message();
        assertFalse(refusal.ok());
        assertEquals(higher, refusal.promised());
    }

    /** openraft 1796, canonical/raft 279: the longest log on one member, the highest epoch on another. */
    @Test
    void any_two_of_log_and_promise_among_five_members_elect_a_leader() {
        long[] promises = {0, Epoch.of(4, 5), Epoch.of(9, 1)};
        for (int a = 0; a < 9; a++) {
            for (int b = 0; b < 9; b++) {
                TraceGroup group = new TraceGroup(5);
                // 4 and 5 are down; of the others each may have any log and any promise.
                group.start(1, recovered(a % 3, promises[a / 3]));
                group.start(2, recovered(b % 3, promises[b / 3]));
                group.start(3, recovered(0, promises[(a + b) % 3]));
                fill(group, 1, a % 3);
                fill(group, 2, b % 3);
                group.elect(1 + (a + b) % 3, 1, 2, 3);
                group.settle(1, 2, 3);
                int leader = 1 + (a + b) % 3;
                assertTrue(group.node(leader).state.serving(), "logs and promises " + a + ", " + b);
                int longest = Math.max(a % 3, b % 3) * 2;
                assertTrue(group.node(leader).committed.size() > longest, "the longest log was not adopted");
            }
        }
    }

    private static Recovered recovered(int log, long promise) {
        long epoch = Epoch.of(log + 1, 4);
        return log == 0
                ? new Recovered(promise, List.of(), 0)
                : new Recovered(Math.max(promise, epoch), List.of(new Recovered.Term(epoch, 1)), 2L * log);
    }

    private static void fill(TraceGroup group, int slot, int log) {
        for (long index = 1; index <= 2L * log; index++) {
            group.node(slot).log.add(new Entry(Epoch.of(log + 1, 4), index, EntryKind.DATA, X));
        }
    }

    @Test
    void leader_serves_under_a_lease_only_while_a_majority_answers() {
        TraceGroup group = serving(3, 1);
        GroupState leader = group.node(1).state;
        assertFalse(leader.leaseHolds(group.now), "a lease nobody asked for");
        group.pass(20 * MILLI);
        group.tick(1);
        group.settle(1, 2);
        assertTrue(leader.leaseHolds(group.now));
        group.pass(86 * MILLI);
        assertTrue(leader.leaseHolds(group.now));
        group.pass(MILLI);
        assertFalse(leader.leaseHolds(group.now), "longer than 90 ms less the drift");
    }

    /** etcd 12704, TiKV 1595, openraft 1748. */
    @Test
    void leader_that_hands_over_has_no_lease_for_the_rest_of_its_epoch() {
        TraceGroup group = serving(3, 1);
        GroupState leader = group.node(1).state;
        assertFalse(leader.leaseHolds(group.now));
        group.pass(20 * MILLI);
        group.tick(1);
        group.settle(1, 2, 3);
        assertTrue(leader.leaseHolds(group.now));
        leader.transfer(2, group.now, group.node(1));
        assertFalse(leader.leaseHolds(group.now));
        // The token is lost; the leader goes on proposing after a while, but never under a lease.
        group.drop();
        for (int i = 0; i < 15; i++) {
            group.pass(20 * MILLI);
            group.tick(1);
            group.wire.removeIf(envelope -> envelope.message() instanceof Message.TransferNow);
            group.settle(1, 2, 3);
            assertFalse(leader.leaseHolds(group.now));
        }
        assertTrue(group.propose(1, EntryKind.DATA, X) > 0);
    }

    @Test
    void handover_passes_the_guard_of_exactly_the_epoch_that_was_released() {
        TraceGroup group = serving(3, 1);
        group.node(1).state.leaseHolds(group.now);
        group.pass(20 * MILLI);
        group.tick(1);
        group.settle(1, 2, 3);
        group.drop();
        // All guard node 1 now: nobody gets a promise, whatever epoch it names.
        TraceGroup.Node voter = group.node(3);
        voter.state.onMessage(2, new Message.Prepare(Epoch.of(50, 2), 0, Epoch.of(49, 1)), group.now, voter);
        voter.force();
        Message.Promise refusal = (Message.Promise) group.wire.get(0).message();
        assertFalse(refusal.ok());
        assertTrue(refusal.guardLeftNanos() > 0);
        group.drop();
        group.node(1).state.transfer(2, group.now, group.node(1));
        group.settle(1, 2, 3);
        assertEquals(Role.LEADER, group.node(2).state.role());
        assertTrue(group.node(2).state.serving());
    }

    @Test
    void member_that_restarted_promises_nothing_while_a_guard_of_its_former_life_may_stand() {
        TraceGroup group = serving(3, 1);
        group.restart(3);
        TraceGroup.Node voter = group.node(3);
        long epoch = Epoch.of(50, 2);
        group.pass(89 * MILLI);
        voter.state.onMessage(2, new Message.PreVote(epoch, 0, 0, 0, 0), group.now, voter);
        voter.state.onMessage(2, new Message.Prepare(epoch, 0, 0), group.now, voter);
        voter.force();
        assertFalse(((Message.PreVoteReply) group.wire.get(0).message()).granted());
        assertFalse(((Message.Promise) group.wire.get(1).message()).ok());
        group.drop();
        group.pass(4 * MILLI);
        voter.state.onMessage(2, new Message.Prepare(epoch, 0, 0), group.now, voter);
        voter.force();
        assertTrue(((Message.Promise) group.wire.get(0).message()).ok());
    }

    @Test
    void answer_to_a_read_question_of_a_former_life_is_not_taken_for_one_of_this() {
        TraceGroup group = serving(3, 1);
        TraceGroup.Node reader = group.node(3);
        reader.state.read(7, group.now, reader);
        Message.ReadIndex old = (Message.ReadIndex) group.wire.get(0).message();
        group.restart(3);
        group.pass(20 * MILLI);
        group.tick(1);
        group.settle(1, 2, 3);
        reader.state.read(8, group.now, reader);
        reader.state.onMessage(1, new Message.ReadIndexReply(old.ticket(), 1, 1), group.now, reader);
        assertTrue(reader.readable.isEmpty());
        group.settle(1, 2, 3);
        assertTrue(reader.readable.containsKey(8L));
    }

    @Test
    void promise_is_answered_no_more_when_its_epoch_has_a_leader() {
        TraceGroup group = new TraceGroup(3);
        TraceGroup.Node late = group.node(3);
        late.diskHangs = true;
        group.elect(1, 2, 3);
        long epoch = group.node(1).state.leaderEpoch();
        group.settle(1, 2, 3);
        late.state.onPeerDown(1, group.now, late);
        // It looks for another leader, and gives that up.
        for (Role role : List.of(Role.PREVOTE, Role.FOLLOWER)) {
            for (int i = 0; i < 200 && late.state.role() != role; i++) {
                group.pass(5 * MILLI);
                group.tick(3);
            }
            assertEquals(role, late.state.role());
        }
        group.drop();
        // The promise comes to the disk before the entries of the leader that was elected without it.
        late.state.onForced(1, group.now, late);
        late.state.onMessage(1, new Message.Prepare(epoch, 0, 0), group.now, late);
        assertTrue(group.wire.stream().noneMatch(e -> e.message() instanceof Message.Promise), group.wire.toString());
    }

    @Test
    void leader_that_hears_no_majority_steps_down_without_a_new_epoch() {
        TraceGroup group = serving(3, 1);
        long promised = group.node(1).state.promisedEpoch();
        for (int i = 0; i < 40 && group.node(1).state.role() == Role.LEADER; i++) {
            group.pass(5 * MILLI);
            group.tick(1);
        }
        assertEquals(Role.FOLLOWER, group.node(1).state.role());
        assertEquals(promised, group.node(1).state.promisedEpoch());
        assertFalse(group.node(1).state.serving());
    }

    @Test
    void leader_that_stood_still_a_moment_ago_bears_that_its_members_do_so_too() {
        TraceGroup group = serving(3, 1);
        group.pass(5 * MILLI);
        group.tick(1);
        group.pass(400 * MILLI);
        group.tick(1);
        group.settle(1, 2, 3);
        silence(group, 700);
        assertEquals(Role.LEADER, group.node(1).state.role());
        silence(group, 200);
        assertNotEquals(Role.LEADER, group.node(1).state.role());
    }

    private static void silence(TraceGroup group, int millis) {
        for (int passed = 0; passed < millis; passed += 5) {
            group.pass(5 * MILLI);
            group.tick(1);
        }
    }

    @Test
    void leader_whose_disk_hangs_hands_over() {
        TraceGroup group = serving(3, 1);
        group.node(1).diskHangs = true;
        group.propose(1, EntryKind.DATA, X);
        answered(group, 15);
        assertEquals(Role.FOLLOWER, group.node(1).state.role());
    }

    @Test
    void leader_that_stood_still_does_not_take_that_for_a_disk_that_hangs() {
        TraceGroup group = serving(3, 1);
        group.pass(5 * MILLI);
        group.tick(1);
        group.node(1).diskHangs = true;
        group.propose(1, EntryKind.DATA, X);
        group.pass(400 * MILLI);
        answered(group, 2);
        group.node(1).diskHangs = false;
        answered(group, 2);
        assertEquals(Role.LEADER, group.node(1).state.role());
        assertTrue(group.node(1).state.serving());
    }

    /** So many heartbeats and their answers. */
    private static void answered(TraceGroup group, int heartbeats) {
        for (int i = 0; i < heartbeats; i++) {
            group.pass(20 * MILLI);
            group.tick(1);
            group.settle(1, 2, 3);
        }
    }

    @Test
    void lost_data_is_sent_again_from_the_last_acknowledged_entry() {
        TraceGroup group = serving(3, 1);
        group.propose(1, EntryKind.DATA, X);
        group.propose(1, EntryKind.DATA, X);
        group.drop();
        for (int i = 0; i < 15; i++) {
            group.pass(5 * MILLI);
            group.tick(1);
            group.settle(1, 2);
        }
        assertEquals(3, group.node(1).state.commitIndex());
        assertEquals(3, group.node(2).log.size());
    }

    @Test
    void follower_that_comes_back_after_a_long_absence_gets_at_once_what_it_missed() {
        TraceGroup group = serving(3, 1);
        group.propose(1, EntryKind.DATA, X);
        for (int passed = 0; passed < 2_500; passed += 5) {
            group.pass(5 * MILLI);
            group.tick(1);
            group.settle(1, 2);
            group.drop();
        }
        assertEquals(1, group.node(3).log.size());
        for (int passed = 0; passed < 100; passed += 5) {
            group.pass(5 * MILLI);
            group.tick(1);
            group.settle(1, 2, 3);
        }
        assertEquals(2, group.node(3).log.size());
    }

    /** A leader whose barrier is applied. */
    private static TraceGroup serving(int nodes, int leader) {
        TraceGroup group = new TraceGroup(nodes);
        group.elect(leader, 2, 3);
        group.settle(1, 2, 3);
        assertTrue(group.node(leader).state.serving());
        group.drop();
        return group;
    }
}
