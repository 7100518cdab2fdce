package io.synod.engine.across;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import io.synod.engine.database.Errors;
import io.synod.engine.failover.Await;
import io.synod.engine.node.ClusterFixture;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three nodes, two databases with leaders on two of them, clients on each: their transactions wait for each other. */
@Tag("long")
class DeadlockOverNodesTest {
    private static final List<String> NODES = List.of("a", "b", "c");

    @TempDir
    private Path directory;

    private static Connection connect(String url) throws SQLException {
        return DriverManager.getConnection(url, "sa", "secret");
    }

    private static boolean leads(ClusterFixture cluster, String node, String database) throws SQLException {
        return cluster.hosted(node, database).log().servingEpoch() != 0;
    }

    /** @return false where the transaction that was to wait has ended, or its leader is another one now */
    private static boolean isBlocked(ClusterFixture cluster, Future<SQLException> waiting) throws Exception {
        boolean[] blocked = {false};
        try (Connection c = connect(cluster.url("b", "stock"))) {
            Await.until("one waits in stock", () -> {
                blocked[0] =
                        Sql.number(c, "SELECT COUNT(*) FROM INFORMATION_SCHEMA.SESSIONS WHERE BLOCKER_ID IS NOT NULL")
                                == 1;
                return blocked[0] || waiting.isDone() || !leads(cluster, "b", "stock");
            });
        }
        return blocked[0];
    }

    @Test
    void one_of_two_is_ended_wherever_they_are() throws Exception {
        try (ClusterFixture cluster = new ClusterFixture(directory)) {
            for (String database : List.of("sales", "stock")) {
                cluster.leaderOf(database);
                try (Connection c = connect(cluster.url("a", database))) {
                    Sql.run(c, "CREATE TABLE t(id INT PRIMARY KEY, n INT)", "INSERT INTO t VALUES (1, 0)");
                }
            }
            int committed = 0;
            for (String node : NODES) {
                for (String other : NODES) {
                    Await.until("a deadlock from " + node + " and " + other, () -> isEnded(cluster, node, other));
                    committed++;
                    try (Connection c = connect(cluster.url("c", "sales"))) {
                        assertEquals(committed, Sql.number(c, "SELECT n FROM t"));
                        assertEquals(committed, Sql.number(c, "SELECT n FROM stock.public.t"));
                    }
                }
            }
        }
    }

    /** @return false where a leader was lost meanwhile, and with it a transaction, and nothing is committed */
    private static boolean isEnded(ClusterFixture cluster, String node, String other) throws Exception {
        cluster.lead("a", "sales");
        cluster.lead("b", "stock");
        String remote = cluster.remoteUrl(other, "stock") + ";TARGET=ANY";
        try (Contender first = new Contender(cluster.url(node, "sales"));
                Contender second = new Contender(node.equals(other) ? remote : cluster.url(other, "stock"))) {
            first.run("UPDATE t SET n = n + 1");
            second.run("UPDATE t SET n = n + 1");
            Future<SQLException> waiting = first.begin(Contender.change("stock"));
            if (!isBlocked(cluster, waiting)) {
                SQLException end = waiting.isDone() ? Contender.endOf(waiting) : null;
                assertTrue(
                        isLeaderLost(end) || !leads(cluster, "b", "stock"),
                        "from " + node + " and " + other + ", the waiting one did not wait: " + end);
                return false;
            }
            SQLException closing = Contender.endOf(second.begin(Contender.change("sales")));
            if (closing == null) {
                // The other one may wait for it still.
                second.connection().rollback();
            }
            SQLException waited = Contender.endOf(waiting);
            if (waited == null && !isLeaderLost(closing)) {
                waited = first.commit();
            }
            if (isLeaderLost(closing) || isLeaderLost(waited)) {
                return false;
            }
            String ends = "from " + node + " and " + other + ", the closing one ended with " + closing
                    + ", the waiting one with " + waited;
            assertNotNull(closing, ends);
            assertEquals("40001", closing.getSQLState(), ends);
            assertNull(waited, ends);
            goesOn(second);
            return true;
        } catch (SQLException e) {
            if (isLeaderLost(e)) {
                return false;
            }
            throw e;
        }
    }

    private static void goesOn(Contender victim) throws Exception {
        victim.connection().rollback();
        Await.until("the victim goes on", () -> {
            try {
                victim.run("UPDATE t SET n = n");
                victim.connection().commit();
                return true;
            } catch (SQLException e) {
                if (!isLeaderLost(e)) {
                    throw e;
                }
                victim.connection().rollback();
                return false;
            }
        });
    }

    /** By its vendor code: that of a deadlock has another one. */
    private static boolean isLeaderLost(SQLException end) {
        return end != null
                && (end.getErrorCode() == Errors.LEADER_LOST_CODE
                        || end.getErrorCode() == Errors.TRANSACTION_LOST_CODE);
    }
}
