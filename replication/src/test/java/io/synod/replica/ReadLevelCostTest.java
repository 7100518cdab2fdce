package io.synod.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.paxos.Message;
import io.synod.replica.TestCluster.TestNode;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What reads on a follower ask of the leader, counted in messages, and what commits at ALL and LOCAL wait for. */
@Timeout(240)
class ReadLevelCostTest {
    private static final int READERS = 64;
    private static final int ROUNDS = 20;

    @Test
    void reads_that_wait_together_share_a_question() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            TestNode leader = cluster.awaitLeader();
            assertEquals(Proposal.Outcome.APPLIED, leader.write("x"));
            TestNode follower = cluster.others(leader).get(0);
            assertTrue(follower.group.awaitReadable(Await.LIMIT_NANOS));
            int before = follower.transport.questions();
            AtomicBoolean answered = new AtomicBoolean();
            follower.transport.arriving(m -> m instanceof Message.ReadIndexReply && !answered.get() ? null : m);
            for (int round = 0; round < ROUNDS; round++) {
                answered.set(false);
                AtomicInteger readable = new AtomicInteger();
                List<Thread> readers = new ArrayList<>();
                for (int i = 0; i < READERS; i++) {
                    Thread reader = new Thread(
                            () -> readable.addAndGet(follower.group.awaitReadable(Await.LIMIT_NANOS) ? 1 : 0));
                    readers.add(reader);
                    reader.start();
                }
                Await.until(
                        "all wait", () -> readers.stream().allMatch(r -> r.getState() == Thread.State.TIMED_WAITING));
                answered.set(true);
                for (Thread reader : readers) {
                    reader.join();
                }
                assertEquals(READERS, readable.get());
            }
            int questions = follower.transport.questions() - before;
            // One for whoever came first and one for the others; more where the first is given up meanwhile.
            int most = READERS * ROUNDS / 8;
            assertTrue(questions <= most, questions + " questions for " + READERS * ROUNDS + " reads");
        }
    }

    @Test
    void reads_within_a_bound_ask_once_per_bound() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            TestNode leader = cluster.awaitLeader();
            assertEquals(Proposal.Outcome.APPLIED, leader.write("x"));
            TestNode follower = cluster.others(leader).get(0);
            assertEquals(Long.MAX_VALUE, follower.group.ageNanos(), "never asked");
            long minute = TimeUnit.MINUTES.toNanos(1);
            assertTrue(follower.group.awaitFresh(minute, Await.LIMIT_NANOS));
            assertEquals("x", follower.applier.texts().get(0), "what was acknowledged before is here");
            int before = follower.transport.questions();
            for (int i = 0; i < 1_000; i++) {
                assertTrue(follower.group.awaitFresh(minute, Await.LIMIT_NANOS));
            }
            assertEquals(before, follower.transport.questions());
            follower.transport.cut(true);
            assertTrue(follower.group.awaitFresh(minute, 0), "still young enough");
            assertFalse(follower.group.awaitFresh(0, TimeUnit.MILLISECONDS.toNanos(300)), "nobody confirms it");
            // It asks for a lease while reads come, and has none for a moment where all stood still.
            Await.until("a leader under its lease is never old", () -> leader.group.ageNanos() == 0);
        }
    }

    @Test
    void entry_is_everywhere_when_all_that_can_be_reached_have_forced_it() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            TestNode leader = cluster.awaitLeader();
            TestNode cut = cluster.others(leader).get(0);
            Await.until(
                    "all are connected",
                    () -> cluster.others(leader).stream().allMatch(n -> leader.transport.connected(n.slot)));
            Proposal all = leader.propose("all");
            assertEquals(Proposal.Outcome.APPLIED, all.await(Await.LIMIT_NANOS));
            assertEquals(List.of(), leader.group.awaitEverywhere(all.entry().index(), Await.LIMIT_NANOS));
            cut.transport.cut(true);
            Proposal most = leader.propose("most");
            assertEquals(Proposal.Outcome.APPLIED, most.await(Await.LIMIT_NANOS));
            assertEquals(
                    List.of(cut.name),
                    leader.group.awaitEverywhere(most.entry().index(), TimeUnit.MILLISECONDS.toNanos(200)));
            cut.transport.cut(false);
            assertEquals(List.of(), leader.group.awaitEverywhere(most.entry().index(), Await.LIMIT_NANOS));
        }
    }

    @Test
    void entry_is_forced_here_without_a_majority_and_applied_only_with_one() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            TestNode leader = cluster.awaitLeader();
            for (TestNode follower : cluster.others(leader)) {
                follower.transport.cut(true);
            }
            Proposal proposal = leader.propose("x");
            assertTrue(proposal.awaitForced(Await.LIMIT_NANOS), "on the leader's disk");
            assertFalse(leader.applier.texts().contains("x"), "not applied");
            for (TestNode follower : cluster.others(leader)) {
                follower.transport.cut(false);
            }
            assertEquals(Proposal.Outcome.APPLIED, proposal.await(Await.LIMIT_NANOS));
            assertFalse(proposal.awaitForced(0), "decided");
        }
    }
}
