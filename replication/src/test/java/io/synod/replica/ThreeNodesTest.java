package io.synod.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.group.EntryKind;
import io.synod.replica.TestCluster.TestNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Three nodes over real sockets. */
@Timeout(240)
class ThreeNodesTest {
    private static final long MILLI = 1_000_000L;

    @Test
    void what_the_leader_acknowledged_is_applied_by_all_in_order() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            List<String> written = new ArrayList<>();
            for (int i = 0; i < 300; i++) {
                cluster.write("w" + i);
                written.add("w" + i);
            }
            cluster.awaitEqual(written);
            List<Object> own = new ArrayList<>();
            cluster.nodes().forEach(n -> own.addAll(n.applier.attachments()));
            assertEquals(own.size(), new HashSet<>(own).size());
            List<Object> others = new ArrayList<>(written);
            others.removeAll(own);
            // What a leader that was deposed had proposed is applied there as if it came from another node.
            assertTrue(others.isEmpty() || leadershipMoved(cluster), "not applied as one's own: " + others);
            assertEquals(written, cluster.nodes().get(0).applier.texts());
        }
    }

    private static boolean leadershipMoved(TestCluster cluster) {
        return cluster.nodes().stream().anyMatch(n -> n.applier.events().contains("deposed"));
    }

    @Test
    void proposals_of_one_thread_keep_their_order_whoever_waits_first() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            TestNode leader = cluster.awaitLeader();
            List<Proposal> proposals = new ArrayList<>();
            List<String> written = new ArrayList<>();
            for (int i = 0; i < 400; i++) {
                proposals.add(leader.propose("w" + i));
                written.add("w" + i);
            }
            Collections.reverse(proposals);
            for (Proposal proposal : proposals) {
                assertEquals(Proposal.Outcome.APPLIED, proposal.await(Await.LIMIT_NANOS));
            }
            assertEquals(written, leader.applier.texts());
        }
    }

    @Test
    void proposal_that_nobody_waits_for_is_applied_nevertheless() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            cluster.awaitLeader().propose("alone");
            cluster.awaitEqual(List.of("alone"));
        }
    }

    @Test
    void many_clients_share_forces_and_miss_no_wake_up() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            cluster.nodes().forEach(n -> n.log.forceTakes(200_000L));
            int clients = 32;
            int each = 100;
            writeFrom(cluster, clients, each);
            cluster.awaitEqual(List.of());
            for (TestNode node : cluster.nodes()) {
                assertEquals(clients * each, new HashSet<>(node.applier.texts()).size());
                assertEquals(clients * each, node.applier.texts().size());
                if (!node.applier.attachments().isEmpty()) {
                    assertTrue(
                            node.log.forces() < clients * each / 4,
                            node.name + " led: " + node.log.forces() + " forces for " + clients * each + " commits");
                }
            }
        }
    }

    /**
     * Where leadership moves (a busy machine is enough for that), what was LOST goes to the next leader.
     */
    private static void writeFrom(TestCluster cluster, int clients, int each) throws Exception {
        List<Thread> threads = new ArrayList<>();
        AtomicInteger applied = new AtomicInteger();
        for (int c = 0; c < clients; c++) {
            int client = c;
            Thread thread = new Thread(() -> {
                TestNode leader = cluster.awaitLeader();
                for (int i = 0; i < each; ) {
                    Proposal.Outcome outcome = leader.write(client + "/" + i);
                    if (outcome == Proposal.Outcome.LOST) {
                        leader = cluster.awaitLeader();
                        continue;
                    }
                    if (outcome == Proposal.Outcome.APPLIED) {
                        applied.incrementAndGet();
                    }
                    i++;
                }
            });
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join(TimeUnit.SECONDS.toMillis(120));
            assertFalse(thread.isAlive(), "a client hangs");
        }
        assertEquals(clients * each, applied.get());
    }

    @Test
    void interrupts_of_clients_neither_hurt_the_node_nor_get_lost() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            TestNode leader = cluster.awaitLeader();
            leader.log.forceTakes(100_000L);
            AtomicInteger flags = new AtomicInteger();
            List<Thread> clients = new ArrayList<>();
            AtomicInteger written = new AtomicInteger();
            AtomicInteger applied = new AtomicInteger();
            long start = System.nanoTime();
            for (int c = 0; c < 4; c++) {
                int client = c;
                Thread thread = new Thread(() -> {
                    // Until one was interrupted: who is to do that may stand still.
                    for (int i = 0; i < 200 || flags.get() == 0 && System.nanoTime() - start < Await.LIMIT_NANOS; i++) {
                        written.incrementAndGet();
                        if (leader.write(client + "/" + i) == Proposal.Outcome.APPLIED) {
                            applied.incrementAndGet();
                        }
                        if (Thread.interrupted()) {
                            flags.incrementAndGet();
                        }
                    }
                });
                clients.add(thread);
                thread.start();
            }
            while (clients.stream().anyMatch(Thread::isAlive)) {
                clients.forEach(Thread::interrupt);
                clients.get(0).join(1);
            }
            assertEquals(written.get(), applied.get());
            assertTrue(flags.get() > 0, "no client found its flag set");
            assertEquals(null, leader.node.failure());
            cluster.awaitEqual(List.of());
        }
    }

    @Test
    void killed_leader_is_replaced_and_catches_up_when_it_comes_back() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            TestNode first = cluster.awaitLeader();
            List<String> acknowledged = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                cluster.write("before" + i);
                acknowledged.add("before" + i);
            }
            first.kill();
            assertNotSame(first, cluster.awaitLeader());
            for (int i = 0; i < 500; i++) {
                cluster.write("after" + i);
                acknowledged.add("after" + i);
            }
            first.start();
            cluster.awaitEqual(acknowledged);
            assertEquals(acknowledged, first.applier.texts());
        }
    }

    @Test
    void nothing_acknowledged_is_lost_or_doubled_while_leaders_are_killed_under_load() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            AtomicBoolean over = new AtomicBoolean();
            List<String> acknowledged = Collections.synchronizedList(new ArrayList<>());
            List<String> lost = Collections.synchronizedList(new ArrayList<>());
            List<Thread> clients = new ArrayList<>();
            for (int c = 0; c < 4; c++) {
                int client = c;
                Thread thread = new Thread(() -> {
                    for (int i = 0; !over.get(); i++) {
                        String text = client + "/" + i;
                        TestNode leader = cluster.nodes().stream()
                                .filter(TestNode::leads)
                                .findFirst()
                                .orElse(null);
                        if (leader == null) {
                            Thread.onSpinWait();
                            continue;
                        }
                        switch (leader.write(text)) {
                            case APPLIED -> acknowledged.add(text);
                            case LOST -> lost.add(text);
                            case UNKNOWN -> {}
                        }
                    }
                });
                clients.add(thread);
                thread.start();
            }
            for (int round = 0; round < 3; round++) {
                int target = acknowledged.size() + 300;
                Await.until("300 commits more", () -> acknowledged.size() > target);
                TestNode leader = cluster.awaitLeader();
                leader.kill();
                cluster.awaitLeader();
                int more = acknowledged.size() + 100;
                Await.until("commits of the new leader", () -> acknowledged.size() > more);
                leader.start();
            }
            over.set(true);
            for (Thread client : clients) {
                client.join(TimeUnit.SECONDS.toMillis(120));
                assertFalse(client.isAlive());
            }
            cluster.awaitEqual(acknowledged);
            List<String> texts = cluster.nodes().get(0).applier.texts();
            assertEquals(texts.size(), new HashSet<>(texts).size(), "applied twice");
            HashSet<String> both = new HashSet<>(texts);
            both.retainAll(lost);
            assertEquals(Collections.emptySet(), both, "told LOST, and applied");
        }
    }

    @Test
    void deposed_leader_is_told_before_it_applies_and_decides_what_it_proposed() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            TestNode old = cluster.awaitLeader();
            assertEquals(Proposal.Outcome.APPLIED, old.write("committed"));
            cluster.awaitEqual(List.of("committed"));
            old.transport.cut(true);
            Proposal doomed = old.propose("doomed");
            assertEquals(Proposal.Outcome.UNKNOWN, doomed.await(20 * MILLI));
            cluster.writeBesides(old, "new");
            Await.until("the old leader steps down", () -> !old.leads());
            assertEquals(Proposal.Outcome.UNKNOWN, doomed.await(20 * MILLI));
            old.transport.cut(false);
            assertEquals(Proposal.Outcome.LOST, doomed.await(Await.LIMIT_NANOS));
            cluster.awaitEqual(List.of("committed", "new"));
            List<String> events = old.applier.events().stream()
                    .filter(e -> !e.startsWith("role"))
                    .toList();
            assertEquals(List.of("local committed", "deposed", "remote new"), events);
        }
    }

    @Test
    void entries_are_shipped_before_the_own_force_and_applied_only_after_it() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            TestNode leader = cluster.awaitLeader();
            assertEquals(Proposal.Outcome.APPLIED, leader.write("first"));
            cluster.awaitEqual(List.of("first"));
            // Until it is let go: the others are sooner, however slow the machine.
            leader.log.forceTakes(2 * Await.LIMIT_NANOS);
            List<String> early = Collections.synchronizedList(new ArrayList<>());
            leader.applier.before(entry -> {
                if (leader.group.durableIndex() < entry.index()) {
                    early.add("applied " + entry.index() + ", durable " + leader.group.durableIndex());
                }
            });
            Proposal proposal = leader.propose("slow");
            Thread client = new Thread(() -> proposal.await(Await.LIMIT_NANOS));
            client.start();
            Await.until("a place", () -> proposal.entry() != null);
            long index = proposal.entry().index();
            Await.until(
                    "both followers have it on disk",
                    () -> cluster.others(leader).stream().allMatch(n -> n.group.durableIndex() >= index));
            Await.until("the leader knows it", () -> leader.group.commitIndex() >= index);
            assertTrue(leader.group.durableIndex() < index, "the leader forced before it shipped");
            assertEquals(List.of("first"), leader.applier.texts());
            leader.log.forceTakes(0);
            client.join();
            assertEquals(Proposal.Outcome.APPLIED, proposal.await(Await.LIMIT_NANOS));
            assertEquals(List.of("first", "slow"), leader.applier.texts());
            assertEquals(List.of(), early);
        }
    }

    @Test
    void read_on_any_node_includes_what_was_acknowledged_before() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            for (int i = 0; i < 50; i++) {
                cluster.write("w" + i);
                for (TestNode node : cluster.nodes()) {
                    assertTrue(node.group.awaitReadable(Await.LIMIT_NANOS));
                    assertTrue(node.applier.texts().contains("w" + i), "stale read on " + node.name);
                }
            }
        }
    }

    @Test
    void node_without_a_majority_confirms_no_read() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            cluster.write("w");
            TestNode leader = cluster.awaitLeader();
            cluster.others(leader).forEach(TestNode::kill);
            Await.until("the lease to end", () -> !leader.group.leaseHolds());
            assertFalse(leader.group.awaitReadable(300 * MILLI));
        }
    }

    @Test
    void slow_disk_of_one_follower_does_not_slow_the_majority() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            TestNode leader = cluster.awaitLeader();
            TestNode slow = cluster.others(leader).get(0);
            assertEquals(Proposal.Outcome.APPLIED, leader.write("first"));
            // So slow that 150 of them take longer than this test may.
            slow.log.forceTakes(2_000 * MILLI);
            List<String> written = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                assertEquals(Proposal.Outcome.APPLIED, leader.write("w" + i));
                written.add("w" + i);
            }
            // Had they waited for it, each would have had a force of its own there.
            assertTrue(slow.log.forces() < 150, slow.log.forces() + " forces on the slow disk");
            slow.log.forceTakes(0);
            cluster.awaitEqual(written);
        }
    }

    @Test
    void follower_that_stands_still_does_not_block_the_leader_and_gets_everything_later() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            TestNode leader = cluster.awaitLeader();
            TestNode stuck = cluster.others(leader).get(0);
            assertEquals(Proposal.Outcome.APPLIED, leader.write("first"));
            // Its reader hangs in a force while far more than any socket buffer or window is written; who waited for it
            // would do
            // so for longer than a test waits.
            stuck.log.forceTakes(2 * Await.LIMIT_NANOS);
            String big = "x".repeat(100_000);
            List<String> written = new ArrayList<>();
            for (int i = 0; i < 150; i++) {
                assertEquals(Proposal.Outcome.APPLIED, leader.write(i + big));
                written.add(i + big);
            }
            stuck.log.forceTakes(0);
            cluster.awaitEqual(written);
        }
    }

    /** As on the thread that reads what a peer sends: there it does not stop the node. */
    @Test
    void peer_to_which_sending_ended_in_an_error_gets_what_comes_after() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            TestNode leader = cluster.awaitLeader();
            assertEquals(Proposal.Outcome.APPLIED, leader.write("before"));
            // What is under way to a follower, or sent to it again, would meet the error before.
            Await.until(
                    "all have it, and the leader knows",
                    () -> leader.group.status().stream().allMatch(s -> s.reachable() && s.lagEntries() == 0));
            Error error = new OutOfMemoryError("in this test");
            leader.transport.failOnce(error);
            Replica replica = (Replica) leader.group;
            assertSame(
                    error,
                    assertThrows(
                            Error.class,
                            () -> replica.submit((s, now, out) -> {
                                byte[] text = "hit".getBytes(StandardCharsets.UTF_8);
                                assertTrue(s.propose(EntryKind.DATA, text, now, out) > 0);
                                s.flush(now, out);
                            })));
            assertEquals(null, leader.node.failure());
            cluster.write("after");
            cluster.awaitEqual(List.of("before", "hit", "after"));
        }
    }

    @Test
    void failed_force_silences_the_node_and_the_others_go_on() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            TestNode leader = cluster.awaitLeader();
            assertEquals(Proposal.Outcome.APPLIED, leader.write("good"));
            IOException failure = new IOException("disk on fire");
            leader.log.failForces(failure);
            Proposal.Outcome outcome = leader.write("unsure");
            assertNotEquals(Proposal.Outcome.LOST, outcome);
            Await.until("the node stops", () -> leader.node.failure() == failure);
            Await.until("the applier is told", () -> leader.applier.stopped() == failure);
            assertEquals(Proposal.Outcome.LOST, leader.write("later"));
            cluster.writeBesides(leader, "goes on");
        }
    }

    @Test
    void applier_that_throws_stops_its_group_here_and_only_here() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            TestNode leader = cluster.awaitLeader();
            TestNode broken = cluster.others(leader).get(0);
            broken.applier.before(entry -> {
                throw new IllegalStateException("divergence at " + entry.index());
            });
            assertEquals(Proposal.Outcome.APPLIED, leader.write("w"));
            Await.until("the broken one stops", () -> broken.applier.stopped() != null);
            assertEquals(Proposal.Outcome.APPLIED, leader.write("x"));
            assertEquals(null, leader.node.failure());
        }
    }

    @Test
    void status_on_the_leader_shows_every_member() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            TestNode leader = cluster.awaitLeader();
            assertEquals(Proposal.Outcome.APPLIED, leader.write("w"));
            cluster.awaitEqual(List.of("w"));
            Await.until(
                    "followers have told what they applied",
                    () -> leader.group.status().stream()
                            .allMatch(s -> s.appliedIndex() == leader.group.appliedIndex()
                                    && s.reachable()
                                    && s.lagEntries() == 0));
            List<ReplicatedLog.MemberStatus> status = leader.group.status();
            assertEquals(3, status.size());
            assertEquals(
                    1, status.stream().filter(s -> s.role().equals("LEADER")).count());
            assertEquals(
                    2, status.stream().filter(s -> s.role().equals("FOLLOWER")).count());
            TestNode follower = cluster.others(leader).get(0);
            assertEquals(
                    "LEADER",
                    follower.group.status().stream()
                            .filter(s -> s.name().equals(leader.name))
                            .findFirst()
                            .orElseThrow()
                            .role());
        }
    }
}
