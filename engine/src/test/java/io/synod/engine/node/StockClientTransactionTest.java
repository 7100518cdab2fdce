package io.synod.engine.node;

import static io.synod.engine.Sql.run;
import static io.synod.engine.Sql.untilDone;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.failover.Await;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A stock H2 client whose transaction holds row locks while leadership moves. It does not follow the leader, and nobody may
 * give it a new transaction without a word: another client had the row.
 */
@Tag("long")
@Timeout(240)
class StockClientTransactionTest {
    private static final String DATABASE = "shop";

    @TempDir
    private Path directory;

    private static Connection connect(String url) throws SQLException {
        return DriverManager.getConnection(url, "sa", "secret");
    }

    private static String value(Connection c, String sql) throws SQLException {
        try (Statement s = c.createStatement();
                ResultSet rows = s.executeQuery(sql)) {
            assertTrue(rows.next(), sql);
            return rows.getString(1);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "leader, COMMIT",
        "leader, SELECT x FROM t",
        "leader, UPDATE t SET x = x + 1",
        "follower, COMMIT",
        "follower, SELECT x FROM t",
        "follower, UPDATE t SET x = x + 1",
        "next leader, COMMIT",
        "next leader, SELECT x FROM t",
        "next leader, UPDATE t SET x = x + 1",
    })
    void the_next_call_after_a_change_of_leader_gets_40001(String at, String next) throws Exception {
        try (ClusterFixture cluster = new ClusterFixture(directory)) {
            String leader = cluster.leaderOf(DATABASE);
            List<String> others = List.of("a", "b", "c").stream()
                    .filter(n -> !n.equals(leader))
                    .toList();
            String node = at.equals("leader") ? leader : at.equals("follower") ? others.get(0) : others.get(1);
            String stock = cluster.remoteUrl(node, DATABASE).replace("jdbc:synod://", "jdbc:h2:tcp://");
            try (Connection other = connect(cluster.url(others.get(0), DATABASE))) {
                run(other, "CREATE TABLE t(id INT PRIMARY KEY, x INT)", "INSERT INTO t VALUES (1, 0)");
                try (Connection c = connect(stock)) {
                    c.setAutoCommit(false);
                    Await.until("the row is locked on the leader that is to be lost", () -> {
                        long epoch = cluster.lead(leader, DATABASE);
                        try {
                            c.rollback();
                            assertEquals("0", value(c, "SELECT x FROM t WHERE id = 1 FOR UPDATE"));
                        } catch (SQLException e) {
                            // Leadership has moved before.
                            assertEquals("40001", e.getSQLState(), e.getMessage());
                            return false;
                        }
                        return cluster.hosted(leader, DATABASE).log().servingEpoch() == epoch;
                    });
                    cluster.lead(others.get(1), DATABASE);
                    untilDone(other, "UPDATE t SET x = 10");
                    SQLException e = assertThrows(SQLException.class, () -> {
                        if (next.equals("COMMIT")) {
                            c.commit();
                        } else {
                            run(c, next);
                        }
                    });
                    assertEquals("40001", e.getSQLState(), e.getMessage());
                    c.rollback();
                    run(c, "UPDATE t SET x = x + 1");
                    c.commit();
                }
                assertEquals("11", value(other, "SELECT x FROM t"));
            }
        }
    }
}
