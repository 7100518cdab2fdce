package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.session.TestNode.TestConnection;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The temporary tables of a session live on the leader: when another node leads, the session is told once that they are gone. */
@Timeout(240)
class LostTemporaryTablesTest {
    private final MemoryGroup group = new MemoryGroup();
    private final Map<String, TestNode> peers = new HashMap<>();
    private TestNode a;
    private TestNode b;

    @BeforeEach
    void start() throws Exception {
        a = new TestNode(group, "a", null, peers);
        b = new TestNode(group, "b", null, peers);
        new TestNode(group, "c", null, peers);
        try (TestConnection connection = a.connectLeading()) {
            run(connection, "CREATE TABLE t(id INT PRIMARY KEY, x INT)", "INSERT INTO t VALUES (1, 10)");
        }
    }

    @AfterEach
    void close() {
        for (TestNode node : peers.values()) {
            node.close();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "a; b; INSERT INTO mine VALUES (2)",
                "a; c; UPDATE t SET x = x + 1",
                "c; b; INSERT INTO mine VALUES (2)",
                "c; b; SELECT i FROM mine",
                "c; b; UPDATE t SET x = x + 1",
                "c; b; CREATE LOCAL TEMPORARY TABLE other(i INT)",
                "c; b; CREATE TABLE other(i INT)",
                "c; c; INSERT INTO mine VALUES (2)",
                "c; c; SELECT i FROM mine",
                "c; c; UPDATE t SET x = x + 1",
                "c; c; CREATE LOCAL TEMPORARY TABLE other(i INT)",
                "c; c; CREATE TABLE other(i INT)"
            })
    void the_next_statement_tells_it(String node, String next, String sql) throws Exception {
        try (TestConnection connection = peers.get(node).connect()) {
            run(connection, "CREATE LOCAL TEMPORARY TABLE mine(i INT)", "INSERT INTO mine VALUES (1)");
            assertEquals(1, number(connection, "SELECT COUNT(*) FROM mine"));
            peers.get(next).lead();
            assertLost(() -> run(connection, sql));
            assertEquals(
                    "42S02",
                    assertThrows(SQLException.class, () -> number(connection, "SELECT COUNT(*) FROM mine"))
                            .getSQLState());
            run(connection, "UPDATE t SET x = x + 1", "CREATE LOCAL TEMPORARY TABLE mine(i INT)");
            assertEquals(0, number(connection, "SELECT COUNT(*) FROM mine"));
            assertEquals(11, number(connection, "SELECT x FROM t"));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void a_link_that_broke_in_a_transaction_has_lost_them(boolean rollback) throws Exception {
        try (TestConnection connection = peers.get("c").connect()) {
            run(connection, "CREATE LOCAL TEMPORARY TABLE mine(i INT)");
            connection.setAutoCommit(false);
            run(connection, "INSERT INTO mine VALUES (1)", "UPDATE t SET x = x + 1");
            a.breakBeforeNext(b::lead);
            if (rollback) {
                SQLException lost =
                        assertThrows(SQLException.class, () -> run(connection, "UPDATE /* may break */ t SET x = 1"));
                assertEquals("40001", lost.getSQLState());
                assertTrue(lost.getMessage().contains("temporary tables"), lost.toString());
                connection.rollback();
            } else {
                assertLost(connection::commit);
            }
            run(connection, "UPDATE t SET x = x + 1");
            connection.commit();
            assertEquals(11, number(connection, "SELECT x FROM t"));
        }
    }

    @Test
    void a_statement_that_was_prepared_over_there_says_so_too() throws Exception {
        try (TestConnection connection = peers.get("c").connect()) {
            run(connection, "CREATE LOCAL TEMPORARY TABLE mine(i INT)");
            try (PreparedStatement insert = connection.prepareStatement("INSERT INTO mine VALUES (?)")) {
                insert.setInt(1, 1);
                assertEquals(1, insert.executeUpdate());
                peers.get("c").lead();
                assertLost(insert::executeUpdate);
                assertEquals(
                        "42S02",
                        assertThrows(SQLException.class, insert::executeUpdate).getSQLState());
                run(connection, "CREATE LOCAL TEMPORARY TABLE mine(i INT)");
                insert.setInt(1, 2);
                assertEquals(1, insert.executeUpdate());
                assertEquals(2, number(connection, "SELECT SUM(i) FROM mine"));
            }
        }
    }

    @Test
    void tables_that_were_dropped_before_are_not_lost() throws Exception {
        try (TestConnection connection = peers.get("c").connect()) {
            run(connection, "CREATE LOCAL TEMPORARY TABLE mine(i INT)", "CREATE LOCAL TEMPORARY TABLE other(i INT)");
            run(connection, "DROP TABLE mine");
            assertEquals(0, number(connection, "SELECT COUNT(*) FROM other"));
            run(connection, "DROP TABLE other");
            b.lead();
            run(connection, "UPDATE t SET x = x + 1");
            assertEquals(11, number(connection, "SELECT x FROM t"));
        }
    }

    /** It is done, or is not: what was lost with its leader is told either way, once. */
    @Test
    void a_statement_that_is_done_though_its_leader_was_lost_has_the_next_one_say_so() throws Exception {
        try (TestConnection connection = peers.get("c").connect()) {
            run(connection, "CREATE LOCAL TEMPORARY TABLE mine(i INT)");
            a.loseNextAnswer(b::lead);
            run(connection, "CREATE TABLE later(i INT)");
            assertNull(a.takeBreakAfter(), "the leader was lost");
            assertLost(() -> run(connection, "UPDATE t SET x = x + 1"));
            run(connection, "INSERT INTO later VALUES (1)", "UPDATE t SET x = x + 1");
            assertEquals(11, number(connection, "SELECT x FROM t"));
        }
    }

    /** The question whether there are others is the one that finds its leader lost behind DROP. */
    @ParameterizedTest
    @ValueSource(strings = {"CREATE TABLE later(i INT)", "DROP TABLE other"})
    void a_statement_that_is_not_done_since_its_leader_was_lost_says_so(String sql) throws Exception {
        try (TestConnection connection = peers.get("c").connect()) {
            run(connection, "CREATE LOCAL TEMPORARY TABLE mine(i INT)", "CREATE LOCAL TEMPORARY TABLE other(i INT)");
            a.breakBeforeNext(b::lead);
            assertLost(() -> run(connection, sql));
            run(connection, "CREATE TABLE later(i INT)", "UPDATE t SET x = x + 1");
            assertEquals(11, number(connection, "SELECT x FROM t"));
        }
    }

    /** Whether there are others left is asked on the leader, which is a statement for H2. */
    @ParameterizedTest
    @ValueSource(ints = {Connection.TRANSACTION_READ_COMMITTED, Connection.TRANSACTION_SERIALIZABLE})
    void nothing_is_left_open_by_dropping_one_of_them(int level) throws Exception {
        try (TestConnection connection = peers.get("c").connect();
                TestConnection other = a.connect()) {
            connection.setTransactionIsolation(level);
            run(connection, "CREATE LOCAL TEMPORARY TABLE mine(i INT)", "CREATE LOCAL TEMPORARY TABLE other(i INT)");
            run(connection, "DROP TABLE other");
            assertEquals(0, number(other, "SELECT COUNT(*) FROM SYNOD.SESSIONS WHERE FORWARDED AND STATE <> 'IDLE'"));
            run(other, "UPDATE t SET x = 11");
            assertEquals(11, number(connection, "SELECT x FROM t"));
            assertEquals(0, number(connection, "SELECT COUNT(*) FROM mine"));
        }
    }

    @Test
    void leadership_that_comes_back_meanwhile_has_lost_nothing() throws Exception {
        try (TestConnection connection = a.connect()) {
            run(connection, "CREATE LOCAL TEMPORARY TABLE mine(i INT)", "INSERT INTO mine VALUES (1)");
            b.lead();
            a.lead();
            run(connection, "INSERT INTO mine VALUES (2)");
            assertEquals(2, number(connection, "SELECT COUNT(*) FROM mine"));
        }
    }

    private static void assertLost(org.junit.jupiter.api.function.Executable what) {
        SQLException e = assertThrows(SQLException.class, what);
        assertEquals("40001", e.getSQLState(), e.toString());
        assertTrue(e.getMessage().contains("temporary tables"), e.toString());
    }
}
