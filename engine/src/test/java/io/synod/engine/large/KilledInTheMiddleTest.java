package io.synod.engine.large;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import io.synod.engine.failover.TestCluster;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Nodes as processes, one of them killed at a random moment of a commit in parts. */
@Tag("long")
@Tag("process")
@Timeout(600)
class KilledInTheMiddleTest {
    private static final Logger LOG = LoggerFactory.getLogger(KilledInTheMiddleTest.class);
    private static final int ROWS = 40_000;
    private static final int ROUNDS = 2;
    /** A commit of so many rows takes about that long. */
    private static final int COMMIT_MILLIS = 800;

    @TempDir
    private Path directory;

    @Test
    void a_large_transaction_is_there_whole_or_not_at_all_and_a_retry_works() throws Exception {
        long seed = Long.getLong("seed", System.nanoTime());
        LOG.info("seed {}", seed);
        Random random = new Random(seed);
        try (TestCluster cluster = TestCluster.started(directory)) {
            String url = cluster.url() + ";FAILOVER_TIMEOUT=60000;CONNECT_TIMEOUT=60000;LOCK_TIMEOUT=60000";
            try (Connection c = TestCluster.connect(url)) {
                Sql.run(c, "CREATE TABLE t(round INT, id INT, s VARCHAR(100), PRIMARY KEY(round, id))");
            }
            for (int round = 1; round <= ROUNDS; round++) {
                try {
                    boolean leader = round % 2 == 1;
                    round(cluster, url, round, leader, random.nextInt(COMMIT_MILLIS));
                } catch (Exception | AssertionError e) {
                    cluster.addStoryTo(e);
                    throw e;
                }
            }
            cluster.assertMembersEqual();
        }
    }

    private void round(TestCluster cluster, String url, int round, boolean leader, int delay) throws Exception {
        String victim = leader ? cluster.awaitLeader() : cluster.awaitFollower();
        CompletableFuture<Void> killed = new CompletableFuture<>();
        int attempts = 0;
        while (true) {
            attempts++;
            try (Connection c = TestCluster.connect(url)) {
                c.setAutoCommit(false);
                Sql.run(
                        c,
                        "INSERT INTO t SELECT " + round + ", x, 'some text ' || x FROM SYSTEM_RANGE(1, " + ROWS + ")");
                if (attempts == 1) {
                    CompletableFuture.delayedExecutor(delay, TimeUnit.MILLISECONDS)
                            .execute(() -> {
                                cluster.node(victim).kill();
                                killed.complete(null);
                            });
                }
                c.commit();
                break;
            } catch (SQLException e) {
                assertEquals("40001", e.getSQLState(), e.toString());
                assertTrue(attempts < 20, e.toString());
                try (Connection c = TestCluster.connect(url)) {
                    assertEquals(0, count(c, round), "nothing of what was rolled back");
                }
            }
        }
        killed.get(60, TimeUnit.SECONDS);
        LOG.info(
                "{} {} killed after {} ms of a commit, which took {} attempts",
                leader ? "leader" : "follower",
                victim,
                delay,
                attempts);
        try (Connection c = TestCluster.connect(url)) {
            assertEquals(ROWS, count(c, round));
        }
        cluster.restart(victim);
    }

    private static long count(Connection c, int round) throws SQLException {
        return Sql.number(c, "SELECT COUNT(*) FROM t WHERE round = " + round);
    }
}
