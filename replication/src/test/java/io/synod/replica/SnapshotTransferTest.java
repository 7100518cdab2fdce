package io.synod.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.paxos.Message;
import io.synod.replica.TestCluster.TestNode;
import java.lang.ref.WeakReference;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Members that get a snapshot because the log has forgotten what they lack; real sockets on loopback. */
@Tag("long")
@Timeout(240)
class SnapshotTransferTest {
    /** Of logs on files, in bytes. */
    private static final int LIMIT = 1 << 20;

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

    private static long bytes(TestNode node) {
        return node.group.status().stream()
                .filter(m -> m.name().equals(node.name))
                .findFirst()
                .orElseThrow()
                .logBytes();
    }

    private static int snapshotPercent(TestNode on, TestNode of) {
        return on.group.status().stream()
                .filter(m -> m.name().equals(of.name))
                .findFirst()
                .orElseThrow()
                .snapshotPercent();
    }

    /**
     * Writes until the leader's log begins behind all that was in it before. A member that is away may have that in its own log,
     * whatever it had applied of it.
     */
    private static void writeBeyond(TestCluster cluster, List<String> written) {
        long has = cluster.awaitLeader().group.durableIndex();
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

    /** Kills it while it is busy with a snapshot, and lets that go on when the group has ended. */
    private static void kill(TestNode node, CountDownLatch goesOn) throws InterruptedException {
        Thread killer = new Thread(node::kill);
        killer.start();
        Await.until(
                "the group to be closed",
                () -> node.group.status().stream().anyMatch(m -> m.role().equals("STOPPED")));
        goesOn.countDown();
        killer.join();
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static TestNode follower(TestCluster cluster) {
        return cluster.others(cluster.awaitLeader()).get(0);
    }

    @Test
    void member_that_was_away_for_longer_than_the_log_lasts_comes_back_while_the_leader_commits() throws Exception {
        try (TestCluster cluster = TestCluster.forgetting(SMALL)) {
            TestNode leader = cluster.awaitLeader();
            TestNode away = cluster.others(leader).get(0);
            cluster.write("first");
            away.kill();
            List<String> written = Collections.synchronizedList(new ArrayList<>());
            writeBeyond(cluster, written);
            AtomicBoolean stop = new AtomicBoolean();
            AtomicInteger during = new AtomicInteger();
            cluster.nodes().forEach(n -> n.snapshots.filler(2_000_000));
            Thread client = new Thread(() -> {
                while (!stop.get()) {
                    TestNode leads = cluster.nodes().stream()
                            .filter(TestNode::leads)
                            .findFirst()
                            .orElse(null);
                    String text = text(written.size());
                    if (leads != null && leads.write(text) == Proposal.Outcome.APPLIED) {
                        written.add(text);
                        during.incrementAndGet();
                    }
                }
            });
            client.start();
            // In the middle of the transfer, however soon it would be over.
            AtomicBoolean begun = new AtomicBoolean();
            away.snapshots.beforeWrite(() -> {
                if (begun.compareAndSet(false, true)) {
                    int before = during.get();
                    Await.until("commits meanwhile", () -> during.get() > before + 20);
                }
            });
            away.start();
            Await.until("the snapshot", () -> away.snapshots.installs() > 0);
            int committed = during.get();
            Await.until("commits afterwards", () -> during.get() > committed + 20);
            stop.set(true);
            client.join();
            assertTrue(begun.get() && committed > 0, "nothing was committed meanwhile");
            cluster.awaitEqual(written);
            assertTrue(firstIndex(away) > 1);
            // From its own disk it goes on as any other.
            int installs = away.snapshots.installs();
            away.kill();
            away.start();
            cluster.awaitEqual(written);
            assertEquals(
                    installs, away.snapshots.installs(), "a log that forgets as fast as this may take two at first");
            cluster.write("last");
            cluster.awaitEqual(List.of("last"));
        }
    }

    /** A member that has got its snapshot, and loses all entries behind it, of which there are some. */
    private static TestNode installedOnly(TestCluster cluster, List<String> written) throws Exception {
        TestNode away = follower(cluster);
        cluster.write("first");
        away.kill();
        writeBeyond(cluster, written);
        away.snapshots.afterInstall(() -> away.transport.loseEntries(true));
        CountDownLatch writes = new CountDownLatch(1);
        CountDownLatch goesOn = new CountDownLatch(1);
        away.snapshots.beforeWrite(() -> {
            writes.countDown();
            await(goesOn);
        });
        away.start();
        writes.await();
        // Whoever has all that is committed is not waited for any longer.
        write(cluster.awaitLeader(), 20, written);
        goesOn.countDown();
        Await.until("the snapshot", () -> away.snapshots.installs() == 1);
        Await.until("the transfer to be over", () -> snapshotPercent(cluster.awaitLeader(), away) == -1);
        return away;
    }

    @Test
    void log_behind_a_snapshot_is_kept_until_its_receiver_has_fetched_it() throws Exception {
        try (TestCluster cluster = TestCluster.forgettingLedBy(1, SMALL)) {
            List<String> written = new ArrayList<>();
            TestNode away = installedOnly(cluster, written);
            long has = away.applier.appliedIndex();
            TestNode leader = cluster.awaitLeader();
            long before = leader.log.bytes();
            Await.until("more than the log's bound", () -> {
                write(cluster.awaitLeader(), 20, written);
                return leader.log.bytes() > before + SMALL.logBytes() || firstIndex(leader) > has + 1;
            });
            for (int i = 0; i < 3; i++) {
                int looks = leader.snapshots.looks();
                write(cluster.awaitLeader(), 1, written);
                Await.until("a look at the log", () -> leader.snapshots.looks() > looks);
            }
            assertTrue(firstIndex(leader) <= has + 1, "what the receiver has still to fetch is forgotten");
            away.transport.loseEntries(false);
            cluster.awaitEqual(written);
            assertEquals(1, away.snapshots.installs());
            Await.until("the log to forget again", () -> {
                write(cluster.awaitLeader(), 20, written);
                return firstIndex(leader) > has + 1;
            });
        }
    }

    @Test
    void log_is_not_kept_for_a_receiver_that_fetches_nothing_beyond_a_size() throws Exception {
        try (TestCluster cluster = TestCluster.forgettingLedBy(1, SMALL)) {
            List<String> written = new ArrayList<>();
            TestNode away = installedOnly(cluster, written);
            long has = away.applier.appliedIndex();
            TestNode leader = cluster.awaitLeader();
            Await.until("the log to forget", () -> {
                write(cluster.awaitLeader(), 20, written);
                return firstIndex(leader) > has + 1;
            });
            away.snapshots.afterInstall(() -> {});
            // Again and again: the next snapshot may be about to have it lose entries, too.
            Await.until("nothing is lost any more", () -> {
                away.transport.loseEntries(false);
                return new HashSet<>(away.applier.texts()).containsAll(written);
            });
            cluster.awaitEqual(written);
            assertTrue(away.snapshots.installs() > 1, "nothing but a snapshot can help");
        }
    }

    @Test
    void transfer_that_a_crash_of_the_receiver_breaks_goes_on_where_it_was() throws Exception {
        try (TestCluster cluster = TestCluster.forgetting(new LogLimits(20_000, 2_000_000))) {
            TestNode leader = cluster.awaitLeader();
            TestNode away = cluster.others(leader).get(0);
            cluster.write("first");
            away.kill();
            List<String> written = new ArrayList<>();
            int size = 1_000_000;
            cluster.nodes().forEach(n -> n.snapshots.filler(size));
            writeBeyond(cluster, written);
            CountDownLatch dead = new CountDownLatch(1);
            away.snapshots.beforeWrite(() -> {
                if (away.snapshots.bytesWritten() > size / 3) {
                    await(dead);
                }
            });
            away.start();
            Await.until("a third of it", () -> away.snapshots.bytesWritten() > size / 3);
            Await.until("progress told", () -> snapshotPercent(leader, away) > 0 && snapshotPercent(away, away) > 0);
            kill(away, dead);
            away.snapshots.beforeWrite(() -> {});
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

    /** Its last word counts, not its greatest: what it acknowledged and had not forced may be gone. */
    @Test
    void receiver_that_has_less_than_it_once_said_gets_it_again() throws Exception {
        try (TestCluster cluster = TestCluster.forgetting(SMALL)) {
            TestNode away = follower(cluster);
            cluster.write("first");
            away.kill();
            List<String> written = new ArrayList<>();
            int size = 1_000_000;
            cluster.nodes().forEach(n -> n.snapshots.filler(size));
            writeBeyond(cluster, written);
            away.snapshots.loseReceivedAt(size / 3);
            away.start();
            Await.until("the snapshot", () -> away.snapshots.installs() > 0);
            assertTrue(away.snapshots.bytesWritten() > size + size / 3, "nothing was lost");
            cluster.awaitEqual(written);
        }
    }

    @Test
    void transfer_whose_last_answer_was_lost_is_offered_again_and_ends() throws Exception {
        try (TestCluster cluster = TestCluster.forgetting(SMALL)) {
            TestNode leader = cluster.awaitLeader();
            TestNode away = cluster.others(leader).get(0);
            cluster.write("first");
            away.kill();
            writeBeyond(cluster, new ArrayList<>());
            AtomicInteger ends = new AtomicInteger();
            TestNode now = cluster.awaitLeader();
            now.transport.arriving(message -> {
                boolean end = message instanceof Message.SnapshotReceived m
                        && (m.state() == Message.SnapshotState.INSTALLED || m.state() == Message.SnapshotState.REFUSED);
                return end && ends.incrementAndGet() == 1 ? null : message;
            });
            away.start();
            Await.until("the last answer, and one more", () -> ends.get() > 1);
            Await.until("the end of the transfer", () -> snapshotPercent(now, away) == -1);
            assertEquals(1, away.snapshots.installs());
        }
    }

    @Test
    void snapshot_that_cannot_be_made_does_not_hold_back_the_log() throws Exception {
        try (TestCluster cluster = TestCluster.forgetting(SMALL)) {
            TestNode leader = cluster.awaitLeader();
            TestNode away = cluster.others(leader).get(0);
            cluster.write("first");
            away.kill();
            writeBeyond(cluster, new ArrayList<>());
            cluster.nodes().forEach(n -> n.snapshots.failTakes(true));
            away.start();
            Await.until("an attempt", () -> cluster.nodes().stream().anyMatch(n -> n.snapshots.failedTakes() > 0));
            away.kill();
            TestNode now = cluster.awaitLeader();
            long before = firstIndex(now);
            Await.until("the log to forget more", () -> {
                write(cluster.awaitLeader(), 20, new ArrayList<>());
                return firstIndex(now) > before + 300;
            });
        }
    }

    @Test
    void receiver_that_cannot_install_its_snapshot_does_not_hold_back_the_log() throws Exception {
        try (TestCluster cluster = TestCluster.forgettingLedBy(1, SMALL)) {
            TestNode away = follower(cluster);
            cluster.write("first");
            away.kill();
            List<String> written = new ArrayList<>();
            writeBeyond(cluster, written);
            away.snapshots.failInstalls(true);
            away.start();
            TestNode leader = cluster.awaitLeader();
            Await.until("an attempt", () -> away.snapshots.failedInstalls() > 0);
            Pins pins = ((Replica) leader.group).retention().pins();
            Await.until("nothing kept between two attempts", () -> pins.lowest(System.nanoTime()) == Long.MAX_VALUE);
            long before = firstIndex(leader);
            Await.until("the log to forget more", () -> {
                write(cluster.awaitLeader(), 20, written);
                return firstIndex(leader) > before + 300;
            });
            away.snapshots.failInstalls(false);
            cluster.awaitEqual(written);
        }
    }

    @Test
    void receiver_that_cannot_take_its_snapshot_says_so_and_does_not_hold_back_the_log() throws Exception {
        try (TestCluster cluster = TestCluster.forgettingLedBy(1, SMALL)) {
            TestNode away = follower(cluster);
            cluster.write("first");
            away.kill();
            List<String> written = new ArrayList<>();
            writeBeyond(cluster, written);
            away.snapshots.failReceives(true);
            away.start();
            TestNode leader = cluster.awaitLeader();
            Await.until("an attempt", () -> away.snapshots.failedReceives() > 0);
            Pins pins = ((Replica) leader.group).retention().pins();
            Await.until("nothing kept between two attempts", () -> pins.lowest(System.nanoTime()) == Long.MAX_VALUE);
            away.snapshots.failReceives(false);
            cluster.awaitEqual(written);
        }
    }

    @Test
    void spoilt_and_lost_chunks_are_fetched_again() throws Exception {
        try (TestCluster cluster = TestCluster.forgetting(SMALL)) {
            TestNode leader = cluster.awaitLeader();
            TestNode away = cluster.others(leader).get(0);
            cluster.write("first");
            away.kill();
            List<String> written = new ArrayList<>();
            cluster.nodes().forEach(n -> n.snapshots.filler(600_000));
            writeBeyond(cluster, written);
            Map<Long, Integer> arrivals = new ConcurrentHashMap<>();
            long spoilt = 3L * SnapshotDispatch.CHUNK_BYTES;
            long lost = 7L * SnapshotDispatch.CHUNK_BYTES;
            away.arrives = message -> {
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
            };
            away.start();
            Await.until("the snapshot", () -> away.snapshots.installs() == 1);
            assertTrue(arrivals.get(spoilt) > 1, arrivals.toString());
            assertTrue(arrivals.get(lost) > 1, arrivals.toString());
            cluster.awaitEqual(written);
        }
    }

    /** At this rate the first chunk is hours away, on however slow a machine. */
    @Test
    void snapshot_waits_for_its_rate_and_commits_do_not() throws Exception {
        try (TestCluster cluster = TestCluster.forgettingLedBy(1, new LogLimits(SMALL.logBytes(), 1))) {
            AtomicLong arrived = new AtomicLong(-1);
            List<String> written = new ArrayList<>();
            TestNode away = offered(cluster, written, message -> {
                if (message instanceof Message.SnapshotReceived answer) {
                    arrived.accumulateAndGet(answer.received(), Math::max);
                }
                return message;
            });
            Await.until("the answer to the offer", () -> arrived.get() >= 0);
            write(cluster.awaitLeader(), 50, written);
            assertEquals(0, arrived.get());
            assertEquals(0, away.snapshots.installs());
        }
    }

    /** What is on its way lies in memory, here and there. */
    @Test
    void no_more_than_a_window_is_sent_ahead_of_the_receivers_answers() throws Exception {
        try (TestCluster cluster = TestCluster.forgettingLedBy(1, SMALL)) {
            List<String> written = new ArrayList<>();
            AtomicInteger chunks = new AtomicInteger();
            AtomicLong furthest = new AtomicLong();
            TestNode away = offered(cluster, written, message -> {
                // The leader never hears that anything has arrived.
                return message instanceof Message.SnapshotReceived answer
                        ? new Message.SnapshotReceived(answer.id(), 0, Message.SnapshotState.RECEIVING)
                        : message;
            });
            away.transport.arriving(message -> {
                if (message instanceof Message.SnapshotChunk chunk) {
                    furthest.accumulateAndGet(chunk.offset() + chunk.bytes().length, Math::max);
                    chunks.incrementAndGet();
                }
                return message;
            });
            // So many are no longer the first ones: it has begun again.
            Await.until("chunks that are sent again", () -> chunks.get() > 3 * SnapshotDispatch.WINDOW_CHUNKS);
            assertEquals((long) SnapshotDispatch.WINDOW_CHUNKS * SnapshotDispatch.CHUNK_BYTES, furthest.get());
        }
    }

    /** Whatever is sent without being asked for: a disk that hangs does not fill the memory. */
    @Test
    void receiver_drops_what_it_cannot_write() throws Exception {
        try (TestCluster cluster = TestCluster.forgettingLedBy(1, SMALL)) {
            List<String> written = new ArrayList<>();
            CountDownLatch writes = new CountDownLatch(1);
            CountDownLatch goesOn = new CountDownLatch(1);
            cluster.nodes()
                    .forEach(n -> n.snapshots.beforeWrite(() -> {
                        writes.countDown();
                        await(goesOn);
                    }));
            TestNode away = offered(cluster, written, message -> message);
            writes.await();
            List<WeakReference<byte[]>> sent = new ArrayList<>();
            for (int i = 0; i < 20 * SnapshotIntake.QUEUED_MAX; i++) {
                sent.add(sendChunk(away, i));
            }
            Await.until("garbage", () -> {
                System.gc();
                return sent.stream().filter(ref -> ref.get() != null).count() <= SnapshotIntake.QUEUED_MAX;
            });
            goesOn.countDown();
            cluster.awaitEqual(written);
        }
    }

    /** Apart from who counts them, in whose frame the last one would live on. */
    private static WeakReference<byte[]> sendChunk(TestNode to, int id) {
        byte[] bytes = new byte[SnapshotDispatch.CHUNK_BYTES];
        ((Replica) to.group).exchange().takes(1, new Message.SnapshotChunk(id, 0, bytes, 0));
        return new WeakReference<>(bytes);
    }

    /** A member that comes back and is about to be offered a large snapshot. */
    private static TestNode offered(TestCluster cluster, List<String> written, UnaryOperator<Message> toLeader)
            throws Exception {
        TestNode leader = cluster.awaitLeader();
        TestNode away = cluster.others(leader).get(0);
        cluster.write("first");
        away.kill();
        leader.snapshots.filler(600_000);
        writeBeyond(cluster, written);
        leader.transport.arriving(toLeader);
        away.start();
        return away;
    }

    @Test
    void crash_between_the_installation_and_the_logs_note_of_it_is_made_good() throws Exception {
        try (TestCluster cluster = TestCluster.forgetting(SMALL)) {
            TestNode leader = cluster.awaitLeader();
            TestNode away = cluster.others(leader).get(0);
            cluster.write("first");
            away.kill();
            List<String> written = new ArrayList<>();
            writeBeyond(cluster, written);
            CountDownLatch placed = new CountDownLatch(1);
            CountDownLatch dead = new CountDownLatch(1);
            away.snapshots.afterInstall(() -> {
                placed.countDown();
                await(dead);
            });
            away.start();
            placed.await();
            ReplicaNode node = away.node;
            kill(away, dead);
            away.snapshots.afterInstall(() -> {});
            assertNull(node.failure());
            away.start();
            cluster.awaitEqual(written);
            assertEquals(1, away.snapshots.installs());
            cluster.write("last");
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
            Await.until(
                    "and that to be on disk",
                    () -> other.log.disk().stream().anyMatch(append -> append.base() != null));
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
        try (TestCluster cluster = TestCluster.forgetting(new LogLimits(LIMIT, 0), dir)) {
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
            // Many times the bound was written, and the absent holds back nothing of it.
            assertTrue(written.size() * large.length() > 4 * LIMIT, written.size() + " written");
            for (TestNode node : cluster.others(away)) {
                Await.until(
                        () -> "a log under its bound on " + node.name + ": " + bytes(node),
                        () -> bytes(node) < LIMIT + 4 * TestCluster.SEGMENT);
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
