package io.synod.engine.across;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.synod.engine.Sql;
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

    private static void awaitBlocked(ClusterFixture cluster, String leader, String database) throws Exception {
        try (Connection c = connect(cluster.url(leader, database))) {
            Await.until(
                    "one waits in " + database,
                    () -> Sql.number(c, "SELECT COUNT(*) FROM INFORMATION_SCHEMA.SESSIONS WHERE BLOCKER_ID IS NOT NULL")
                            == 1);
        }
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
            cluster.lead("a", "sales");
            cluster.lead("b", "stock");
            int committed = 0;
            for (String node : NODES) {
                for (String other : NODES) {
                    deadlock(cluster, node, other);
                    committed++;
                    try (Connection c = connect(cluster.url("c", "sales"))) {
                        assertEquals(committed, Sql.number(c, "SELECT n FROM t"));
                        assertEquals(committed, Sql.number(c, "SELECT n FROM stock.public.t"));
                    }
                }
            }
        }
    }

    private static void deadlock(ClusterFixture cluster, String node, String other) throws Exception {
        String remote = cluster.remoteUrl(other, "stock") + ";TARGET=ANY";
        try (Contender first = new Contender(cluster.url(node, "sales"));
                Contender second = new Contender(node.equals(other) ? remote : cluster.url(other, "stock"))) {
            first.run("UPDATE t SET n = n + 1");
            second.run("UPDATE t SET n = n + 1");
            Future<SQLException> waiting = first.begin(Contender.change("stock"));
            awaitBlocked(cluster, "b", "stock");
            Future<SQLException> closing = second.begin(Contender.change("sales"));
            SQLException victim = Contender.endOf(closing);
            String where = "from " + node + " and " + other;
            assertNotNull(victim, where);
            assertEquals("40001", victim.getSQLState(), where);
            assertNull(Contender.endOf(waiting), where);
            first.connection().commit();
            second.connection().rollback();
            second.run("UPDATE t SET n = n");
            second.connection().commit();
        }
    }
}
