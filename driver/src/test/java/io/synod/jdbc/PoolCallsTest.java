package io.synod.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.h2.api.ErrorCode;
import org.h2.tools.Server;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What pools call on connections while nodes are lost or silent: it ends in time, and keeps a connection that can go on. */
@Tag("long")
@Timeout(240)
class PoolCallsTest {
    /** Less than FAILOVER_TIMEOUT is here, and more than any machine needs. */
    private static final long IN_TIME_MILLIS = 45_000;

    private StockNode node;

    @BeforeEach
    void start() throws Exception {
        node = new StockNode();
    }

    @AfterEach
    void stop() throws Exception {
        node.close();
    }

    @Test
    void a_connection_whose_node_is_lost_is_valid_while_there_is_another() throws SQLException {
        try (Connection c = node.connect()) {
            for (int i = 0; i < 4; i++) {
                (i % 2 == 0 ? node.b : node.a).up();
                (i % 2 == 0 ? node.a : node.b).down();
                assertTrue(c.isValid(60));
                assertTrue(c.isValid(0));
            }
        }
    }

    @Test
    void a_connection_whose_node_is_silent_is_valid_while_there_is_another() throws SQLException {
        try (Connection c = node.connect()) {
            node.a.silent();
            assertTrue(c.isValid(60));
            assertEquals(1, one(c));
        }
    }

    @Test
    void without_a_node_it_is_not_valid_and_says_so_in_time_and_it_is_again_when_there_is_one() throws SQLException {
        try (Connection c = node.connect()) {
            node.a.down();
            node.b.down();
            long start = System.nanoTime();
            assertFalse(c.isValid(1));
            assertInTime(start);
            assertFalse(c.isClosed());
            node.b.up();
            assertTrue(c.isValid(60));
            assertEquals(1, one(c));
        }
    }

    @Test
    void among_silent_nodes_it_is_not_valid_and_says_so_in_time() throws SQLException {
        Connection c = node.connect();
        node.a.silent();
        node.b.silent();
        long start = System.nanoTime();
        assertFalse(c.isValid(1));
        assertInTime(start);
        c.close();
    }

    @Test
    void a_transaction_that_was_lost_is_not_forgotten_over_the_question_whether_the_connection_is_valid()
            throws SQLException {
        try (Connection c = node.connect();
                Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            s.execute("INSERT INTO ITEM VALUES (1, 'lost')");
            node.a.down();
            assertTrue(c.isValid(60));
            assertTrue(c.isValid(60));
            SQLException e = assertThrows(SQLException.class, () -> s.execute("INSERT INTO ITEM VALUES (2, 'half')"));
            assertEquals("40001", e.getSQLState());
            assertTrue(c.isValid(60));
            c.rollback();
            s.execute("INSERT INTO ITEM VALUES (3, 'whole')");
            c.commit();
        }
        assertEquals(3, node.count("SELECT SUM(ID) FROM ITEM"));
    }

    @Test
    void a_transaction_that_was_lost_is_rolled_back_without_a_word_after_that_question() throws SQLException {
        try (Connection c = node.connect();
                Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            s.execute("INSERT INTO ITEM VALUES (1, 'lost')");
            node.a.down();
            assertTrue(c.isValid(60));
            c.rollback();
            s.execute("INSERT INTO ITEM VALUES (2, 'whole')");
            c.commit();
        }
        assertEquals(2, node.count("SELECT SUM(ID) FROM ITEM"));
    }

    @Test
    void the_question_does_not_end_a_transaction_nor_begin_one() throws SQLException {
        try (SynodConnection c = node.connect().unwrap(SynodConnection.class);
                Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            assertTrue(c.isValid(60));
            assertFalse(c.hasOpenTransaction());
            s.execute("INSERT INTO ITEM VALUES (1, 'x')");
            assertTrue(c.isValid(60));
            assertTrue(c.hasOpenTransaction());
            c.commit();
        }
        assertEquals(1, node.count("SELECT COUNT(*) FROM ITEM"));
    }

    @Test
    void closing_does_not_wait_for_a_silent_node() throws SQLException {
        Connection c = node.connect();
        node.a.silent();
        long start = System.nanoTime();
        c.close();
        assertInTime(start);
        assertTrue(c.isClosed());
        assertFalse(c.isValid(1));
    }

    @Test
    void reading_on_does_not_wait_for_a_silent_node() throws SQLException {
        try (Connection c = node.connect();
                Statement s = c.createStatement()) {
            s.setFetchSize(10);
            ResultSet rows = s.executeQuery("SELECT X FROM SYSTEM_RANGE(1, 1000)");
            assertTrue(rows.next());
            node.a.silent();
            long start = System.nanoTime();
            SQLException e = assertThrows(SQLException.class, () -> {
                while (rows.next()) {
                    rows.getInt(1);
                }
            });
            assertEquals("40001", e.getSQLState());
            assertInTime(start);
            assertEquals(1, one(c));
        }
    }

    @Test
    void a_node_without_the_database_is_passed_over_while_another_has_it(@TempDir Path empty) throws SQLException {
        Server without = Server.createTcpServer("-tcpPort", "0", "-ifExists", "-baseDir", empty.toString())
                .start();
        try {
            String first = "127.0.0.1:" + without.getPort();
            String both = node.url("").replace("//", "//" + first + ",");
            try (Connection c = DriverManager.getConnection(both, "sa", "secret")) {
                assertEquals(1, one(c));
            }
            String none = "jdbc:synod://" + first + "," + first + "/nowhere;IGNORE_UNKNOWN_SETTINGS=TRUE";
            SQLException e = assertThrows(SQLException.class, () -> DriverManager.getConnection(none, "sa", "secret"));
            assertEquals(ErrorCode.REMOTE_DATABASE_NOT_FOUND_1, e.getErrorCode());
            // The one that does not answer might have it: asked for no longer than CONNECT_TIMEOUT.
            node.b.down();
            String perhaps = none.replace(first + "/", node.b.endpoint() + "/") + ";CONNECT_TIMEOUT=3000";
            long start = System.nanoTime();
            e = assertThrows(SQLException.class, () -> DriverManager.getConnection(perhaps, "sa", "secret"));
            assertEquals(ErrorCode.REMOTE_DATABASE_NOT_FOUND_1, e.getErrorCode());
            assertInTime(start);
        } finally {
            without.stop();
        }
    }

    @Test
    void connect_timeout_bounds_each_attempt_and_all_nodes_are_asked() throws SQLException {
        node.a.silent();
        long start = System.nanoTime();
        try (Connection c = node.connect(";CONNECT_TIMEOUT=3000")) {
            assertEquals(1, one(c));
        }
        node.b.silent();
        SQLException e = assertThrows(SQLException.class, () -> node.connect(";CONNECT_TIMEOUT=3000"));
        assertEquals("08001", e.getSQLState());
        assertTrue(e.getMessage().contains("CONNECT_TIMEOUT=3000 ms"), e.getMessage());
        assertInTime(start);
    }

    @Test
    void a_login_time_out_bounds_each_attempt_where_it_is_less() throws SQLException {
        int before = DriverManager.getLoginTimeout();
        DriverManager.setLoginTimeout(3);
        try {
            node.a.silent();
            long start = System.nanoTime();
            try (Connection c = node.connect(";CONNECT_TIMEOUT=3600000")) {
                assertEquals(1, one(c));
            }
            assertInTime(start);
        } finally {
            DriverManager.setLoginTimeout(before);
        }
    }

    private static void assertInTime(long startNanos) {
        long millis = (System.nanoTime() - startNanos) / 1_000_000;
        assertTrue(millis < IN_TIME_MILLIS, millis + " ms");
    }

    private static int one(Connection c) throws SQLException {
        try (Statement s = c.createStatement();
                ResultSet rows = s.executeQuery("SELECT 1")) {
            rows.next();
            return rows.getInt(1);
        }
    }
}
