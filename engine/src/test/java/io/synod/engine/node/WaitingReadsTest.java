package io.synod.engine.node;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static io.synod.engine.node.LaggingCluster.connect;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.failover.Await;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.Callable;
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

    /** It is planned by the copies of its node, and those lack what others were told of. */
    @Test
    void statement_over_several_databases_waits_for_what_was_created_before() throws Exception {
        for (String node : List.of("a", "b", "c")) {
            cluster.hosted(node, "stock");
        }
        try (Connection stock = connect(cluster.url("a", "stock"));
                PreparedStatement kept = prepared(stock)) {
            for (String sql : List.of(
                    "SELECT COUNT(*) FROM STOCK.PUBLIC.KINDS",
                    "SELECT SUM(I.ID) FROM ITEMS I JOIN STOCK.PUBLIC.KINDS K ON K.ID = I.ID",
                    "SELECT MAX(ID + ADDED) FROM STOCK.PUBLIC.KINDS")) {
                cluster.holdBackC(true);
                switch (sql.charAt(7)) {
                    case 'C' -> run(stock, "CREATE TABLE KINDS(ID INT)", "INSERT INTO KINDS VALUES (1)");
                    case 'S' -> run(leader, "CREATE TABLE ITEMS(ID INT)", "INSERT INTO ITEMS VALUES (1)");
                    default -> run(stock, "ALTER TABLE KINDS ADD ADDED INT DEFAULT 0");
                }
                CompletableFuture<Long> read = inBackground(lagging, sql);
                assertThrows(TimeoutException.class, () -> read.get(300, TimeUnit.MILLISECONDS), sql);
                cluster.holdBackC(false);
                assertEquals(1, read.get(60, TimeUnit.SECONDS), sql);
            }
            // One that was prepared, and finds at its execution that its table is there no more.
            cluster.holdBackC(true);
            run(stock, "ALTER TABLE OLD RENAME TO GONE");
            cluster.holdBackC(false);
            cluster.hosted("c", "stock").log().awaitReadable(TimeUnit.SECONDS.toNanos(60));
            cluster.holdBackC(true);
            run(stock, "ALTER TABLE GONE RENAME TO OLD");
            CompletableFuture<Long> read = inBackground(() -> {
                try (ResultSet rows = kept.executeQuery()) {
                    rows.next();
                    return rows.getLong(1);
                }
            });
            assertThrows(TimeoutException.class, () -> read.get(300, TimeUnit.MILLISECONDS), "not yet");
            cluster.holdBackC(false);
            assertEquals(0, read.get(60, TimeUnit.SECONDS));
        }
    }

    /** A view whose function writes by now, of which only the leader knows: it is part of the transaction all the same. */
    @Test
    void what_a_query_has_come_to_write_on_the_leader_commits_with_what_another_database_has_written()
            throws Exception {
        for (String node : List.of("a", "b", "c")) {
            cluster.hosted(node, "stock");
        }
        try (Connection stock = connect(cluster.url("a", "stock"))) {
            run(stock, "CREATE TABLE PLACES(N INT)", "INSERT INTO PLACES VALUES (0)");
        }
        run(
                leader,
                "CREATE ALIAS WRITES AS 'int f(java.sql.Connection c) throws Exception {"
                        + " return c.createStatement().executeUpdate(\"UPDATE T SET N = 9\"); }'");
        // A leader that is lost takes the transaction with it.
        Await.until("committed", () -> {
            try {
                return hasCommittedWhatItReads();
            } catch (SQLException e) {
                assertEquals("40001", e.getSQLState(), e.toString());
                lagging.rollback();
                cluster.releaseC();
                return false;
            }
        });
        lagging.setAutoCommit(true);
        assertEquals(9, number(leader, READ));
        assertEquals(1, number(lagging, "SELECT N FROM STOCK.PUBLIC.PLACES"));
    }

    private boolean hasCommittedWhatItReads() throws SQLException {
        run(leader, "CREATE OR REPLACE VIEW COMES AS SELECT 0 AS N");
        lagging.setAutoCommit(true);
        lagging.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        lagging.setAutoCommit(false);
        try (PreparedStatement query = lagging.prepareStatement("SELECT N FROM COMES")) {
            for (int updated = 0; updated <= 1; updated++) {
                try (ResultSet rows = query.executeQuery()) {
                    assertTrue(rows.next());
                    assertEquals(updated, rows.getInt(1));
                }
                run(lagging, "UPDATE STOCK.PUBLIC.PLACES SET N = 1");
                cluster.holdBackC(updated == 0);
                if (updated == 0) {
                    run(leader, "CREATE OR REPLACE VIEW COMES AS SELECT WRITES() AS N");
                }
            }
            lagging.commit();
            return true;
        }
    }

    /** Has the connection to the lagging node a session in the other database, too. */
    private PreparedStatement prepared(Connection stock) throws SQLException {
        run(stock, "CREATE TABLE OLD(ID INT)");
        PreparedStatement kept = lagging.prepareStatement("SELECT COUNT(*) FROM STOCK.PUBLIC.OLD O, T");
        kept.executeQuery().close();
        return kept;
    }

    private static CompletableFuture<Long> inBackground(Connection c, String sql) {
        return inBackground(() -> number(c, sql));
    }

    private static CompletableFuture<Long> inBackground(Callable<Long> read) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return read.call();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
    }
}
