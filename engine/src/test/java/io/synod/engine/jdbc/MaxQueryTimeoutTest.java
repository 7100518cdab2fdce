package io.synod.engine.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.synod.engine.Sql;
import io.synod.engine.failover.Await;
import io.synod.engine.node.ClusterFixture;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code MAX_QUERY_TIMEOUT} of one node of three: for its clients, never for what the log has it do. */
@Timeout(240)
class MaxQueryTimeoutTest {
    private static final String LONG_QUERY =
            "SELECT COUNT(*) FROM SYSTEM_RANGE(1, 100000) a, SYSTEM_RANGE(1, 1000000) b";

    @TempDir
    Path directory;

    @Test
    void it_bounds_statements_of_sessions_there_and_no_statement_of_the_log() throws Exception {
        try (ClusterFixture cluster = new ClusterFixture(directory).with("a", ";MAX_QUERY_TIMEOUT=100")) {
            cluster.leaderOf("shop");
            String there = cluster.url("a", "shop");
            try (Connection elsewhere = connect(cluster.url("b", "shop"))) {
                Sql.untilDone(
                        elsewhere,
                        "CREATE TABLE T(ID INT PRIMARY KEY, X INT)",
                        "INSERT INTO T SELECT X, X FROM SYSTEM_RANGE(1, 100000)",
                        // Some 100 ms and more on each member.
                        "ALTER TABLE T ADD COLUMN Y INT DEFAULT 5",
                        "CREATE INDEX I ON T(X, Y)");
            }
            try (Connection c = connect(there);
                    Statement s = c.createStatement()) {
                // On a busy machine the bound may be less than it takes to wait for this copy.
                Await.until("the column is there, too", () -> {
                    try {
                        return number(s, "SELECT Y FROM T WHERE ID = 7") == 5;
                    } catch (SQLTimeoutException e) {
                        return false;
                    }
                });
                assertEquals(
                        "57014",
                        assertThrows(SQLException.class, () -> number(s, LONG_QUERY))
                                .getSQLState());
                s.execute("SET QUERY_TIMEOUT 0");
                assertEquals(
                        "57014",
                        assertThrows(SQLException.class, () -> number(s, LONG_QUERY))
                                .getSQLState());
                s.setQueryTimeout(3600);
                assertEquals(
                        "57014",
                        assertThrows(SQLException.class, () -> number(s, LONG_QUERY))
                                .getSQLState());
            }
            cluster.hosted("a", "shop").checkRunning();
        }
    }

    @Test
    void a_bound_that_is_no_number_is_refused_by_name() throws Exception {
        String url = "jdbc:synod:mem:maxquerytimeout;MAX_QUERY_TIMEOUT=soon";
        SQLException e = assertThrows(SQLException.class, () -> connect(url).close());
        assertEquals(true, e.getMessage().contains("MAX_QUERY_TIMEOUT"), e.toString());
        assertEquals("90008", e.getSQLState(), e.toString());
    }

    private static Connection connect(String url) throws SQLException {
        return DriverManager.getConnection(url, "sa", "secret");
    }

    private static long number(Statement s, String sql) throws SQLException {
        try (ResultSet rows = s.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        }
    }
}
