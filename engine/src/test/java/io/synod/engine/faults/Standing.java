package io.synod.engine.faults;

import io.synod.engine.Sql;
import io.synod.engine.failover.Await;
import io.synod.engine.failover.LogDamage;
import io.synod.engine.failover.TestCluster;
import io.synod.engine.operations.NodeProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What can be asked of the nodes of a cluster of processes to which something is done. */
final class Standing {
    private static final Logger LOG = LoggerFactory.getLogger(Standing.class);

    /** A process alone has taken 100 s to start where a hundred others wanted the two cores. */
    static final Duration START_LIMIT = Duration.ofMinutes(10);

    /** No leader just now, it was lost in the middle, or (55000) the one that is meant does not vote yet. */
    static final Set<String> PASSES = Set.of("40001", "HYT00", "08001", "08007", "55000");

    /** So far behind is who keeps up under load. */
    private static final int UNDER_WAY_ENTRIES = 512;

    private static final String SOON = ";CONNECT_TIMEOUT=1000;FAILOVER_TIMEOUT=1000";

    private final TestCluster cluster;
    private final Path directory;
    private NodeProcess guest;

    /** @param directory holds that of each node */
    Standing(TestCluster cluster, Path directory) {
        this.cluster = cluster;
        this.directory = directory;
    }

    boolean answers(String node) {
        try (Connection c = TestCluster.connect(cluster.url(node) + ";READ=LOCAL" + SOON)) {
            return Sql.number(c, "SELECT COUNT(*) FROM account") > 0;
        } catch (SQLException e) {
            LOG.debug("node {} does not answer", node, e);
            return false;
        }
    }

    /** What the leader knows of its members, whoever that is. */
    private boolean holds(String condition, int members) {
        String question = "SELECT COUNT(*) FROM SYNOD.MEMBERS WHERE (" + condition
                + ") AND EXISTS (SELECT * FROM SYNOD.MEMBERS WHERE THIS_NODE AND ROLE = 'LEADER')";
        for (NodeProcess node : all()) {
            if (node.isAlive()) {
                try (Connection c = TestCluster.connect("jdbc:synod://" + node.sql() + "/" + FaultyCluster.DATABASE
                        + ";TARGET=ANY;READ=LOCAL" + SOON)) {
                    if (Sql.number(c, question) == members) {
                        return true;
                    }
                } catch (SQLException e) {
                    LOG.debug("node {} does not say of whom holds: {}", node.name(), condition, e);
                }
            }
        }
        return false;
    }

    private List<NodeProcess> all() {
        List<NodeProcess> all = new ArrayList<>(cluster.nodes());
        if (guest != null) {
            all.add(guest);
        }
        return all;
    }

    /** Who is a member too, or may be; {@code null} for nobody. */
    void with(NodeProcess another) {
        guest = another;
    }

    /** Whoever began the cluster, as far as the leader knows. */
    boolean allVote() {
        return holds("MEMBERSHIP = 'VOTER'", cluster.names().size());
    }

    /** The leader knows that it votes and has nearly everything, and it answers. */
    void awaitCaughtUp(String node) throws Exception {
        Await.until("node " + node + " votes and has caught up", START_LIMIT, () -> {
            if (!cluster.node(node).isAlive()) {
                throw new AssertionError("node " + node + " has ended by itself");
            }
            return holds(
                            "NODE = '" + node + "' AND MEMBERSHIP = 'VOTER' AND DURABLE_INDEX > 0 AND"
                                    + " (ROLE = 'LEADER' OR REACHABLE AND LAG_ENTRIES BETWEEN 0 AND "
                                    + UNDER_WAY_ENTRIES + ")",
                            1)
                    && answers(node);
        });
    }

    void awaitAllCaughtUp() throws Exception {
        for (String node : cluster.names()) {
            awaitCaughtUp(node);
        }
    }

    /** Waits until these are the members, and all of them vote. */
    void awaitOnlyMembers(List<String> names) throws Exception {
        String list = String.join("','", names);
        Await.until(
                names + " are the members",
                () -> holds("TRUE", names.size())
                        && holds("MEMBERSHIP = 'VOTER' AND NODE IN ('" + list + "')", names.size()));
    }

    /** Disks are small. */
    void forgetWhatWasSetAside(String node) throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve(node))) {
            for (Path file : files.toList()) {
                if (file.getFileName().toString().startsWith("set-aside-")) {
                    LogDamage.delete(file);
                }
            }
        }
    }

    /** @return whether that node was told to lead; not, where there is no leader or the like */
    boolean transfer(String to) throws SQLException {
        try (Connection c = TestCluster.connect(cluster.url() + ";CONNECT_TIMEOUT=10000;FAILOVER_TIMEOUT=10000")) {
            return "TRUE"
                    .equalsIgnoreCase(TestCluster.rows(c, "CALL SYNOD.TRANSFER('" + to + "')")
                            .get(0)
                            .replaceAll("[|].*", ""));
        } catch (SQLException e) {
            if (!PASSES.contains(String.valueOf(e.getSQLState()))) {
                throw e;
            }
            return false;
        }
    }
}
