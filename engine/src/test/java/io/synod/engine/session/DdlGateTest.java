package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.failover.Await;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** DDL waits for the transactions on its tables, and for no others. */
@Timeout(240)
class DdlGateTest {
    private final MemoryGroup group = new MemoryGroup();

    @Test
    void ddl_on_other_tables_neither_waits_for_a_locked_row_nor_aborts_its_transaction() throws Exception {
        try (TestNode a = TestNode.solo(group);
                Connection holder = a.connect();
                Connection ddl = a.connect()) {
            run(holder, "CREATE TABLE history(id INT PRIMARY KEY, x INT)", "INSERT INTO history VALUES (1, 0)");
            // Longer than the test may take: waiting for the lock would fail it.
            run(ddl, "SET LOCK_TIMEOUT 100000");
            holder.setAutoCommit(false);
            assertEquals(0, number(holder, "SELECT x FROM history FOR UPDATE"));
            run(
                    ddl,
                    "CREATE TABLE b(x INT)",
                    "INSERT INTO b VALUES (1)",
                    "ALTER TABLE b ADD COLUMN y INT DEFAULT 2",
                    "CREATE INDEX bi ON b(y)",
                    "DROP TABLE b",
                    "CREATE SCHEMA s",
                    "CREATE TABLE s.c(id INT PRIMARY KEY)");
            run(holder, "UPDATE history SET x = 1");
            holder.commit();
            assertEquals(1, number(ddl, "SELECT x FROM history"));
        }
    }

    @Test
    void ddl_on_a_table_that_a_transaction_holds_gets_hyt00_and_nothing_is_logged() throws Exception {
        try (TestNode a = TestNode.solo(group);
                Connection holder = a.connect();
                Connection ddl = a.connect()) {
            run(
                    holder,
                    "CREATE TABLE a(id INT PRIMARY KEY, x INT)",
                    "INSERT INTO a VALUES (1, 0)",
                    "CREATE TABLE child(id INT PRIMARY KEY, a_id INT REFERENCES a)");
            run(ddl, "SET LOCK_TIMEOUT 200");
            holder.setAutoCommit(false);
            for (String lock : new String[] {"SELECT x FROM a FOR UPDATE", "UPDATE a SET x = 1"}) {
                run(holder, lock);
                long before = group.dataEntries();
                for (String sql : new String[] {
                    "ALTER TABLE a ADD COLUMN y INT",
                    "DROP TABLE a CASCADE",
                    "TRUNCATE TABLE a",
                    "CREATE INDEX ai ON a(x)",
                    "DROP TABLE child",
                    "DROP ALL OBJECTS"
                }) {
                    SQLException e = assertThrows(SQLException.class, () -> run(ddl, sql), sql);
                    assertEquals("HYT00", e.getSQLState(), sql + ": " + e);
                }
                assertEquals(before, group.dataEntries());
                holder.rollback();
            }
            run(ddl, "ALTER TABLE a ADD COLUMN y INT");
        }
    }

    @Test
    void ddl_goes_ahead_as_soon_as_the_transaction_ends() throws Exception {
        try (TestNode a = TestNode.solo(group);
                Connection holder = a.connect();
                Connection ddl = a.connect()) {
            run(holder, "CREATE TABLE a(id INT PRIMARY KEY, x INT)", "INSERT INTO a VALUES (1, 0)");
            run(ddl, "SET LOCK_TIMEOUT 30000");
            holder.setAutoCommit(false);
            run(holder, "UPDATE a SET x = 1");
            CompletableFuture<Void> altered = CompletableFuture.runAsync(() -> {
                try {
                    run(ddl, "ALTER TABLE a ADD COLUMN y INT DEFAULT 5");
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            holder.commit();
            altered.get(60, TimeUnit.SECONDS);
            assertEquals(6, number(ddl, "SELECT x + y FROM a"));
        }
    }

    /** Compiled for the old table, it must not be executed on that: it found nothing there, and said so. */
    @Test
    void what_waits_behind_ddl_is_executed_on_the_new_table_or_rolled_back() throws Exception {
        for (String change : List.of(
                "UPDATE a SET x = x + 5 WHERE id = 2",
                "INSERT INTO a(id, x) VALUES (3, 5)",
                "MERGE INTO a(id, x) KEY(id) VALUES (2, 5)",
                "DELETE FROM a WHERE id = 2",
                "SELECT x FROM a WHERE id = 2 FOR UPDATE")) {
            try (TestNode a = TestNode.solo(new MemoryGroup());
                    Connection holder = a.connect();
                    Connection ddl = a.connect();
                    Connection waiter = a.connect()) {
                run(holder, "CREATE TABLE a(id INT PRIMARY KEY, x INT)", "INSERT INTO a VALUES (1, 0), (2, 0)");
                run(ddl, "SET LOCK_TIMEOUT 60000");
                run(waiter, "SET LOCK_TIMEOUT 60000");
                holder.setAutoCommit(false);
                run(holder, "UPDATE a SET x = 1 WHERE id = 1");
                CompletableFuture<Void> altered =
                        CompletableFuture.runAsync(() -> unchecked(() -> run(ddl, "ALTER TABLE a ADD COLUMN y INT")));
                Await.until("DDL waits", () -> waiting() == 1);
                CompletableFuture<Void> changed = CompletableFuture.runAsync(() -> unchecked(() -> {
                    try (Statement s = waiter.createStatement()) {
                        boolean rows;
                        try {
                            rows = s.execute(change);
                        } catch (SQLException e) {
                            assertEquals("40001", e.getSQLState(), change + ": " + e);
                            rows = s.execute(change);
                        }
                        assertEquals(1, rows ? count(s.getResultSet()) : s.getUpdateCount(), change);
                    }
                }));
                Await.until("a statement waits behind it", () -> waiting() == 2);
                holder.rollback();
                altered.get(60, TimeUnit.SECONDS);
                changed.get(60, TimeUnit.SECONDS);
                long sum = change.startsWith("UPDATE") || change.startsWith("INSERT") || change.startsWith("MERGE")
                        ? 5
                        : 0;
                assertEquals(sum, number(holder, "SELECT SUM(x) FROM a"), change);
                assertEquals(
                        change.startsWith("DELETE") ? 0 : 1, number(holder, "SELECT COUNT(*) FROM a WHERE id = 2"));
            }
        }
    }

    private interface Action {
        void run() throws SQLException;
    }

    private static void unchecked(Action action) {
        try {
            action.run();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static int count(ResultSet rows) throws SQLException {
        int n = 0;
        while (rows.next()) {
            n++;
        }
        return n;
    }

    /** How many threads of this process wait for a table of H2's. */
    private static long waiting() {
        return Thread.getAllStackTraces().values().stream()
                .filter(stack ->
                        Arrays.stream(stack).anyMatch(e -> e.getMethodName().equals("doLock1")))
                .count();
    }

    @Test
    void more_writers_than_h2_bears_wait_and_get_hyt00() throws Exception {
        try (TestNode a = TestNode.solo(group)) {
            java.util.List<Connection> open = new java.util.ArrayList<>();
            try (Connection c = a.connect()) {
                run(c, "CREATE TABLE t(id INT PRIMARY KEY)");
                SQLException refused = null;
                for (int i = 0; refused == null && i < 255; i++) {
                    Connection writer = a.connect();
                    open.add(writer);
                    run(writer, "SET LOCK_TIMEOUT 50");
                    writer.setAutoCommit(false);
                    try {
                        run(writer, "INSERT INTO t VALUES (" + i + ")");
                    } catch (SQLException e) {
                        refused = e;
                    }
                }
                assertTrue(refused != null && "HYT00".equals(refused.getSQLState()), String.valueOf(refused));
                open.get(0).commit();
                run(c, "INSERT INTO t VALUES (1000)");
            } finally {
                for (Connection writer : open) {
                    writer.close();
                }
            }
        }
    }
}
