package io.synod.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.paxos.Message;
import io.synod.replica.TestCluster.TestNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Members that get a snapshot because the log has forgotten what they lack; real sockets on loopback. */
@Timeout(60)
class SnapshotTransferTest {
    private static final LogLimits SMALL = new LogLimits(20_000, 0);

    private static String text(int i) {
        return i + "x".repeat(100);
    }

    private static long firstIndex(TestNode node) {
        return node.group.status().stream()
                .filter(m -> m.name().equals(node.name))
                .findFirst()
                .orElseThrow()
                .firstIndex();
    }

    private static int snapshotPercent(TestNode on, TestNode of) {
        return on.group.status().stream()
                .filter(m -> m.name().equals(of.name))
                .findFirst()
                .orElseThrow()
                .snapshotPercent();
    }

    /** Writes until the leader's log begins behind what that member has. */
    private static void writeBeyond(TestCluster cluster, TestNode away, List<String> written) {
        long has = away.applier.appliedIndex();
        Await.until("the log to forget what the absent lacks", () -> {
            TestNode leader = cluster.awaitLeader();
            write(leader, 20, written);
            return firstIndex(leader) > has + 1;
        });
    }

    private static void write(TestNode leader, int count, List<String> written) {
        for (int i = 0; i < count; i++) {
            String text = text(written.size());
            if (leader.write(text) == Proposal.Outcome.APPLIED) {
                written.add(text);
            }
        }
    }

    private static TestNode follower(TestCluster cluster) {
        return cluster.others(cluster.awaitLeader()).get(0);
    }

    @Test
    void member_that_was_away_for_longer_than_the_log_lasts_comes_back_while_the_leader_commits() throws Exception {
        try (TestCluster cluster = TestCluster.forgetting(SMALL)) {
            TestNode leader = cluster.awaitLeader();
            TestNode away = follower(cluster);
            leader.write("first");
            away.kill();
            List<String> written = Collections.synchronizedList(new ArrayList<>());
            writeBeyond(cluster, away, written);
            AtomicBoolean stop = new AtomicBoolean();
            AtomicInteger during = new AtomicInteger();
            leader.snapshots.filler(2_000_000);
            Thread client = new Thread(() -> {
                while (!stop.get()) {
                    String text = text(written.size());
                    if (leader.write(text) == Proposal.Outcome.APPLIED) {
                        written.add(text);
                        during.incrementAndGet();
                    }
                }
            });
            client.start();
            away.start();
            Await.until("the snapshot", () -> away.snapshots.installs() == 1);
            int committed = during.get();
            Await.until("commits afterwards", () -> during.get() > committed + 20);
            stop.set(true);
            client.join();
            assertTrue(committed > 0, "nothing was committed meanwhile");
            cluster.awaitEqual(written);
            assertTrue(firstIndex(away) > 1);
            // From its own disk it goes on as any other.
            away.kill();
            away.start();
            cluster.awaitEqual(written);
            assertEquals(1, away.snapshots.installs());
            assertEquals(Proposal.Outcome.APPLIED, cluster.awaitLeader().write("last"));
            cluster.awaitEqual(List.of("last"));
        }
    }

    @Test
    void transfer_that_a_crash_of_the_receiver_breaks_goes_on_where_it_was() throws Exception {
        try (TestCluster cluster = TestCluster.forgetting(new LogLimits(20_000, 2_000_000))) {
            TestNode leader = cluster.awaitLeader();
            TestNode away = follower(cluster);
            leader.write("first");
            away.kill();
            List<String> written = new ArrayList<>();
            int size = 1_000_000;
            cluster.nodes().forEach(n -> n.snapshots.filler(size));
            writeBeyond(cluster, away, written);
            away.start();
            Await.until("a third of it", () -> away.snapshots.bytesWritten() > size / 3);
            Await.until("progress told", () -> snapshotPercent(leader, away) > 0 && snapshotPercent(away, away) > 0);
            away.kill();
            long had = away.snapshots.bytesWritten();
            write(cluster.awaitLeader(), 400, written);
            away.start();
            Await.until("the snapshot", () -> away.snapshots.installs() == 1);
            assertTrue(away.snapshots.resumedAt() >= had, "began again at " + away.snapshots.resumedAt());
            long once = away.snapshots.installed().length();
            assertTrue(away.snapshots.bytesWritten() <= once, "written " + away.snapshots.bytesWritten());
            cluster.awaitEqual(written);
            Await.until("the transfer to be over", () -> snapshotPercent(leader, away) == -1);
        }
    }

    @Test
    void spoilt_and_lost_chunks_are_fetched_again() throws Exception {
        try (TestCluster cluster = TestCluster.forgetting(SMALL)) {
            TestNode leader = cluster.awaitLeader();
            TestNode away = follower(cluster);
            leader.write("first");
            away.kill();
            List<String> written = new ArrayList<>();
            cluster.nodes().forEach(n -> n.snapshots.filler(600_000));
            writeBeyond(cluster, away, written);
            Map<Long, Integer> arrivals = new ConcurrentHashMap<>();
            long spoilt = 3L * SnapshotDispatch.CHUNK_BYTES;
            long lost = 7L * SnapshotDispatch.CHUNK_BYTES;
            away.start();
            away.transport.arriving(message -> {
                if (!(message instanceof Message.SnapshotChunk chunk)) {
                    return message;
                }
                int times = arrivals.merge(chunk.offset(), 1, Integer::sum);
                if (times == 1 && chunk.offset() == spoilt) {
                    byte[] other = chunk.bytes().clone();
                    other[17] ^= 4;
                    return new Message.SnapshotChunk(chunk.id(), chunk.offset(), other, chunk.crc());
                }
                return times == 1 && chunk.offset() == lost ? null : message;
            });
            Await.until("the snapshot", () -> away.snapshots.installs() == 1);
            assertTrue(arrivals.get(spoilt) > 1, arrivals.toString());
            assertTrue(arrivals.get(lost) > 1, arrivals.toString());
            cluster.awaitEqual(written);
        }
    }

    @Test
    void crash_between_the_installation_and_the_logs_note_of_it_is_made_good() throws Exception {
        try (TestCluster cluster = TestCluster.forgetting(SMALL)) {
            TestNode leader = cluster.awaitLeader();
            TestNode away = follower(cluster);
            leader.write("first");
            away.kill();
            List<String> written = new ArrayList<>();
            writeBeyond(cluster, away, written);
            CountDownLatch placed = new CountDownLatch(1);
            CountDownLatch dead = new CountDownLatch(1);
            away.snapshots.afterInstall(() -> {
                placed.countDown();
                try {
                    dead.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            away.start();
            placed.await();
            ReplicaNode node = away.node;
            Thread killer = new Thread(away::kill);
            killer.start();
            Await.until(
                    "the group to be closed",
                    () -> away.group.status().stream().anyMatch(m -> m.role().equals("STOPPED")));
            dead.countDown();
            killer.join();
            away.snapshots.afterInstall(() -> {});
            assertNull(node.failure());
            away.start();
            cluster.awaitEqual(written);
            assertEquals(1, away.snapshots.installs());
            assertEquals(Proposal.Outcome.APPLIED, cluster.awaitLeader().write("last"));
            cluster.awaitEqual(List.of("last"));
        }
    }

    @Test
    void member_that_lost_its_state_machine_but_not_its_log_gets_a_snapshot() throws Exception {
        try (TestCluster cluster = TestCluster.forgetting(SMALL)) {
            List<String> written = new ArrayList<>();
            TestNode other = follower(cluster);
            Await.until("all logs to forget", () -> {
                write(cluster.awaitLeader(), 20, written);
                return firstIndex(other) > 1;
            });
            other.kill();
            other.snapshots.lose();
            other.start();
            Await.until("the snapshot", () -> other.snapshots.installs() == 1);
            cluster.awaitEqual(written);
        }
    }

    @Test
    void group_without_snapshots_keeps_its_log_whole() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            TestNode leader = cluster.awaitLeader();
            for (int i = 0; i < 200; i++) {
                leader.write(text(i));
            }
            leader.group.awaitApplied(201, Await.LIMIT_NANOS);
            cluster.nodes().forEach(n -> assertEquals(1, firstIndex(n)));
        }
    }

    @Test
    void logs_on_real_files_forget_and_restarts_begin_in_the_middle(@TempDir Path dir) throws Exception {
        try (TestCluster cluster = TestCluster.forgetting(new LogLimits(1 << 20, 0), dir)) {
            List<String> written = new ArrayList<>();
            String large = "y".repeat(60_000);
            TestNode away = follower(cluster);
            away.kill();
            for (int round = 0; round < 2; round++) {
                long until = 1 + 40L * (round + 1);
                Await.until("the log to forget", () -> {
                    TestNode leader = cluster.awaitLeader();
                    String text = written.size() + large;
                    if (leader.write(text) == Proposal.Outcome.APPLIED) {
                        written.add(text);
                    }
                    return firstIndex(leader) > until;
                });
                TestNode leader = cluster.awaitLeader();
                leader.kill();
                leader.start();
            }
            away.start();
            cluster.awaitEqual(written);
            cluster.nodes().forEach(TestNode::kill);
            for (TestNode node : cluster.nodes()) {
                node.start();
            }
            cluster.awaitLeader();
            cluster.awaitEqual(written);
        }
    }
}
