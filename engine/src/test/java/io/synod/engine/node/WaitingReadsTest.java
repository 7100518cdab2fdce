package io.synod.engine.node;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static io.synod.engine.node.LaggingCluster.connect;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Reads on a node that lacks what they have to show, and gets it later: they wait. No time-out comes near. */
@Timeout(240)
class WaitingReadsTest extends LaggingReads {
    private static final int PATIENCE_MILLIS = 60_000;

    @Override
    LaggingCluster start(Path directory) throws Exception {
        return new LaggingCluster(directory, PATIENCE_MILLIS);
    }

    private static String where(Connection c) throws SQLException {
        try (Statement s = c.createStatement();
                ResultSet rows = s.executeQuery("SELECT NODE FROM SYNOD.MEMBERS WHERE THIS_NODE")) {
            assertTrue(rows.next());
            return rows.getString(1);
        }
    }

    @Test
    void linearizable_read_waits_for_what_was_acknowledged_before() throws Exception {
        cluster.holdBackC(true);
        run(leader, "UPDATE T SET N = 1");
        CompletableFuture<Long> read = inBackground(lagging, READ);
        assertThrows(TimeoutException.class, () -> read.get(300, TimeUnit.MILLISECONDS), "not yet");
        cluster.holdBackC(false);
        assertEquals(1, read.get(60, TimeUnit.SECONDS));
    }

    @Test
    void session_sees_its_own_write_and_others_do_not_wait() throws Exception {
        run(lagging, "SET READ SESSION");
        cluster.holdBackC(true);
        // Written on the leader: the SQL of c still reaches it.
        run(lagging, "UPDATE T SET N = 2");
        CompletableFuture<Long> own = inBackground(lagging, READ);
        try (Connection other = connect(cluster.url("c") + ";READ=SESSION")) {
            assertEquals(0, number(other, READ));
        }
        assertThrows(TimeoutException.class, () -> own.get(300, TimeUnit.MILLISECONDS), "not yet");
        cluster.holdBackC(false);
        assertEquals(2, own.get(60, TimeUnit.SECONDS));
    }

    @Test
    void bounded_read_waits_for_freshness_when_it_can_have_it() throws Exception {
        run(lagging, "SET READ BOUNDED", "SET MAX_STALENESS 0");
        cluster.holdBackC(true);
        run(leader, "UPDATE T SET N = 5");
        CompletableFuture<Long> read = inBackground(lagging, READ);
        assertThrows(TimeoutException.class, () -> read.get(300, TimeUnit.MILLISECONDS), "not yet");
        cluster.holdBackC(false);
        assertEquals(5, read.get(60, TimeUnit.SECONDS));
    }

    @Test
    void session_waits_on_the_next_node_for_what_the_lost_one_has_shown() throws Exception {
        String node = cluster.awaitLeader();
        try (SqlRelay relay = new SqlRelay(cluster.sqlAddress(node));
                Connection c = connect("jdbc:synod://" + relay.address() + "," + cluster.sqlAddress("c")
                        + "/shop;READ=SESSION;TARGET=ANY;FAILOVER_TIMEOUT=" + PATIENCE_MILLIS)) {
            assertEquals(node, where(c));
            cluster.holdBackC(true);
            run(c, "UPDATE T SET N = 7");
            relay.lose();
            CompletableFuture<Long> read = inBackground(c, READ);
            assertThrows(TimeoutException.class, () -> read.get(500, TimeUnit.MILLISECONDS));
            cluster.holdBackC(false);
            assertEquals(7, read.get(60, TimeUnit.SECONDS));
            assertEquals("c", where(c));
        }
    }

    private static CompletableFuture<Long> inBackground(Connection c, String sql) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return number(c, sql);
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        });
    }
}
