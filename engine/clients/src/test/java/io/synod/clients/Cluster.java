package io.synod.clients;

import io.synod.engine.operations.ClusterProcesses;
import io.synod.engine.operations.Installation;
import io.synod.engine.operations.NodeProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Three nodes, all as processes of their own or one of them in here, shared by all test classes of this JVM. Each class has a schema of its own; what a
 * test kills, it starts again.
 */
final class Cluster {
    static final String USER = "sa";
    static final String PASSWORD = "secret";

    private static final Logger LOG = LoggerFactory.getLogger(Cluster.class);
    private static final String DATABASE = "shop";
    private static final String EMBEDDED = "c";
    /** A machine that has too much to do takes longer than the default for a new leader, and for a login. */
    private static final String PATIENT = ";FAILOVER_TIMEOUT=" + Await.LIMIT.toMillis() + ";CONNECT_TIMEOUT=30000";

    private static Cluster shared;
    private static Cluster withEmbeddedNode;

    private final ClusterProcesses processes;
    private final List<NodeProcess> killable;
    private final String url;

    private Cluster(ClusterProcesses processes, List<NodeProcess> killable, String url) {
        this.processes = processes;
        this.killable = killable;
        this.url = url;
    }

    /** Started by whoever asks first; its processes end with this one. */
    static synchronized Cluster shared() throws Exception {
        if (shared == null) {
            ClusterProcesses processes = processes(directory("shared"));
            shared = start(new Cluster(processes, processes.nodes(), processes.url() + PATIENT));
        }
        shared.awaitWhole();
        return shared;
    }

    /** Two processes, and the third node in this one: it leads only when nobody else can. */
    static synchronized Cluster withEmbeddedNode() throws Exception {
        if (withEmbeddedNode == null) {
            Path directory = directory("embedded");
            ClusterProcesses processes = processes(directory);
            NodeProcess own = processes.node(EMBEDDED);
            List<NodeProcess> others =
                    processes.nodes().stream().filter(n -> n != own).toList();
            String peers = others.stream().map(n -> n.name() + "@" + n.listen()).collect(Collectors.joining(","));
            String url = "jdbc:synod:file:" + directory.resolve(EMBEDDED).resolve(DATABASE) + ";NODE=" + EMBEDDED
                    + ";LISTEN=" + own.listen() + ";SQL=" + own.sql() + ";PEERS=" + peers
                    + ";PRIORITY=0;ELECTION_TIMEOUT=1000" + PATIENT;
            withEmbeddedNode = start(new Cluster(processes, others, url));
        }
        withEmbeddedNode.awaitWhole();
        return withEmbeddedNode;
    }

    private static Path directory(String prefix) throws IOException {
        return Files.createTempDirectory(Files.createDirectories(Path.of("target", "clusters")), prefix);
    }

    private static ClusterProcesses processes(Path directory) throws IOException {
        // Most of them are killed before better code would pay.
        return new ClusterProcesses(
                quickNodes(),
                directory,
                3,
                DATABASE,
                Map.of("ELECTION_TIMEOUT", "1000", "FAILOVER_TIMEOUT", Long.toString(Await.LIMIT.toMillis())));
    }

    /** Most of them are killed before better code would pay. */
    static Installation quickNodes() {
        return Installation.running().with(List.of("-XX:TieredStopAtLevel=1", "-Xshare:auto", "-XX:-UsePerfData"));
    }

    private static Cluster start(Cluster cluster) throws IOException {
        Runtime.getRuntime().addShutdownHook(new Thread(cluster.processes::close, "kill-cluster"));
        for (NodeProcess node : cluster.killable) {
            node.start();
        }
        return cluster;
    }

    /** @return the URL of all nodes, or of the one in here, its sessions in that schema, which is made if it is not there */
    String url(String schema) throws Exception {
        run(url, "CREATE SCHEMA IF NOT EXISTS " + schema);
        return url + ";SCHEMA=" + schema;
    }

    /** Each as often as is needed: leadership may be on its way. */
    static void run(String url, String... statements) throws Exception {
        try (Connection c = DriverManager.getConnection(url, USER, PASSWORD);
                Statement s = c.createStatement()) {
            for (String sql : statements) {
                Retry.run(() -> s.execute(sql));
            }
        }
    }

    /**
     * {@code kill -9} of the node that leads; it is started again, without waiting for it. A transaction that was open before
     * this call, and is still, is lost: its leader is the killed one, or was one before that.
     */
    String killLeader() throws Exception {
        awaitWhole();
        NodeProcess leader = awaitLeader();
        leader.kill();
        LOG.info("killed {}, which led", leader.name());
        leader.start();
        return leader.name();
    }

    /** Waits until all run and have applied what was committed by now: another one can be lost. */
    void awaitWhole() throws Exception {
        for (NodeProcess node : killable) {
            node.awaitReady(Await.LIMIT);
            String one = processes.url(node.name()) + PATIENT;
            Await.until("an answer of node " + node.name(), () -> {
                try (Connection c = DriverManager.getConnection(one, USER, PASSWORD);
                        Statement s = c.createStatement()) {
                    return s.execute("SELECT 1");
                } catch (SQLException e) {
                    LOG.debug("node {} does not answer yet", node.name(), e);
                    return false;
                }
            });
        }
    }

    private NodeProcess awaitLeader() throws Exception {
        NodeProcess[] leader = new NodeProcess[1];
        try (Connection c = DriverManager.getConnection(url, USER, PASSWORD);
                Statement s = c.createStatement()) {
            Await.until("a leader that can be killed", () -> {
                String name = leader(s);
                leader[0] = killable.stream()
                        .filter(n -> n.name().equals(name))
                        .findFirst()
                        .orElse(null);
                if (EMBEDDED.equals(name) && leader[0] == null) {
                    // The node in here leads when nobody else could for a moment.
                    transfer(s, "'" + killable.get(0).name() + "'");
                }
                return leader[0] != null;
            });
        }
        return leader[0];
    }

    /** Hands leadership over, unless nobody can take it just now. */
    static void transfer(Statement s, String to) {
        try {
            s.execute("CALL SYNOD.TRANSFER(" + to + ")");
        } catch (SQLException e) {
            LOG.debug("leadership stays for now", e);
        }
    }

    static String leader(Statement s) throws SQLException {
        try (ResultSet rows = s.executeQuery("CALL SYNOD.LEADER()")) {
            return rows.next() ? rows.getString(1) : null;
        }
    }

    /** For the message of a failed test: what each node printed, and the end of what it logged. */
    String story() {
        StringBuilder story = new StringBuilder();
        for (NodeProcess node : killable) {
            story.append("\nnode ").append(node.name()).append(node.isAlive() ? " runs" : " does not run");
            story.append(", printed ").append(node.lines()).append(", logged ").append(node.errors());
        }
        return story.toString();
    }
}
