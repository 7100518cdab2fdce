package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.session.TestNode.TestConnection;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A transaction that was lost in its middle: its second half is never committed without the first. */
@Timeout(240)
class LostTransactionTest {
    private final MemoryGroup group = new MemoryGroup();
    private final Map<String, TestNode> peers = new HashMap<>();
    private TestNode a;
    private TestNode b;
    private TestNode c;

    @BeforeEach
    void start() throws Exception {
        a = new TestNode(group, "a", null, peers);
        b = new TestNode(group, "b", null, peers);
        c = new TestNode(group, "c", null, peers);
        try (TestConnection connection = a.connectLeading()) {
            run(connection, "CREATE TABLE t(id INT PRIMARY KEY, x INT)");
        }
    }

    @AfterEach
    void stop() {
        a.close();
        b.close();
        c.close();
    }

    private static SQLException assertRetry(Executable what) {
        SQLException e = assertThrows(SQLException.class, what);
        assertEquals("40001", e.getSQLState(), e.toString());
        return e;
    }

    /** Has written one row and is lost, and the application knows of it. */
    private void lose(Connection connection) throws SQLException {
        run(connection, "INSERT INTO t VALUES (1, 1)");
        b.lead();
        assertRetry(() -> run(connection, "INSERT INTO t VALUES (2, 2)"));
    }

    private static long rows(Connection connection) throws SQLException {
        return number(connection, "SELECT COUNT(*) FROM t");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "c"})
    void nothing_is_executed_until_it_is_rolled_back(String node) throws Exception {
        try (TestConnection connection = peers.get(node).connect()) {
            connection.setAutoCommit(false);
            Savepoint savepoint = connection.setSavepoint("early");
            lose(connection);
            for (String sql : new String[] {
                "INSERT INTO t VALUES (3, 3)",
                "SELECT COUNT(*) FROM t",
                "CREATE TABLE u(id INT)",
                "SAVEPOINT late",
                "SET LOCK_TIMEOUT 100"
            }) {
                SQLException e = assertRetry(() -> run(connection, sql));
                assertTrue(e.getMessage().contains("rollback()"), e.toString());
            }
            assertRetry(() -> connection.rollback(savepoint));
            assertTrue(connection.isValid(5));
            assertFalse(connection.getAutoCommit());
            connection.rollback();
            run(connection, "INSERT INTO t VALUES (4, 4)");
            connection.commit();
            assertEquals(4, number(connection, "SELECT SUM(id) FROM t"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "c"})
    void a_commit_of_it_fails_and_ends_it(String node) throws Exception {
        try (TestConnection connection = peers.get(node).connect()) {
            connection.setAutoCommit(false);
            lose(connection);
            assertRetry(connection::commit);
            run(connection, "INSERT INTO t VALUES (3, 3)");
            connection.commit();
            a.lead();
            run(connection, "INSERT INTO t VALUES (1, 1)");
            b.lead();
            assertRetry(() -> run(connection, "SELECT * FROM t FOR UPDATE"));
            assertRetry(() -> run(connection, "PREPARE COMMIT half"));
            run(connection, "INSERT INTO t VALUES (4, 4)");
            connection.commit();
            assertEquals(7, number(connection, "SELECT SUM(id) FROM t"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "c"})
    void auto_commit_switched_on_commits_and_so_fails_once(String node) throws Exception {
        try (TestConnection connection = peers.get(node).connect()) {
            connection.setAutoCommit(false);
            lose(connection);
            assertRetry(() -> connection.setAutoCommit(true));
            connection.setAutoCommit(true);
            assertEquals(0, rows(connection));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "c"})
    void begun_with_begin_it_is_not_followed_by_statements_that_commit_by_themselves(String node) throws Exception {
        try (TestConnection connection = peers.get(node).connect()) {
            run(connection, "BEGIN");
            lose(connection);
            assertFalse(connection.getAutoCommit());
            assertRetry(() -> run(connection, "INSERT INTO t VALUES (3, 3)"));
            run(connection, "ROLLBACK");
            assertTrue(connection.getAutoCommit());
            assertEquals(0, rows(connection));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "c"})
    void what_another_transaction_has_prepared_is_decided_meanwhile(String node) throws Exception {
        try (TestConnection connection = peers.get(node).connect();
                TestConnection other = b.connect()) {
            other.setAutoCommit(false);
            run(other, "INSERT INTO t VALUES (10, 10)", "PREPARE COMMIT decided");
            connection.setAutoCommit(false);
            lose(connection);
            run(connection, "COMMIT TRANSACTION decided");
            assertRetry(() -> run(connection, "INSERT INTO t VALUES (3, 3)"));
            connection.rollback();
            assertEquals(10, number(connection, "SELECT SUM(id) FROM t"));
        }
    }

    @Test
    void a_decision_that_outlives_the_leader_does_not_hide_that_the_open_transaction_does_not() throws Exception {
        try (TestConnection connection = c.connect();
                TestConnection other = a.connect()) {
            other.setAutoCommit(false);
            run(other, "INSERT INTO t VALUES (10, 10)", "PREPARE COMMIT decided");
            connection.setAutoCommit(false);
            run(connection, "INSERT INTO t VALUES (1, 1)");
            a.loseNextAnswer(b::lead);
            run(connection, "COMMIT TRANSACTION decided");
            assertRetry(() -> run(connection, "INSERT INTO t VALUES (2, 2)"));
            connection.rollback();
            assertEquals(10, number(connection, "SELECT SUM(id) FROM t"));
        }
    }

    @Test
    void one_whose_leader_is_lost_while_a_failed_list_is_undone_does_not_go_on_with_its_second_half() throws Exception {
        try (TestConnection connection = c.connect()) {
            connection.setAutoCommit(false);
            run(connection, "INSERT INTO t VALUES (1, 1)");
            a.breakBeforeNext(b::lead);
            assertRetry(() -> run(connection, "INSERT INTO t VALUES (2, 2); INSERT INTO t VALUES (1, 1)"));
            assertNull(a.takeBreakBefore(), "the leader was lost");
            assertRetry(() -> run(connection, "INSERT INTO t VALUES (3, 3)"));
            connection.rollback();
            assertEquals(0, number(connection, "SELECT COUNT(*) FROM t"));
        }
    }

    /** The leader is there again before its locks are looked at: it was rolled back all the same. */
    @ParameterizedTest
    @ValueSource(strings = {"a", "c"})
    void one_that_could_not_be_confirmed_in_time_is_lost(String node) throws Exception {
        try (TestConnection connection = peers.get(node).connect()) {
            run(connection, "INSERT INTO t VALUES (10, 0)");
            connection.setAutoCommit(false);
            run(connection, "INSERT INTO t VALUES (1, 1)");
            group.withoutLease(true);
            group.withoutMajority(true);
            SQLException e =
                    assertThrows(SQLException.class, () -> run(connection, "SELECT * FROM t WHERE id = 10 FOR UPDATE"));
            group.withoutLease(false);
            group.withoutMajority(false);
            assertEquals("40001", e.getSQLState(), e.toString());
            assertRetry(() -> run(connection, "INSERT INTO t VALUES (2, 2)"));
            assertRetry(connection::commit);
            assertEquals(10, number(connection, "SELECT SUM(id) FROM t"));
        }
    }

    /** It waits for its rollback, and so cannot do what the transaction manager asks for in between. */
    @ParameterizedTest
    @ValueSource(strings = {"a", "c"})
    void what_is_prepared_is_decided_in_a_transaction_whose_leader_is_another_one_by_now(String node) throws Exception {
        try (TestConnection connection = peers.get(node).connect();
                TestConnection other = b.connect()) {
            other.setAutoCommit(false);
            run(other, "INSERT INTO t VALUES (10, 10)", "PREPARE COMMIT decided");
            connection.setAutoCommit(false);
            run(connection, "INSERT INTO t VALUES (1, 1)");
            b.lead();
            run(connection, "COMMIT TRANSACTION decided");
            assertRetry(() -> run(connection, "INSERT INTO t VALUES (3, 3)"));
            connection.rollback();
            assertEquals(10, number(connection, "SELECT SUM(id) FROM t"));
        }
    }

    /** As in a session with tables of its own there: it is asked what it is before it is executed. */
    @Test
    void preparing_a_statement_does_not_end_it() throws Exception {
        try (TestConnection connection = c.connect()) {
            connection.setAutoCommit(false);
            run(connection, "CREATE LOCAL TEMPORARY TABLE own(id INT)");
            try (PreparedStatement early = connection.prepareStatement("INSERT INTO own VALUES (?)")) {
                run(connection, "INSERT INTO t VALUES (1, 1)");
                c.lead();
                assertRetry(() -> run(connection, "INSERT INTO t VALUES (2, 2)"));
                assertThrows(SQLException.class, () -> early.setInt(1, 1));
                assertThrows(SQLException.class, () -> early.setInt(1, 1));
                assertRetry(() -> run(connection, "INSERT INTO t VALUES (3, 3)"));
                assertRetry(connection::commit);
            }
            assertEquals(0, rows(connection));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "c"})
    void it_may_be_found_out_on_the_way_back_to_a_savepoint(String node) throws Exception {
        try (TestConnection connection = peers.get(node).connect()) {
            connection.setAutoCommit(false);
            run(connection, "INSERT INTO t VALUES (1, 1)");
            Savepoint savepoint = connection.setSavepoint("here");
            b.lead();
            assertRetry(() -> connection.rollback(savepoint));
            assertRetry(() -> run(connection, "INSERT INTO t VALUES (2, 2)"));
            assertRetry(connection::commit);
            assertEquals(0, rows(connection));
        }
    }

    /** It is committed, and so there is nothing to be rolled back, and nothing of it must be run again. */
    @Test
    void what_ddl_has_committed_is_not_lost_with_the_ddl() throws Exception {
        try (TestConnection connection = a.connect()) {
            connection.setAutoCommit(false);
            run(connection, "INSERT INTO t VALUES (1, 1)");
            group.afterEntries(2, b::lead);
            SQLException e = assertThrows(
                    SQLException.class,
                    () -> run(connection, "ALTER TABLE t ADD COLUMN y UUID DEFAULT RANDOM_UUID() NOT NULL"));
            assertEquals("SY002", e.getSQLState(), e.toString());
            run(connection, "INSERT INTO t(id) VALUES (2)");
            connection.commit();
            assertEquals(3, number(connection, "SELECT SUM(id) FROM t"));
        }
    }

    @Test
    void nor_what_a_list_has_committed() throws Exception {
        try (TestConnection connection = a.connect()) {
            group.afterEntries(2, b::lead);
            SQLException e = assertThrows(
                    SQLException.class,
                    () -> run(
                            connection,
                            "INSERT INTO t VALUES (1, 1); ALTER TABLE t ADD COLUMN y UUID DEFAULT RANDOM_UUID() NOT NULL"));
            assertEquals("SY002", e.getSQLState(), e.toString());
            assertEquals(1, rows(connection));
        }
    }

    /** Under auto-commit nothing is lost but the statement, and that is repeated. */
    @ParameterizedTest
    @ValueSource(strings = {"a", "c"})
    void under_auto_commit_a_session_goes_on(String node) throws Exception {
        try (TestConnection connection = peers.get(node).connect()) {
            run(connection, "INSERT INTO t VALUES (1, 1)");
            b.lead();
            run(connection, "INSERT INTO t VALUES (2, 2)");
            assertEquals(2, rows(connection));
        }
    }

    /** As on H2, which rolls it back and goes on. */
    @Test
    void the_victim_of_a_deadlock_goes_on_in_a_new_transaction() throws Exception {
        try (TestConnection one = a.connect();
                TestConnection other = a.connect()) {
            run(one, "INSERT INTO t VALUES (1, 0), (2, 0)");
            for (TestConnection connection : new TestConnection[] {one, other}) {
                run(connection, "SET LOCK_TIMEOUT 60000");
                connection.setAutoCommit(false);
            }
            run(one, "UPDATE t SET x = 1 WHERE id = 1");
            run(other, "UPDATE t SET x = 2 WHERE id = 2");
            Thread waiting = new Thread(() -> {
                try {
                    run(one, "UPDATE t SET x = 1 WHERE id = 2");
                } catch (SQLException e) {
                    // One of the two is the victim, whichever.
                }
            });
            waiting.start();
            SQLException lost = null;
            try {
                run(other, "UPDATE t SET x = 2 WHERE id = 1");
            } catch (SQLException e) {
                lost = e;
            }
            waiting.join();
            TestConnection victim = lost == null ? one : other;
            run(victim, "INSERT INTO t VALUES (3, 0)");
            victim.commit();
            (victim == one ? other : one).commit();
            assertEquals(3, rows(one));
        }
    }
}
