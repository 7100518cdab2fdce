package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.session.TestNode.TestConnection;
import java.io.ByteArrayInputStream;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A statement under auto-commit whose leader hands over while it runs is executed by the next one, once. */
@Timeout(240)
public class RepetitionTest {
    private static final AtomicReference<Runnable> MEANWHILE = new AtomicReference<>();
    private static final String UPDATE = "UPDATE t SET x = x + 1 WHERE meanwhile()";

    private final MemoryGroup group = new MemoryGroup();
    private final Map<String, TestNode> peers = new HashMap<>();
    private TestNode a;
    private TestNode b;
    private TestNode c;
    private Thread mover;

    /** For CREATE ALIAS: runs what the test has left for it, once. */
    public static boolean meanwhile() {
        Runnable what = MEANWHILE.getAndSet(null);
        if (what != null) {
            what.run();
        }
        return true;
    }

    @BeforeEach
    void start() throws Exception {
        a = new TestNode(group, "a", null, peers);
        b = new TestNode(group, "b", null, peers);
        c = new TestNode(group, "c", null, peers);
        try (TestConnection connection = a.connectLeading()) {
            run(
                    connection,
                    "CREATE ALIAS meanwhile FOR '" + RepetitionTest.class.getName() + ".meanwhile'",
                    "CREATE TABLE t(id INT PRIMARY KEY, x INT, b BLOB)",
                    "INSERT INTO t(id, x) VALUES (1, 10)");
        }
    }

    @AfterEach
    void equalMembers() throws Exception {
        MEANWHILE.set(null);
        if (mover != null) {
            mover.join();
        }
        try (TestConnection connection = c.connect()) {
            TestNode.assertEqual(connection, a, b, c);
        }
        a.close();
        b.close();
        c.close();
    }

    /** The one that leads cannot do so before what runs there has come to its end. */
    private void leaderMoves() {
        MEANWHILE.set(() -> {
            mover = new Thread(b::lead, "mover");
            mover.start();
            while (a.log().servingEpoch() != 0) {
                Thread.onSpinWait();
            }
        });
    }

    private long x() throws SQLException {
        try (TestConnection connection = b.connect()) {
            return number(connection, "SELECT x FROM t WHERE id = 1");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "c"})
    void it_is_executed_by_the_next_leader(String node) throws Exception {
        UUID client = UUID.randomUUID();
        try (TestConnection connection = peers.get(node).connect()) {
            connection.session().request(client, 1);
            leaderMoves();
            run(connection, UPDATE);
            assertEquals(11, x());
            assertEquals(1, number(connection, "CALL SYNOD.RESOLVE('" + client + "', 1)"), "its client finds it");
            connection.session().request(client, 2);
            run(connection, UPDATE);
            assertEquals(12, x());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "c"})
    void a_batch_and_a_query_that_locks_are_repeated_too(String node) throws Exception {
        try (TestConnection connection = peers.get(node).connect();
                PreparedStatement batch = connection.prepareStatement(UPDATE + " AND id = ?")) {
            leaderMoves();
            for (int id : new int[] {1, 2, 1}) {
                batch.setInt(1, id);
                batch.addBatch();
            }
            assertArrayEquals(new int[] {1, 0, 1}, batch.executeBatch());
            assertEquals(12, x());
            mover.join();
            a.lead();
            leaderMoves();
            assertEquals(12, number(connection, "SELECT x FROM t WHERE meanwhile() FOR UPDATE"));
        }
    }

    @Test
    void a_leader_that_is_lost_before_the_commit_was_sent_there_is_left() throws Exception {
        try (TestConnection connection = c.connect()) {
            a.breakBeforeNext(b::lead);
            run(connection, "UPDATE /* may break */ t SET x = x + 1");
            assertEquals(11, x());
            b.loseNextAnswer(a::lead);
            run(connection, "UPDATE /* may break */ t SET x = x + 1");
            assertEquals(12, x());
        }
    }

    @Test
    void nobody_knows_whether_all_have_a_commit_whose_answer_was_lost() throws Exception {
        String update = "UPDATE t SET x = x + 1";
        UUID client = UUID.randomUUID();
        try (TestConnection connection = c.connect(Map.of("COMMIT", "ALL"))) {
            connection.session().request(client, 1);
            run(connection, update);
            assertNull(connection.session().takeWarnings());
            a.loseNextAnswer(b::lead);
            run(connection, update);
            assertNull(a.takeBreakAfter(), "the answer was lost");
            assertUnknownAtAll(connection.session().takeWarnings());
            assertEquals(12, x());
            // A client that has lost the answer of its node asks for it.
            assertEquals(1, number(connection, "CALL SYNOD.RESOLVE('" + client + "', 1)"));
            assertUnknownAtAll(connection.session().takeWarnings());
            run(connection, "SET COMMIT QUORUM");
            assertEquals(1, number(connection, "CALL SYNOD.RESOLVE('" + client + "', 1)"));
            assertNull(connection.session().takeWarnings());
        }
    }

    private static void assertUnknownAtAll(SQLWarning warning) {
        assertNotNull(warning);
        assertEquals("01000", warning.getSQLState());
        assertTrue(warning.getMessage().contains("COMMIT=ALL"), warning.getMessage());
    }

    @Test
    void a_commit_that_was_lost_on_its_way_is_repeated_unless_a_client_may_ask_for_it() throws Exception {
        String update = "UPDATE t SET x = x + 1";
        try (TestConnection connection = c.connect()) {
            a.breakBeforeNext(b::lead);
            run(connection, update);
            assertEquals(11, x());
            UUID client = UUID.randomUUID();
            connection.session().request(client, 1);
            b.breakBeforeNext(a::lead);
            assertRetry(() -> run(connection, update));
            assertEquals(0, number(connection, "CALL SYNOD.RESOLVE('" + client + "', 1)"));
            assertEquals(11, x());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "c"})
    void a_statement_of_a_transaction_or_of_a_list_is_not_repeated(String node) throws Exception {
        try (TestConnection connection = peers.get(node).connect()) {
            leaderMoves();
            assertRetry(() -> run(connection, UPDATE + "; " + UPDATE));
            mover.join();
            a.lead();
            connection.setAutoCommit(false);
            leaderMoves();
            assertRetry(() -> {
                run(connection, UPDATE);
                connection.commit();
            });
            connection.rollback();
            connection.setAutoCommit(true);
            assertEquals(10, x());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "c"})
    void what_is_lost_with_the_first_attempt_is_not_repeated(String node) throws Exception {
        try (TestConnection connection = peers.get(node).connect()) {
            leaderMoves();
            try (PreparedStatement large = connection.prepareStatement("UPDATE t SET b = ? WHERE meanwhile()")) {
                large.setBinaryStream(1, new ByteArrayInputStream(new byte[200_000]));
                assertRetry(large::executeUpdate);
            }
            mover.join();
            a.lead();
            leaderMoves();
            assertRetry(() -> run(connection, "UPDATE t SET x = (@n := COALESCE(@n, 0) + 1) WHERE meanwhile()"));
            assertEquals(10, x());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "c"})
    void a_session_that_often_loses_its_leader_goes_on_and_takes_no_place_of_another(String node) throws Exception {
        try (TestConnection connection = peers.get(node).connect()) {
            // As many as one node admits at a time.
            for (int i = 0; i < 201; i++) {
                leaderMoves();
                run(connection, UPDATE);
                mover.join();
                a.lead();
                run(connection, UPDATE);
            }
            assertEquals(10 + 402, x());
        }
    }

    @RepeatedTest(10)
    void temporary_tables_are_lost_with_their_leader_and_their_session_is_told() throws Exception {
        try (TestConnection connection = c.connect()) {
            leaderMoves();
            assertRetry(() -> run(connection, "UPDATE t SET x = (@n := COALESCE(@n, 0) + 1) WHERE meanwhile()"));
            mover.join();
            a.lead();
            run(connection, "CREATE LOCAL TEMPORARY TABLE mine(i INT)");
            leaderMoves();
            assertRetry(() -> run(connection, UPDATE));
            assertEquals(10, x());
        }
    }

    @Test
    void a_transaction_whose_read_could_not_be_confirmed_is_over() throws Exception {
        try (TestConnection connection = a.connect();
                TestConnection other = a.connect()) {
            connection.setAutoCommit(false);
            run(connection, UPDATE);
            group.hesitate(1);
            assertRetry(() -> number(connection, "SELECT x FROM t"));
            run(other, UPDATE);
            assertRetry(connection::commit);
            assertEquals(11, number(other, "SELECT x FROM t WHERE id = 1"));
        }
    }

    private static void assertRetry(org.junit.jupiter.api.function.Executable what) {
        SQLException e = assertThrows(SQLException.class, what);
        assertEquals("40001", e.getSQLState(), e.toString());
        assertTrue(e.getMessage().contains("run it again"), e.toString());
    }
}
