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
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a session says and does when its leader is lost, or does not serve yet. */
@Timeout(240)
class LostLeaderTest {
    private static final int LEADER_LOST = 40_941;

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
            run(connection, "CREATE TABLE t(id INT PRIMARY KEY, x INT)", "INSERT INTO t VALUES (1, 10)");
        }
    }

    @AfterEach
    void equalMembers() throws Exception {
        group.hesitate(0);
        try (TestConnection connection = c.connect()) {
            TestNode.assertEqual(connection, a, b, c);
        }
        a.close();
        b.close();
        c.close();
    }

    private static SQLException assertRetry(Executable what) {
        SQLException e = assertThrows(SQLException.class, what);
        assertEquals("40001", e.getSQLState(), e.toString());
        return e;
    }

    private static boolean isThere(Connection connection, String table) throws SQLException {
        return number(
                        connection,
                        "SELECT COUNT(*) FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME = '" + table.toUpperCase()
                                + "'")
                == 1;
    }

    /** What is proposed next is lost with the leader. */
    private void leaderIsLostBeforeTheNextEntry() {
        group.loseProposals(true);
        group.afterEntries(0, () -> {
            group.loseProposals(false);
            b.lead();
        });
    }

    @Test
    void a_node_that_is_about_to_lead_is_not_named_as_the_one_that_does() throws Exception {
        Map<String, String> ofAnotherNode =
                Map.of("INTERNAL", "TRUE", "SYNOD_SESSION", UUID.randomUUID().toString());
        try (TestConnection connection = a.connect(ofAnotherNode)) {
            group.hesitate(Integer.MAX_VALUE);
            SQLException e = assertRetry(() -> run(connection, "UPDATE t SET x = 11"));
            assertTrue(e.getMessage().contains("node a does not lead, and no member serves"), e.toString());
            group.hesitate(0);
            b.lead();
            e = assertRetry(() -> run(connection, "UPDATE t SET x = 11"));
            assertTrue(e.getMessage().contains("node a does not lead, b does"), e.toString());
        }
    }

    /** A statement that has begun before it stopped waits for no majority. */
    @ParameterizedTest
    @ValueSource(strings = {"INSERT INTO t VALUES (2, 20)", "SELECT x FROM t FOR UPDATE", "CREATE TABLE u(id INT)"})
    void a_database_that_stops_in_the_middle_of_a_statement_says_why(String sql) throws Exception {
        TestNode stopping = new TestNode(new MemoryGroup(), "d", null, new HashMap<>());
        try (TestConnection connection = stopping.connectLeading()) {
            run(connection, "CREATE TABLE t(id INT PRIMARY KEY, x INT)");
            stopping.stopBeforeNextLeaderIsNamed(new IllegalStateException("its log was deleted"));
            SQLException e = assertThrows(SQLException.class, () -> run(connection, sql));
            assertEquals("08001", e.getSQLState(), e.toString());
            assertTrue(e.getMessage().contains("its log was deleted"), e.toString());
        }
        stopping.close();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void a_temporary_table_is_made_after_leadership_moved_away_and_back(boolean autoCommit) throws Exception {
        try (TestConnection connection = c.connect()) {
            run(connection, "UPDATE t SET x = 11");
            connection.setAutoCommit(autoCommit);
            b.lead();
            a.lead();
            group.hesitate(3);
            run(connection, "CREATE LOCAL TEMPORARY TABLE mine(id INT)");
            run(connection, "INSERT INTO mine VALUES (1)");
            assertEquals(1, number(connection, "SELECT COUNT(*) FROM mine"));
            connection.setAutoCommit(true);
        }
    }

    @ParameterizedTest
    @CsvSource({"REPEATABLE READ, false", "SNAPSHOT, true", "SERIALIZABLE, false", "SERIALIZABLE, true"})
    void a_first_read_above_read_committed_waits_until_the_leader_serves(String level, boolean begun) throws Exception {
        try (TestConnection connection = c.connect();
                TestConnection other = a.connect()) {
            run(connection, "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL " + level);
            if (begun) {
                run(connection, "BEGIN");
            } else {
                connection.setAutoCommit(false);
            }
            group.hesitate(10);
            assertEquals(10, number(connection, "SELECT x FROM t"));
            run(connection, "UPDATE t SET x = 11");
            assertEquals(10, number(other, "SELECT x FROM t"), "its transaction goes on");
            connection.commit();
            assertEquals(11, number(other, "SELECT x FROM t"));
        }
    }

    @Test
    void a_script_waits_until_the_leader_serves() throws Exception {
        try (TestConnection connection = c.connect()) {
            run(connection, "UPDATE t SET x = 11");
            group.hesitate(3);
            run(connection, "SCRIPT");
        }
    }

    @ParameterizedTest
    @CsvSource({"a, true", "a, false", "c, true", "c, false"})
    void a_statement_of_the_log_that_was_lost_with_its_leader_is_executed_by_the_next(String node, boolean autoCommit)
            throws Exception {
        UUID client = UUID.randomUUID();
        try (TestConnection connection = peers.get(node).connect()) {
            connection.setAutoCommit(autoCommit);
            connection.session().request(client, 1);
            leaderIsLostBeforeTheNextEntry();
            run(connection, "CREATE TABLE x(id INT)");
            connection.setAutoCommit(true);
            assertTrue(isThere(connection, "x"));
            assertEquals(1, number(connection, "CALL SYNOD.RESOLVE('" + client + "', 1)"), "its client finds it");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void a_statement_of_the_log_that_found_its_leader_gone_is_executed_by_the_next(boolean autoCommit)
            throws Exception {
        try (TestConnection connection = c.connect()) {
            connection.setAutoCommit(autoCommit);
            a.breakBeforeNext(b::lead);
            run(connection, "CREATE TABLE x(id INT)");
            assertNull(a.takeBreakBefore(), "the leader was lost");
            connection.setAutoCommit(true);
            assertTrue(isThere(connection, "x"));
        }
    }

    @Test
    void it_is_not_repeated_where_its_client_may_ask_for_it_or_it_may_be_done_in_part() throws Exception {
        UUID client = UUID.randomUUID();
        try (TestConnection connection = c.connect()) {
            connection.session().request(client, 1);
            a.breakBeforeNext(b::lead);
            assertEquals(
                    LEADER_LOST,
                    assertRetry(() -> run(connection, "CREATE TABLE x(id INT)")).getErrorCode());
            assertEquals(0, number(connection, "CALL SYNOD.RESOLVE('" + client + "', 1)"));
            connection.session().request(client, 2);
            b.breakBeforeNext(a::lead);
            assertRetry(() -> run(connection, "CREATE TABLE x AS SELECT * FROM t"));
        }
        try (TestConnection connection = c.connect()) {
            a.breakBeforeNext(b::lead);
            assertRetry(() -> run(connection, "CREATE TABLE x AS SELECT * FROM t"));
            assertFalse(isThere(connection, "x"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "c"})
    void the_loss_of_a_leader_has_a_code_of_its_own(String node) throws Exception {
        try (TestConnection connection = peers.get(node).connect()) {
            connection.setAutoCommit(false);
            run(connection, "UPDATE t SET x = 11");
            b.lead();
            assertEquals(
                    LEADER_LOST,
                    assertRetry(() -> run(connection, "UPDATE t SET x = 12")).getErrorCode());
            connection.rollback();
            run(connection, "UPDATE t SET x = 12");
            a.lead();
            assertEquals(LEADER_LOST, assertRetry(connection::commit).getErrorCode());
            connection.rollback();
            assertEquals(10, number(connection, "SELECT x FROM t"));
        }
    }

    /** Its table is made under its own name, and stays: a second attempt would find it there. */
    @Test
    void what_was_done_in_part_is_not_taken_for_not_executed() throws Exception {
        String sql = "CREATE TABLE made(id INT PRIMARY KEY REFERENCES made(id)) AS SELECT x FROM SYSTEM_RANGE(1, 5000)";
        try (TestConnection connection = c.connect()) {
            group.afterEntries(1, b::lead);
            assertRetry(() -> run(connection, sql));
            assertTrue(isThere(connection, "made"), "not in part");
        }
    }
}
