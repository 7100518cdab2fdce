package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.database.HostedDatabase;
import io.synod.engine.failover.Await;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A copy that is not what the log says stops by itself, on three nodes with real logs and sockets. */
@Timeout(240)
class DivergenceTest {
    private static final List<String> NODES = List.of("a", "b", "c");

    @TempDir
    private Path directory;

    @Test
    void a_node_on_which_a_statement_ends_otherwise_stops_serving_and_the_others_go_on() throws Exception {
        try (ClusterFixture cluster = new ClusterFixture(directory)) {
            String url = cluster.followerOf("shop");
            try (Connection c = DriverManager.getConnection(url, "sa", "secret");
                    Statement s = c.createStatement()) {
                s.execute("CREATE TABLE t(id INT PRIMARY KEY)");
                HostedDatabase follower = diverging(cluster, url, s);
                Await.until("the statement and its ending have arrived there", () -> !isRunning(follower));
                DbException e = assertThrows(DbException.class, follower::checkRunning);
                assertEquals("08001", e.getSQLException().getSQLState());
                assertTrue(e.getMessage().contains("diverged"), e.getMessage());
                s.execute("INSERT INTO planted VALUES (1)");
                s.execute("INSERT INTO t VALUES (1)");
                try (ResultSet rows = s.executeQuery("SELECT COUNT(*) FROM planted")) {
                    rows.next();
                    assertEquals(1, rows.getInt(1));
                }
            }
        }
    }

    /** Gives one of the two copies that the client does not talk to a table that the log does not have, then creates it. */
    private static HostedDatabase diverging(ClusterFixture cluster, String url, Statement client) throws Exception {
        for (; ; ) {
            String leader = leader(cluster);
            String broken = NODES.stream()
                    .filter(name -> !name.equals(leader) && !url.contains(";NODE=" + name + ";"))
                    .findFirst()
                    .orElseThrow();
            HostedDatabase follower = cluster.hosted(broken, "shop");
            assertTrue(follower.log().awaitReadable(TimeUnit.SECONDS.toNanos(20)));
            plant(follower, "CREATE TABLE planted(id INT)");
            if (leader.equals(leader(cluster))) {
                client.execute("CREATE TABLE planted(id INT)");
                return follower;
            }
            // On a busy machine leadership may have come to that copy.
            plant(follower, "DROP TABLE planted");
        }
    }

    /** The one that says so itself: what the others have heard may be old, or nothing. */
    private static String leader(ClusterFixture cluster) throws Exception {
        String[] leader = new String[1];
        Await.until("a leader", () -> {
            for (String name : NODES) {
                if (cluster.hosted(name, "shop").log().servingEpoch() != 0) {
                    leader[0] = name;
                }
            }
            return leader[0] != null;
        });
        return leader[0];
    }

    private static boolean isRunning(HostedDatabase database) {
        try {
            database.checkRunning();
            return true;
        } catch (DbException e) {
            return false;
        }
    }

    private static void plant(HostedDatabase database, String sql) throws SQLException {
        SessionLocal session = database.store().systemSession();
        session.lock();
        try {
            session.prepareLocal(sql).executeUpdate(null);
            session.commit(false);
        } finally {
            session.close();
            session.unlock();
        }
    }
}
