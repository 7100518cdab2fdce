package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.failover.Await;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The driver repeats what only reads without asking whether it was committed. A statement that came to write after it was
 * prepared is not that, whichever of its answers is lost.
 */
@Tag("long")
@Timeout(240)
class LostReadAnswerTest {
    private static final String WRITING = "CREATE ALIAS f AS 'int f(java.sql.Connection c) throws Exception {"
            + " return c.createStatement().executeUpdate(\"UPDATE t SET x = x + 5\"); }'";

    @TempDir
    private static Path directory;

    private static ClusterFixture cluster;
    private static String leader;

    @BeforeAll
    static void start() throws Exception {
        cluster = new ClusterFixture(directory);
        leader = cluster.leaderOf("once");
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    /** Its warning comes with the answer of whoever was asked what became of it, at once. */
    @Test
    void a_commit_at_all_warns_that_nobody_knows_who_has_it() throws Exception {
        try (Connection c = DriverManager.getConnection(cluster.url(leader, "once"), "sa", "secret");
                Statement s = c.createStatement();
                AnswerCutter cutter = new AnswerCutter(cluster.remoteUrl(leader, "once"))) {
            s.execute("CREATE TABLE u(x INT)");
            // In how many portions its answers come is another one each time: some lose it before its commit, some
            // behind it.
            int[] round = {0};
            Await.until("a commit whose answer is lost", () -> {
                int answers = round[0]++ % 4;
                String url = cutter.url() + ";TARGET=ANY;COMMIT=ALL";
                try (Connection remote = DriverManager.getConnection(url, "sa", "secret");
                        Statement insert = remote.createStatement()) {
                    remote.setAutoCommit(false);
                    insert.execute("INSERT INTO u VALUES(" + answers + ")");
                    remote.clearWarnings();
                    cutter.loseAfter(answers);
                    boolean warns = warnsThatItsAnswerWasLost(remote);
                    cutter.loseNoMore();
                    return warns;
                }
            });
        }
    }

    private static boolean warnsThatItsAnswerWasLost(Connection c) throws SQLException {
        try {
            c.commit();
        } catch (SQLException e) {
            assertEquals("40001", e.getSQLState(), e.toString());
            return false;
        }
        SQLWarning warning = c.getWarnings();
        return warning != null && warning.getMessage().contains("COMMIT=ALL was reached is not known");
    }

    @Test
    void a_function_that_came_to_write_is_executed_once() throws Exception {
        try (Connection c = DriverManager.getConnection(cluster.url(leader, "once"), "sa", "secret");
                Statement s = c.createStatement();
                AnswerCutter cutter = new AnswerCutter(cluster.remoteUrl(leader, "once"))) {
            s.execute("CREATE TABLE t(x INT)");
            for (int answer = 0; answer < 5; answer++) {
                s.execute("CREATE ALIAS f DETERMINISTIC AS 'int f() { return 1; }'");
                s.execute("DELETE FROM t");
                s.execute("INSERT INTO t VALUES(0)");
                String url = cutter.url() + ";TARGET=ANY";
                try (Connection remote = DriverManager.getConnection(url, "sa", "secret");
                        PreparedStatement call = remote.prepareStatement("SELECT f()")) {
                    read(call);
                    s.execute("DROP ALIAS f");
                    s.execute(WRITING);
                    cutter.loseAfter(answer);
                    readAsIfLost(call);
                    cutter.loseNoMore();
                }
                try (ResultSet rows = s.executeQuery("SELECT x FROM t")) {
                    rows.next();
                    assertEquals(5, rows.getInt(1), "answer " + answer + " lost");
                }
                s.execute("DROP ALIAS f");
            }
        }
    }

    private static void read(PreparedStatement call) throws SQLException {
        try (ResultSet rows = call.executeQuery()) {
            assertTrue(rows.next());
            assertEquals(1, rows.getInt(1));
        }
    }

    /** Where it was committed and only its rows are lost, that is what the driver says. */
    private static void readAsIfLost(PreparedStatement call) throws SQLException {
        try {
            read(call);
        } catch (SQLException e) {
            assertEquals("SY001", e.getSQLState(), e.toString());
        }
    }
}
