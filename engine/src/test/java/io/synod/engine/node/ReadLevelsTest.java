package io.synod.engine.node;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static io.synod.engine.node.LaggingCluster.connect;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What each read level promises on a node that the others do not reach; {@link WaitingReadsTest} has what waits for them. */
@Timeout(240)
class ReadLevelsTest extends LaggingReads {
    @Override
    LaggingCluster start(Path directory) throws Exception {
        return new LaggingCluster(directory);
    }

    @Test
    void local_read_shows_what_is_there_and_does_not_wait() throws SQLException {
        run(lagging, "SET READ LOCAL");
        cluster.holdBackC(true);
        run(leader, "UPDATE T SET N = 1");
        assertEquals(0, number(lagging, READ));
    }

    @Test
    void linearizable_read_that_cannot_be_confirmed_ends_with_its_timeout() throws SQLException {
        cluster.holdBackC(true);
        SQLException e = assertThrows(SQLException.class, () -> number(lagging, READ));
        assertEquals("HYT00", e.getSQLState());
    }

    @Test
    void session_read_of_an_own_write_that_does_not_arrive_ends_with_its_timeout() throws SQLException {
        run(lagging, "SET READ SESSION");
        cluster.holdBackC(true);
        run(lagging, "UPDATE T SET N = 3");
        SQLException e = assertThrows(SQLException.class, () -> number(lagging, READ));
        assertEquals("HYT00", e.getSQLState());
        assertTrue(e.getMessage().contains("this session has seen it up to"), e.getMessage());
    }

    @Test
    void bounded_read_is_local_within_the_bound_and_an_error_beyond_it() throws Exception {
        run(lagging, "SET READ BOUNDED", "SET MAX_STALENESS 60000");
        assertEquals(0, number(lagging, READ));
        cluster.holdBackC(true);
        run(leader, "UPDATE T SET N = 4");
        assertEquals(0, number(lagging, READ), "not older than a minute");
        run(lagging, "SET MAX_STALENESS 50");
        long start = System.nanoTime();
        SQLException e = assertThrows(SQLException.class, () -> {
            // Within the bound it may still be answered here.
            while (number(lagging, READ) == 0) {
                assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(20), "older than 50 ms");
            }
        });
        assertEquals("HYT00", e.getSQLState());
        assertTrue(e.getMessage().contains("MAX_STALENESS=50"), e.getMessage());
    }

    @Test
    void hint_sets_the_level_of_its_statement_only() throws SQLException {
        cluster.holdBackC(true);
        run(leader, "UPDATE T SET N = 6");
        assertEquals(0, number(lagging, "/*+ READ(LOCAL) */ " + READ));
        assertEquals(0, number(lagging, "SELECT /*+ READ(BOUNDED, 60000) */ N FROM T"));
        SQLException e = assertThrows(SQLException.class, () -> number(lagging, READ));
        assertEquals("HYT00", e.getSQLState());
        SQLException bad = assertThrows(SQLException.class, () -> number(lagging, "/*+ READ(RECENT) */ " + READ));
        assertEquals("22023", bad.getSQLState());
    }

    @Test
    void hint_of_a_prepared_statement_goes_with_it_and_not_with_its_text() throws SQLException {
        String sql = "SELECT N FROM T WHERE N >= ?";
        try (PreparedStatement hinted = lagging.prepareStatement("/*+ READ(LOCAL) */ " + sql);
                PreparedStatement plain = lagging.prepareStatement(sql)) {
            cluster.holdBackC(true);
            run(leader, "UPDATE T SET N = 8");
            for (int i = 0; i < 2; i++) {
                hinted.setInt(1, 0);
                try (ResultSet rows = hinted.executeQuery()) {
                    assertTrue(rows.next());
                    assertEquals(0, rows.getInt(1));
                }
                plain.setInt(1, 0);
                SQLException e = assertThrows(SQLException.class, plain::executeQuery);
                assertEquals("HYT00", e.getSQLState());
            }
        }
    }

    @Test
    void hint_does_not_move_a_read_out_of_a_transaction_that_wrote() throws SQLException {
        lagging.setAutoCommit(false);
        try {
            run(lagging, "UPDATE T SET N = 9");
            assertEquals(9, number(lagging, "/*+ READ(LOCAL) */ " + READ));
        } finally {
            lagging.rollback();
            lagging.setAutoCommit(true);
        }
    }

    @Test
    void levels_of_the_url_hold_for_the_connection() throws SQLException {
        cluster.holdBackC(true);
        run(leader, "UPDATE T SET N = 7");
        try (Connection c = connect(cluster.url("c") + ";READ=BOUNDED;MAX_STALENESS=60000")) {
            assertEquals(0, number(c, READ));
        }
        SQLException e = assertThrows(SQLException.class, () -> connect(cluster.url("c") + ";MAX_STALENESS=soon"));
        assertEquals("90113", e.getSQLState());
    }

    /** Frameworks keep it for as long as the connection. */
    @Test
    void metadata_that_are_kept_are_as_recent_as_any_read() throws Exception {
        DatabaseMetaData kept = lagging.getMetaData();
        assertFalse(hasTable(kept, "LATER"));
        cluster.holdBackC(true);
        run(leader, "CREATE TABLE LATER(N INT)");
        try {
            SQLException e = assertThrows(SQLException.class, () -> hasTable(kept, "LATER"));
            assertEquals("HYT00", e.getSQLState());
            run(lagging, "SET READ LOCAL");
            assertFalse(hasTable(kept, "LATER"));
            run(lagging, "SET READ LINEARIZABLE");
            cluster.releaseC();
            assertTrue(hasTable(kept, "LATER"));
        } finally {
            run(leader, "DROP TABLE LATER");
        }
    }

    /** Nothing is committed then, and a second COMMIT, which finds nothing to do, would be taken for a success. */
    @Test
    void commit_that_cannot_know_what_a_query_has_written_is_a_lost_transaction() throws Exception {
        for (String node : List.of("a", "b", "c")) {
            cluster.hosted(node, "stock");
        }
        try (Connection stock = connect(cluster.url("a", "stock"))) {
            run(stock, "CREATE TABLE SHELVES(N INT)", "INSERT INTO SHELVES VALUES (0)");
        }
        lagging.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        lagging.setAutoCommit(false);
        run(lagging, "UPDATE STOCK.PUBLIC.SHELVES SET N = 1");
        number(lagging, READ);
        cluster.holdBackC(true);
        run(leader, "UPDATE T SET N = 12");
        SQLException lost = assertThrows(SQLException.class, lagging::commit);
        assertEquals("40001", lost.getSQLState(), lost.toString());
        cluster.holdBackC(false);
        lagging.rollback();
        lagging.setAutoCommit(true);
        assertEquals(0, number(lagging, "SELECT N FROM STOCK.PUBLIC.SHELVES"));
    }

    /** Health checks ask for them. */
    @Test
    void metadata_that_say_what_the_database_is_need_no_leader() throws Exception {
        cluster.holdBackC(true);
        run(leader, "UPDATE T SET N = 10");
        try (Connection remote = connect(cluster.remoteUrl("c") + ";TARGET=ANY;READ=LOCAL")) {
            for (Connection c : List.of(lagging, remote)) {
                if (c == remote) {
                    run(c, "SET READ LINEARIZABLE");
                }
                DatabaseMetaData meta = c.getMetaData();
                assertEquals("H2", meta.getDatabaseProductName());
                assertTrue(meta.getDatabaseProductVersion().startsWith(meta.getDatabaseMajorVersion() + "."));
                assertTrue(meta.getNumericFunctions().contains("ABS"));
                assertTrue(c.isValid(60));
            }
        }
    }

    private static boolean hasTable(DatabaseMetaData meta, String name) throws SQLException {
        try (ResultSet tables = meta.getTables(null, null, name, null)) {
            return tables.next();
        }
    }
}
