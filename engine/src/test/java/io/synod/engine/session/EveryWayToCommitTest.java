package io.synod.engine.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.h2.api.Trigger;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * H2 commits in many places by itself. Whatever an application tries: what others can see on the leader has gone through
 * the log, so that a member which knows the log and nothing else sees the same.
 */
public class EveryWayToCommitTest {
    private static final String CLASS = EveryWayToCommitTest.class.getName();

    @TempDir
    private Path directory;

    static Stream<String> ways() {
        return Stream.of(
                "COMMIT",
                "SELECT 1; COMMIT",
                "COMMIT; SELECT 1",
                "CREATE TABLE z(x INT)",
                "CREATE TABLE z AS SELECT 1 AS x",
                "CREATE LOCAL TEMPORARY TABLE z(x INT)",
                "CREATE GLOBAL TEMPORARY TABLE z(x INT)",
                "CREATE INDEX z ON other(x)",
                "ALTER TABLE other ADD COLUMN y INT DEFAULT 3",
                "ALTER TABLE other ADD COLUMN y UUID DEFAULT RANDOM_UUID()",
                "ALTER TABLE t ADD COLUMN y INT",
                "DROP TABLE other",
                "TRUNCATE TABLE other",
                "ALTER SEQUENCE s RESTART WITH 50",
                "CREATE VIEW v AS SELECT * FROM t",
                "CREATE SCHEMA z",
                "CREATE USER z PASSWORD 'z'",
                "ANALYZE",
                "SET AUTOCOMMIT TRUE",
                "SET AUTOCOMMIT FALSE",
                "SET MODE MySQL",
                "SET CACHE_SIZE 1000",
                "SET EXCLUSIVE TRUE",
                "SET IGNORECASE TRUE",
                "SET REFERENTIAL_INTEGRITY FALSE",
                "SET DB_CLOSE_DELAY 5",
                "SET WRITE_DELAY 0",
                "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ",
                "PREPARE COMMIT x",
                "COMMIT TRANSACTION x",
                "ROLLBACK TRANSACTION x",
                "SCRIPT",
                "SCRIPT TO 'FILE'",
                "RUNSCRIPT FROM 'SQL'",
                "BACKUP TO 'FILE'",
                "EXECUTE IMMEDIATE 'COMMIT'",
                "EXECUTE IMMEDIATE 'CREATE TABLE z(x INT)'",
                "EXECUTE IMMEDIATE 'CREATE' || ' TABLE z(x INT)'",
                "PREPARE p AS INSERT INTO other VALUES (5)",
                "GRANT SELECT ON t TO PUBLIC",
                "COMMENT ON TABLE t IS 'x'",
                "BEGIN",
                "CHECKPOINT",
                "CHECKPOINT SYNC",
                "SAVEPOINT sp",
                "SHUTDOWN",
                "SHUTDOWN COMPACT",
                "SHUTDOWN IMMEDIATELY",
                "CALL NEXT VALUE FOR s",
                "CALL commits()",
                "CALL ddl()",
                "SELECT ddl()",
                "SELECT ddl() FROM t",
                "CALL autocommits()",
                "INSERT INTO committing VALUES (1)",
                "INSERT INTO altering VALUES (1)",
                "EXPLAIN ANALYZE INSERT INTO other VALUES (6)",
                "EXPLAIN ANALYZE SELECT ddl()",
                "SELECT * FROM FINAL TABLE (INSERT INTO other VALUES (7))");
    }

    /** Java functions and triggers get a connection on the inner session: they bypass the routing. */
    public static int commits(Connection inner) throws SQLException {
        inner.commit();
        return 1;
    }

    public static int ddl(Connection inner) throws SQLException {
        try (Statement s = inner.createStatement()) {
            s.execute("CREATE TABLE fromjava(x INT)");
        }
        return 1;
    }

    public static int autocommits(Connection inner) throws SQLException {
        inner.setAutoCommit(true);
        return 1;
    }

    /** A trigger that commits. */
    public static final class Committing implements Trigger {
        @Override
        public void fire(Connection inner, Object[] oldRow, Object[] newRow) throws SQLException {
            inner.commit();
        }
    }

    /** A trigger that creates a table. */
    public static final class Altering implements Trigger {
        @Override
        public void fire(Connection inner, Object[] oldRow, Object[] newRow) throws SQLException {
            ddl(inner);
        }
    }

    private interface Body {
        void run(TestNode a, TestNode b, Connection c) throws Exception;
    }

    private void withTables(Body body) throws Exception {
        MemoryGroup group = new MemoryGroup();
        Map<String, TestNode> peers = new HashMap<>();
        try (TestNode a = new TestNode(group, "a", null, peers);
                TestNode b = new TestNode(group, "b", null, peers)) {
            a.lead();
            try (Connection c = a.connect()) {
                Sql.run(
                        c,
                        "CREATE TABLE t(id INT PRIMARY KEY, x INT)",
                        "INSERT INTO t VALUES (1, 0)",
                        "CREATE TABLE other(x INT)",
                        "INSERT INTO other VALUES (1), (2)",
                        "CREATE TABLE committing(x INT)",
                        "CREATE TRIGGER tc AFTER INSERT ON committing FOR EACH ROW CALL '" + CLASS + "$Committing'",
                        "CREATE TABLE altering(x INT)",
                        "CREATE TRIGGER ta AFTER INSERT ON altering FOR EACH ROW CALL '" + CLASS + "$Altering'",
                        "CREATE SEQUENCE s",
                        "CREATE ALIAS commits FOR '" + CLASS + ".commits'",
                        "CREATE ALIAS ddl FOR '" + CLASS + ".ddl'",
                        "CREATE ALIAS autocommits FOR '" + CLASS + ".autocommits'");
                body.run(a, b, c);
            }
        }
    }

    private String concrete(String way) throws IOException {
        Path script = directory.resolve("script.sql");
        Files.writeString(script, "CREATE TABLE z(x INT);\nINSERT INTO z VALUES (1);\nCOMMIT;\n");
        return way.replace("FILE", directory.resolve("out.zip").toString()).replace("SQL'", script + "'");
    }

    private static void attempt(Connection c, String sql) {
        try {
            Sql.run(c, sql);
        } catch (SQLException e) {
            assertTrue(e.getSQLState() != null && !e.getSQLState().startsWith("08"), sql + ": " + e);
        }
    }

    private static Map<String, Object> visible(TestNode node) throws SQLException {
        Map<String, Object> seen = new HashMap<>();
        try (Connection c = node.connect(Map.of("READ", "LINEARIZABLE"))) {
            TreeSet<String> tables = new TreeSet<>();
            try (Statement s = c.createStatement();
                    var rows = s.executeQuery(
                            "SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES" + " WHERE TABLE_SCHEMA = 'PUBLIC'")) {
                while (rows.next()) {
                    tables.add(rows.getString(1));
                }
            }
            seen.put("tables", tables);
            for (String table : tables) {
                try (Statement s = c.createStatement();
                        var rows = s.executeQuery("SELECT * FROM " + table + " ORDER BY 1")) {
                    StringBuilder text = new StringBuilder();
                    while (rows.next()) {
                        for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
                            text.append(rows.getString(i)).append(',');
                        }
                    }
                    seen.put(table, text.toString());
                }
            }
        }
        return seen;
    }

    @ParameterizedTest
    @MethodSource("ways")
    void nothing_is_visible_that_the_log_does_not_hold(String way) throws Exception {
        withTables((a, b, c) -> {
            c.setAutoCommit(false);
            Sql.run(c, "UPDATE t SET x = 1 WHERE id = 1");
            attempt(c, concrete(way));
            assertEquals(visible(b), visible(a), way);
            if (!c.getAutoCommit()) {
                c.rollback();
            }
            assertEquals(visible(b), visible(a), way + " and rollback");
            c.close();
            assertEquals(visible(b), visible(a), way + " and close");
            try (Connection next = a.connect()) {
                if (way.startsWith("PREPARE COMMIT")) {
                    // It holds its row until it is decided.
                    Sql.run(next, "ROLLBACK TRANSACTION x");
                }
                Sql.run(next, "UPDATE t SET x = 2 WHERE id = 1");
            }
            assertEquals(visible(b), visible(a), way + " and what comes after");
        });
    }

    @ParameterizedTest
    @MethodSource("ways")
    void nor_when_it_is_the_first_statement_of_its_transaction(String way) throws Exception {
        withTables((a, b, c) -> {
            attempt(c, concrete(way));
            assertEquals(visible(b), visible(a), way);
            if (!c.getAutoCommit()) {
                c.rollback();
            }
            c.close();
            assertEquals(visible(b), visible(a), way + " and close");
        });
    }

    @ParameterizedTest
    @MethodSource("innerWays")
    void the_guard_refuses_what_bypasses_the_routing(String way) throws Exception {
        withTables((a, b, c) -> {
            c.setAutoCommit(false);
            Sql.run(c, "UPDATE t SET x = 1 WHERE id = 1");
            assertThrows(SQLException.class, () -> Sql.run(c, way), way);
            // The transaction goes on and can be committed.
            c.commit();
            try (Connection other = a.connect()) {
                assertEquals(1, Sql.number(other, "SELECT x FROM t"));
            }
        });
    }

    static List<String> innerWays() {
        return List.of(
                "CALL commits()",
                "CALL ddl()",
                "SELECT ddl() FROM t",
                "INSERT INTO committing VALUES (1)",
                "INSERT INTO altering VALUES (1)");
    }
}
