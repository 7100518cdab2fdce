package io.synod.engine.session;

import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What HYT00 says was waited for. */
class LockTimeoutTest {
    private final MemoryGroup group = new MemoryGroup();
    private final Map<String, TestNode> peers = new HashMap<>();

    /** H2 leaves the place of the table's name in its message empty. */
    @Test
    void a_row_that_was_not_free_in_time_names_its_table() throws Exception {
        try (TestNode a = new TestNode(group, "a", null, peers);
                TestNode b = new TestNode(group, "b", null, peers);
                Connection holder = a.connectLeading()) {
            run(holder, "CREATE TABLE \"a \"\" b\"(id INT PRIMARY KEY)", "INSERT INTO \"a \"\" b\" VALUES (1)");
            holder.setAutoCommit(false);
            run(holder, "UPDATE \"a \"\" b\" SET id = 2");
            for (TestNode node : List.of(a, b)) {
                for (String sql : List.of(
                        "UPDATE \"a \"\" b\" SET id = 3",
                        "SELECT * FROM \"a \"\" b\" FOR UPDATE",
                        "INSERT INTO \"a \"\" b\" VALUES (2)")) {
                    try (Connection c = node.connect()) {
                        run(c, "SET LOCK_TIMEOUT 50");
                        SQLException e = assertThrows(SQLException.class, () -> run(c, sql));
                        assertEquals("HYT00", e.getSQLState(), e.toString());
                        assertTrue(
                                e.getMessage().startsWith("Timeout trying to lock table \"a \"\" b\""), e.toString());
                    }
                }
            }
            holder.rollback();
        }
    }
}
