package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.synod.engine.failover.Await;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** CREATE TABLE … AS takes long because of its rows: its time-out and its cancel end it, and nothing of it stays. */
@Timeout(240)
class CreateTableAsEndsTest {
    private static final String ENDLESS =
            " AS SELECT x, CAST(NULL AS BIGINT) y FROM SYSTEM_RANGE(1, 1000000000000) WHERE x + 0 < 20000";

    private LeaderAndFollower nodes;

    @BeforeEach
    void start() throws Exception {
        nodes = new LeaderAndFollower();
    }

    @AfterEach
    void stop() throws Exception {
        nodes.close();
    }

    private void assertNothingIsLeft(Connection c) throws SQLException {
        assertEquals(0, number(c, "SELECT COUNT(*) FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'PUBLIC'"));
        run(c, "CREATE TABLE t(x BIGINT PRIMARY KEY)", "INSERT INTO t VALUES (1)", "DROP TABLE t");
    }

    @ParameterizedTest
    @ValueSource(strings = {"t", "t(x BIGINT PRIMARY KEY, y BIGINT REFERENCES t)"})
    void a_query_timeout_ends_it(String table) throws Exception {
        for (Connection c : List.of(nodes.atA, nodes.atB)) {
            try (Statement s = c.createStatement()) {
                s.setQueryTimeout(1);
                SQLException e = assertThrows(SQLException.class, () -> s.execute("CREATE TABLE " + table + ENDLESS));
                assertEquals("57014", e.getSQLState(), e.toString());
                s.setQueryTimeout(0);
            }
            assertNothingIsLeft(c);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"t", "t(x BIGINT PRIMARY KEY, y BIGINT REFERENCES t)"})
    void a_cancel_ends_it(String table) throws Exception {
        for (Connection c : List.of(nodes.atA, nodes.atB)) {
            Statement s = c.createStatement();
            CompletableFuture<SQLException> running = CompletableFuture.supplyAsync(
                    () -> assertThrows(SQLException.class, () -> s.execute("CREATE TABLE " + table + ENDLESS)));
            try (Connection other = nodes.a.connect()) {
                String runs =
                        "SELECT COUNT(*) FROM INFORMATION_SCHEMA.SESSIONS WHERE EXECUTING_STATEMENT LIKE 'INSERT%'";
                Await.until("its rows are being inserted", () -> number(other, runs) > 0);
            }
            // Once: H2's statement forgets what it runs.
            s.cancel();
            assertEquals("57014", running.get(60, TimeUnit.SECONDS).getSQLState());
            s.close();
            assertNothingIsLeft(c);
        }
    }
}
