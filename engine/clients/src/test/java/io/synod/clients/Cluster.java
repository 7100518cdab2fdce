package io.synod.clients;

import io.synod.engine.operations.ClusterProcesses;
import io.synod.engine.operations.Installation;
import io.synod.engine.operations.NodeProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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
    private static final Pattern LEADS = Pattern.compile(DATABASE + ": leader in epoch (\\d+)");
    private static final String EMBEDDED = "c";
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
            shared = start(new Cluster(processes, processes.nodes(), processes.url()));
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
                    + ";LISTEN=" + own.listen() + ";SQL=" + own.sql() + ";PEERS=" + peers + ";PRIORITY=0";
            withEmbeddedNode = start(new Cluster(processes, others, url));
        }
        withEmbeddedNode.awaitWhole();
        return withEmbeddedNode;
    }

    private static Path directory(String prefix) throws IOException {
        return Files.createTempDirectory(Files.createDirectories(Path.of("target", "clusters")), prefix);
    }

    private static ClusterProcesses processes(Path directory) throws IOException {
        return new ClusterProcesses(Installation.running(), directory, 3, DATABASE, Map.of());
    }

    private static Cluster start(Cluster cluster) throws IOException {
        Runtime.getRuntime().addShutdownHook(new Thread(cluster.processes::close, "kill-cluster"));
        for (NodeProcess node : cluster.killable) {
            node.start();
        }
        return cluster;
    }

    /** @return the URL of all nodes, or of the one in here, its sessions in that schema, which is made if it is not there */
    String url(String schema) throws SQLException {
        try (Connection c = DriverManager.getConnection(url, USER, PASSWORD);
                Statement s = c.createStatement()) {
            s.execute("CREATE SCHEMA IF NOT EXISTS " + schema);
        }
        return url + ";SCHEMA=" + schema;
    }

    /** {@code kill -9} of the node that leads; it is started again, without waiting for it. */
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
            String one = processes.url(node.name());
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
        Await.until("a leader that can be killed", () -> {
            handOver();
            long newest = -1;
            for (NodeProcess node : killable) {
                Matcher role = LEADS.matcher(lastRole(node));
                if (node.isAlive() && role.matches() && Long.parseLong(role.group(1)) > newest) {
                    newest = Long.parseLong(role.group(1));
                    leader[0] = node;
                }
            }
            return leader[0] != null;
        });
        return leader[0];
    }

    /** The node in here leads when nobody else could for a moment. */
    private void handOver() throws SQLException {
        String followers = DATABASE + ": follower of " + EMBEDDED + " in epoch ";
        if (killable.size() < processes.nodes().size()
                && killable.stream().allMatch(n -> lastRole(n).startsWith(followers))) {
            try (Connection c = DriverManager.getConnection(url, USER, PASSWORD);
                    Statement s = c.createStatement()) {
                s.execute("CALL SYNOD.TRANSFER('" + killable.get(0).name() + "')");
            }
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

    private static String lastRole(NodeProcess node) {
        List<String> lines = node.lines();
        for (int i = lines.size() - 1; i >= 0; i--) {
            if (lines.get(i).startsWith(DATABASE + ": ")) {
                return lines.get(i);
            }
        }
        return "";
    }
}
