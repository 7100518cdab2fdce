package io.synod.engine.jdbc;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.failover.Await;
import io.synod.engine.failover.TestCluster;
import io.synod.engine.node.ClusterFixture;
import io.synod.jdbc.SynodConnection;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.h2.jdbc.JdbcConnection;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Cancelling, closing and aborting from another thread, on the leader, on a follower, and remotely to one. */
@Timeout(600)
class ConnectionEndsTest {
    private static final String LONG_QUERY =
            "SELECT COUNT(*) FROM SYSTEM_RANGE(1, 100000) a, SYSTEM_RANGE(1, 1000000) b";

    /** Far longer than the system takes to begin to. */
    private static final Duration LOOKS = Duration.ofSeconds(30);

    private static volatile CountDownLatch found;
    private static volatile CountDownLatch cancelled;

    @TempDir
    private static Path directory;

    private static ClusterFixture cluster;
    private static String leader;
    private static String follower;

    @BeforeAll
    static void start() throws Exception {
        cluster = new ClusterFixture(directory);
        leader = cluster.leaderOf("ends");
        follower = leader.equals("a") ? "b" : "a";
        try (Connection c = connect("leader")) {
            run(
                    c,
                    "CREATE TABLE t(id INT PRIMARY KEY, x INT)",
                    "INSERT INTO t VALUES (1, 0)",
                    "CREATE ALIAS hold FOR '" + Functions.class.getName() + ".hold'");
        }
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    private static Connection connect(String kind) throws SQLException {
        String url = switch (kind) {
            case "leader" -> cluster.url(leader, "ends");
            case "follower" -> cluster.url(follower, "ends");
            default -> cluster.remoteUrl(follower, "ends");
        };
        return DriverManager.getConnection(url, "sa", "secret");
    }

    private static CompletableFuture<SQLException> running(Statement s, String sql) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                s.execute(sql);
                return null;
            } catch (SQLException e) {
                return e;
            }
        });
    }

    /** Else a transaction is lost, and what is said of it. */
    private static void whileLeaderStays(ClusterFixture.Steps steps) throws Exception {
        Await.until("the leader stays", () -> cluster.undisturbed(steps, "ends"));
    }

    /** The statement is seen to run on one of the nodes, or has ended. */
    private static void awaitRunning(String like, CompletableFuture<SQLException> statement) throws Exception {
        String sql = "SELECT COUNT(*) FROM INFORMATION_SCHEMA.SESSIONS WHERE EXECUTING_STATEMENT LIKE '" + like
                + "' AND SESSION_ID <> SESSION_ID()";
        // Whoever leads by now.
        try (Connection a = DriverManager.getConnection(cluster.url("a", "ends"), "sa", "secret");
                Connection b = DriverManager.getConnection(cluster.url("b", "ends"), "sa", "secret");
                Connection c = DriverManager.getConnection(cluster.url("c", "ends"), "sa", "secret")) {
            Await.until(
                    like + " runs", () -> statement.isDone() || number(a, sql) + number(b, sql) + number(c, sql) > 0);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"leader", "follower", "remote"})
    void a_statement_that_waits_for_a_row_is_cancelled(String kind) throws Exception {
        whileLeaderStays(() -> {
            try (Connection holder = connect("leader");
                    Connection waiter = connect(kind);
                    Statement s = waiter.createStatement()) {
                holder.setAutoCommit(false);
                run(holder, "UPDATE t SET x = x + 1");
                run(waiter, "SET LOCK_TIMEOUT 60000");
                waiter.setAutoCommit(false);
                run(waiter, "INSERT INTO t VALUES (7, 7)");
                CompletableFuture<SQLException> waiting =
                        running(s, "UPDATE t SET x = 5 WHERE id = 1 /* " + kind + " */");
                awaitRunning("UPDATE t SET x = 5%" + kind + "%", waiting);
                s.cancel();
                SQLException e = waiting.get(50, TimeUnit.SECONDS);
                assertNotNull(e);
                assertEquals("57014", e.getSQLState(), e.toString());
                // The transaction goes on.
                assertEquals(1, number(waiter, "SELECT COUNT(*) FROM t WHERE id = 7"));
                waiter.rollback();
                holder.rollback();
            }
        });
    }

    /** H2 does not look at a cancel any more between a row that it has found and the wait for it. */
    @ParameterizedTest
    @ValueSource(strings = {"leader", "follower", "remote"})
    void a_statement_that_is_cancelled_just_before_it_waits_for_a_row_does_not_wait(String kind) throws Exception {
        whileLeaderStays(() -> {
            try (Connection holder = connect("leader");
                    Connection waiter = connect(kind);
                    Statement s = waiter.createStatement()) {
                holder.setAutoCommit(false);
                run(holder, "UPDATE t SET x = x + 1");
                run(waiter, "SET LOCK_TIMEOUT 60000");
                found = new CountDownLatch(1);
                cancelled = new CountDownLatch(1);
                CompletableFuture<SQLException> waiting = running(s, "UPDATE t SET x = 5 WHERE id = 1 AND hold() = id");
                assertTrue(
                        found.await(Await.LIMIT.toSeconds(), TimeUnit.SECONDS), () -> "ended: " + waiting.getNow(null));
                s.cancel();
                cancelled.countDown();
                SQLException e = waiting.get(50, TimeUnit.SECONDS);
                assertNotNull(e);
                assertEquals("57014", e.getSQLState(), e.toString());
                holder.rollback();
            }
        });
    }

    /** What was meant for one statement of a list does not take a later one out of its wait. */
    @Test
    void a_list_that_was_cancelled_leaves_what_comes_next_its_lock_timeout() throws Exception {
        whileLeaderStays(() -> {
            try (Connection holder = connect("leader");
                    Connection waiter = connect("leader");
                    Statement s = waiter.createStatement()) {
                holder.setAutoCommit(false);
                run(holder, "UPDATE t SET x = x + 1");
                run(waiter, "SET LOCK_TIMEOUT 60000");
                waiter.setAutoCommit(false);
                run(waiter, "INSERT INTO t VALUES (6, 6)");
                found = new CountDownLatch(1);
                cancelled = new CountDownLatch(1);
                CompletableFuture<SQLException> list =
                        running(s, "SELECT 1; UPDATE t SET x = 5 WHERE id = 1 AND hold() = id");
                try {
                    assertTrue(
                            found.await(Await.LIMIT.toSeconds(), TimeUnit.SECONDS),
                            () -> "ended: " + list.getNow(null));
                    s.cancel();
                } finally {
                    cancelled.countDown();
                }
                SQLException e = list.get(50, TimeUnit.SECONDS);
                assertNotNull(e);
                assertEquals("57014", e.getSQLState(), e.toString());
                // The list is undone, and no more.
                assertEquals(1, number(waiter, "SELECT COUNT(*) FROM t WHERE id = 6"));
                CompletableFuture<SQLException> next = running(s, "UPDATE t SET x = 5 WHERE id = 1");
                // Whoever was to be cancelled is looked for every 10 ms.
                assertThrows(TimeoutException.class, () -> next.get(1, TimeUnit.SECONDS));
                holder.rollback();
                assertNull(next.get(50, TimeUnit.SECONDS));
                waiter.rollback();
            }
        });
    }

    /** Functions of the database. */
    public static final class Functions {
        private Functions() {}

        public static int hold() throws InterruptedException {
            found.countDown();
            assertTrue(cancelled.await(Await.LIMIT.toSeconds(), TimeUnit.SECONDS));
            return 1;
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"leader", "follower", "remote"})
    void a_query_that_was_forwarded_is_cancelled(String kind) throws Exception {
        whileLeaderStays(() -> {
            try (Connection c = connect(kind);
                    Statement s = c.createStatement()) {
                c.setAutoCommit(false);
                run(c, "INSERT INTO t VALUES (8, 8)");
                CompletableFuture<SQLException> query = running(s, LONG_QUERY + " /* cancel " + kind + " */");
                awaitRunning("%cancel " + kind + "%", query);
                s.cancel();
                SQLException e = query.get(60, TimeUnit.SECONDS);
                assertNotNull(e);
                assertEquals("57014", e.getSQLState(), e.toString());
                assertEquals(1, number(c, "SELECT COUNT(*) FROM t WHERE id = 8"));
                c.rollback();
            }
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"leader", "follower", "remote"})
    void closing_a_connection_ends_what_it_runs_and_frees_its_rows(String kind) throws Exception {
        whileLeaderStays(() -> {
            for (boolean abort : new boolean[] {false, true}) {
                Connection c = connect(kind);
                c.setAutoCommit(false);
                run(c, "UPDATE t SET x = x + 1");
                CompletableFuture<SQLException> query =
                        running(c.createStatement(), LONG_QUERY + " /* close " + kind + abort + " */");
                awaitRunning("%close " + kind + abort + "%", query);
                if (abort) {
                    c.abort(Runnable::run);
                } else {
                    c.close();
                }
                assertTrue(c.isClosed());
                assertFalse(c.isValid(1));
                assertNotNull(query.get(60, TimeUnit.SECONDS));
                assertThrows(SQLException.class, c::createStatement);
                try (Connection other = connect("leader")) {
                    run(other, "SET LOCK_TIMEOUT 60000", "UPDATE t SET x = x");
                }
            }
        });
    }

    /** Else who vanishes without a word would keep its rows locked for two hours. */
    @Test
    void both_ends_of_a_client_and_of_a_follower_look_whether_the_other_one_is_there() throws Exception {
        KeepAlives.assumeShown();
        int client = portOf(cluster.remoteUrl(follower, "ends"));
        int nodes = portOf(cluster.remoteUrl(leader, "ends"));
        Await.until("they look while the leader stays", () -> {
            cluster.lead(leader, "ends");
            return cluster.undisturbed(() -> assertLook(client, nodes), "ends");
        });
    }

    private static void assertLook(int client, int nodes) throws Exception {
        // It does not follow a leader.
        try (Connection c = DriverManager.getConnection(
                cluster.remoteUrl(follower, "ends") + ";TARGET=ANY" + TestCluster.BUSY, "sa", "secret")) {
            c.setAutoCommit(false);
            run(c, "INSERT INTO t VALUES (9, 9)");
            Await.until("the client's server looks", LOOKS, () -> KeepAlives.soon(client, true) > 0);
            Await.until("the leader looks", LOOKS, () -> KeepAlives.soon(nodes, true) > 0);
            Await.until("the follower looks", LOOKS, () -> KeepAlives.soon(nodes, false) > 0);
            c.rollback();
        }
    }

    private static int portOf(String url) {
        return Integer.parseInt(url.replaceFirst(".*:(\\d+)/.*", "$1"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"leader", "follower", "remote"})
    void a_statement_in_the_log_is_not_cancelled_and_members_stay_equal(String kind) throws Exception {
        String table = "wide" + kind;
        // Without a leader to ask, a statement whose time is over cannot tell whether it is in the log.
        whileLeaderStays(() -> assertNotCancelledInLog(kind, table));
        for (String node : new String[] {"leader", "follower", "remote"}) {
            try (Connection c = connect(node)) {
                assertEquals(100_000, number(c, "SELECT SUM(y) FROM " + table));
            }
        }
    }

    private static void assertNotCancelledInLog(String kind, String table) throws SQLException {
        try (Connection c = connect(kind)) {
            run(
                    c,
                    "DROP TABLE IF EXISTS " + table,
                    "CREATE TABLE " + table + "(id INT PRIMARY KEY, x INT)",
                    "INSERT INTO " + table + " SELECT x, x FROM SYSTEM_RANGE(1, 20000)",
                    "SET QUERY_TIMEOUT 1",
                    "ALTER TABLE " + table + " ADD COLUMN y INT DEFAULT 5",
                    "CREATE INDEX i_" + table + " ON " + table + "(x, y)",
                    "SET QUERY_TIMEOUT 0");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"leader", "follower", "remote"})
    void a_connection_is_unwrapped_to_its_classes(String kind) throws Exception {
        try (Connection c = connect(kind)) {
            assertTrue(c.isWrapperFor(SynodConnection.class));
            assertTrue(
                    c.unwrap(SynodConnection.class).unwrap(JdbcConnection.class).isValid(60));
            assertNotNull(c.unwrap(JdbcConnection.class).getSession());
            assertEquals(0, c.getNetworkTimeout());
        }
    }
}
