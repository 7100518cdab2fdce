package io.synod.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Cancelled, aborted, timed out: while a node is looked for, or asked what became of a commit and does not know. */
@Timeout(240)
class GivenUpTest {
    private final CountDownLatch asked = new CountDownLatch(1);
    private final CountDownLatch answers = new CountDownLatch(1);
    private StockNode node;

    @BeforeEach
    void start() throws Exception {
        node = new StockNode();
        // As a node that has no majority.
        node.resolveBy((session, number) -> {
            asked.countDown();
            try {
                answers.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return false;
        });
    }

    @AfterEach
    void stop() throws Exception {
        answers.countDown();
        node.close();
    }

    /** Its answer is lost, and nobody knows what became of it. */
    private CompletableFuture<SQLException> insertWithoutAnswer(PreparedStatement insert) throws Exception {
        node.a.cutAnswer(0);
        CompletableFuture<SQLException> end = ending(insert::executeUpdate);
        // Where finding the other node alone took all of the time, nobody is asked, and it ends as well.
        while (!end.isDone() && !asked.await(5, TimeUnit.MILLISECONDS)) {
            Thread.onSpinWait();
        }
        return end;
    }

    private interface Execution {
        Object run() throws SQLException;
    }

    private static CompletableFuture<SQLException> ending(Execution execution) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        execution.run();
                        return null;
                    } catch (SQLException e) {
                        return e;
                    }
                },
                GivenUpTest::inThread);
    }

    /** What blocks takes no thread of the common pool: there is only one on a small machine. */
    private static void inThread(Runnable work) {
        new Thread(work).start();
    }

    private static void assertState(String state, SQLException e) {
        assertNotNull(e, "it returned normally");
        assertEquals(state, e.getSQLState(), e.toString());
    }

    private static void assertUsable(Connection c) throws SQLException {
        try (Statement s = c.createStatement();
                ResultSet rows = s.executeQuery("SELECT 42")) {
            assertTrue(rows.next());
            assertEquals(42, rows.getInt(1));
        }
    }

    @Test
    void a_statement_that_is_cancelled_while_its_commit_is_looked_up_has_an_unknown_outcome() throws Exception {
        try (Connection c = node.connect(";FAILOVER_TIMEOUT=3600000");
                PreparedStatement insert = c.prepareStatement("INSERT INTO ITEM VALUES (1, 'x')")) {
            CompletableFuture<SQLException> end = insertWithoutAnswer(insert);
            insert.cancel();
            assertState("08007", end.get(60, TimeUnit.SECONDS));
            answers.countDown();
            assertUsable(c);
        }
    }

    @Test
    void aborting_the_connection_ends_the_look_up() throws Exception {
        Connection c = node.connect(";FAILOVER_TIMEOUT=3600000");
        PreparedStatement insert = c.prepareStatement("INSERT INTO ITEM VALUES (1, 'x')");
        CompletableFuture<SQLException> end = insertWithoutAnswer(insert);
        c.abort(Runnable::run);
        assertState("08007", end.get(60, TimeUnit.SECONDS));
        assertTrue(c.isClosed());
    }

    @Test
    void aborting_ends_a_statement_that_began_only_then() throws Exception {
        Connection c = node.connect(";FAILOVER_TIMEOUT=3600000");
        Statement s = c.createStatement();
        s.execute("CREATE ALIAS NAP FOR '" + StockNode.class.getName() + ".nap'");
        c.unwrap(SynodConnection.class).getSession().lock();
        CompletableFuture<SQLException> end =
                ending(() -> s.executeQuery("SELECT NAP(X) FROM SYSTEM_RANGE(1, 100000)"));
        CompletableFuture<Void> abort;
        try {
            // The statement waits for its turn: there is nothing to cancel yet.
            abort = CompletableFuture.runAsync(
                    () -> {
                        try {
                            c.abort(Runnable::run);
                        } catch (SQLException e) {
                            throw new IllegalStateException(e);
                        }
                    },
                    GivenUpTest::inThread);
            while (!c.isClosed()) {
                Thread.onSpinWait();
            }
        } finally {
            c.unwrap(SynodConnection.class).getSession().unlock();
        }
        abort.get(60, TimeUnit.SECONDS);
        assertNotNull(end.get(60, TimeUnit.SECONDS));
    }

    @Test
    void a_node_that_waits_longer_than_the_session_is_not_waited_for() throws Exception {
        try (Connection c = node.connect(";FAILOVER_TIMEOUT=500");
                PreparedStatement insert = c.prepareStatement("INSERT INTO ITEM VALUES (1, 'x')")) {
            assertState("08007", insertWithoutAnswer(insert).get(60, TimeUnit.SECONDS));
        }
    }

    @Test
    void the_query_timeout_ends_the_look_up() throws Exception {
        try (Connection c = node.connect(";FAILOVER_TIMEOUT=3600000");
                PreparedStatement insert = c.prepareStatement("INSERT INTO ITEM VALUES (1, 'x')")) {
            // More than a machine stands still: else the insert itself is ended by it.
            insert.setQueryTimeout(4);
            assertState("08007", insertWithoutAnswer(insert).get(60, TimeUnit.SECONDS));
        }
    }

    @Test
    void the_query_timeout_ends_the_search_for_a_node() throws Exception {
        try (Connection c = node.connect(";FAILOVER_TIMEOUT=3600000");
                Statement s = c.createStatement()) {
            s.execute("SET QUERY_TIMEOUT 300");
            node.b.down();
            node.a.down();
            assertState("57014", assertThrows(SQLException.class, () -> s.executeQuery("SELECT 42")));
            node.a.up();
            while (!isExecuted(s, "SET QUERY_TIMEOUT 0")) {
                Thread.onSpinWait();
            }
            assertUsable(c);
        }
    }

    /** On a busy machine, connecting alone may take longer than the statement may. */
    private static boolean isExecuted(Statement s, String sql) throws SQLException {
        try {
            s.execute(sql);
            return true;
        } catch (SQLException e) {
            assertState("57014", e);
            return false;
        }
    }

    @Test
    void a_query_is_cancelled_while_a_node_is_looked_for() throws Exception {
        try (Connection c = node.connect(";FAILOVER_TIMEOUT=3600000");
                PreparedStatement query = c.prepareStatement("SELECT 42")) {
            node.b.down();
            node.a.down();
            CompletableFuture<SQLException> end = ending(query::executeQuery);
            while (!end.isDone()) {
                // Before it began to look, there was nothing to cancel.
                query.cancel();
                try {
                    end.get(5, TimeUnit.MILLISECONDS);
                } catch (TimeoutException e) {
                    continue;
                }
            }
            assertState("57014", end.get());
            node.a.up();
            assertUsable(c);
        }
    }
}
