package io.synod.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.replica.TestCluster.TestNode;
import java.io.IOException;
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
@Timeout(60)
class ThreeNodesTest {
    private static final long MILLI = 1_000_000L;

    @Test
    void what_the_leader_acknowledged_is_applied_by_all_in_order() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            TestNode leader = cluster.awaitLeader();
            List<String> written = new ArrayList<>();
            for (int i = 0; i < 300; i++) {
                assertEquals(Proposal.Outcome.APPLIED, leader.write("w" + i));
                written.add("w" + i);
            }
            cluster.awaitEqual(written);
            assertEquals(written, leader.applier.texts());
            assertEquals(written, leader.applier.attachments());
        }
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
            TestNode leader = cluster.awaitLeader();
            leader.log.forceTakes(200_000L);
            int clients = 32;
            int each = 100;
            long slowest = writeFrom(leader, clients, each, Thread.currentThread());
            assertTrue(slowest < 2_000 * MILLI, "a commit took " + slowest / MILLI + " ms");
            assertEquals(clients * each, new HashSet<>(leader.applier.texts()).size());
            assertEquals(clients * each, leader.applier.texts().size());
            assertTrue(
                    leader.log.forces() < clients * each / 4,
                    leader.log.forces() + " forces for " + clients * each + " commits");
            cluster.awaitEqual(List.of());
        }
    }

    /** @return the longest time of one commit, in nanoseconds */
    private static long writeFrom(TestNode leader, int clients, int each, Thread interrupter) throws Exception {
        List<Thread> threads = new ArrayList<>();
        AtomicInteger applied = new AtomicInteger();
        long[] slowest = new long[clients];
        for (int c = 0; c < clients; c++) {
            int client = c;
            Thread thread = new Thread(() -> {
                for (int i = 0; i < each; i++) {
                    long start = System.nanoTime();
                    if (leader.write(client + "/" + i) == Proposal.Outcome.APPLIED) {
                        applied.incrementAndGet();
                    }
                    slowest[client] = Math.max(slowest[client], System.nanoTime() - start);
                }
            });
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join(TimeUnit.SECONDS.toMillis(30));
            assertFalse(thread.isAlive(), "a client hangs");
        }
        assertEquals(clients * each, applied.get());
        assertNotSame(interrupter, threads.get(0));
        long worst = 0;
        for (long nanos : slowest) {
            worst = Math.max(worst, nanos);
        }
        return worst;
    }

    @Test
    void interrupts_of_clients_neither_hurt_the_node_nor_get_lost() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            TestNode leader = cluster.awaitLeader();
            leader.log.forceTakes(100_000L);
            AtomicInteger flags = new AtomicInteger();
            List<Thread> clients = new ArrayList<>();
            AtomicInteger applied = new AtomicInteger();
            for (int c = 0; c < 4; c++) {
                int client = c;
                Thread thread = new Thread(() -> {
                    for (int i = 0; i < 200; i++) {
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
            assertEquals(800, applied.get());
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
                assertEquals(Proposal.Outcome.APPLIED, first.write("before" + i));
                acknowledged.add("before" + i);
            }
            long killedAt = System.nanoTime();
            first.kill();
            TestNode second = cluster.awaitLeader();
            long gap = System.nanoTime() - killedAt;
            assertNotSame(first, second);
            assertTrue(gap < 2_000 * MILLI, "no leader for " + gap / MILLI + " ms");
            for (int i = 0; i < 500; i++) {
                assertEquals(Proposal.Outcome.APPLIED, second.write("after" + i));
                acknowledged.add("after" + i);
            }
            first.start();
            cluster.awaitEqual(acknowledged);
            assertEquals(acknowledged, second.applier.texts());
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
                client.join(20_000);
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
            List<TestNode> others = cluster.others(old);
            Await.until("a new leader", () -> others.stream().anyMatch(TestNode::leads));
            TestNode next = others.stream().filter(TestNode::leads).findFirst().orElseThrow();
            assertEquals(Proposal.Outcome.APPLIED, next.write("new"));
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
            leader.log.forceTakes(150 * MILLI);
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
            assertTrue(leader.group.durableIndex() < index, "the leader forced before it shipped");
            assertEquals(Proposal.Outcome.APPLIED, proposal.await(Await.LIMIT_NANOS));
            client.join(10_000);
            assertEquals(List.of(), early);
        }
    }

    @Test
    void leadership_moves_on_request_and_nothing_is_lost() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            TestNode old = cluster.awaitLeader();
            assertEquals(Proposal.Outcome.APPLIED, old.write("one"));
            assertTrue(old.group.transferAway(2_000 * MILLI));
            assertEquals(0, old.group.servingEpoch());
            TestNode next = cluster.awaitLeader();
            assertNotSame(old, next);
            assertEquals(Proposal.Outcome.APPLIED, next.write("two"));
            cluster.awaitEqual(List.of("one", "two"));
            assertEquals(next.name, old.group.awaitLeader(Await.LIMIT_NANOS));
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
                assertTrue(old.group.transferTo(wanted.name, 5_000 * MILLI));
                assertEquals(wanted.name, cluster.awaitLeader().name, "round " + round);
            }
            TestNode leader = cluster.awaitLeader();
            assertThrows(IllegalArgumentException.class, () -> leader.group.transferTo("nobody", 5_000 * MILLI));
            assertTrue(leader.group.transferTo(leader.name, 5_000 * MILLI));
        }
    }

    @Test
    void read_on_any_node_includes_what_was_acknowledged_before() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            TestNode leader = cluster.awaitLeader();
            for (int i = 0; i < 50; i++) {
                assertEquals(Proposal.Outcome.APPLIED, leader.write("w" + i));
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
            TestNode leader = cluster.awaitLeader();
            assertEquals(Proposal.Outcome.APPLIED, leader.write("w"));
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
            slow.log.forceTakes(200 * MILLI);
            List<String> written = new ArrayList<>();
            long start = System.nanoTime();
            for (int i = 0; i < 200; i++) {
                assertEquals(Proposal.Outcome.APPLIED, leader.write("w" + i));
                written.add("w" + i);
            }
            long took = System.nanoTime() - start;
            assertTrue(took < 2_000 * MILLI, "200 commits took " + took / MILLI + " ms");
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
            // Its reader hangs in a force while far more than any socket buffer or window is written.
            stuck.log.forceTakes(1_500 * MILLI);
            String big = "x".repeat(100_000);
            List<String> written = new ArrayList<>();
            for (int i = 0; i < 150; i++) {
                long start = System.nanoTime();
                assertEquals(Proposal.Outcome.APPLIED, leader.write(i + big));
                assertTrue(System.nanoTime() - start < 1_000 * MILLI, "the leader was blocked");
                written.add(i + big);
            }
            stuck.log.forceTakes(0);
            cluster.awaitEqual(written);
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
            Await.until("another leader", () -> cluster.others(leader).stream().anyMatch(TestNode::leads));
            TestNode next = cluster.others(leader).stream()
                    .filter(TestNode::leads)
                    .findFirst()
                    .orElseThrow();
            assertEquals(Proposal.Outcome.APPLIED, next.write("goes on"));
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
