package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The number of a session is that of a session of its node: another node's is somebody else's. */
@Timeout(120)
class SessionFunctionsTest {
    private LeaderAndFollower nodes;

    @BeforeEach
    void start() throws Exception {
        nodes = new LeaderAndFollower();
        run(nodes.atA, "CREATE TABLE t(id INT PRIMARY KEY, x INT)", "INSERT INTO t VALUES (1, 1)");
    }

    @AfterEach
    void stop() throws Exception {
        nodes.close();
    }

    private static boolean is(Connection connection, String sql) throws SQLException {
        try (Statement s = connection.createStatement();
                ResultSet rows = s.executeQuery(sql)) {
            rows.next();
            return rows.getBoolean(1);
        }
    }

    @Test
    void abort_session_ends_the_one_of_this_node_and_no_other() throws Exception {
        List<Connection> atLeader = new ArrayList<>();
        try (Connection victim = nodes.b.connect();
                Connection busy = nodes.b.connect()) {
            long id = number(victim, "SELECT SESSION_ID()");
            long last = 0;
            while (last < id) {
                atLeader.add(nodes.a.connect());
                last = number(atLeader.get(atLeader.size() - 1), "SELECT SESSION_ID()");
            }
            busy.setAutoCommit(false);
            run(busy, "INSERT INTO t VALUES (2, 2)");
            for (String sql :
                    List.of("SELECT ABORT_SESSION(" + id + ")", "CALL ABORT_SESSION(" + (id + 10_000) + ")")) {
                assertEquals(sql.startsWith("SELECT"), is(busy, sql), sql);
            }
            assertThrows(SQLException.class, () -> number(victim, "SELECT 1"));
            busy.commit();
            for (Connection each : atLeader) {
                assertEquals(2, number(each, "SELECT COUNT(*) FROM t"));
            }
        } finally {
            for (Connection each : atLeader) {
                each.close();
            }
        }
    }

    @Test
    void an_aborted_session_leaves_no_locks_behind() throws Exception {
        for (TestNode node : List.of(nodes.a, nodes.b)) {
            try (Connection victim = node.connect();
                    Connection other = node.connect()) {
                long id = number(victim, "SELECT SESSION_ID()");
                victim.setAutoCommit(false);
                run(victim, "UPDATE t SET x = 77");
                assertTrue(is(other, "CALL ABORT_SESSION(" + id + ")"));
                run(other, "SET LOCK_TIMEOUT 20000", "UPDATE t SET x = x + 1");
            }
        }
        assertEquals(3, number(nodes.atA, "SELECT x FROM t"));
    }

    @Test
    void cancel_session_cancels_what_runs_on_this_node() throws Exception {
        try (Connection victim = nodes.b.connect();
                Connection other = nodes.b.connect()) {
            long id = number(victim, "SELECT SESSION_ID()");
            assertEquals(false, is(other, "CALL CANCEL_SESSION(" + id + ")"), "nothing runs");
            CompletableFuture<SQLException> running = CompletableFuture.supplyAsync(() -> assertThrows(
                    SQLException.class,
                    () -> number(
                            victim, "SELECT COUNT(*) FROM SYSTEM_RANGE(1, 100000) a, SYSTEM_RANGE(1, 1000000) b")));
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            while (!is(other, "CALL CANCEL_SESSION(" + id + ")")) {
                assertTrue(System.nanoTime() < end, "nothing was cancelled");
            }
            assertEquals("57014", running.get(30, TimeUnit.SECONDS).getSQLState());
        }
    }
}
