package io.synod.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.h2.command.CommandInterface;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Several statements of which the first is a rollback: H2 calls them one. */
@Timeout(240)
class RollbackInListTest {
    private static final String LIST = "ROLLBACK; INSERT INTO ITEM VALUES (3, 'another transaction')";

    private static boolean isRollback(Connection c, String sql) throws SQLException {
        try (CommandInterface command =
                c.unwrap(SynodConnection.class).getSession().prepareCommand(sql)) {
            return ((FailoverCommand) command).isRollback();
        }
    }

    /** What a rollback is not told, that a commit at level LOCAL was lost, whatever stands behind it has to be. */
    @Test
    void they_are_none() throws Exception {
        try (StockNode node = new StockNode();
                Connection c = node.connect()) {
            assertTrue(isRollback(c, "ROLLBACK"));
            assertTrue(isRollback(c, "ROLLBACK WORK"));
            assertTrue(isRollback(c, "ROLLBACK;"));
            assertFalse(isRollback(c, LIST));
        }
    }

    @Test
    void they_do_not_end_a_transaction_that_was_lost() throws Exception {
        try (StockNode node = new StockNode();
                Connection c = node.connect();
                Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            s.executeUpdate("INSERT INTO ITEM VALUES (1, 'x')");
            node.a.down();
            for (String sql : new String[] {"INSERT INTO ITEM VALUES (2, 'x')", LIST, LIST}) {
                assertEquals(
                        "40001",
                        assertThrows(SQLException.class, () -> s.execute(sql)).getSQLState());
            }
            c.rollback();
            s.execute(LIST);
            c.commit();
            assertEquals(3, node.count("SELECT SUM(ID) FROM ITEM"));
        }
    }
}
