package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** PREPARE COMMIT and what decides it, as sessions see it. */
class PreparedTransactionTest extends PreparedTransactions {
    @Test
    void a_prepared_transaction_outlives_its_session_and_commits_from_any_node() throws Exception {
        prepare(a, "one");
        assertBefore(a);
        assertBefore(b);
        assertEquals(List.of("ONE"), inDoubt(a));
        assertEquals(List.of("ONE"), inDoubt(b));
        assertLocked(a);
        try (Connection c = b.connect()) {
            run(c, "COMMIT TRANSACTION one");
        }
        assertAfter(a);
        assertAfter(b);
        assertEquals(List.of(), inDoubt(a));
        assertEquals(List.of(), inDoubt(b));
        assertEqualMembers();
    }

    @Test
    void it_is_decided_by_its_own_user_or_an_administrator() throws Exception {
        try (Connection c = a.connect()) {
            run(c, "CREATE USER owner PASSWORD 'o'", "CREATE USER other PASSWORD 'x'", "GRANT ALL ON t TO owner");
        }
        prepare(a, "one");
        for (TestNode at : List.of(a, b)) {
            try (Connection owner = at.connect("OWNER", "o", Map.of());
                    Connection other = at.connect("OTHER", "x", Map.of())) {
                owner.setAutoCommit(false);
                run(owner, "INSERT INTO t VALUES (7, 7, 7)", "PREPARE COMMIT own");
                for (String decision :
                        List.of("COMMIT TRANSACTION one", "ROLLBACK TRANSACTION one", "COMMIT TRANSACTION own")) {
                    SQLException e = assertThrows(SQLException.class, () -> run(other, decision), decision);
                    assertEquals("90040", e.getSQLState(), e.toString());
                }
                run(owner, "ROLLBACK TRANSACTION own");
            }
        }
        assertBefore(b);
        try (Connection c = b.connect()) {
            run(c, "COMMIT TRANSACTION one");
        }
        assertAfter(a);
        assertEqualMembers();
    }

    @Test
    void it_rolls_back_and_its_rows_are_free_again() throws Exception {
        prepare(b, "one");
        assertLocked(a);
        try (Connection c = a.connect()) {
            run(c, "ROLLBACK TRANSACTION one");
        }
        assertBefore(a);
        assertBefore(b);
        prepare(a, "one");
        try (Connection c = a.connect()) {
            run(c, "COMMIT TRANSACTION one", "ALTER TABLE t ADD COLUMN y INT DEFAULT 1");
        }
        assertAfter(a);
        assertAfter(b);
        assertEqualMembers();
    }

    @Test
    void the_session_that_prepared_it_goes_on_with_its_settings_and_statements() throws Exception {
        try (Connection c = a.connect();
                var insert = c.prepareStatement("INSERT INTO t VALUES (?, ?, ?)")) {
            run(c, "SET @V = 17");
            c.setAutoCommit(false);
            for (int i = 10; i < 13; i++) {
                insert.setInt(1, i);
                insert.setInt(2, i);
                insert.setInt(3, 1000 + i);
                insert.executeUpdate();
                run(c, "PREPARE COMMIT \"b" + i + "\"");
                assertEquals(3, number(c, "SELECT COUNT(*) FROM t"));
            }
            assertEquals(17, number(c, "SELECT @V"));
            run(c, "COMMIT TRANSACTION \"b11\"");
            assertEquals(11, number(c, "SELECT MAX(id) FROM t"));
            insert.setInt(1, 13);
            insert.setInt(3, 1013);
            insert.executeUpdate();
            run(c, "ROLLBACK TRANSACTION \"b12\"");
            c.commit();
            assertEquals(13, number(c, "SELECT MAX(id) FROM t"));
            assertEquals(List.of("b10"), inDoubt(b));
            run(c, "COMMIT TRANSACTION \"b10\"");
        }
        assertEqualMembers();
    }

    @Test
    void a_transaction_that_wrote_nothing_logs_nothing() throws Exception {
        long before = group.dataEntries();
        for (TestNode node : List.of(a, b)) {
            try (Connection c = node.connect()) {
                c.setAutoCommit(false);
                number(c, "SELECT COUNT(*) FROM t");
                run(c, "PREPARE COMMIT nothing", "COMMIT TRANSACTION nothing");
                number(c, "SELECT x FROM t WHERE id = 1 FOR UPDATE");
                run(c, "PREPARE COMMIT nothing");
                assertEquals(List.of(), inDoubt(a));
                run(c, "ROLLBACK TRANSACTION nothing");
                assertUnknown(c, "COMMIT TRANSACTION nothing");
            }
        }
        assertEquals(before, group.dataEntries());
        try (Connection c = a.connect()) {
            run(c, "UPDATE t SET x = 10 WHERE id = 1");
        }
    }

    private static void assertUnknown(Connection c, String sql) {
        SQLException e = assertThrows(SQLException.class, () -> run(c, sql), sql);
        assertEquals(90129, e.getErrorCode(), e.toString());
    }

    @Test
    void an_unknown_name_is_an_error_as_in_h2_and_so_is_a_second_decision() throws Exception {
        prepare(a, "one");
        for (TestNode node : List.of(a, b)) {
            try (Connection c = node.connect()) {
                assertUnknown(c, "COMMIT TRANSACTION two");
                assertUnknown(c, "ROLLBACK TRANSACTION \"one\"");
            }
        }
        try (Connection c = b.connect()) {
            run(c, "COMMIT TRANSACTION one");
            assertUnknown(c, "COMMIT TRANSACTION one");
            assertUnknown(c, "ROLLBACK TRANSACTION one");
        }
        assertAfter(a);
    }

    @Test
    void a_name_that_is_in_use_leaves_the_transaction_open() throws Exception {
        prepare(a, "one");
        for (TestNode node : List.of(a, b)) {
            try (Connection c = node.connect()) {
                c.setAutoCommit(false);
                run(c, "INSERT INTO other VALUES (" + (node == a ? 1 : 2) + ")");
                SQLException e = assertThrows(SQLException.class, () -> run(c, "PREPARE COMMIT one"));
                assertEquals("42710", e.getSQLState(), e.toString());
                c.commit();
            }
        }
        try (Connection c = a.connect()) {
            assertEquals(2, number(c, "SELECT COUNT(*) FROM other"));
            run(c, "ROLLBACK TRANSACTION one");
        }
        assertBefore(b);
    }

    @Test
    void a_session_with_temporary_tables_is_refused() throws Exception {
        try (Connection c = a.connect()) {
            run(c, "CREATE LOCAL TEMPORARY TABLE mine(id INT)");
            c.setAutoCommit(false);
            run(c, "INSERT INTO other VALUES (1)");
            SQLException e = assertThrows(SQLException.class, () -> run(c, "PREPARE COMMIT one"));
            assertEquals("0A000", e.getSQLState(), e.toString());
            c.commit();
            assertEquals(1, number(c, "SELECT COUNT(*) FROM other"));
        }
    }

    @Test
    void a_decision_leaves_the_transaction_of_its_session_open() throws Exception {
        prepare(a, "one");
        for (TestNode node : List.of(a, b)) {
            try (Connection c = node.connect()) {
                c.setAutoCommit(false);
                run(c, "INSERT INTO other VALUES (1)");
                run(c, node == a ? "ROLLBACK TRANSACTION one" : "COMMIT TRANSACTION one");
                c.rollback();
                assertEquals(0, number(c, "SELECT COUNT(*) FROM other"));
            }
            if (node == a) {
                prepare(a, "one");
            }
        }
        assertAfter(a);
    }
}
