package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A statement that is more than the log takes as one entry. */
class OversizedStatementTest {
    private static final int LIMIT = 4_000;

    private final MemoryGroup group = new MemoryGroup();
    private final Map<String, TestNode> peers = new HashMap<>();

    @Test
    void it_is_refused_before_anything_is_logged_on_the_leader_and_through_another_node() throws Exception {
        try (TestNode a = new TestNode(group, "a", null, peers);
                TestNode b = new TestNode(group, "b", null, peers)) {
            a.lead();
            group.maxPayloadBytes(LIMIT);
            try (Connection here = a.connect();
                    Connection there = b.connect()) {
                run(here, "CREATE TABLE t(id INT PRIMARY KEY)");
                for (Connection c : new Connection[] {here, there}) {
                    c.setAutoCommit(false);
                    run(c, "INSERT INTO t(id) SELECT COUNT(*) FROM t");
                    long rows = number(c, "SELECT COUNT(*) FROM t");
                    // H2 commits before such a statement.
                    long before = group.dataEntries() + 1;
                    SQLException e = assertThrows(
                            SQLException.class, () -> run(c, "COMMENT ON TABLE t IS '" + "x".repeat(LIMIT) + "'"));
                    assertEquals("54000", e.getSQLState(), e.getMessage());
                    assertTrue(e.getMessage().contains("at most " + LIMIT), e.getMessage());
                    assertEquals(before, group.dataEntries());
                    c.rollback();
                    assertEquals(rows, number(c, "SELECT COUNT(*) FROM t"));
                    c.rollback();
                    // No lock is left behind.
                    run(c, "ALTER TABLE t ADD COLUMN IF NOT EXISTS x INT", "COMMENT ON TABLE t IS 'short'");
                    c.commit();
                }
            }
        }
    }
}
