package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.sql.Blob;
import java.sql.Clob;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A large object that the leader holds, and that was not read before it was lost, says that the query is to be run again. */
@Tag("long")
@Timeout(240)
class LostLobTest {
    private static final int LENGTH = 1_000_000;
    private static final int ATTEMPTS = 10;

    @TempDir
    private Path directory;

    private ClusterFixture cluster;
    private String leader;
    private String url;

    @BeforeEach
    void start() throws Exception {
        cluster = new ClusterFixture(directory);
        leader = cluster.leaderOf("lobs");
        url = cluster.url(leader.equals("a") ? "b" : "a", "lobs");
        try (Connection c = DriverManager.getConnection(url, "sa", "secret");
                Statement s = c.createStatement()) {
            s.execute("CREATE TABLE t(id INT PRIMARY KEY, x INT, b BLOB, c CLOB)");
            s.execute("INSERT INTO t SELECT x, 0, CAST(REPEAT('b', " + LENGTH + ") AS BLOB), REPEAT('c', " + LENGTH
                    + ") FROM SYSTEM_RANGE(1, 2)");
        }
    }

    @AfterEach
    void stop() {
        cluster.close();
    }

    private static void assertLost(Executable what) {
        SQLException e = assertThrows(SQLException.class, what);
        assertEquals("40001", e.getSQLState(), e.toString());
    }

    /** @return whether somewhere in the causes */
    private static boolean isRetry(Throwable e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql && "40001".equals(sql.getSQLState())) {
                return true;
            }
        }
        return false;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 100})
    void it_is_40001(int fetchSize) throws Exception {
        try (Connection c = DriverManager.getConnection(url, "sa", "secret");
                Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            s.setFetchSize(fetchSize);
            ResultSet rows = rowsOfLeader(c, s, "SELECT b, c FROM t ORDER BY id");
            assertTrue(rows.next());
            assertEquals(LENGTH, rows.getBytes(1).length);
            assertTrue(rows.next());
            Blob blob = rows.getBlob(1);
            Clob clob = rows.getClob(2);
            InputStream begun = rows.getBinaryStream(1);
            assertEquals('b', begun.read());
            cluster.end(leader);
            assertTrue(isRetry(assertThrows(IOException.class, begun::readAllBytes)), "in the middle");
            assertLost(() -> rows.getBytes(1));
            assertLost(() -> rows.getString(2));
            assertLost(() -> rows.getBinaryStream(1).readAllBytes());
            assertLost(() -> rows.getCharacterStream(2).read());
            assertLost(() -> blob.getBytes(1, LENGTH));
            assertLost(() -> clob.getSubString(1, LENGTH));
            assertEquals(LENGTH, blob.length());
        }
    }

    /** Its rows come with the content, in whose middle there is no place for an error. */
    @Test
    void a_remote_clients_rows_are_40001_too() throws Exception {
        String follower = leader.equals("a") ? "b" : "a";
        try (Connection c = DriverManager.getConnection(cluster.remoteUrl(follower, "lobs"), "sa", "secret");
                Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            s.setFetchSize(1);
            ResultSet rows = rowsOfLeader(c, s, "SELECT c FROM t ORDER BY id");
            assertTrue(rows.next());
            assertEquals(LENGTH, rows.getString(1).length());
            cluster.end(leader);
            assertLost(rows::next);
        }
    }

    /**
     * Of a transaction that has ended, and wrote on the leader that is to be lost: on a busy machine leadership may move meanwhile,
     * and is moved back.
     */
    private ResultSet rowsOfLeader(Connection c, Statement s, String query) throws Exception {
        for (int attempt = 1; ; attempt++) {
            long epoch = cluster.lead(leader, "lobs");
            try {
                s.execute("UPDATE t SET x = x + 1");
                ResultSet rows = s.executeQuery(query);
                c.commit();
                if (cluster.hosted(leader, "lobs").log().servingEpoch() == epoch) {
                    return rows;
                }
            } catch (SQLException e) {
                if (!"40001".equals(e.getSQLState())) {
                    throw e;
                }
            }
            assertTrue(attempt < ATTEMPTS, "leadership does not stay");
            c.rollback();
        }
    }
}
