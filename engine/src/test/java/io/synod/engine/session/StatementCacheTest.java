package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is kept of statements, here and on the leader, is not noticed when the catalogue, the leader or the session changes. */
class StatementCacheTest {
    private LeaderAndFollower nodes;
    private TestNode a;
    private TestNode b;
    private Connection atA;
    private Connection atB;

    @BeforeEach
    void open() throws Exception {
        nodes = new LeaderAndFollower();
        a = nodes.a;
        b = nodes.b;
        atA = nodes.atA;
        atB = nodes.atB;
        run(atA, "CREATE TABLE t(id INT PRIMARY KEY, x INT)", "INSERT INTO t VALUES (1, 10), (2, 20)");
    }

    @AfterEach
    void close() throws Exception {
        nodes.close();
    }

    private static int update(Connection c, String sql, int... values) throws SQLException {
        try (PreparedStatement statement = c.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setInt(i + 1, values[i]);
            }
            return statement.executeUpdate();
        }
    }

    private static long first(PreparedStatement query) throws SQLException {
        try (ResultSet rows = query.executeQuery()) {
            rows.next();
            return rows.getLong(1);
        }
    }

    private static String failure(Connection c, String sql, int... values) {
        return assertThrows(SQLException.class, () -> update(c, sql, values)).getSQLState();
    }

    @Test
    void a_statement_that_is_prepared_again_is_prepared_on_the_leader_once() throws Exception {
        update(atB, "UPDATE t SET x = ? WHERE id = ?", 11, 1);
        int before = a.prepared();
        for (int i = 0; i < 10; i++) {
            assertEquals(1, update(atB, "UPDATE t SET x = ? WHERE id = ?", i, 1));
        }
        assertEquals(before, a.prepared());
        assertEquals(9, number(atA, "SELECT x FROM t WHERE id = 1"));
    }

    @Test
    void two_statements_of_one_text_do_not_share_their_values() throws Exception {
        String sql = "UPDATE t SET x = ? WHERE id = ?";
        update(atB, sql, 11, 1);
        try (PreparedStatement one = atB.prepareStatement(sql);
                PreparedStatement two = atB.prepareStatement(sql)) {
            one.setInt(1, 100);
            two.setInt(1, 200);
            one.setInt(2, 1);
            two.setInt(2, 2);
            assertEquals(1, one.executeUpdate());
            assertEquals(1, two.executeUpdate());
            assertEquals(1, one.executeUpdate());
        }
        assertEquals(100, number(atA, "SELECT x FROM t WHERE id = 1"));
        assertEquals(200, number(atA, "SELECT x FROM t WHERE id = 2"));
        assertEquals("90012", failure(atB, sql, 300));
    }

    @Test
    void more_texts_than_are_kept_go_on_working() throws Exception {
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < 2 * IdleCommands.MOST; i++) {
                assertEquals(1, update(atB, "UPDATE t SET x = x + " + i + " WHERE id = 1"));
            }
        }
        int sum = IdleCommands.MOST * (2 * IdleCommands.MOST - 1);
        assertEquals(10 + 2 * sum, number(atA, "SELECT x FROM t WHERE id = 1"));
    }

    @Test
    void columns_added_renamed_and_dropped_on_another_node_are_noticed() throws Exception {
        String insert = "INSERT INTO t VALUES (?, ?)";
        String update = "UPDATE t SET x = ? WHERE id = ?";
        update(atB, insert, 3, 30);
        update(atB, update, 11, 1);
        run(atA, "ALTER TABLE t ADD COLUMN y INT");
        assertEquals("21S02", failure(atB, insert, 4, 40));
        assertEquals(1, update(atB, update, 12, 1));
        run(atA, "ALTER TABLE t ALTER COLUMN x RENAME TO z");
        assertEquals("42S22", failure(atB, update, 13, 1));
        run(atA, "ALTER TABLE t DROP COLUMN y");
        assertEquals(1, update(atB, insert, 4, 40));
        run(atA, "ALTER TABLE t ALTER COLUMN z RENAME TO x");
        assertEquals(1, update(atB, update, 14, 1));
        assertEquals(14, number(atA, "SELECT x FROM t WHERE id = 1"));
    }

    @Test
    void a_table_that_became_a_view_and_back_is_noticed() throws Exception {
        String update = "UPDATE t SET x = ? WHERE id = ?";
        try (PreparedStatement kept = atB.prepareStatement("SELECT SUM(x) FROM t")) {
            assertEquals(30, first(kept));
            update(atB, update, 11, 1);
            run(atA, "ALTER TABLE t RENAME TO u", "CREATE VIEW t AS SELECT id, x + 100 AS x FROM u");
            assertEquals(231, first(kept));
            assertEquals("HYC00", failure(atB, update, 12, 1));
            run(atA, "DROP VIEW t");
            assertEquals("42S02", failure(atB, update, 12, 1));
            assertEquals(
                    "42S02", assertThrows(SQLException.class, () -> first(kept)).getSQLState());
            run(atA, "ALTER TABLE u RENAME TO t");
            assertEquals(1, update(atB, update, 12, 1));
            assertEquals(32, first(kept));
        }
    }

    @Test
    void a_read_whose_view_begins_to_draw_from_a_sequence_goes_to_the_leader() throws Exception {
        run(atA, "CREATE SEQUENCE s", "CREATE VIEW v AS SELECT 0 AS n");
        Set<Long> drawn = new HashSet<>();
        try (PreparedStatement hereAtB = atB.prepareStatement("SELECT n FROM v");
                PreparedStatement hereAtA = atA.prepareStatement("SELECT n FROM v")) {
            assertEquals(0, first(hereAtB));
            assertEquals(0, first(hereAtA));
            run(atA, "CREATE OR REPLACE VIEW v AS SELECT NEXT VALUE FOR s AS n");
            for (int i = 0; i < 3; i++) {
                drawn.add(first(hereAtB));
                drawn.add(first(hereAtA));
                drawn.add(number(atB, "SELECT n FROM v"));
            }
            b.lead();
            for (int i = 0; i < 3; i++) {
                drawn.add(first(hereAtA));
                drawn.add(first(hereAtB));
            }
        }
        assertEquals(15, drawn.size(), drawn.toString());
    }

    @Test
    void a_read_in_a_transaction_whose_view_begins_to_draw_from_a_sequence_shows_no_number_that_is_given_again()
            throws Exception {
        run(atA, "CREATE SEQUENCE s", "CREATE VIEW v AS SELECT 0 AS n");
        try (Connection other = a.connect();
                PreparedStatement kept = atA.prepareStatement("SELECT n FROM v")) {
            atA.setAutoCommit(false);
            run(atA, "UPDATE t SET x = 11 WHERE id = 1");
            assertEquals(0, first(kept));
            run(other, "CREATE OR REPLACE VIEW v AS SELECT NEXT VALUE FOR s AS n");
            long drawn = first(kept);
            b.lead();
            assertNotEquals(drawn, number(atB, "SELECT n FROM v"));
        }
    }

    @Test
    void a_function_that_is_defined_anew_is_noticed() throws Exception {
        run(atA, "CREATE ALIAS f DETERMINISTIC AS 'int f() { return 1; }'");
        String update = "UPDATE t SET x = f() WHERE id = ?";
        try (PreparedStatement kept = atB.prepareStatement("SELECT f()")) {
            assertEquals(1, first(kept));
            update(atB, update, 1);
            run(
                    atA,
                    "DROP ALIAS f",
                    "CREATE ALIAS f AS 'int f(java.sql.Connection c) throws Exception {"
                            + " return c.createStatement().executeUpdate(\"UPDATE t SET x = x + 5\"); }'");
            assertEquals(2, first(kept));
            assertEquals(25, number(atA, "SELECT x FROM t WHERE id = 2"));
            assertEquals(25, number(atB, "SELECT x FROM t WHERE id = 2"));
            update(atB, update, 1);
            assertEquals(2, number(atA, "SELECT x FROM t WHERE id = 1"));
        }
    }

    @Test
    void what_writes_inside_of_a_view_or_a_derived_table_runs_on_the_leader() throws Exception {
        run(
                atA,
                "CREATE ALIAS f AS 'int f(java.sql.Connection c) throws Exception {"
                        + " return c.createStatement().executeUpdate(\"UPDATE t SET x = x + 1\"); }'",
                "CREATE VIEW v AS SELECT f() AS n",
                "CREATE VIEW w AS SELECT n FROM v",
                "CREATE VIEW plain AS SELECT id FROM t");
        for (String query : new String[] {
            "SELECT n FROM v",
            "SELECT n FROM w",
            "SELECT n FROM (SELECT f() AS n)",
            "WITH q AS (SELECT f() AS n) SELECT n FROM q",
            "SELECT id FROM t WHERE id = (SELECT n FROM w)",
            "WITH RECURSIVE r(k, n) AS (SELECT 1, f() UNION ALL SELECT k + 1, 2 FROM r WHERE k < 3) SELECT MAX(n) FROM r"
        }) {
            long before = number(atA, "SELECT SUM(x) FROM t");
            number(atB, query);
            long after = number(atA, "SELECT SUM(x) FROM t");
            assertEquals(0, (after - before) % 2, query);
            assertNotEquals(before, after, query);
            assertEquals(after, number(atB, "SELECT SUM(x) FROM t"), query);
        }
        // Those that read only go on where nobody leads.
        try (Connection local = b.connect(Map.of("READ", "LOCAL"))) {
            a.kill();
            assertEquals(2, number(local, "SELECT COUNT(*) FROM plain"));
            assertEquals(
                    3,
                    number(
                            local,
                            "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT MAX(n) FROM r"));
        }
    }

    @Test
    void a_function_that_says_it_is_deterministic_and_writes_is_refused_and_changes_nothing() throws Exception {
        run(
                atA,
                "CREATE ALIAS f DETERMINISTIC AS 'int f(java.sql.Connection c) throws Exception {"
                        + " return c.createStatement().executeUpdate(\"UPDATE t SET x = x + 5\"); }'");
        for (Connection c : new Connection[] {atA, atB}) {
            SQLException e = assertThrows(SQLException.class, () -> number(c, "SELECT f() FROM t"));
            assertEquals("0A000", e.getSQLState(), e.toString());
            assertEquals(30, number(c, "SELECT SUM(x) FROM t"));
        }
        // H2 evaluates it when it compiles the statement.
        assertEquals("0A000", failure(atA, "UPDATE t SET x = f() WHERE id = 1"));
        assertEquals("0A000", failure(atB, "UPDATE t SET x = f() WHERE id = 1"));
        assertEquals(30, number(atA, "SELECT SUM(x) FROM t"));
        assertEquals(30, number(atB, "SELECT SUM(x) FROM t"));
    }

    /** H2 calls it, or its arguments, for the columns of its table: on whichever node the statement is compiled. */
    @Test
    void a_table_function_that_writes_while_the_statement_is_compiled_is_refused_and_changes_nothing()
            throws Exception {
        run(
                atA,
                "CREATE ALIAS f AS 'int f(java.sql.Connection c) throws Exception {"
                        + " return c.createStatement().executeUpdate(\"UPDATE t SET x = x + 5\"); }'",
                "CREATE ALIAS g AS 'java.sql.ResultSet g(java.sql.Connection c, int n) throws Exception {"
                        + " if (n == 0) { c.createStatement().executeUpdate(\"UPDATE t SET x = x + 5\"); }"
                        + " return c.createStatement().executeQuery(\"VALUES 1\"); }'");
        for (Connection c : new Connection[] {atA, atB}) {
            for (String sql : new String[] {"SELECT * FROM g(0)", "SELECT * FROM g(f())"}) {
                SQLException e = assertThrows(SQLException.class, () -> number(c, sql), sql);
                assertEquals("0A000", e.getSQLState(), sql + ": " + e);
                assertTrue(e.getMessage().contains("while H2 compiles"), e.getMessage());
                assertEquals(30, number(c, "SELECT SUM(x) FROM t"), sql);
            }
            assertEquals(1, number(c, "SELECT * FROM g(1)"));
        }
    }

    @Test
    void another_schema_gives_the_same_text_another_meaning() throws Exception {
        String update = "UPDATE t SET x = ? WHERE id = ?";
        run(atA, "CREATE SCHEMA other", "CREATE TABLE other.t(id INT PRIMARY KEY, x INT)");
        run(atA, "INSERT INTO other.t VALUES (1, 0)");
        update(atB, update, 11, 1);
        run(atB, "SET SCHEMA other");
        update(atB, update, 12, 1);
        assertEquals(12, number(atB, "SELECT x FROM t WHERE id = 1"));
        atB.setSchema("PUBLIC");
        assertEquals(11, number(atB, "SELECT x FROM t WHERE id = 1"));
        update(atB, update, 13, 1);
        assertEquals(13, number(atA, "SELECT x FROM public.t WHERE id = 1"));
        assertEquals(12, number(atA, "SELECT x FROM other.t WHERE id = 1"));
    }

    @Test
    void settings_that_change_what_a_text_means_are_noticed() throws Exception {
        // In Oracle's mode '' is NULL.
        String update = "UPDATE t SET x = CASE WHEN '' IS NULL THEN ? ELSE 0 END WHERE id = 1";
        update(atB, update, 5);
        assertEquals(0, number(atA, "SELECT x FROM t WHERE id = 1"));
        run(atA, "SET MODE Oracle");
        update(atB, update, 5);
        assertEquals(5, number(atA, "SELECT x FROM t WHERE id = 1"));
        run(atA, "SET MODE Regular");
        update(atB, update, 5);
        assertEquals(0, number(atA, "SELECT x FROM t WHERE id = 1"));

        String keyword = "UPDATE t SET x = value WHERE id = 1";
        assertThrows(SQLException.class, () -> run(atB, keyword));
        run(atA, "ALTER TABLE t ADD COLUMN \"VALUE\" INT DEFAULT 7 NOT NULL");
        assertThrows(SQLException.class, () -> run(atB, keyword));
        run(atB, "SET NON_KEYWORDS VALUE");
        run(atB, keyword);
        assertEquals(7, number(atA, "SELECT x FROM t WHERE id = 1"));
        run(atB, "SET NON_KEYWORDS");
        assertThrows(SQLException.class, () -> run(atB, keyword));

        String zone =
                "UPDATE t SET x = EXTRACT(HOUR FROM CAST(TIMESTAMP WITH TIME ZONE '2026-01-01 12:00:00+00' AS TIMESTAMP))"
                        + " WHERE id = 1";
        run(atB, "SET TIME ZONE 'UTC'");
        run(atB, zone);
        assertEquals(12, number(atA, "SELECT x FROM t WHERE id = 1"));
        run(atB, "SET TIME ZONE '+05:00'");
        run(atB, zone);
        assertEquals(17, number(atA, "SELECT x FROM t WHERE id = 1"));
    }

    @Test
    void a_right_that_is_revoked_is_gone_with_the_next_execution() throws Exception {
        String update = "UPDATE t SET x = ? WHERE id = ?";
        run(atA, "CREATE USER u PASSWORD 'p'", "GRANT SELECT, UPDATE ON t TO u");
        try (Connection u = b.connect("U", "p", Map.of());
                PreparedStatement kept = u.prepareStatement("SELECT SUM(x) FROM t")) {
            update(u, update, 11, 1);
            assertEquals(31, first(kept));
            run(atA, "REVOKE UPDATE ON t FROM u");
            assertEquals("90096", failure(u, update, 12, 1));
            run(atA, "REVOKE SELECT ON t FROM u");
            assertEquals(
                    "90096", assertThrows(SQLException.class, () -> first(kept)).getSQLState());
            run(atA, "GRANT SELECT, UPDATE ON t TO u");
            update(u, update, 13, 1);
            assertEquals(33, first(kept));
        }
    }

    @Test
    void after_a_change_of_leader_statements_go_on_there() throws Exception {
        String update = "UPDATE t SET x = ? WHERE id = ?";
        try (PreparedStatement kept = atB.prepareStatement(update)) {
            for (int i = 0; i < 6; i++) {
                kept.setInt(1, 100 + i);
                kept.setInt(2, 2);
                assertEquals(1, kept.executeUpdate());
                assertEquals(1, update(atA, update, i, 1));
                assertEquals(1, update(atB, update, i + 1, 1));
                assertEquals(100 + i, number(atA, "SELECT x FROM t WHERE id = 2"));
                assertEquals(i + 1, number(atB, "SELECT x FROM t WHERE id = 1"));
                (i % 2 == 0 ? b : a).lead();
                if (i == 3) {
                    run(atA, "ALTER TABLE t ADD COLUMN y INT");
                }
            }
        }
    }
}
