package io.synod.engine.failover;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import io.synod.engine.operations.ClusterProcesses;
import io.synod.engine.operations.FreePorts;
import io.synod.engine.operations.NodeProcess;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Members come and go, and are killed, while clients write whose URL names only the nodes of the beginning. */
@Tag("long")
@Tag("process")
@Timeout(600)
class MemberChangesTest {
    private static final Logger LOG = LoggerFactory.getLogger(MemberChangesTest.class);
    private static final List<String> DATABASES = List.of("shop");

    @TempDir
    private Path directory;

    private final long seed = Long.getLong("synod.seed", System.nanoTime());
    private final Map<String, NodeProcess> nodes = new TreeMap<>();
    private final List<Connection> clients = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (Connection client : clients) {
            client.close();
        }
        nodes.values().forEach(NodeProcess::kill);
    }

    /** @param joins {@code --join} or {@code --witness} by the names of those that come later */
    private void place(List<String> begin, Map<String, String> joins) throws Exception {
        List<String> names = new ArrayList<>(begin);
        names.addAll(joins.keySet());
        List<Integer> ports = FreePorts.take(2 * names.size());
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i);
            List<String> command = new ArrayList<>(TestCluster.quick().command());
            List<String> peers = new ArrayList<>();
            for (int j = 0; j < begin.size(); j++) {
                if (i != j) {
                    peers.add(names.get(j) + "@127.0.0.1:" + ports.get(j));
                }
            }
            String listen = "127.0.0.1:" + ports.get(i);
            String sql = "127.0.0.1:" + ports.get(names.size() + i);
            command.addAll(List.of(
                    "node", "--name", name, "--dir", directory.resolve(name).toString()));
            command.addAll(List.of("--listen", listen, "--sql", sql, "--exit-with-parent", "--database", "shop"));
            if (!peers.isEmpty()) {
                command.addAll(List.of("--peers", String.join(",", peers)));
            }
            if (joins.containsKey(name)) {
                command.add(joins.get(name));
            }
            nodes.put(name, new NodeProcess(name, command, directory.resolve(name + ".err"), listen, sql));
        }
    }

    private TestCluster cluster(String... names) {
        return new TestCluster(
                new ClusterProcesses(List.of(names).stream().map(nodes::get).toList(), DATABASES), DATABASES);
    }

    private static void call(TestCluster cluster, String call, String node, String membership) throws Exception {
        MemberCalls.untilDone(
                any -> TestCluster.connect(cluster.url() + TestCluster.BUSY),
                call,
                List.of("shop|" + node + "|" + membership),
                "any");
        LOG.info("{}: done", call);
    }

    private static void promote(TestCluster cluster, String node) throws Exception {
        call(cluster, "MEMBER_PROMOTE('" + node + "')", node, "VOTER");
    }

    private static void remove(TestCluster cluster, String node) throws Exception {
        call(cluster, "MEMBER_REMOVE('" + node + "')", node, "REMOVED");
    }

    private static void transferTo(TestCluster cluster, String node) throws Exception {
        try (Connection c = TestCluster.connect(cluster.url() + TestCluster.BUSY)) {
            TestCluster.rows(c, "CALL SYNOD.TRANSFER('" + node + "')");
        } catch (SQLException e) {
            assertTrue(Set.of("HYT00", "40001", "08001").contains(e.getSQLState()), e.toString());
        }
    }

    private Load load(TestCluster cluster) throws Exception {
        try (Connection c = TestCluster.connect(cluster.url())) {
            Sql.untilDone(c, Load.TABLES);
        }
        for (int i = 0; i < 5; i++) {
            clients.add(TestCluster.connect(
                    cluster.url() + ";LOCK_TIMEOUT=30000;FAILOVER_TIMEOUT=60000;CONNECT_TIMEOUT=30000"));
        }
        Load load = new Load(seed);
        load.insert(() -> clients.get(0));
        load.insert(() -> clients.get(1));
        load.transfer(() -> clients.get(2));
        load.transfer(() -> clients.get(3));
        load.sum(() -> clients.get(4));
        return load;
    }

    @Test
    void a_node_is_added_and_promoted_the_leader_removed_and_others_killed_and_no_commit_is_lost_or_doubled()
            throws Exception {
        LOG.info("seed {}", seed);
        place(List.of("a", "b", "c"), Map.of("d", "--join"));
        TestCluster first = cluster("a", "b", "c");
        TestCluster rest = cluster("b", "c", "d");
        first.startAll();
        try (Load load = load(first)) {
            try {
                load.awaitProgress(20);
                join(first, "d");
                promote(first, "d");
                load.awaitProgress(20);
                removeLeaderA(first, rest, load);
                String leader = rest.awaitLeader();
                nodes.get(leader).kill();
                load.awaitProgress(20);
                rest.restart(leader);
                load.awaitProgress(20);
                rest.killAll();
                rest.startAll();
                load.awaitProgress(20);
                load.stop();
            } catch (Exception | AssertionError e) {
                cluster("a", "b", "c", "d").addStoryTo(e);
                throw e;
            }
            load.assertExactlyOnceOnEachOf(rest);
            LOG.info("{} acknowledged, {} transactions run again", load.acknowledged(), load.retries());
        }
        try (Connection c = TestCluster.connect(rest.url())) {
            assertEquals(
                    List.of("b|VOTER", "c|VOTER", "d|VOTER"),
                    TestCluster.rows(c, "SELECT NODE, MEMBERSHIP FROM SYNOD.MEMBERS ORDER BY NODE"));
        }
    }

    /** It leads when it goes; its process says so, and a second time when it is started again. */
    private void removeLeaderA(TestCluster first, TestCluster rest, Load load) throws Exception {
        Await.until("a leads", () -> {
            if (!"a".equals(first.leader(Set.of()))) {
                transferTo(first, "a");
            }
            return "a".equals(first.leader(Set.of()));
        });
        load.forgetGaps();
        remove(rest, "a");
        load.awaitProgress(20);
        LOG.info("leader removed; longest time without a commit {} ms", load.gapMillis());
        NodeProcess a = nodes.get("a");
        Await.until("a says that it was removed", () -> a.errors().contains("node a was removed from database shop"));
        a.kill();
        a.start();
        Await.until("a refuses to start", () -> !a.isAlive());
        String said =
                a.errors().lines().filter(line -> line.startsWith("synod: ")).collect(Collectors.joining());
        assertTrue(said.contains("was removed from database shop") && said.contains("empty directory"), a.errors());
        assertFalse(a.errors().contains("\tat "), "a stack trace: " + a.errors());
        load.awaitProgress(20);
    }

    private void join(TestCluster asked, String name) throws Exception {
        call(asked, "MEMBER_ADD('" + name + "@" + nodes.get(name).listen() + "')", name, "LEARNER");
        start(name);
    }

    private void start(String name) throws Exception {
        nodes.get(name).start();
        nodes.get(name).awaitReady(Await.LIMIT);
    }

    /** Whoever is killed next, the one that came back just before may lack what only the witness has beside it. */
    @Test
    void two_nodes_and_a_witness_go_on_without_any_one_of_them_and_no_commit_is_lost_or_doubled() throws Exception {
        LOG.info("seed {}", seed);
        place(List.of("a", "b"), Map.of("w", "--witness"));
        TestCluster full = cluster("a", "b");
        full.startAll();
        // Clients that come to the witness first.
        try (Load load = load(cluster("w", "a", "b"))) {
            try {
                load.awaitProgress(20);
                call(full, "MEMBER_ADD('w@" + nodes.get("w").listen() + "', 'WITNESS')", "w", "WITNESS");
                start("w");
                load.awaitProgress(20);
                for (int i = 0; i < 3; i++) {
                    String leader = full.awaitLeader();
                    nodes.get(leader).kill();
                    load.awaitProgress(20);
                    full.restart(leader);
                }
                nodes.get("w").kill();
                load.awaitProgress(20);
                start("w");
                load.awaitProgress(20);
                load.stop();
            } catch (Exception | AssertionError e) {
                cluster("a", "b", "w").addStoryTo(e);
                throw e;
            }
            load.assertExactlyOnceOnEachOf(full);
        }
        assertFalse(directory.resolve("w").resolve("shop.mv.db").toFile().exists());
    }

    @Test
    void one_node_grows_to_three_and_five_and_shrinks_to_one_under_load_and_no_commit_is_lost_or_doubled()
            throws Exception {
        LOG.info("seed {}", seed);
        List<String> come = List.of("b", "c", "d", "e");
        place(List.of("a"), Map.of("b", "--join", "c", "--join", "d", "--join", "e", "--join"));
        TestCluster all = cluster("a", "b", "c", "d", "e");
        nodes.get("a").start();
        nodes.get("a").awaitReady(Await.LIMIT);
        try (Load load = load(all)) {
            try {
                for (String name : come) {
                    join(all, name);
                    promote(all, name);
                    load.awaitProgress(20);
                }
                for (String name : List.of("a", "b", "c", "d")) {
                    remove(all, name);
                    nodes.get(name).kill();
                    load.awaitProgress(20);
                }
                load.stop();
            } catch (Exception | AssertionError e) {
                all.addStoryTo(e);
                throw e;
            }
            load.assertExactlyOnceOnEachOf(cluster("e"));
        }
        try (Connection c = TestCluster.connect(all.url())) {
            assertEquals(List.of("e|VOTER"), TestCluster.rows(c, "SELECT NODE, MEMBERSHIP FROM SYNOD.MEMBERS"));
        }
    }
}
