package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.session.TestNode.TestConnection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Statements that take several entries of the log are done when the last one is there, and not before: that is what a lookup
 * says whose answer was lost, on whichever way.
 */
class SeveralEntriesTest {
    private static final int ROWS = 1_500;

    private static final int NEVER = Integer.MAX_VALUE / 2;

    /** More than any of the statements takes. */
    private static final int ENTRIES = 6;

    private enum Kind {
        TABLE("CREATE TABLE made AS SELECT id FROM t", "TABLES", "MADE", "SELECT COUNT(*) FROM made"),
        /** Made under its own name from the first entry on. */
        OWN_KEY(
                "CREATE TABLE made(id INT PRIMARY KEY REFERENCES made(id)) AS SELECT id FROM t",
                "TABLES",
                "MADE",
                "SELECT COUNT(*) FROM made"),
        COLUMN(
                "ALTER TABLE t ADD COLUMN made UUID DEFAULT RANDOM_UUID() NOT NULL",
                "COLUMNS",
                "MADE",
                "SELECT COUNT(DISTINCT made) FROM t");

        private final String sql;
        private final String exists;
        private final String rows;

        Kind(String sql, String catalogue, String name, String rows) {
            this.sql = sql;
            this.exists = "SELECT COUNT(*) FROM INFORMATION_SCHEMA." + catalogue + " WHERE "
                    + catalogue.substring(0, catalogue.length() - 1) + "_NAME = '" + name + "'";
            this.rows = rows;
        }
    }

    private final MemoryGroup group = new MemoryGroup();
    private final Map<String, TestNode> peers = new HashMap<>();
    private TestNode a;
    private TestNode b;
    private TestNode c;
    private TestConnection atC;

    @BeforeEach
    void start() throws Exception {
        a = new TestNode(group, "a", null, peers);
        b = new TestNode(group, "b", null, peers);
        c = new TestNode(group, "c", null, peers);
        a.lead();
        atC = c.connect();
        run(atC, "CREATE TABLE t(id INT PRIMARY KEY)", "INSERT INTO t SELECT x FROM SYSTEM_RANGE(1, " + ROWS + ")");
    }

    @AfterEach
    void equalMembers() throws Exception {
        TestNode.assertEqual(atC, a, b, c);
        atC.close();
        a.close();
        b.close();
        c.close();
    }

    private boolean isDone(Kind kind) throws SQLException {
        return number(atC, kind.exists) == 1 && number(atC, kind.rows) == ROWS;
    }

    /** What is left of it is nobody's work any more. */
    private void forget(Kind kind) throws SQLException {
        b.lead();
        b.database().upkeep().dropUnfinished(DdlPlan.UNFINISHED);
        assertEquals(
                0,
                number(
                        atC,
                        "SELECT COUNT(*) FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME LIKE 'SYNOD$%'"
                                + " OR COLUMN_NAME LIKE 'SYNOD$%'"));
        run(atC, kind == Kind.COLUMN ? "ALTER TABLE t DROP COLUMN IF EXISTS made" : "DROP TABLE IF EXISTS made");
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void a_leader_that_is_lost_between_two_entries_has_not_done_it(Kind kind) throws Exception {
        int lost = 0;
        for (int entries = 1; entries <= ENTRIES; entries++) {
            a.lead();
            group.afterEntries(entries, b::lead);
            a.loseNextAnswer(() -> {});
            try {
                run(atC, kind.sql);
            } catch (SQLException e) {
                lost++;
                assertEquals("40001", e.getSQLState(), e.toString());
                assertFalse(isDone(kind), "there after " + entries + " entries, and said not to be");
                forget(kind);
                run(atC, kind.sql);
            }
            assertTrue(isDone(kind), "not there after " + entries + " entries, and said to be");
            group.afterEntries(NEVER, () -> {});
            a.takeBreakAfter();
            forget(kind);
        }
        assertTrue(lost > 0 && lost < ENTRIES, "lost " + lost);
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void an_answer_that_is_lost_after_the_last_entry_was_one_of_success(Kind kind) throws Exception {
        for (boolean autoCommit : new boolean[] {true, false}) {
            atC.setAutoCommit(autoCommit);
            a.lead();
            a.loseNextAnswer(b::lead);
            run(atC, kind.sql);
            assertEquals(ROWS, number(atC, kind.rows));
            forget(kind);
        }
        atC.setAutoCommit(true);
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void it_is_looked_up_by_the_same_name_when_another_node_was_asked_before(Kind kind) throws Exception {
        a.lead();
        group.beforeNextLeaderIsNamed(() -> {
            group.hesitate(1);
            group.beforeNextLeaderIsNamed(() -> a.loseNextAnswer(b::lead));
        });
        run(atC, kind.sql);
        assertNull(a.takeBreakAfter(), "an answer was lost");
        assertEquals(ROWS, number(atC, kind.rows));
        forget(kind);
    }

    /** As a remote client asks, whose node was lost. */
    @ParameterizedTest
    @EnumSource(Kind.class)
    void what_a_lookup_says_is_what_is_there(Kind kind) throws Exception {
        UUID client = UUID.randomUUID();
        int request = 0;
        for (TestNode node : new TestNode[] {a, c}) {
            for (boolean autoCommit : new boolean[] {true, false}) {
                for (int entries = 0; entries <= ENTRIES; entries++) {
                    a.lead();
                    group.afterEntries(entries == 0 ? NEVER : entries, b::lead);
                    request++;
                    SQLException error = null;
                    try (TestConnection connection = node.connect()) {
                        connection.setAutoCommit(autoCommit);
                        connection.session().request(client, request);
                        run(connection, kind.sql);
                    } catch (SQLException e) {
                        error = e;
                    }
                    group.afterEntries(NEVER, () -> {});
                    boolean committed = number(atC, "CALL SYNOD.RESOLVE('" + client + "', " + request + ")") == 1;
                    assertEquals(
                            committed,
                            isDone(kind),
                            (node == a ? "on a, " : "on c, ") + entries + " entries, " + autoCommit + ": " + error);
                    forget(kind);
                }
            }
        }
    }

    @Test
    void a_part_of_a_list_whose_answer_is_lost_is_looked_up_too() throws Exception {
        String list = "CREATE TABLE x(id INT); CREATE TABLE y(id INT)";
        a.breakBeforeNext(b::lead);
        SQLException e = assertThrows(SQLException.class, () -> run(atC, list));
        assertEquals("40001", e.getSQLState(), e.toString());
        b.loseNextAnswer(a::lead);
        run(atC, list);
        assertEquals(0, number(atC, "SELECT COUNT(*) FROM x, y"));
    }
}
