package io.synod.clients;

import io.synod.engine.operations.ClusterProcesses;
import io.synod.engine.operations.Installation;
import io.synod.engine.operations.NodeProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Three nodes as processes of their own, shared by all test classes of this JVM. Each class has a schema of its own; what a
 * test kills, it starts again.
 */
final class Cluster {
    static final String USER = "sa";
    static final String PASSWORD = "secret";

    private static final Logger LOG = LoggerFactory.getLogger(Cluster.class);
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String DATABASE = "shop";
    private static final Pattern LEADS = Pattern.compile(DATABASE + ": leader in epoch (\\d+)");
    private static Cluster shared;

    private final ClusterProcesses processes;

    private Cluster(ClusterProcesses processes) {
        this.processes = processes;
    }

    /** Started by whoever asks first; its processes end with this one. */
    static synchronized Cluster shared() throws Exception {
        if (shared == null) {
            Path directory =
                    Files.createTempDirectory(Files.createDirectories(Path.of("target", "clusters")), "shared");
            Cluster cluster =
                    new Cluster(new ClusterProcesses(Installation.running(), directory, 3, DATABASE, Map.of()));
            Runtime.getRuntime().addShutdownHook(new Thread(cluster.processes::close, "kill-cluster"));
            cluster.processes.start(LIMIT);
            shared = cluster;
        }
        shared.awaitWhole();
        return shared;
    }

    /** @return the URL with all three addresses, its sessions in that schema, which is made if it is not there */
    String url(String schema) throws SQLException {
        try (Connection c = DriverManager.getConnection(processes.url(), USER, PASSWORD);
                Statement s = c.createStatement()) {
            s.execute("CREATE SCHEMA IF NOT EXISTS " + schema);
        }
        return processes.url() + ";SCHEMA=" + schema;
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

    /** Waits until all three run and have applied what was committed by now: another one can be lost. */
    void awaitWhole() throws Exception {
        for (NodeProcess node : processes.nodes()) {
            node.awaitReady(LIMIT);
            String url = processes.url(node.name());
            Await.until("an answer of node " + node.name(), () -> {
                try (Connection c = DriverManager.getConnection(url, USER, PASSWORD);
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
        Await.until("a leader", () -> {
            long newest = -1;
            for (NodeProcess node : processes.nodes()) {
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
