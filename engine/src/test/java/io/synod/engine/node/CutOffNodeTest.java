package io.synod.engine.node;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static io.synod.engine.node.LaggingCluster.connect;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.synod.engine.failover.Await;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A remote session whose node answers but has lost the majority goes on at another node of its URL, long before that node
 * gives up.
 */
// An interrupt would not end who waits for an answer.
@Tag("long")
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CutOffNodeTest {
    /** More than the test may take. */
    private static final int PATIENCE_MILLIS = 3_600_000;

    @TempDir
    private static Path directory;

    private static LaggingCluster cluster;

    @BeforeAll
    static void startNodes() throws Exception {
        cluster = new LaggingCluster(directory, PATIENCE_MILLIS);
        try (Connection c = connect(cluster.url(cluster.awaitLeader()))) {
            run(c, "CREATE TABLE T(ID INT PRIMARY KEY)");
        }
    }

    @AfterAll
    static void stopNodes() throws Exception {
        cluster.close();
    }

    @BeforeEach
    void empty() throws SQLException {
        try (Connection c = connect(cluster.url(cluster.awaitLeader()))) {
            run(c, "DELETE FROM T", "INSERT INTO T VALUES (1)");
        }
    }

    @AfterEach
    void join() throws SQLException {
        cluster.releaseC();
    }

    /**
     * Reading where it is connected, so that it does not go to the leader by itself. Where c is slow, a session that is opened goes to
     * another node.
     */
    private static Connection atC() throws Exception {
        Connection[] opened = {null};
        Await.until("a session at c", () -> {
            Connection c = connect(cluster.remoteUrl("c", "a", "b") + ";TARGET=ANY");
            if (number(c, "SELECT COUNT(*) FROM SYNOD.MEMBERS WHERE THIS_NODE AND NODE = 'c'") == 0) {
                c.close();
                return false;
            }
            opened[0] = c;
            return true;
        });
        return opened[0];
    }

    private static void cutOff() throws Exception {
        cluster.holdBackC(true);
        Await.until("c knows no leader", () -> cluster.hosted("c").log().leader() == null);
    }

    @Test
    void a_read_and_a_write_go_on_elsewhere_and_happen_once() throws Exception {
        try (Connection reader = atC();
                Connection writer = atC()) {
            assertEquals(1, number(reader, "SELECT COUNT(*) FROM T"));
            assertEquals(1, number(writer, "SELECT COUNT(*) FROM T"));
            cutOff();
            assertEquals(1, number(reader, "SELECT COUNT(*) FROM T"));
            run(writer, "INSERT INTO T VALUES (2)");
            assertEquals(2, number(reader, "SELECT COUNT(*) FROM T"));
        }
    }

    @Test
    void a_transaction_is_run_again_elsewhere_after_40001() throws Exception {
        try (Connection c = atC()) {
            c.setAutoCommit(false);
            // What it writes before is in a session on the leader, which this cut does not touch.
            assertEquals(1, number(c, "SELECT COUNT(*) FROM T"));
            cutOff();
            SQLException e = assertThrows(SQLException.class, () -> run(c, "INSERT INTO T VALUES (3)"));
            assertEquals("40001", e.getSQLState(), e.toString());
            Await.until("it is run again", () -> {
                c.rollback();
                try {
                    run(c, "INSERT INTO T VALUES (4)");
                    c.commit();
                    return true;
                } catch (SQLException again) {
                    assertEquals("40001", again.getSQLState(), again.toString());
                    return false;
                }
            });
            assertEquals(5, number(c, "SELECT SUM(ID) FROM T"));
        }
    }

    /** That one has no part in it: its client is idle, its connection to the leader stands, and nothing is told over that. */
    @Test
    void a_node_that_is_not_heard_any_more_keeps_no_rows_locked() throws Exception {
        try (Connection c = atC();
                Connection other = connect(cluster.url(cluster.awaitLeader()) + ";LOCK_TIMEOUT=100")) {
            c.setAutoCommit(false);
            Await.until("its row is locked", () -> {
                try {
                    run(c, "UPDATE T SET ID = 2");
                    run(other, "UPDATE T SET ID = 2");
                    return false;
                } catch (SQLException e) {
                    if (e.getSQLState().equals("HYT00")) {
                        return true;
                    }
                    // Its transaction went with the leader that it had.
                    assertEquals("40001", e.getSQLState(), e.toString());
                    c.rollback();
                    return false;
                }
            });
            cluster.holdBackC(true);
            Await.until("its row is free", () -> {
                try {
                    run(other, "UPDATE T SET ID = 3");
                    return true;
                } catch (SQLException e) {
                    return false;
                }
            });
            SQLException e = assertThrows(SQLException.class, c::commit);
            assertEquals("40001", e.getSQLState(), e.toString());
            assertEquals(3, number(other, "SELECT SUM(ID) FROM T"));
        }
    }

    @Test
    void a_session_that_is_opened_does_not_stay_there() throws Exception {
        cutOff();
        try (Connection c = connect(cluster.remoteUrl("c", "a", "b") + ";TARGET=ANY;CONNECT_TIMEOUT=1000")) {
            assertEquals(1, number(c, "SELECT COUNT(*) FROM T"));
        }
    }
}
