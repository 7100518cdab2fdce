package io.synod.clients;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.pool.HikariPool;
import io.synod.engine.operations.ClusterProcesses;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a pool says without a majority and without any node, and that it goes on by itself afterwards. */
@Timeout(300)
class OutageTest {
    private static final int CONNECTION_MILLIS = 3_000;
    private static final int VALIDATION_MILLIS = 1_000;

    @TempDir
    private Path directory;

    private ClusterProcesses nodes;

    @BeforeEach
    void name() throws Exception {
        nodes = new ClusterProcesses(Cluster.quickNodes(), directory, 3, "shop", Map.of());
    }

    @AfterEach
    void stop() {
        nodes.close();
    }

    @Test
    void a_pool_says_in_time_that_no_majority_serves_and_goes_on_when_one_does() throws Exception {
        assertNoPool();
        nodes.start(Await.LIMIT);
        try (HikariDataSource pool = pool(Await.LIMIT.toMillis())) {
            awaitServes(pool);
            nodes.node("b").kill();
            nodes.node("c").kill();
            // Its connections are there for as long as nobody uses them, and the leader serves until its lease is over.
            Await.until("a read that fails", () -> failure(pool) != null);
            assertNoPool();
            nodes.node("a").kill();
            // Until it has looked for a new connection in vain it does not know why there is none.
            Await.until("the reason", () -> {
                SQLException e = failure(pool);
                return e != null && "08001".equals(e.getSQLState()) && saysThatNoneServes(e);
            });
            nodes.start(Await.LIMIT);
            awaitServes(pool);
        }
    }

    /** Within its time-outs, which end before that of the test. */
    private void assertNoPool() {
        Exception thrown = assertThrows(HikariPool.PoolInitializationException.class, () -> pool(1));
        if (!saysThatNoneServes(thrown)) {
            throw new AssertionError("an error that names the nodes was expected", thrown);
        }
    }

    private boolean saysThatNoneServes(Throwable thrown) {
        for (Throwable t = thrown; t != null; t = t.getCause()) {
            String message = String.valueOf(t.getMessage());
            if (message.contains("None of the nodes")
                    && message.contains(nodes.node("a").sql())) {
                return true;
            }
        }
        return false;
    }

    private static void awaitServes(HikariDataSource pool) throws Exception {
        Await.until("a pool that serves", () -> failure(pool) == null);
    }

    private HikariDataSource pool(long initializationFailMillis) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(nodes.url() + ";FAILOVER_TIMEOUT=2000");
        config.setUsername(Cluster.USER);
        config.setPassword(Cluster.PASSWORD);
        config.setMaximumPoolSize(3);
        config.setConnectionTimeout(CONNECTION_MILLIS);
        config.setValidationTimeout(VALIDATION_MILLIS);
        config.setInitializationFailTimeout(initializationFailMillis);
        return new HikariDataSource(config);
    }

    private static SQLException failure(HikariDataSource pool) {
        try (Connection c = pool.getConnection()) {
            assertEquals(1, one(c));
            return null;
        } catch (SQLException e) {
            return e;
        }
    }

    private static int one(Connection c) throws SQLException {
        try (Statement s = c.createStatement();
                ResultSet rows = s.executeQuery(
                        "SELECT COUNT(*) FROM INFORMATION_SCHEMA.SCHEMATA WHERE SCHEMA_NAME = 'PUBLIC'")) {
            rows.next();
            return rows.getInt(1);
        }
    }
}
