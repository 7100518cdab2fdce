package io.synod.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.paxos.GroupState;
import io.synod.paxos.Message;
import io.synod.paxos.Role;
import io.synod.replica.TestCluster.TestNode;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A leader hands leadership over: on request, to whom, and what it says meanwhile. */
@Timeout(240)
class HandoverTest {
    private static final long MILLI = 1_000_000L;

    @Test
    void leadership_moves_on_request_and_nothing_is_lost() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            TestNode old = cluster.awaitLeader();
            assertEquals(Proposal.Outcome.APPLIED, old.write("one"));
            assertTrue(old.group.transferAway(Await.LIMIT_NANOS));
            assertEquals(0, old.group.servingEpoch());
            TestNode next = cluster.awaitLeader();
            assertNotSame(old, next);
            assertEquals(Proposal.Outcome.APPLIED, next.write("two"));
            cluster.awaitEqual(List.of("one", "two"));
            assertEquals(next.name, old.group.awaitLeader(Await.LIMIT_NANOS));
        }
    }

    @Test
    void leader_that_hands_over_by_itself_does_not_say_that_it_serves_and_serves_again_when_that_fails()
            throws Exception {
        try (TestCluster cluster = TestCluster.ledBy(1)) {
            TestNode leader = cluster.awaitLeader();
            TestNode deaf = cluster.others(leader).get(0);
            deaf.transport.arriving(m -> m instanceof Message.TransferNow ? null : m);
            Replica replica = (Replica) leader.group;
            // As the protocol does where its disk hangs; on a busy machine the attempt may be over at once.
            Await.until("a handover", () -> {
                replica.submit((s, now, out) -> s.transfer(deaf.slot, now, out));
                return replica.inspect(s -> {
                    if (s.handsOver()) {
                        assertTrue(s.serving());
                        assertEquals(0, replica.servingEpoch(), "named as serving, and refuses all that is proposed");
                        assertNull(replica.awaitLeader(0), "named as a leader, and does not serve");
                    }
                    return s.handsOver();
                });
            });
            // Whoever waits is told when the handover is over: the time would not end this wait.
            CompletableFuture<String> told =
                    CompletableFuture.supplyAsync(() -> leader.group.awaitLeader(TimeUnit.DAYS.toNanos(1)));
            Await.until("who waits is told", told::isDone);
            assertEquals(leader.name, told.get());
            cluster.write("after");
            cluster.awaitEqual(List.of("after"));
        }
    }

    @Test
    void leadership_moves_to_the_member_that_was_named() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            for (int round = 0; round < 4; round++) {
                TestNode old = cluster.awaitLeader();
                assertEquals(Proposal.Outcome.APPLIED, old.write("round " + round));
                // The one that the best choice would not be, half of the time.
                TestNode wanted = cluster.others(old).get(round % 2);
                assertTrue(old.group.transferTo(wanted.name, Await.LIMIT_NANOS));
                assertEquals(wanted.name, cluster.awaitLeader().name, "round " + round);
            }
            TestNode leader = cluster.awaitLeader();
            assertThrows(IllegalArgumentException.class, () -> leader.group.transferTo("nobody", 5_000 * MILLI));
            assertTrue(leader.group.transferTo(leader.name, 5_000 * MILLI));
        }
    }

    /** Whoever asked was told that it did not happen. */
    @Test
    void handover_whose_time_is_over_is_called_off() throws Exception {
        try (TestCluster cluster = TestCluster.ledBy(1)) {
            TestNode leader = cluster.awaitLeader();
            TestNode lagging = cluster.others(leader).get(0);
            lagging.transport.loseEntries(true);
            assertEquals(Proposal.Outcome.APPLIED, leader.write("one"));
            Replica replica = (Replica) leader.group;
            for (int i = 0; i < 5; i++) {
                assertFalse(leader.group.transferTo(lagging.name, 5 * MILLI));
                assertFalse(replica.inspect(GroupState::handsOver), "goes on behind the back of who asked");
            }
            lagging.transport.loseEntries(false);
            assertEquals(Proposal.Outcome.APPLIED, leader.write("two"));
            cluster.awaitEqual(List.of("one", "two"));
        }
    }

    /** As sessions do that came while nothing was proposed. */
    @Test
    void who_waits_for_a_leader_is_told_when_a_handover_has_failed() throws Exception {
        try (TestCluster cluster = TestCluster.ledBy(1)) {
            TestNode leader = cluster.awaitLeader();
            TestNode lagging = cluster.others(leader).get(0);
            lagging.transport.loseEntries(true);
            assertEquals(Proposal.Outcome.APPLIED, leader.write("one"));
            Replica replica = (Replica) leader.group;
            CountDownLatch waits = new CountDownLatch(1);
            CompletableFuture<String> told = CompletableFuture.supplyAsync(() -> {
                Await.until("an attempt", () -> replica.servingEpoch() == 0);
                waits.countDown();
                return leader.group.awaitLeader(TimeUnit.DAYS.toNanos(1));
            });
            while (waits.getCount() > 0) {
                assertFalse(leader.group.transferTo(lagging.name, 2 * LeaderTransfer.ATTEMPT_NANOS));
            }
            // Nothing else moves that would have it look again.
            Await.until("who waits is told", told::isDone);
            assertEquals(leader.name, told.get());
            lagging.transport.loseEntries(false);
            cluster.awaitEqual(List.of("one"));
        }
    }

    /** Two ask at once, as an operator and a node that is being closed. */
    @Test
    void handover_is_not_called_off_by_another_one_whose_time_is_over() throws Exception {
        try (TestCluster cluster = TestCluster.ledBy(1)) {
            TestNode leader = cluster.awaitLeader();
            TestNode lagging = cluster.others(leader).get(0);
            lagging.transport.loseEntries(true);
            assertEquals(Proposal.Outcome.APPLIED, leader.write("one"));
            Replica replica = (Replica) leader.group;
            CompletableFuture<Boolean> patient =
                    CompletableFuture.supplyAsync(() -> leader.group.transferTo(lagging.name, Await.LIMIT_NANOS));
            // On a busy machine an attempt may just be over by itself; the other one would end each of them.
            Await.until("an attempt that outlives the other one", () -> {
                Await.until("an attempt", () -> replica.inspect(GroupState::handsOver));
                assertFalse(leader.group.transferTo(lagging.name, 0));
                return replica.inspect(GroupState::handsOver);
            });
            lagging.transport.loseEntries(false);
            assertTrue(patient.get());
            cluster.write("two");
            cluster.awaitEqual(List.of("one", "two"));
        }
    }

    @Test
    void node_that_closes_hands_over_each_group_whatever_becomes_of_another() throws Exception {
        try (TestCluster cluster = TestCluster.ledBy(1)) {
            TestNode leader = cluster.awaitLeader();
            List<ListApplier> appliers = new ArrayList<>();
            List<ReplicatedLog> others = new ArrayList<>();
            for (TestNode node : cluster.nodes()) {
                ListApplier applier = new ListApplier();
                appliers.add(applier);
                others.add(node.node.openGroup(TestCluster.GROUP + 1, cluster.members(), node.slot, 0, applier));
            }
            ReplicatedLog second = others.get(leader.slot - 1);
            Await.until("a leader of both", () -> {
                others.stream()
                        .filter(log -> log != second && log.servingEpoch() != 0)
                        .forEach(log -> log.transferTo(leader.name, Await.LIMIT_NANOS));
                return second.servingEpoch() != 0;
            });
            cluster.write("one");
            // Nobody takes the first one over.
            cluster.others(leader).forEach(n -> n.transport.deaf(TestCluster.GROUP));
            CompletableFuture<Void> closed =
                    CompletableFuture.runAsync(() -> leader.node.handOver(4 * Await.LIMIT_NANOS));
            Await.until(
                    "the second one is handed over",
                    () -> leadersOf(appliers.get(leader.slot - 1)).stream()
                            .anyMatch(name -> !name.equals(leader.name)));
            cluster.others(leader).forEach(n -> n.transport.deaf(0));
            closed.get();
        }
    }

    /** It would come to nothing, and nobody could commit meanwhile. */
    @Test
    void leader_goes_on_while_the_one_that_was_named_is_far_behind() throws Exception {
        try (TestCluster cluster = TestCluster.ledBy(1)) {
            TestNode leader = cluster.awaitLeader();
            TestNode lagging = cluster.others(leader).get(0);
            lagging.transport.loseEntries(true);
            List<Proposal> behind = new ArrayList<>();
            for (int i = 0; i <= LeaderTransfer.LEVEL_ENTRIES; i++) {
                behind.add(leader.propose("entry " + i));
            }
            for (Proposal proposal : behind) {
                assertEquals(Proposal.Outcome.APPLIED, proposal.await(Await.LIMIT_NANOS));
            }
            Replica replica = (Replica) leader.group;
            CompletableFuture<Boolean> asked = CompletableFuture.supplyAsync(
                    () -> leader.group.transferTo(lagging.name, 4 * LeaderTransfer.ATTEMPT_NANOS));
            Await.until("the answer", () -> {
                assertFalse(replica.inspect(GroupState::handsOver), "nothing can be committed");
                return asked.isDone();
            });
            assertFalse(asked.get());
            lagging.transport.loseEntries(false);
            assertTrue(leader.group.transferTo(lagging.name, Await.LIMIT_NANOS));
        }
    }

    /** As the last node of a cluster that is stopped: for how long it still leads is a matter of its patience. */
    @Test
    void node_that_closes_does_not_wait_for_successors_that_are_gone() throws Exception {
        try (TestCluster cluster = TestCluster.ledBy(1)) {
            TestNode leader = cluster.awaitLeader();
            assertEquals(Proposal.Outcome.APPLIED, leader.write("one"));
            List<TestNode> others = cluster.others(leader);
            // With this clock nobody is ever silent: it goes on leading, and all seem well.
            long now = System.nanoTime();
            leader.clock = () -> now;
            others.forEach(TestNode::kill);
            Await.until("broken connections", () -> others.stream().noneMatch(n -> leader.transport.connected(n.slot)));
            CompletableFuture<Void> closed =
                    CompletableFuture.runAsync(() -> leader.node.handOver(TimeUnit.DAYS.toNanos(1)));
            Await.until("the end", closed::isDone);
            closed.get();
        }
    }

    @Test
    void word_to_take_over_that_arrives_when_the_leader_has_gone_on_is_not_obeyed() throws Exception {
        try (TestCluster cluster = TestCluster.ledBy(1)) {
            TestNode leader = cluster.awaitLeader();
            TestNode slow = cluster.others(leader).get(0);
            AtomicReference<Message> word = new AtomicReference<>();
            slow.transport.arriving(m -> {
                if (m instanceof Message.TransferNow) {
                    word.set(m);
                    return null;
                }
                return m;
            });
            Await.until("the word", () -> {
                assertFalse(leader.group.transferTo(slow.name, 100 * MILLI));
                return word.get() != null;
            });
            cluster.write("after");
            cluster.awaitEqual(List.of("after"));
            Replica replica = (Replica) slow.group;
            long epoch = replica.inspect(GroupState::leaderEpoch);
            replica.onMessage(leader.slot, word.get());
            assertEquals(Role.FOLLOWER, replica.inspect(GroupState::role));
            assertEquals(epoch, replica.inspect(GroupState::leaderEpoch));
        }
    }

    @Test
    void leadership_goes_to_the_member_that_would_serve_soonest() throws Exception {
        CountDownLatch goOn = new CountDownLatch(1);
        try (TestCluster cluster = TestCluster.ledBy(1)) {
            TestNode leader = cluster.awaitLeader();
            // Of two that have the same log and applied the same, the first would be chosen.
            TestNode busy = cluster.others(leader).get(0);
            TestNode free = cluster.others(leader).get(1);
            busy.applier.before(entry -> awaitUninterruptibly(goOn));
            try {
                cluster.write("one");
                Replica replica = (Replica) leader.group;
                Await.until(
                        "the leader knows who has applied it",
                        () -> replica.inspect(s -> {
                            long now = System.nanoTime();
                            return s.role() == Role.LEADER
                                    && s.peer(free.slot, now).applied()
                                            > s.peer(busy.slot, now).applied();
                        }));
                assertTrue(leader.group.transferAway(Await.LIMIT_NANOS));
                // The first that it followed: a busy one hands over as well, after a while.
                Await.until("a successor", () -> successors(leader).size() > 0);
                assertEquals(free.name, successors(leader).get(0));
            } finally {
                goOn.countDown();
            }
            cluster.write("two");
            cluster.awaitEqual(List.of("one", "two"));
        }
    }

    /** The leaders other than this one that it has known, in their order. */
    private static List<String> successors(TestNode node) {
        return leadersOf(node.applier).stream()
                .filter(name -> !name.equals(node.name))
                .toList();
    }

    private static List<String> leadersOf(ListApplier applier) {
        return applier.events().stream()
                .filter(event -> event.startsWith("role "))
                .map(event -> event.split(" ")[1])
                .filter(name -> !name.equals("null"))
                .toList();
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        boolean interrupted = false;
        while (latch.getCount() > 0) {
            try {
                latch.await();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
