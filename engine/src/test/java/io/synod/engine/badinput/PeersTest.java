package io.synod.engine.badinput;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import io.synod.engine.failover.Await;
import io.synod.engine.failover.TestCluster;
import io.synod.engine.operations.NodeProcess;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What comes to the ports of a cluster and does not belong there. Nodes a and b serve; the third is the stranger. */
@Tag("long")
@Tag("process")
@Timeout(600)
class PeersTest {
    private static final Logger LOG = LoggerFactory.getLogger(PeersTest.class);

    @TempDir
    private Path directory;

    private TestCluster cluster;

    @BeforeEach
    void start() throws Exception {
        cluster = new TestCluster(directory, 3);
        cluster.node("a").start();
        cluster.node("b").start();
        cluster.node("a").awaitReady(Await.LIMIT);
        cluster.node("b").awaitReady(Await.LIMIT);
        try (Connection c = TestCluster.connect(cluster.url("a") + TestCluster.BUSY)) {
            Sql.run(c, "CREATE TABLE t(x INT)");
        }
    }

    @AfterEach
    void stop() {
        cluster.close();
    }

    private SynodRun stranger(String name, String peers, String... more) throws Exception {
        NodeProcess c = cluster.node("c");
        String[] all = new String[more.length + 2];
        all[0] = "--peers";
        all[1] = peers;
        System.arraycopy(more, 0, all, 2, more.length);
        return SynodRun.node(directory, name, directory.resolve("c"), c.listen(), c.sql(), all);
    }

    private String peersOfC() {
        return "a@" + cluster.node("a").listen() + ",b@" + cluster.node("b").listen();
    }

    private void assertGoesOnWithout(SynodRun stranger) throws Exception {
        try (Connection c = TestCluster.connect(cluster.url("a") + TestCluster.BUSY)) {
            Sql.run(c, "INSERT INTO t VALUES (1)");
        }
        assertTrue(stranger.isAlive(), stranger.err());
        assertFalse(stranger.out().contains("ready"), stranger.out());
        assertFalse(stranger.out().contains("leader in"), stranger.out());
        assertFalse(stranger.out().contains("follower of"), stranger.out());
        Await.until("the leader, whoever it is by now, reaches no c", () -> {
            try (Connection c = TestCluster.connect(cluster.url(cluster.awaitLeader()) + TestCluster.BUSY)) {
                return TestCluster.rows(c, "CALL SYNOD.STATUS()").stream()
                        .anyMatch(row -> row.contains("|c|") && row.endsWith("FALSE"));
            }
        });
        assertFalse(stranger.err().contains("\tat "), "a stack trace: " + stranger.err());
    }

    private boolean bothSay(SynodRun stranger, String text) {
        return stranger.err().contains(text)
                && (cluster.node("a").errors() + cluster.node("b").errors()).contains(text);
    }

    @Test
    void a_node_of_another_cluster_never_joins_and_both_sides_say_why() throws Exception {
        try (SynodRun stranger = stranger("c", peersOfC(), "--set", "CLUSTER=east")) {
            Await.until("'east' named on both sides", () -> bothSay(stranger, "cluster 'east'"));
            assertTrue(bothSay(stranger, "cluster 'synod'"), stranger.err());
            assertGoesOnWithout(stranger);
        }
    }

    @Test
    void a_node_with_other_members_never_joins_and_both_sides_say_why() throws Exception {
        // One that it lacks: with one that is not there it would wait to hear of that, and say so.
        try (SynodRun stranger = stranger("c", "a@" + cluster.node("a").listen())) {
            Await.until("two members named on both sides", () -> bothSay(stranger, "1=a,2=c"));
            assertTrue(bothSay(stranger, "has 1=a,2=b,3=c"), stranger.err());
            assertGoesOnWithout(stranger);
        }
    }

    @Test
    void where_replacement_is_for_persons_a_node_that_lost_its_directory_waits_and_says_what_to_do() throws Exception {
        cluster.close();
        cluster = new TestCluster(
                TestCluster.quick(),
                directory.resolve("manual"),
                3,
                Map.of("REPLACE", "MANUAL", "ELECTION_TIMEOUT", "1000"));
        cluster.startAll();
        NodeProcess c = cluster.node("c");
        c.kill();
        // Its own setting does not decide alone.
        try (SynodRun stranger =
                SynodRun.node(directory, "c", directory.resolve("empty"), c.listen(), c.sql(), "--peers", peersOfC())) {
            Await.until("it says what to do", () -> stranger.err().contains("has REPLACE=MANUAL"));
            assertTrue(stranger.err().contains("SYNOD.MEMBER_REMOVE('c')"), stranger.err());
            assertFalse(stranger.out().contains("ready"), stranger.out());
        }
        try (SynodRun stranger = SynodRun.node(
                directory,
                "c",
                directory.resolve("empty2"),
                c.listen(),
                c.sql(),
                "--peers",
                peersOfC(),
                "--set",
                "REPLACE=MANUAL")) {
            Await.until("the lost directory named on both sides", () -> bothSay(stranger, "lost what it promised"));
            assertFalse(stranger.out().contains("ready"), stranger.out());
        }
    }

    @Test
    void a_node_that_lost_its_directory_comes_back_as_a_new_member_and_the_old_directory_does_not() throws Exception {
        cluster.restart("c");
        cluster.node("c").kill();
        NodeProcess c = cluster.node("c");
        try (SynodRun stranger =
                SynodRun.node(directory, "c", directory.resolve("empty"), c.listen(), c.sql(), "--peers", peersOfC())) {
            Await.until("it votes again", () -> stranger.err().contains("node c has caught up and votes again"));
            assertTrue(stranger.err().contains("node c has come back with slot 4"), stranger.err());
        }
        c.start();
        Await.until("the old directory ends by itself", () -> !c.isAlive());
        assertTrue(c.errors().contains("another directory has taken the place of this one"), c.errors());
        try (SynodRun again =
                SynodRun.node(directory, "c", directory.resolve("empty"), c.listen(), c.sql(), "--peers", peersOfC())) {
            Await.until("it serves", () -> again.out().contains("ready"));
            cluster.assertMembersEqual();
        }
    }

    @Test
    void garbage_on_either_port_costs_one_log_line() throws Exception {
        long seed = Long.getLong("seed", System.nanoTime());
        LOG.info("seed {}", seed);
        Random random = new Random(seed);
        NodeProcess a = cluster.node("a");
        for (String port : List.of(a.listen(), a.sql())) {
            for (int size : new int[] {3, 64, 100_000}) {
                byte[] garbage = new byte[size];
                random.nextBytes(garbage);
                int before = drops(a);
                try (Socket socket = new Socket(
                        InetAddress.getByName("127.0.0.1"), Integer.parseInt(port.substring(port.indexOf(':') + 1)))) {
                    OutputStream out = socket.getOutputStream();
                    out.write(garbage);
                    out.flush();
                    socket.shutdownOutput();
                    Await.until(
                            "the end of the connection",
                            () -> socket.getInputStream().read() < 0);
                } catch (java.net.SocketException e) {
                    LOG.info("{} bytes to {}: {}", size, port, e.toString());
                }
                // The peers' port names an address once in ten seconds only.
                int most = before + 1;
                if (port.equals(a.sql())) {
                    Await.until("a log line", () -> drops(a) == most);
                }
                assertTrue(drops(a) <= most, a.errors());
            }
        }
        assertTrue(drops(a) >= 3 + 1, a.errors());
        assertFalse(a.errors().contains("\tat "), a.errors());
        try (Connection c = TestCluster.connect(cluster.url("a") + TestCluster.BUSY)) {
            Sql.run(c, "INSERT INTO t VALUES (1)");
            assertEquals(1, Sql.number(c, "SELECT COUNT(*) FROM t"));
        }
    }

    private static int drops(NodeProcess node) {
        return (int)
                Pattern.compile("dropped ").matcher(node.errors()).results().count();
    }
}
