package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A result that the leader gives to a session on a follower comes in portions, and outlives its transaction. */
class ForwardedReadsTest {
    private static final int ROWS = 5_000;
    private static final int FETCH = 50;
    private static final String READ = "SELECT x FROM SYSTEM_RANGE(1, " + ROWS + ")";

    private LeaderAndFollower nodes;
    private TestNode a;
    private Connection leader;
    private Connection c;
    private Statement statement;

    @BeforeEach
    void start() throws Exception {
        nodes = new LeaderAndFollower();
        a = nodes.a;
        leader = nodes.atA;
        c = nodes.atB;
        run(leader, "CREATE TABLE t(id INT PRIMARY KEY)", "INSERT INTO t SELECT x FROM SYSTEM_RANGE(1, 1000)");
        statement = c.createStatement();
        statement.setFetchSize(FETCH);
    }

    @AfterEach
    void stop() throws Exception {
        nodes.close();
    }

    /** In a transaction that runs on the leader. */
    private ResultSet open() throws SQLException {
        c.setAutoCommit(false);
        run(c, "UPDATE t SET id = -1 WHERE id = 1");
        return statement.executeQuery(READ);
    }

    private static void read(ResultSet rows, int from, int to) throws SQLException {
        for (int i = from; i <= to; i++) {
            assertTrue(rows.next(), "row " + i);
            assertEquals(i, rows.getInt(1));
        }
    }

    private static void readToEnd(ResultSet rows, int from) throws SQLException {
        read(rows, from, ROWS);
        assertFalse(rows.next());
    }

    private static void assertState(String sqlState, SqlCall call) {
        SQLException e = assertThrows(SQLException.class, call::run);
        assertEquals(sqlState, e.getSQLState(), e.toString());
    }

    @FunctionalInterface
    private interface SqlCall {
        void run() throws SQLException;
    }

    @Test
    void rows_are_asked_for_when_they_are_read() throws Exception {
        long before = a.sent();
        try (ResultSet rows = open()) {
            assertTrue(a.sent() - before <= FETCH + 1, () -> a.sent() + " rows before the first was read");
            read(rows, 1, 120);
            assertTrue(a.sent() - before <= 121 + FETCH, () -> a.sent() + " rows for 120");
            readToEnd(rows, 121);
        }
        c.commit();
        assertEquals(1, number(leader, "SELECT COUNT(*) FROM t WHERE id = -1"));
    }

    @Test
    void a_huge_fetch_size_is_a_bounded_portion() throws Exception {
        statement.setFetchSize(Integer.MAX_VALUE);
        long before = a.sent();
        try (ResultSet rows = open()) {
            assertTrue(a.sent() - before <= 1_001, () -> a.sent() + " rows before the first was read");
            readToEnd(rows, 1);
        }
    }

    @Test
    void what_is_left_at_the_commit_is_kept() throws Exception {
        try (ResultSet rows = open()) {
            read(rows, 1, 70);
            c.commit();
            nodes.loseA();
            run(c, "DELETE FROM t WHERE id = -1");
            readToEnd(rows, 71);
        }
        c.commit();
        assertEquals(999, number(c, "SELECT COUNT(*) FROM t"));
    }

    @Test
    void what_is_left_at_the_rollback_is_kept() throws Exception {
        try (ResultSet rows = open()) {
            assertTrue(rows.isBeforeFirst());
            c.rollback();
            nodes.loseA();
            readToEnd(rows, 1);
        }
        assertEquals(1, number(c, "SELECT COUNT(*) FROM t WHERE id = 1"));
    }

    @Test
    void what_is_left_when_auto_commit_comes_back_is_kept() throws Exception {
        try (ResultSet rows = open()) {
            read(rows, 1, 1);
            c.setAutoCommit(true);
            nodes.loseA();
            readToEnd(rows, 2);
        }
    }

    @Test
    void what_is_left_before_ddl_is_kept() throws Exception {
        try (ResultSet rows = open()) {
            read(rows, 1, 1);
            run(c, "CREATE TABLE u(id INT)");
            nodes.loseA();
            readToEnd(rows, 2);
        }
    }

    @Test
    void two_results_are_read_in_turns() throws Exception {
        try (ResultSet first = open();
                PreparedStatement other = c.prepareStatement(READ + " WHERE x > ?")) {
            other.setFetchSize(FETCH);
            other.setInt(1, 0);
            read(first, 1, 60);
            try (ResultSet second = other.executeQuery()) {
                for (int i = 1; i <= ROWS - 60; i++) {
                    read(second, i, i);
                    read(first, i + 60, i + 60);
                }
                assertFalse(first.next());
                readToEnd(second, ROWS - 59);
            }
        }
        c.commit();
    }

    @Test
    void rows_are_written_while_others_are_read() throws Exception {
        c.setAutoCommit(false);
        try (ResultSet rows = statement.executeQuery("SELECT id FROM t ORDER BY id FOR UPDATE");
                PreparedStatement update = c.prepareStatement("UPDATE t SET id = ? WHERE id = ?")) {
            while (rows.next()) {
                update.setInt(1, -rows.getInt(1));
                update.setInt(2, rows.getInt(1));
                assertEquals(1, update.executeUpdate());
            }
        }
        c.commit();
        assertEquals(1000, number(leader, "SELECT COUNT(*) FROM t WHERE id < 0"));
    }

    @Test
    void a_result_that_is_closed_early_is_not_read() throws Exception {
        long before = a.sent();
        ResultSet rows = open();
        read(rows, 1, 10);
        rows.close();
        run(c, "UPDATE t SET id = -2 WHERE id = 2");
        c.commit();
        assertTrue(a.sent() - before <= FETCH + 3, () -> a.sent() + " rows");
        assertEquals(2, number(leader, "SELECT COUNT(*) FROM t WHERE id < 0"));
    }

    @Test
    void the_leader_lost_in_the_middle_of_reading_is_40001() throws Exception {
        try (ResultSet rows = open()) {
            read(rows, 1, 10);
            a.onPortion(sent -> nodes::loseA);
            assertState("40001", () -> readToEnd(rows, 11));
            assertState("40001", rows::next);
        }
        c.rollback();
        run(c, "UPDATE t SET id = -2 WHERE id = 2");
        c.commit();
        assertEquals(0, number(c, "SELECT COUNT(*) FROM t WHERE id = -1"));
        assertEquals(1, number(c, "SELECT COUNT(*) FROM t WHERE id = -2"));
    }

    @Test
    void the_leader_lost_before_the_commit_could_begin_is_40001() throws Exception {
        try (ResultSet rows = open()) {
            read(rows, 1, 10);
            a.onPortion(sent -> nodes::loseA);
            assertState("40001", c::commit);
            assertState("40001", () -> readToEnd(rows, 11));
        }
        assertEquals(0, number(c, "SELECT COUNT(*) FROM t WHERE id = -1"));
    }

    @Test
    void a_rollback_succeeds_without_the_leader() throws Exception {
        try (ResultSet rows = open()) {
            read(rows, 1, 10);
            a.onPortion(sent -> nodes::loseA);
            c.rollback();
            assertState("40001", () -> readToEnd(rows, 11));
        }
        run(c, "UPDATE t SET id = -2 WHERE id = 2");
        c.commit();
        assertEquals(1, number(c, "SELECT COUNT(*) FROM t WHERE id < 0"));
    }

    @Test
    void under_auto_commit_all_is_here_before_the_commit() throws Exception {
        try (ResultSet rows = statement.executeQuery("SELECT id FROM t ORDER BY id FOR UPDATE")) {
            nodes.loseA();
            read(rows, 1, 1000);
            assertFalse(rows.next());
        }
    }

    @Test
    void a_scrollable_result_is_here_as_a_whole() throws Exception {
        c.setAutoCommit(false);
        run(c, "UPDATE t SET id = -1 WHERE id = 1");
        try (Statement scrolling = c.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY);
                ResultSet rows = scrolling.executeQuery(READ)) {
            assertTrue(rows.last());
            assertEquals(ROWS, rows.getRow());
            assertTrue(rows.absolute(17));
            assertEquals(17, rows.getInt(1));
            assertTrue(rows.previous());
            assertEquals(16, rows.getInt(1));
            rows.beforeFirst();
            c.commit();
            readToEnd(rows, 1);
            assertTrue(rows.isAfterLast());
            assertTrue(rows.first());
            assertEquals(1, rows.getInt(1));
        }
    }

    @Test
    void a_statement_is_cancelled_while_its_rows_come() throws Exception {
        a.onPortion(sent -> cancel(statement));
        assertState("57014", () -> statement.executeQuery("SELECT id FROM t FOR UPDATE"));
        a.onPortion(sent -> null);
        run(leader, "UPDATE t SET id = -1 WHERE id = 1");
        run(c, "UPDATE t SET id = -2 WHERE id = 2");
    }

    @Test
    void a_statement_is_cancelled_while_the_rows_of_another_come() throws Exception {
        try (ResultSet rows = open();
                Statement other = c.createStatement()) {
            read(rows, 1, 10);
            a.onPortion(sent -> cancel(other));
            assertState("57014", () -> other.executeUpdate("UPDATE t SET id = -2 WHERE id = 2"));
            a.onPortion(sent -> null);
            readToEnd(rows, 11);
        }
        c.commit();
        assertEquals(1, number(leader, "SELECT COUNT(*) FROM t WHERE id < 0"));
    }

    @Test
    void a_commit_that_is_cancelled_gives_up_the_rows_not_the_transaction() throws Exception {
        try (ResultSet rows = open();
                Statement commit = c.createStatement()) {
            read(rows, 1, 10);
            a.onPortion(sent -> cancel(commit));
            commit.execute("COMMIT");
            a.onPortion(sent -> null);
            assertState("57014", () -> readToEnd(rows, 11));
        }
        assertEquals(1, number(leader, "SELECT COUNT(*) FROM t WHERE id < 0"));
    }

    @Test
    void the_query_timeout_counts_while_rows_come() throws Exception {
        statement.setQueryTimeout(1);
        a.onPortion(sent -> {
            // Of the portion: the statement began earlier.
            long begin = System.nanoTime();
            while (sent > FETCH && System.nanoTime() - begin < 1_100_000_000L) {
                Thread.onSpinWait();
            }
            return null;
        });
        assertState("57014", () -> statement.executeQuery("SELECT id FROM t FOR UPDATE"));
        a.onPortion(sent -> null);
        run(leader, "UPDATE t SET id = -1 WHERE id = 1");
    }

    private static Runnable cancel(Statement running) {
        try {
            running.cancel();
            return null;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
