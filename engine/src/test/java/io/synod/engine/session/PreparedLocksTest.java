package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a prepared transaction keeps from others, and what not, on every member. */
class PreparedLocksTest extends PreparedTransactions {
    @Test
    void rows_that_it_has_only_locked_stay_locked_wherever_the_leader_is() throws Exception {
        try (Connection c = a.connect()) {
            c.setAutoCommit(false);
            number(c, "SELECT x FROM t WHERE id = 3 FOR UPDATE");
            number(c, "SELECT x FROM t WHERE id = 1 FOR UPDATE");
            run(c, "UPDATE t SET x = 11 WHERE id = 1", "PREPARE COMMIT one");
        }
        for (TestNode leader : List.of(a, b, a)) {
            leader.lead();
            try (Connection c = leader.connect()) {
                run(c, "SET LOCK_TIMEOUT 50", "UPDATE t SET x = x WHERE id = 2");
                for (int id : new int[] {1, 3}) {
                    String sql = "UPDATE t SET x = 0 WHERE id = " + id;
                    assertThrows(SQLException.class, () -> run(c, sql), sql);
                }
            }
        }
        restartFollower();
        b.lead();
        try (Connection c = b.connect()) {
            run(c, "SET LOCK_TIMEOUT 50");
            assertThrows(SQLException.class, () -> run(c, "UPDATE t SET x = 0 WHERE id = 3"));
            run(c, "COMMIT TRANSACTION one", "UPDATE t SET x = 31 WHERE id = 3");
        }
        assertState(a, 3, 62);
        assertEqualMembers();
    }

    @Test
    void too_many_rows_that_are_only_locked_are_refused_and_leave_the_transaction_open() throws Exception {
        try (Connection c = a.connect()) {
            run(c, "INSERT INTO other SELECT x FROM SYSTEM_RANGE(1, 17000)");
        }
        for (TestNode node : List.of(a, b)) {
            try (Connection c = node.connect()) {
                c.setAutoCommit(false);
                run(c, "SELECT * FROM other FOR UPDATE", "UPDATE t SET x = x - 1 WHERE id = 1");
                SQLException e = assertThrows(SQLException.class, () -> run(c, "PREPARE COMMIT one"));
                assertEquals("0A000", e.getSQLState(), e.toString());
                c.commit();
                assertState(b, 3, node == a ? 59 : 58);
            }
        }
    }

    @Test
    void a_table_of_which_it_holds_no_row_is_free_for_ddl_on_every_node() throws Exception {
        try (Connection c = a.connect()) {
            c.setAutoCommit(false);
            run(c, "DELETE FROM other WHERE id = 99", "UPDATE t SET x = 11 WHERE id = 1", "PREPARE COMMIT one");
            run(c, "ALTER TABLE other ADD COLUMN y INT");
        }
        b.lead();
        try (Connection c = b.connect()) {
            run(c, "ALTER TABLE other ADD COLUMN z INT");
        }
        a.lead();
        try (Connection c = a.connect()) {
            run(c, "ALTER TABLE other DROP COLUMN z");
        }
        assertEqualMembers();
        try (Connection c = a.connect()) {
            run(c, "COMMIT TRANSACTION one");
        }
        assertState(b, 3, 61);
        assertEqualMembers();
    }

    @Test
    void ddl_by_a_synonym_waits_for_it_too_and_is_not_logged() throws Exception {
        try (Connection c = a.connect()) {
            run(c, "CREATE SYNONYM alias FOR t");
        }
        prepare(a, "one");
        for (TestNode node : List.of(a, b)) {
            for (String sql : List.of("ALTER TABLE alias ADD COLUMN y INT", "TRUNCATE TABLE alias")) {
                try (Connection c = node.connect()) {
                    run(c, "SET LOCK_TIMEOUT 50");
                    long before = group.dataEntries();
                    SQLException e = assertThrows(SQLException.class, () -> run(c, sql), sql);
                    assertEquals("HYT00", e.getSQLState(), e.toString());
                    assertTrue(e.getMessage().contains("ROLLBACK TRANSACTION \"ONE\""), e.toString());
                    assertEquals(before, group.dataEntries(), sql);
                }
            }
        }
        try (Connection c = b.connect()) {
            run(c, "COMMIT TRANSACTION one");
            assertAfter(b);
            run(c, "TRUNCATE TABLE alias");
            assertEquals(0, number(c, "SELECT COUNT(*) FROM t"));
        }
        assertEqualMembers();
    }

    /** They are not in its write set, so the other members know nothing of them; a rollback must not take away what came since. */
    @Test
    void keys_that_it_has_put_in_and_taken_out_again_are_free_on_every_member() throws Exception {
        for (String end : new String[] {"COMMIT", "ROLLBACK"}) {
            try (Connection c = a.connect()) {
                c.setAutoCommit(false);
                run(
                        c,
                        "INSERT INTO other VALUES (50)",
                        "DELETE FROM other WHERE id = 50",
                        "INSERT INTO t VALUES (7, 70, 70)",
                        "DELETE FROM t WHERE id = 7",
                        "UPDATE t SET u = 99 WHERE id = 1",
                        "UPDATE t SET u = 98 WHERE id = 1",
                        "PREPARE COMMIT one");
            }
            b.log().drain();
            b.lead();
            try (Connection c = b.connect()) {
                run(
                        c,
                        "SET LOCK_TIMEOUT 50",
                        "INSERT INTO other VALUES (50)",
                        "INSERT INTO t VALUES (7, 71, 70)",
                        "INSERT INTO t VALUES (8, 80, 99)");
            }
            a.lead();
            try (Connection c = a.connect()) {
                run(
                        c,
                        "SET LOCK_TIMEOUT 50",
                        "DELETE FROM other WHERE id = 50",
                        "INSERT INTO other VALUES (50)",
                        end + " TRANSACTION one");
                assertEquals(1, number(c, "SELECT COUNT(*) FROM other"));
                assertEquals(98 - (end.equals("COMMIT") ? 0 : 88), number(c, "SELECT u FROM t WHERE id = 1"));
                assertEquals(5, number(c, "SELECT COUNT(*) FROM t"));
                assertEquals(80, number(c, "SELECT x FROM t WHERE u = 99"));
                assertEqualMembers();
                run(c, "DELETE FROM other", "DELETE FROM t WHERE id > 3", "UPDATE t SET u = 10 WHERE id = 1");
            }
        }
    }

    /** One that met a lock on one member only would end otherwise there, and that member would stop. */
    @Test
    void what_is_executed_beside_it_ends_alike_whether_a_member_has_it_from_a_session_or_from_the_log()
            throws Exception {
        try (Connection c = a.connect()) {
            run(
                    c,
                    "SET DEFAULT_LOCK_TIMEOUT 20",
                    "CREATE TABLE child(id INT PRIMARY KEY, t_id INT REFERENCES t(id))",
                    "CREATE VIEW v AS SELECT * FROM t",
                    "CREATE SEQUENCE s",
                    "CREATE DOMAIN d AS INT",
                    "CREATE TABLE of_domain(id INT PRIMARY KEY, x d, y INT DEFAULT NEXT VALUE FOR s)",
                    "CREATE GLOBAL TEMPORARY TABLE g(id INT PRIMARY KEY)",
                    "CREATE USER u PASSWORD 'x'");
            c.setAutoCommit(false);
            run(
                    c,
                    "INSERT INTO child VALUES (1, 3)",
                    "INSERT INTO of_domain(id, x) VALUES (1, 1)",
                    "INSERT INTO g VALUES (1)",
                    "UPDATE t SET x = 11 WHERE id = 1",
                    "PREPARE COMMIT one");
        }
        long before = group.dataEntries();
        for (TestNode leader : List.of(b, a)) {
            leader.lead();
            for (String sql : List.of(
                    "CREATE INDEX i ON t(x)",
                    "ALTER VIEW v RECOMPILE",
                    "COMMENT ON COLUMN t.x IS 'x'",
                    "ANALYZE",
                    "GRANT SELECT ON t TO u",
                    "ALTER SEQUENCE s RESTART WITH 100",
                    "DROP SEQUENCE s",
                    "ALTER DOMAIN d ADD CHECK (VALUE > 0)",
                    "DROP DOMAIN d CASCADE",
                    "CREATE TABLE more(id INT REFERENCES t(id))",
                    "CREATE TABLE copied" + leader.log().leader() + " AS SELECT * FROM t",
                    "SET REFERENTIAL_INTEGRITY FALSE",
                    "SET REFERENTIAL_INTEGRITY TRUE",
                    "TRUNCATE TABLE g",
                    "DROP TABLE g",
                    "DROP TABLE child",
                    "DROP TABLE t CASCADE",
                    "DROP ALL OBJECTS")) {
                try (Connection c = leader.connect()) {
                    run(c, "SET LOCK_TIMEOUT 20");
                    run(c, sql);
                } catch (SQLException e) {
                    assertTrue(List.of("HYT00", "90107").contains(e.getSQLState()), sql + ": " + e);
                }
                a.log().drain();
                b.log().drain();
            }
        }
        assertTrue(group.dataEntries() > before + 10);
        assertEqualMembers();
        try (Connection c = b.connect()) {
            run(c, "COMMIT TRANSACTION one", "DROP TABLE t CASCADE", "DROP ALL OBJECTS");
        }
        assertEqualMembers();
    }
}
