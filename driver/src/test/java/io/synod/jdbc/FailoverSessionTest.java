package io.synod.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two ways to one database, cut at chosen moments. */
@Timeout(30)
class FailoverSessionTest {
    /** Requests after RESOLVE and before the statement is executed again. */
    private static final int CLOSE_AND_PREPARE = 1;

    private StockNode node;

    @BeforeEach
    void start() throws Exception {
        node = new StockNode();
        node.resolveBy((session, number) -> false);
    }

    @AfterEach
    void stop() throws Exception {
        node.close();
    }

    @Test
    void between_transactions_the_loss_of_the_node_is_not_seen() throws SQLException {
        try (Connection c = node.connect();
                PreparedStatement insert = c.prepareStatement("INSERT INTO ITEM VALUES (?, ?)")) {
            for (int i = 1; i <= 3; i++) {
                insert.setInt(1, i);
                insert.setString(2, "n" + i);
                assertEquals(1, insert.executeUpdate());
                (i % 2 == 0 ? node.b : node.a).down();
                (i % 2 == 0 ? node.a : node.b).up();
            }
            assertTrue(c.isValid(1));
            assertFalse(c.isClosed());
        }
        assertEquals(3, node.count("SELECT COUNT(*) FROM ITEM"));
    }

    @Test
    void a_query_whose_answer_is_lost_is_run_again_without_asking_for_a_commit() throws SQLException {
        try (Connection c = node.connect();
                PreparedStatement query = c.prepareStatement("SELECT ?")) {
            query.setInt(1, 42);
            node.a.cutAnswer(0);
            try (ResultSet rows = query.executeQuery()) {
                rows.next();
                assertEquals(42, rows.getInt(1));
            }
            assertEquals(1, node.a.cuts());
            assertEquals(0, node.asked().size());
        }
    }

    @Test
    void a_transaction_in_flight_fails_with_40001_and_the_connection_goes_on() throws SQLException {
        try (Connection c = node.connect();
                PreparedStatement insert = c.prepareStatement("INSERT INTO ITEM VALUES (?, 'x')")) {
            c.setAutoCommit(false);
            insert.setInt(1, 1);
            insert.executeUpdate();
            node.a.down();
            insert.setInt(1, 2);
            SQLException e = assertThrows(SQLException.class, insert::executeUpdate);
            assertEquals("40001", e.getSQLState());
            assertFalse(c.getAutoCommit());
            c.rollback();
            insert.executeUpdate();
            c.commit();
        }
        assertEquals(1, node.count("SELECT COUNT(*) FROM ITEM"));
        assertEquals(2, node.count("SELECT MIN(ID) FROM ITEM"));
    }

    @Test
    void after_a_statement_that_commits_there_is_no_transaction_that_could_be_lost() throws SQLException {
        try (Connection c = node.connect();
                Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            s.execute("INSERT INTO ITEM VALUES (1, 'x')");
            s.execute("CREATE TABLE FURTHER(ID INT)");
            node.a.down();
            s.execute("INSERT INTO ITEM VALUES (2, 'y')");
            c.commit();
        }
        assertEquals(2, node.count("SELECT COUNT(*) FROM ITEM"));
    }

    @Test
    void a_commit_whose_answer_was_lost_returns_normally_when_the_cluster_has_it() throws SQLException {
        node.resolveBy((session, number) -> true);
        try (Connection c = node.connect()) {
            c.setAutoCommit(false);
            c.createStatement().executeUpdate("INSERT INTO ITEM VALUES (1, 'x')");
            c.commit();
            c.createStatement().executeUpdate("INSERT INTO ITEM VALUES (2, 'x')");
            node.a.cutAnswer(0);
            c.commit();
            assertEquals(1, node.asked().size());
        }
        assertEquals(2, node.count("SELECT COUNT(*) FROM ITEM"));
    }

    @Test
    void a_statement_that_commits_first_does_so_in_a_request_of_its_own() throws SQLException {
        node.resolveBy((session, number) -> false);
        try (Connection c = node.connect()) {
            c.setAutoCommit(false);
            c.createStatement().executeUpdate("INSERT INTO ITEM VALUES (1, 'x')");
            // Answers: both prepared, the commit, and then the statement: it is run again.
            node.a.cutAnswer(3);
            c.createStatement().execute("CREATE TABLE IF NOT EXISTS U(ID INT)");
            c.createStatement().executeUpdate("INSERT INTO U VALUES (1)");
            c.rollback();
            assertEquals(1, node.asked().size());
            assertEquals(0, node.count("SELECT COUNT(*) FROM U"));
            c.createStatement().execute("DROP TABLE U");
        }
        assertEquals(1, node.count("SELECT COUNT(*) FROM ITEM"));
    }

    @Test
    void a_commit_that_did_not_arrive_fails_with_40001() throws SQLException {
        try (Connection c = node.connect()) {
            c.setAutoCommit(false);
            c.commit();
            c.createStatement().executeUpdate("INSERT INTO ITEM VALUES (1, 'x')");
            node.a.cutRequest(0);
            SQLException e = assertThrows(SQLException.class, c::commit);
            assertEquals("40001", e.getSQLState());
            assertEquals(1, node.asked().size());
        }
        assertEquals(0, node.count("SELECT COUNT(*) FROM ITEM"));
    }

    @Test
    void an_auto_commit_update_is_done_once_whether_its_request_or_its_answer_was_lost() throws SQLException {
        node.resolveBy((session, number) -> unchecked(() -> node.count("SELECT COUNT(*) FROM ITEM")) > 0);
        try (Connection c = node.connect();
                PreparedStatement insert = c.prepareStatement("INSERT INTO ITEM VALUES (1, 'x')")) {
            node.a.cutRequest(0);
            assertEquals(1, insert.executeUpdate());
            assertEquals(1, node.count("SELECT COUNT(*) FROM ITEM"));
            PreparedStatement second = c.prepareStatement("INSERT INTO ITEM VALUES (2, 'x')");
            node.b.cutAnswer(0);
            assertEquals(Statement.SUCCESS_NO_INFO, second.executeUpdate());
        }
        assertEquals(2, node.count("SELECT COUNT(*) FROM ITEM"));
        assertEquals(2, node.asked().size());
    }

    @Test
    void generated_keys_that_were_lost_are_an_error_that_says_that_the_row_is_there() throws SQLException {
        node.resolveBy((session, number) -> true);
        try (Connection c = node.connect();
                PreparedStatement insert =
                        c.prepareStatement("INSERT INTO NOTE(TEXT) VALUES ('x')", Statement.RETURN_GENERATED_KEYS)) {
            node.a.cutAnswer(0);
            SQLException e = assertThrows(SQLException.class, insert::executeUpdate);
            assertEquals("SY001", e.getSQLState());
            insert.executeUpdate();
            try (ResultSet keys = insert.getGeneratedKeys()) {
                keys.next();
                assertEquals(2, keys.getLong(1));
            }
        }
        assertEquals(2, node.count("SELECT COUNT(*) FROM NOTE"));
    }

    @Test
    void without_an_answer_in_time_the_outcome_is_08007() throws SQLException {
        try (Connection c = impatient()) {
            c.setAutoCommit(false);
            c.commit();
            c.createStatement().executeUpdate("INSERT INTO ITEM VALUES (1, 'x')");
            node.b.down();
            node.a.down();
            SQLException e = assertThrows(SQLException.class, c::commit);
            assertEquals("08007", e.getSQLState());
        }
    }

    @Test
    void without_a_node_a_read_is_08001_and_works_again_when_one_is_back() throws SQLException {
        try (Connection c = impatient()) {
            node.b.down();
            node.a.down();
            SQLException e = assertThrows(SQLException.class, () -> query(c, "SELECT 1"));
            assertEquals("08001", e.getSQLState());
            node.b.up();
            assertEquals(1, query(c, "SELECT 1"));
        }
    }

    @Test
    void a_rollback_never_fails_for_the_loss_of_its_node() throws SQLException {
        try (Connection c = node.connect()) {
            c.setAutoCommit(false);
            c.createStatement().executeUpdate("INSERT INTO ITEM VALUES (1, 'x')");
            node.a.down();
            c.rollback();
            c.createStatement().executeUpdate("INSERT INTO ITEM VALUES (2, 'x')");
            node.a.up();
            node.b.down();
            c.rollback();
        }
        assertEquals(0, node.count("SELECT COUNT(*) FROM ITEM"));
    }

    private Connection impatient() throws SQLException {
        return DriverManager.getConnection(
                node.url("").replace("FAILOVER_TIMEOUT=5000", "FAILOVER_TIMEOUT=300"), "sa", "secret");
    }

    @Test
    void the_state_of_the_session_is_taken_along() throws SQLException {
        try (Connection c = node.connect();
                Statement s = c.createStatement()) {
            s.execute("CREATE SCHEMA OTHER");
            c.setSchema("OTHER");
            s.execute("SET LOCK_TIMEOUT 1234");
            s.execute("SET @V = 7");
            s.execute("SET TIME ZONE 'Asia/Tokyo'");
            c.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            c.setAutoCommit(false);
            node.a.down();
            assertEquals(7, query(c, "SELECT @V"));
            assertEquals("OTHER", c.getSchema());
            assertEquals(1234, query(c, "CALL LOCK_TIMEOUT()"));
            assertEquals(Connection.TRANSACTION_REPEATABLE_READ, c.getTransactionIsolation());
            assertEquals(1, query(c, "SELECT CASE WHEN CURRENT_TIMESTAMP(0)::VARCHAR LIKE '%+09' THEN 1 ELSE 0 END"));
            assertFalse(c.getAutoCommit());
            s.executeUpdate("INSERT INTO PUBLIC.ITEM VALUES (1, 'x')");
            c.rollback();
        }
        assertEquals(0, node.count("SELECT COUNT(*) FROM ITEM"));
    }

    @Test
    void a_result_that_was_half_read_fails_with_40001() throws SQLException {
        try (Connection c = node.connect();
                Statement s = c.createStatement()) {
            s.setFetchSize(10);
            ResultSet rows = s.executeQuery("SELECT X FROM SYSTEM_RANGE(1, 1000)");
            rows.next();
            node.a.down();
            SQLException e = assertThrows(SQLException.class, () -> {
                while (rows.next()) {
                    rows.getInt(1);
                }
            });
            assertEquals("40001", e.getSQLState());
            assertEquals(1, query(c, "SELECT 1"));
        }
    }

    @Test
    void a_node_that_went_silent_is_left_within_seconds() throws SQLException {
        try (Connection c = node.connect();
                PreparedStatement query = c.prepareStatement("SELECT 42")) {
            node.a.silent();
            long start = System.nanoTime();
            try (ResultSet rows = query.executeQuery()) {
                rows.next();
                assertEquals(42, rows.getInt(1));
            }
            long millis = (System.nanoTime() - start) / 1_000_000;
            assertTrue(millis < 10_000, millis + " ms");
        }
    }

    @Test
    void a_slow_statement_on_a_node_that_answers_is_left_alone() throws SQLException {
        try (Connection c = node.connect();
                Statement s = c.createStatement()) {
            s.execute("CREATE ALIAS NAP FOR '" + StockNode.class.getName() + ".nap'");
            assertEquals(2500, query(c, "CALL NAP(2500)"));
            assertEquals(0, node.a.cuts());
            assertEquals(0, node.asked().size());
        }
    }

    @Test
    void metadata_objects_survive() throws SQLException {
        try (Connection c = node.connect()) {
            DatabaseMetaData meta = c.getMetaData();
            node.a.down();
            try (ResultSet tables = meta.getTables(null, "PUBLIC", null, null)) {
                assertTrue(tables.next());
            }
            assertEquals(node.url(""), meta.getURL());
            assertEquals("H2", meta.getDatabaseProductName());
        }
    }

    @Test
    void a_statement_that_always_loses_the_connection_is_given_up() throws SQLException {
        try (Connection c = node.connect();
                PreparedStatement insert = c.prepareStatement("INSERT INTO ITEM VALUES (1, 'x')")) {
            // RESOLVE's answer is under way when the next cut is ordered: after it comes the prepare, then the execute.
            node.resolveBy((session, number) -> {
                (node.asked().size() % 2 == 1 ? node.b : node.a).cutRequest(CLOSE_AND_PREPARE);
                return false;
            });
            node.a.cutRequest(0);
            SQLException e = assertThrows(SQLException.class, insert::executeUpdate);
            assertEquals("40001", e.getSQLState());
            assertEquals(3, node.a.cuts() + node.b.cuts());
            assertEquals(3, node.asked().size());
        }
        assertEquals(0, node.count("SELECT COUNT(*) FROM ITEM"));
    }

    private static long query(Connection c, String sql) throws SQLException {
        try (Statement s = c.createStatement();
                ResultSet rows = s.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        }
    }

    private interface SqlSupplier {
        long get() throws SQLException;
    }

    private static long unchecked(SqlSupplier call) {
        try {
            return call.get();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
