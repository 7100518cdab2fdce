package io.synod.engine.node;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static io.synod.engine.node.LaggingCluster.connect;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.failover.Await;
import io.synod.jdbc.SynodConnection;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where a remote session goes, and when commits are answered. */
@Timeout(240)
class RemoteLevelsTest {
    private static final String WHERE = "SELECT NODE FROM SYNOD.MEMBERS WHERE THIS_NODE";

    @TempDir
    private static Path directory;

    private static LaggingCluster cluster;

    @BeforeAll
    static void startNodes() throws Exception {
        cluster = new LaggingCluster(directory);
        try (Connection c = connect(cluster.url(cluster.awaitLeader()))) {
            run(c, "CREATE TABLE T(ID INT PRIMARY KEY, N INT)");
        }
    }

    @AfterAll
    static void stopNodes() throws Exception {
        cluster.close();
    }

    @BeforeEach
    void empty() throws SQLException {
        try (Connection c = connect(cluster.url(cluster.awaitLeader()))) {
            run(c, "DELETE FROM T", "INSERT INTO T VALUES (1, 0), (2, 0)");
        }
    }

    private static String url(String where) throws SQLException {
        return switch (where) {
            case "leader" -> cluster.url(cluster.awaitLeader());
            case "follower" -> cluster.url(cluster.awaitFollower());
            default -> cluster.remoteUrl("a", "b", "c");
        };
    }

    private static String where(Connection c) throws SQLException {
        try (Statement s = c.createStatement();
                ResultSet rows = s.executeQuery(WHERE)) {
            assertTrue(rows.next());
            return rows.getString(1);
        }
    }

    /** An attempt to go there that takes too long on a busy machine is made again a second later. */
    private static void awaitAtLeader(Connection c) throws Exception {
        Await.until("the session is on the leader", () -> cluster.awaitLeader().equals(where(c)));
    }

    /** A login at a copy that is behind may take longer than a short CONNECT_TIMEOUT. */
    private static Connection connected(String url) throws Exception {
        Connection[] connection = new Connection[1];
        Await.until("a connection", () -> {
            try {
                connection[0] = connect(url);
            } catch (SQLException e) {
                assertEquals("08001", e.getSQLState(), e.toString());
            }
            return connection[0] != null;
        });
        return connection[0];
    }

    /** Not done in time, it is called off. */
    private static void moveLeader(Connection asked, String to) throws Exception {
        Await.until(to + " leads", () -> {
            run(asked, "CALL SYNOD.TRANSFER('" + to + "')");
            return to.equals(cluster.awaitLeader());
        });
    }

    // ---- the leader -----------------------------------------------------------------------------------------------

    @Test
    void remote_session_moves_to_the_leader_although_its_url_names_a_follower_only() throws Exception {
        try (Connection c = connect(cluster.remoteUrl(cluster.awaitFollower()));
                PreparedStatement update = c.prepareStatement("UPDATE T SET N = N + 1 WHERE ID = ?")) {
            run(c, "SET QUIRKS_MODE TRUE", "SET READ SESSION", "SET @X = 5");
            awaitAtLeader(c);
            assertEquals(7, number(c, "SELECT 7 AS ORDER"), "a keyword is a name in that mode");
            update.setInt(1, 1);
            assertEquals(1, update.executeUpdate());
            assertEquals(5, number(c, "SELECT @X"));
        }
    }

    @Test
    void session_stays_where_it_is_when_any_node_will_do_or_it_only_reads() throws SQLException {
        String follower = cluster.awaitFollower();
        try (Connection any = connect(cluster.remoteUrl(follower) + ";TARGET=ANY");
                Connection reader = connect(cluster.remoteUrl(follower) + ";TARGET=ANY")) {
            run(any, "UPDATE T SET N = 1");
            assertEquals(follower, where(any));
            reader.setReadOnly(true);
            assertEquals(follower, where(reader));
        }
    }

    @Test
    void read_only_session_stays_on_its_node_and_goes_to_the_leader_when_it_may_write() throws Exception {
        String follower = cluster.awaitFollower();
        // A way of its own, of which no session before has learnt where the leader is.
        try (SqlRelay relay = new SqlRelay(cluster.sqlAddress(follower));
                Connection c = connect("jdbc:synod://" + relay.address() + "/shop;FAILOVER_TIMEOUT=10000")) {
            c.setReadOnly(true);
            for (int i = 0; i < 5; i++) {
                assertEquals(follower, where(c));
                assertEquals(2, number(c, "SELECT COUNT(*) FROM T"));
            }
            // A hint: it may write, through its node, and stays.
            run(c, "UPDATE T SET N = 9 WHERE ID = 1");
            assertEquals(follower, where(c));
            c.setReadOnly(false);
            run(c, "UPDATE T SET N = 8 WHERE ID = 1");
            awaitAtLeader(c);
        }
    }

    @Test
    void session_follows_the_leader_between_transactions_and_not_within_one() throws Exception {
        try (Connection c = connect(cluster.remoteUrl("a", "b"))) {
            run(c, "UPDATE T SET N = 1");
            run(c, "UPDATE T SET N = 2");
            awaitAtLeader(c);
            String after = where(c).equals("a") ? "b" : "a";
            try (Connection other = connect(cluster.url("c"));
                    Statement s = other.createStatement();
                    ResultSet rows = s.executeQuery("SELECT ID FROM T")) {
                assertTrue(rows.next());
                moveLeader(other, after);
            }
            run(c, "UPDATE T SET N = 3");
            run(c, "UPDATE T SET N = 4");
            awaitAtLeader(c);
            assertEquals(8, number(c, "SELECT SUM(N) FROM T"));
        }
    }

    @Test
    void session_that_reads_a_large_result_stays_until_it_is_read() throws Exception {
        String follower = cluster.awaitFollower();
        // As above: no session has learnt here where the leader is.
        try (SqlRelay relay = new SqlRelay(cluster.sqlAddress(follower));
                Connection c = connect("jdbc:synod://" + relay.address() + "/shop;FAILOVER_TIMEOUT=10000;READ=LOCAL");
                Statement s = c.createStatement()) {
            s.setFetchSize(10);
            try (ResultSet rows = s.executeQuery("SELECT X FROM SYSTEM_RANGE(1, 1000)")) {
                assertTrue(rows.next());
                assertEquals(follower, where(c));
                int n = 1;
                while (rows.next()) {
                    n++;
                }
                assertEquals(1000, n);
            }
            run(c, "SELECT 1");
            awaitAtLeader(c);
        }
    }

    /** How long a client waits for a connection says nothing about its statements. */
    @ParameterizedTest
    @ValueSource(strings = {";CONNECT_TIMEOUT=300", ""})
    void what_a_follower_asks_of_the_leader_may_take_as_long_as_it_takes(String settings) throws Exception {
        Await.until("a statement that takes long", () -> {
            empty();
            return isLeftToWait(settings);
        });
    }

    /** @return false where leadership has moved meanwhile, and the transactions are lost */
    private boolean isLeftToWait(String settings) throws Exception {
        String leader = cluster.awaitLeader();
        long epoch = cluster.hosted(leader).log().servingEpoch();
        try (Connection holder = connect(cluster.url(leader));
                Connection watch = connect(cluster.url(leader));
                Connection c = connected(cluster.remoteUrl(cluster.awaitFollower()) + ";TARGET=ANY" + settings)) {
            run(c, "SET LOCK_TIMEOUT 60000");
            c.setAutoCommit(false);
            holder.setAutoCommit(false);
            run(holder, "UPDATE T SET N = 5 WHERE ID = 1");
            run(c, "UPDATE T SET N = 5 WHERE ID = 2");
            CompletableFuture<Void> waiting = CompletableFuture.runAsync(() -> {
                try {
                    run(c, "UPDATE T SET N = N + 1 WHERE ID = 1");
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            do {
                if (waiting.isDone()) {
                    waiting.get();
                    throw new AssertionError("it did not wait");
                }
            } while (number(
                            watch,
                            "SELECT COUNT(*) FROM SYNOD.SESSIONS WHERE FORWARDED AND STATE = 'RUNNING' AND STATE_MILLIS > 3500")
                    == 0);
            holder.commit();
            waiting.get(60, TimeUnit.SECONDS);
            c.commit();
            assertEquals(11, number(watch, "SELECT SUM(N) FROM T"));
            return true;
        } catch (Exception | AssertionError e) {
            if (epoch == 0 || cluster.hosted(leader).log().servingEpoch() != epoch) {
                return false;
            }
            throw e;
        }
    }

    // ---- commit levels --------------------------------------------------------------------------------------------

    /** Whoever looks for the cause of a failure has to know whether leadership has moved. */
    private static String leading() throws SQLException {
        String leader = cluster.awaitLeader();
        return leader + " in " + cluster.hosted(leader).log().servingEpoch();
    }

    @ParameterizedTest
    @ValueSource(strings = {"leader", "follower", "remote"})
    void commit_at_all_names_the_member_that_does_not_have_it(String where) throws Exception {
        try (Connection c = connect(url(where) + ";COMMIT=ALL")) {
            // One whose connection is just made anew has it not, and is not waited for.
            Await.until("all have it", () -> {
                c.clearWarnings();
                run(c, "UPDATE T SET N = 1");
                return c.getWarnings() == null;
            });
            cluster.holdBackC(true);
            Await.until("it is told who does not have it", () -> {
                String before = leading();
                run(c, "UPDATE T SET N = 2");
                SQLWarning warning = c.getWarnings();
                c.clearWarnings();
                assertNull(c.getWarnings());
                assertNotNull(warning, "c cannot have it; led before: " + before + ", now: " + leading());
                assertEquals("01000", warning.getSQLState());
                // A leader that is lost before it answers cannot tell.
                boolean told = warning.getMessage().contains("no confirmation from c");
                assertTrue(told || !before.equals(leading()), warning.getMessage());
                return told;
            });
            run(c, "SET COMMIT QUORUM");
            run(c, "UPDATE T SET N = 3");
            assertNull(c.getWarnings(), "nobody asked");
            assertEquals(6, number(c, "SELECT SUM(N) FROM T"));
        } finally {
            cluster.releaseC();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"leader", "follower", "remote"})
    void commit_at_local_is_seen_by_the_next_statement(String where) throws Exception {
        try (Connection c = connect(url(where) + ";COMMIT=LOCAL")) {
            for (int i = 1; i <= 20; i++) {
                run(c, "UPDATE T SET N = " + i + " WHERE ID = 1");
                assertEquals(i, number(c, "SELECT N FROM T WHERE ID = 1"));
            }
            c.setAutoCommit(false);
            run(c, "UPDATE T SET N = 100 WHERE ID = 1");
            c.commit();
            run(c, "UPDATE T SET N = N + 1 WHERE ID = 1");
            c.rollback();
            assertEquals(100, number(c, "SELECT N FROM T WHERE ID = 1"));
        }
        try (Connection c = connect(cluster.url("c"))) {
            assertEquals(100, number(c, "SELECT N FROM T WHERE ID = 1"));
        }
    }

    // ---- commitAsync ----------------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(strings = {"leader", "follower", "remote"})
    void many_commits_of_one_thread_are_on_their_way_at_a_time(String where) throws Exception {
        List<Connection> connections = new ArrayList<>();
        try {
            for (int i = 0; i < 8; i++) {
                Connection c = connect(url(where));
                c.setAutoCommit(false);
                connections.add(c);
            }
            List<CompletableFuture<Void>> commits = new ArrayList<>();
            for (int i = 0; i < connections.size(); i++) {
                run(connections.get(i), "INSERT INTO T VALUES (" + (10 + i) + ", 1)");
                commits.add(connections
                        .get(i)
                        .unwrap(SynodConnection.class)
                        .commitAsync()
                        .toCompletableFuture());
            }
            // A call on the connection waits for its commit, whether the stage is looked at or not.
            assertEquals(1, number(connections.get(0), "SELECT COUNT(*) FROM T WHERE ID = 10"));
            for (CompletableFuture<Void> commit : commits) {
                commit.get(60, TimeUnit.SECONDS);
            }
            assertEquals(8, number(connections.get(0), "SELECT COUNT(*) FROM T WHERE ID >= 10"));
        } finally {
            for (Connection c : connections) {
                c.close();
            }
        }
    }

    @Test
    void asynchronous_commit_fails_as_commit_does() throws Exception {
        String leader = cluster.awaitLeader();
        try (Connection c = connect(cluster.url(leader))) {
            SynodConnection synod = c.unwrap(SynodConnection.class);
            assertEquals(
                    "HY010",
                    assertThrows(SQLException.class, synod::commitAsync).getSQLState());
            c.setAutoCommit(false);
            run(c, "UPDATE T SET N = 50 WHERE ID = 1");
            // Whoever leads by now, and has the transaction.
            String other = cluster.awaitFollower();
            try (Connection mover = connect(cluster.url(leader))) {
                moveLeader(mover, other);
            }
            ExecutionException e = assertThrows(
                    ExecutionException.class,
                    () -> synod.commitAsync().toCompletableFuture().get(60, TimeUnit.SECONDS));
            assertEquals("40001", ((SQLException) e.getCause()).getSQLState());
            assertEquals(0, number(c, "SELECT N FROM T WHERE ID = 1"));
        }
    }
}
