package io.synod.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.sql.Blob;
import java.sql.Clob;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTransactionRollbackException;
import java.sql.Statement;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A large object whose node was lost, before it was read or in the middle, says that the query is to be run again. */
@Timeout(240)
class LostLargeObjectTest {
    private static final int LENGTH = 600_000;

    /** A way to read the whole of it. */
    @FunctionalInterface
    private interface Reading {
        Object of(ResultSet row) throws SQLException, IOException;
    }

    private StockNode node;
    private Connection connection;
    private Statement statement;

    @BeforeEach
    void start() throws Exception {
        node = new StockNode();
        connection = node.connect();
        statement = connection.createStatement();
        statement.execute("SET MAX_LENGTH_INPLACE_LOB 256");
        statement.execute("CREATE TABLE large(b BLOB, c CLOB)");
        statement.execute(
                "INSERT INTO large VALUES(CAST(REPEAT('b', " + LENGTH + ") AS BLOB), REPEAT('c', " + LENGTH + "))");
    }

    @AfterEach
    void stop() throws Exception {
        connection.close();
        node.close();
    }

    /** @param answers that arrive of it before the node is lost */
    private void assertLost(int answers, Reading reading) throws SQLException {
        try (ResultSet rows = statement.executeQuery("SELECT b, c FROM large")) {
            assertTrue(rows.next());
            int before = node.a.cuts() + node.b.cuts();
            node.a.cutAnswer(answers);
            node.b.cutAnswer(answers);
            SQLException e = assertThrows(SQLException.class, () -> reading.of(rows));
            assertEquals(before + 1, node.a.cuts() + node.b.cuts(), "not read to its end from the node");
            assertEquals("40001", e.getSQLState(), e.toString());
            assertInstanceOf(SQLTransactionRollbackException.class, e);
            assertTrue(e.getMessage().contains("Run the query again"), e.getMessage());
        } finally {
            node.a.cutAnswer(-1);
            node.b.cutAnswer(-1);
        }
        // The connection goes on.
        try (ResultSet rows = statement.executeQuery("SELECT b, c FROM large")) {
            assertTrue(rows.next());
            assertEquals(LENGTH, rows.getBytes(1).length);
            assertEquals(LENGTH, rows.getString(2).length());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3})
    void the_whole_of_it_is_40001(int answers) throws Exception {
        assertLost(answers, row -> row.getBytes(1));
        assertLost(answers, row -> row.getString(2));
        assertLost(answers, row -> row.getString(1));
        assertLost(answers, row -> row.getObject(1, byte[].class));
        assertLost(answers, row -> row.getNString(2));
    }

    @Test
    void a_part_of_it_is_40001() throws Exception {
        assertLost(0, row -> row.getBlob(1).getBytes(1, LENGTH));
        assertLost(0, row -> row.getClob(2).getSubString(1, LENGTH));
        assertLost(0, row -> row.getBinaryStream(1).read());
        assertLost(0, row -> row.getCharacterStream(2).read());
    }

    @Test
    void a_stream_of_it_ends_with_an_io_error_that_says_why() throws Exception {
        try (ResultSet rows = statement.executeQuery("SELECT b, c FROM large")) {
            assertTrue(rows.next());
            Blob blob = rows.getBlob(1);
            Clob clob = rows.getClob(2);
            InputStream begun = blob.getBinaryStream();
            assertEquals('b', begun.read());
            node.a.down();
            IOException e = assertThrows(IOException.class, begun::readAllBytes);
            assertTrue(isRetry(e), e.toString());
            // What can be told without its content still is, also in a log.
            assertEquals(LENGTH, blob.length());
            assertTrue(blob.toString().contains("" + LENGTH), blob.toString());
            assertEquals(LENGTH, clob.length());
        }
    }

    private static boolean isRetry(Throwable e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql && "40001".equals(sql.getSQLState())) {
                return true;
            }
        }
        return false;
    }
}
