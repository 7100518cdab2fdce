package io.synod.engine.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.synod.engine.Sql;
import io.synod.engine.failover.Await;
import io.synod.engine.failover.TestCluster;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes a cluster from one release to the other, node by node, while its clients work. */
final class UpgradeSteps {
    private static final Logger LOG = LoggerFactory.getLogger(UpgradeSteps.class);

    /** More than one entry takes: it goes in parts. */
    private static final int ROWS = 20_000;

    /** No leader just now, or it was lost in the middle. */
    private static final Set<String> AGAIN = Set.of("40001", "HYT00", "08001");

    private final TestCluster cluster;
    private final Path directory;
    private final Histories histories;
    private final Releases releases;
    private final SplittableRandom random;
    private int step;

    /** @param directory holds that of each node */
    UpgradeSteps(TestCluster cluster, Path directory, Histories histories, Releases releases, SplittableRandom random) {
        this.cluster = cluster;
        this.directory = directory;
        this.histories = histories;
        this.releases = releases;
        this.random = random;
    }

    /** What a URL needs for its user. */
    String user() {
        return ";USER=" + TestCluster.USER + ";PASSWORD=" + TestCluster.PASSWORD + TestCluster.BUSY;
    }

    void toThisRelease() throws Exception {
        all(true);
    }

    void toTheOneBefore() throws Exception {
        all(false);
    }

    private void all(boolean present) throws Exception {
        List<String> order = new ArrayList<>(cluster.names());
        Collections.shuffle(order, new Random(random.nextLong()));
        String first = order.get(0);
        for (String node : order) {
            // The second finds one of the other release, and one of its own, to get a copy from.
            step(node, present, node.equals(order.get(1)));
            mixture(node);
            mixture(first.equals(node) ? order.get(order.size() - 1) : first);
        }
    }

    private void step(String node, boolean present, boolean losesCopy) throws Exception {
        boolean kill = losesCopy || random.nextInt(3) == 0;
        LOG.info(
                "step {}: node {} goes to {}, after {}{}, leader {}",
                ++step,
                node,
                present ? "this release" : "the one before",
                kill ? "kill -9" : "SIGTERM",
                losesCopy ? ", without its copy" : "",
                cluster.leader(Set.of()));
        if (kill) {
            cluster.node(node).kill();
        } else {
            assertEquals(0, cluster.node(node).stop(Await.LIMIT), "exit code of node " + node);
        }
        if (losesCopy) {
            Files.delete(directory.resolve(node).resolve(FaultyCluster.DATABASE + ".mv.db"));
        }
        histories.awaitProgress(3); // the others serve
        if (present) {
            releases.present(node);
        } else {
            releases.previous(node);
        }
        cluster.node(node).start();
        Await.until("node " + node + " answers", () -> answers(node));
        histories.awaitProgress(3);
    }

    private boolean answers(String node) {
        try (Connection c =
                TestCluster.connect(cluster.url(node) + ";READ=LOCAL;CONNECT_TIMEOUT=1000;FAILOVER_TIMEOUT=1000")) {
            return Sql.number(c, "SELECT COUNT(*) FROM account") > 0;
        } catch (SQLException e) {
            LOG.debug("node {} does not answer", node, e);
            return false;
        }
    }

    /** With this node as the leader. */
    private void mixture(String leader) throws Exception {
        Await.until("node " + leader + " leads", () -> {
            if (leader.equals(cluster.leader(Set.of()))) {
                return true;
            }
            execute("CALL SYNOD.TRANSFER('" + leader + "')");
            return false;
        });
        histories.awaitProgress(3);
        Await.until("a table", () -> execute("CREATE TABLE IF NOT EXISTS wide (step INT, x INT, t VARCHAR)"));
        Await.until(
                "a large transaction",
                () -> execute("DELETE FROM wide")
                        && execute("INSERT INTO wide SELECT " + step + ", x, REPEAT('x', 60 + MOD(x, 7))"
                                + " FROM SYSTEM_RANGE(1, " + ROWS + ")"));
        cluster.assertMembersEqual();
    }

    /** @return false when it has to be tried again */
    private boolean execute(String sql) throws SQLException {
        try (Connection c = TestCluster.connect(cluster.url() + TestCluster.BUSY)) {
            Sql.run(c, sql);
            return true;
        } catch (SQLException e) {
            if (!AGAIN.contains(e.getSQLState())) {
                throw e;
            }
            LOG.debug("{}: again", sql, e);
            return false;
        }
    }
}
