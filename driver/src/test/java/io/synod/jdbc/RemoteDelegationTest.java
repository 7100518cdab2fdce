package io.synod.jdbc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** JDBC through the failover session is JDBC as H2 does it. */
@Timeout(240)
class RemoteDelegationTest {
    private StockNode node;
    private Connection c;

    @BeforeEach
    void start() throws Exception {
        node = new StockNode();
        c = node.connect();
    }

    @AfterEach
    void stop() throws Exception {
        c.close();
        node.close();
    }

    @Test
    void batches_and_generated_keys() throws SQLException {
        try (PreparedStatement insert =
                c.prepareStatement("INSERT INTO NOTE(TEXT) VALUES (?)", Statement.RETURN_GENERATED_KEYS)) {
            for (String text : new String[] {"a", "b", "c"}) {
                insert.setString(1, text);
                insert.addBatch();
            }
            assertArrayEquals(new int[] {1, 1, 1}, insert.executeBatch());
            try (ResultSet keys = insert.getGeneratedKeys()) {
                for (int i = 1; i <= 3; i++) {
                    assertTrue(keys.next());
                    assertEquals(i, keys.getLong(1));
                }
            }
        }
        try (PreparedStatement insert = c.prepareStatement("INSERT INTO ITEM VALUES (?, 'x')")) {
            for (int id : new int[] {1, 1, 2}) {
                insert.setInt(1, id);
                insert.addBatch();
            }
            BatchUpdateException e = assertThrows(BatchUpdateException.class, insert::executeBatch);
            assertArrayEquals(new int[] {1, Statement.EXECUTE_FAILED, 1}, e.getUpdateCounts());
        }
    }

    @Test
    void large_objects_go_in_and_come_out() throws SQLException {
        long seed = 20260101;
        byte[] bytes = new byte[3_000_000];
        new Random(seed).nextBytes(bytes);
        c.createStatement().execute("CREATE TABLE DOCUMENT(ID INT PRIMARY KEY, BODY BLOB)");
        try (PreparedStatement insert = c.prepareStatement("INSERT INTO DOCUMENT VALUES (1, ?)")) {
            insert.setBinaryStream(1, new ByteArrayInputStream(bytes));
            insert.executeUpdate();
        }
        try (ResultSet rows = c.createStatement().executeQuery("SELECT BODY FROM DOCUMENT")) {
            rows.next();
            assertArrayEquals(bytes, rows.getBlob(1).getBytes(1, bytes.length), "seed " + seed);
        }
    }

    @Test
    void savepoints_isolation_schema_and_auto_commit() throws SQLException {
        c.setAutoCommit(false);
        try (Statement s = c.createStatement()) {
            s.executeUpdate("INSERT INTO ITEM VALUES (1, 'x')");
            Savepoint savepoint = c.setSavepoint();
            s.executeUpdate("INSERT INTO ITEM VALUES (2, 'x')");
            c.rollback(savepoint);
            c.setAutoCommit(true);
            assertTrue(c.getAutoCommit());
            assertEquals(1, node.count("SELECT COUNT(*) FROM ITEM"));
            s.execute("SET AUTOCOMMIT FALSE");
            assertFalse(c.getAutoCommit());
            c.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
            assertEquals(Connection.TRANSACTION_SERIALIZABLE, c.getTransactionIsolation());
            assertEquals("PUBLIC", c.getSchema());
        }
    }

    @Test
    void scrollable_and_updatable_results_and_metadata() throws SQLException {
        c.createStatement().executeUpdate("INSERT INTO ITEM SELECT X, 'n' || X FROM SYSTEM_RANGE(1, 500)");
        try (Statement s = c.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE);
                ResultSet rows = s.executeQuery("SELECT ID, NAME FROM ITEM ORDER BY ID")) {
            assertTrue(rows.last());
            assertEquals(500, rows.getRow());
            assertTrue(rows.absolute(250));
            rows.updateString("NAME", "changed");
            rows.updateRow();
            assertEquals("INTEGER", rows.getMetaData().getColumnTypeName(1));
        }
        assertEquals(1, node.count("SELECT COUNT(*) FROM ITEM WHERE NAME = 'changed'"));
        try (PreparedStatement p = c.prepareStatement("SELECT NAME FROM ITEM WHERE ID = ?")) {
            assertEquals("NAME", p.getMetaData().getColumnName(1));
            assertEquals(1, p.getParameterMetaData().getParameterCount());
        }
        try (ResultSet columns = c.getMetaData().getColumns(null, "PUBLIC", "ITEM", "%")) {
            assertTrue(columns.next() && columns.next());
            assertFalse(columns.next());
        }
    }

    @Test
    void a_statement_that_runs_too_long_is_stopped() throws SQLException {
        try (Statement s = c.createStatement()) {
            s.setQueryTimeout(1);
            SQLException e = assertThrows(
                    SQLException.class,
                    () -> s.executeQuery(
                            "SELECT SUM(A.X * B.X) FROM SYSTEM_RANGE(1, 1000000) A, SYSTEM_RANGE(1, 1000000) B"));
            assertEquals("57014", e.getSQLState());
        }
    }

    @Test
    void errors_of_statements_stay_what_they_are() throws SQLException {
        try (Statement s = c.createStatement()) {
            assertEquals(
                    "42001",
                    assertThrows(SQLException.class, () -> s.execute("SELEC 1")).getSQLState());
            s.executeUpdate("INSERT INTO ITEM VALUES (1, 'x')");
            assertEquals(
                    "23505",
                    assertThrows(SQLException.class, () -> s.executeUpdate("INSERT INTO ITEM VALUES (1, 'x')"))
                            .getSQLState());
        }
        assertEquals(0, node.a.cuts());
    }
}
