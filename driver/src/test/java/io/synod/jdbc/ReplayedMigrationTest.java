package io.synod.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.synod.jdbc.flyway.SynodDatabaseType;
import java.io.StringReader;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A migration whose node is lost: it is executed again as a whole, or fails. */
@Tag("long")
@Timeout(240)
class ReplayedMigrationTest {
    /** Counts the rows: the number of all rows, which H2 keeps, may for a moment include what a lost session is rolling back. */
    private static final String VISIBLE = "SELECT COUNT(*) FROM ITEM WHERE ID > 0";

    private StockNode node;

    @BeforeEach
    void start() throws Exception {
        node = new StockNode();
    }

    @AfterEach
    void stop() throws Exception {
        node.close();
    }

    private Connection migration() throws SQLException {
        Connection c = new SynodDatabaseType().alterConnectionAsNeeded(node.connect(), null);
        c.setAutoCommit(false);
        return c;
    }

    private void loseTheNode() {
        node.a.down();
        node.b.up();
    }

    @Test
    void each_row_has_its_own_parameters() throws SQLException {
        try (Connection c = migration();
                PreparedStatement insert = c.prepareStatement("INSERT INTO ITEM VALUES (?, ?)")) {
            for (int i = 1; i <= 3; i++) {
                insert.setInt(1, i);
                insert.setString(2, "n" + i);
                insert.executeUpdate();
            }
            loseTheNode();
            insert.setInt(1, 4);
            insert.executeUpdate();
            c.commit();
        }
        assertEquals(4, node.count("SELECT COUNT(*) FROM ITEM"));
        assertEquals(2, node.count("SELECT COUNT(*) FROM ITEM WHERE NAME = 'n3'"));
    }

    @Test
    void what_was_before_a_savepoint_is_not_left_out() throws SQLException {
        try (Connection c = migration();
                Statement s = c.createStatement()) {
            s.executeUpdate("INSERT INTO ITEM VALUES (1, 'before')");
            Savepoint savepoint = c.setSavepoint("here");
            s.executeUpdate("INSERT INTO ITEM VALUES (2, 'undone')");
            c.rollback(savepoint);
            s.executeUpdate("INSERT INTO ITEM VALUES (3, 'behind')");
            loseTheNode();
            SQLException e =
                    assertThrows(SQLException.class, () -> s.executeUpdate("INSERT INTO ITEM VALUES (4, 'x')"));
            assertEquals("40001", e.getSQLState());
        }
        assertEquals(0, node.count(VISIBLE));
    }

    @Test
    void a_stream_that_was_read_is_not_replayed_as_an_empty_one() throws SQLException {
        try (Connection c = migration();
                PreparedStatement insert = c.prepareStatement("INSERT INTO ITEM VALUES (1, ?)");
                Statement s = c.createStatement()) {
            insert.setCharacterStream(1, new StringReader("content"));
            insert.executeUpdate();
            loseTheNode();
            SQLException e =
                    assertThrows(SQLException.class, () -> s.executeUpdate("INSERT INTO ITEM VALUES (2, 'x')"));
            assertEquals("40001", e.getSQLState());
        }
        assertEquals(0, node.count(VISIBLE));
    }
}
