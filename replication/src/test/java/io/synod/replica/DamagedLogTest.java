package io.synod.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.log.ChronicleEntryLog;
import io.synod.log.EntryLog;
import io.synod.log.LogConfig;
import io.synod.paxos.GroupState;
import io.synod.replica.TestCluster.TestNode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Files of the log that change under a node that runs; nothing of the log is kept in memory. */
@Tag("long")
@Timeout(240)
class DamagedLogTest {
    /** Nothing is forgotten because of its size. */
    private static final LogLimits LARGE = new LogLimits(1L << 30, 0);

    @TempDir
    Path directory;

    private final List<String> written = new ArrayList<>();

    private void write(TestCluster cluster, int count) {
        for (int i = 0; i < count; i++) {
            String text = "<" + written.size() + ">" + "x".repeat(20_000);
            cluster.write(text);
            written.add(text);
        }
    }

    /** Turns a bit of this text in the log of that node. */
    private void damage(TestNode node, int text) throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve(node.name))) {
            for (Path file : files.filter(f -> f.toString().endsWith(".cq4")).toList()) {
                int at = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).indexOf("<" + text + ">");
                if (at >= 0) {
                    try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
                        raw.seek(at + 100);
                        raw.write('y');
                    }
                    return;
                }
            }
        }
        throw new AssertionError("no entry " + text + " in the log of " + node.name);
    }

    private static void awaitDurable(TestNode node, long index) {
        Await.until("the entries on its disk", () -> node.group.durableIndex() >= index);
    }

    private static EntryLog log(TestNode node) {
        return node.node.log();
    }

    private static void awaitRepaired(TestNode node) {
        Await.until(
                () -> "the damage to be given back: " + log(node).damage(),
                () -> log(node).damage().isEmpty());
    }

    private void verifyAfterStop(TestNode node) throws IOException {
        try (EntryLog log = ChronicleEntryLog.open(
                directory.resolve(node.name), new LogConfig(node.name, TestCluster.SEGMENT, 16 << 10, 0))) {
            assertEquals(List.of(), log.scrub(bytes -> {}).damage());
        }
    }

    @Test
    void each_member_gives_back_what_is_damaged_of_its_log_and_loses_nothing() throws Exception {
        try (TestCluster cluster = TestCluster.forgetting(LARGE, directory)) {
            write(cluster, 40);
            cluster.awaitEqual(written);
            for (TestNode node : cluster.nodes()) {
                damage(node, 10);
                assertFalse(log(node).scrub(bytes -> {}).damage().isEmpty());
            }
            cluster.nodes().forEach(DamagedLogTest::awaitRepaired);
            write(cluster, 5);
            cluster.awaitEqual(written);
            for (TestNode node : cluster.nodes()) {
                assertEquals(List.of(), log(node).scrub(bytes -> {}).damage());
                assertNull(node.node.failure());
            }
        }
        try (Stream<Path> nodes = Files.list(directory)) {
            assertEquals(3, nodes.count());
        }
    }

    @Test
    void segment_that_is_being_written_is_repaired_too() throws Exception {
        TestNode node;
        try (TestCluster cluster = TestCluster.forgetting(LARGE, directory)) {
            write(cluster, 3);
            cluster.awaitEqual(written);
            node = cluster.awaitLeader();
            damage(node, 1);
            assertFalse(log(node).scrub(bytes -> {}).damage().isEmpty());
            awaitRepaired(node);
            write(cluster, 3);
            cluster.awaitEqual(written);
        }
        verifyAfterStop(node);
    }

    @Test
    void member_that_lacks_an_entry_which_the_leader_cannot_read_gets_a_snapshot() throws Exception {
        try (TestCluster cluster = TestCluster.forgetting(LARGE, directory)) {
            write(cluster, 2);
            TestNode leader = cluster.awaitLeader();
            TestNode away = cluster.others(leader).get(0);
            away.kill();
            write(cluster, 40);
            // Whoever of them leads when it comes back.
            for (TestNode node : cluster.others(away)) {
                damage(node, 20);
            }
            away.start();
            cluster.awaitEqual(written);
            assertTrue(away.snapshots.installs() > 0, "it got entries, whole");
            for (TestNode node : cluster.nodes()) {
                assertNull(node.node.failure());
            }
            write(cluster, 2);
            cluster.awaitEqual(written);
        }
    }

    @Test
    void state_that_is_not_to_be_relied_on_is_replaced_although_nothing_is_written() throws Exception {
        try (TestCluster cluster = TestCluster.forgetting(LARGE)) {
            write(cluster, 3);
            cluster.awaitEqual(written);
            TestNode follower = cluster.others(cluster.awaitLeader()).get(0);
            assertTrue(follower.group.needSnapshot(follower.group.appliedIndex()));
            Await.until("the snapshot", () -> follower.snapshots.installs() == 1);
            write(cluster, 3);
            cluster.awaitEqual(written);
            assertEquals(1, follower.snapshots.installs());
        }
    }

    @Test
    void leader_steps_down_for_the_snapshot_that_it_needs() throws Exception {
        try (TestCluster cluster = TestCluster.forgetting(LARGE)) {
            write(cluster, 3);
            cluster.awaitEqual(written);
            TestNode leader = cluster.awaitLeader();
            assertTrue(leader.group.needSnapshot(leader.group.appliedIndex()));
            assertFalse(leader.leads());
            Await.until("the snapshot", () -> leader.snapshots.installs() == 1);
            write(cluster, 3);
            cluster.awaitEqual(written);
        }
    }

    @Test
    void member_goes_on_from_a_snapshot_where_it_cannot_read_what_it_has_to_apply() throws Exception {
        try (TestCluster cluster = TestCluster.forgettingLedBy(1, LARGE, directory)) {
            write(cluster, 2);
            // One that leads does not serve before it has applied all: this one stays what it is.
            TestNode follower = cluster.others(cluster.awaitLeader()).get(0);
            CountDownLatch turn = new CountDownLatch(1);
            follower.applier.before(entry -> {
                try {
                    turn.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            write(cluster, 130);
            Await.until(
                    "the entries on its disk",
                    () -> follower.group.durableIndex()
                            >= cluster.awaitLeader().group.commitIndex());
            // It reads 1 MiB at a time: that one is behind what it holds in its hands.
            damage(follower, 125);
            turn.countDown();
            cluster.awaitEqual(written);
            assertTrue(follower.snapshots.installs() > 0, "it could read it");
            assertNull(follower.node.failure());
            write(cluster, 2);
            cluster.awaitEqual(written);
        }
    }

    /** As a witness has. */
    private static TestNode logOnly(TestCluster cluster) throws IOException {
        TestNode node = cluster.others(cluster.awaitLeader()).get(0);
        node.snapshots.keepLogOnly();
        node.kill();
        node.start();
        return node;
    }

    /** Nobody else may have the good ones when the leader is gone. */
    @Test
    void member_that_has_the_log_only_keeps_what_another_lacks_though_an_entry_is_damaged() throws Exception {
        try (TestCluster cluster = TestCluster.forgetting(LARGE, directory)) {
            write(cluster, 2);
            TestNode witness = logOnly(cluster);
            TestNode leader = cluster.awaitLeader();
            cluster.others(leader).stream()
                    .filter(node -> node != witness)
                    .findFirst()
                    .orElseThrow()
                    .kill();
            write(cluster, 40);
            Await.until("all of it", () -> witness.applier.appliedIndex() >= leader.group.commitIndex());
            damage(witness, 20);
            assertFalse(log(witness).scrub(bytes -> {}).damage().isEmpty());
            witness.snapshots.checkpointSoon();
            Replica replica = (Replica) witness.group;
            replica.retention().forget(0, true);
            replica.retention().forget(0, true);
            long all = replica.inspect(GroupState::allHave);
            assertTrue(log(witness).damagedTo(TestCluster.GROUP) > all, "nothing that another lacks is damaged");
            assertTrue(replica.inspect(GroupState::baseIndex) <= all, "it has forgotten what another lacks");
        }
    }

    @Test
    void member_that_has_the_log_only_passes_over_what_it_cannot_read() throws Exception {
        try (TestCluster cluster = TestCluster.forgetting(LARGE, directory)) {
            write(cluster, 2);
            TestNode witness = logOnly(cluster);
            CountDownLatch turn = new CountDownLatch(1);
            witness.applier.before(entry -> {
                try {
                    turn.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            write(cluster, 120);
            // What it gets at once it writes as one, and what is damaged in that is lost with the rest of it: these
            // come one by one.
            for (int i = 0; i < 10; i++) {
                awaitDurable(witness, cluster.awaitLeader().group.commitIndex());
                write(cluster, 1);
            }
            long last = cluster.awaitLeader().group.commitIndex();
            awaitDurable(witness, last);
            damage(witness, 125);
            turn.countDown();
            Await.until("all of it", () -> witness.group.appliedIndex() >= last);
            assertEquals(0, witness.snapshots.installs(), "with it all would be forgotten");
            assertFalse(log(witness).damage().isEmpty(), "it was read");
            List<String> good = new ArrayList<>(written.subList(2, written.size()));
            good.remove(written.get(125));
            List<String> lacking = new ArrayList<>(good);
            lacking.removeAll(witness.applier.texts());
            assertEquals(List.of(), lacking, "what stands before it can be read");
            assertNull(witness.node.failure());
        }
    }

    @Test
    void sender_of_a_snapshot_that_arrived_whole_and_is_refused_hears_of_it() throws Exception {
        try (TestCluster cluster = TestCluster.forgetting(LARGE)) {
            write(cluster, 3);
            cluster.awaitEqual(written);
            TestNode follower = cluster.others(cluster.awaitLeader()).get(0);
            follower.snapshots.failInstalls(true);
            assertTrue(follower.group.needSnapshot(follower.group.appliedIndex()));
            Await.until(
                    "a sender to hear of it",
                    () -> cluster.nodes().stream().anyMatch(node -> node.snapshots.refused() > 0));
            follower.snapshots.failInstalls(false);
            Await.until("the snapshot", () -> follower.snapshots.installs() == 1);
            write(cluster, 3);
            cluster.awaitEqual(written);
        }
    }
}
