package io.synod.engine.across;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import io.synod.engine.failover.Await;
import io.synod.engine.node.ClusterFixture;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code SELECT … FOR UPDATE} over tables of several databases, beside the same tables in one H2 database. */
@Tag("long")
class LocksAcrossTest {
    /** Each with the database that has it; a text names it with a colon before. */
    private static final Map<String, String> HOMES = new LinkedHashMap<>();

    static {
        HOMES.put("items", "sales");
        HOMES.put("kinds", "stock");
        HOMES.put("parts", "stock");
        HOMES.put("notes", "bank");
    }

    private static final Map<String, String[]> TABLES = Map.of(
            "items",
                    new String[] {
                        "CREATE TABLE items(id INT PRIMARY KEY, n INT)",
                        "INSERT INTO items VALUES (7, 10), (8, 20), (9, 20)"
                    },
            "kinds",
                    new String[] {
                        "CREATE TABLE kinds(n INT PRIMARY KEY, name VARCHAR(9))",
                        "INSERT INTO kinds VALUES (10, 'few'), (20, 'many')"
                    },
            "parts",
                    new String[] {
                        "CREATE TABLE parts(item INT, \"No\" VARCHAR(5), weight INT, PRIMARY KEY(item, \"No\"))",
                        "INSERT INTO parts VALUES (7, 'a', 1), (7, 'b', 2), (8, 'a', 3), (9, 'c', 4)"
                    },
            "notes",
                    new String[] {
                        "CREATE TABLE notes(item INT, note VARCHAR(20))",
                        "INSERT INTO notes VALUES (7, 'x'), (8, 'y'), (8, 'z')"
                    });

    private static final String BOTH = "SELECT i.id, i.n, k.name FROM :items i JOIN :kinds k ON k.n = i.n ";

    @TempDir
    private static Path directory;

    /** The same session in one H2 database, and over several. */
    private record Pair(Connection one, Connection several) implements AutoCloseable {
        @Override
        public void close() throws SQLException {
            one.close();
            several.close();
        }

        List<Connection> both() {
            return List.of(one, several);
        }

        void run(String... statements) throws SQLException {
            for (String sql : statements) {
                Sql.run(one, inOne(sql));
                Sql.run(several, across(sql));
            }
        }

        void same(String sql, Object... parameters) {
            assertEquals(answer(one, inOne(sql), parameters), answer(several, across(sql), parameters), sql);
        }

        void rollback() throws SQLException {
            one.rollback();
            several.rollback();
        }

        void commit() throws SQLException {
            one.commit();
            several.commit();
        }
    }

    /** One connection to each database, in the order of {@link #HOMES}'s values; outside of all tests' transactions. */
    private static final Map<String, Connection> AT_HOME = new LinkedHashMap<>();

    private static Connection inOne;

    private static Connection several(String database) throws SQLException {
        return connect("jdbc:synod:file:" + directory.resolve(database));
    }

    private static Pair pair() throws SQLException {
        Pair pair = new Pair(DriverManager.getConnection("jdbc:h2:mem:locksacross", "sa", "secret"), several("sales"));
        for (Connection c : pair.both()) {
            c.setAutoCommit(false);
        }
        return pair;
    }

    private static String inOne(String sql) {
        return sql.replaceAll(":(?=[a-z])", "");
    }

    private static String across(String sql) {
        String text = sql.replace(":few", "stock.public.few");
        for (Map.Entry<String, String> table : HOMES.entrySet()) {
            String database = table.getValue().equals("sales") ? "" : table.getValue() + ".public.";
            text = text.replace(":" + table.getKey(), database + table.getKey());
        }
        return text;
    }

    @BeforeAll
    static void open() throws SQLException {
        inOne = DriverManager.getConnection("jdbc:h2:mem:locksacross", "sa", "secret");
        for (String database : HOMES.values()) {
            if (!AT_HOME.containsKey(database)) {
                AT_HOME.put(database, several(database));
            }
        }
    }

    @AfterAll
    static void close() throws SQLException {
        for (Connection c : AT_HOME.values()) {
            c.close();
        }
        AT_HOME.clear();
        inOne.close();
    }

    @BeforeEach
    void fill() throws SQLException {
        for (String table : HOMES.keySet()) {
            for (Connection c : List.of(inOne, AT_HOME.get(HOMES.get(table)))) {
                Sql.run(c, "DROP TABLE IF EXISTS " + table + " CASCADE");
                Sql.run(c, TABLES.get(table));
            }
        }
    }

    private static List<String> answer(Connection c, String sql, Object... parameters) {
        try (PreparedStatement s = c.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                s.setObject(i + 1, parameters[i]);
            }
            List<String> answer = new ArrayList<>();
            try (ResultSet rows = s.executeQuery()) {
                int columns = rows.getMetaData().getColumnCount();
                for (int i = 1; i <= columns; i++) {
                    answer.add(rows.getMetaData().getColumnLabel(i) + " "
                            + rows.getMetaData().getColumnTypeName(i));
                }
                while (rows.next()) {
                    List<String> row = new ArrayList<>();
                    for (int i = 1; i <= columns; i++) {
                        row.add(rows.getString(i));
                    }
                    answer.add(row.toString());
                }
            }
            return answer;
        } catch (SQLException e) {
            return List.of("error " + e.getSQLState() + " " + e.getErrorCode());
        }
    }

    private static void assertSameLocks(String what) throws SQLException {
        for (String table : HOMES.keySet()) {
            String free = "SELECT * FROM " + table + " ORDER BY 1, 2 FOR UPDATE SKIP LOCKED";
            assertEquals(answer(inOne, free), answer(AT_HOME.get(HOMES.get(table)), free), what + ": free in " + table);
        }
    }

    static final List<String> FORMS = List.of(
            BOTH + "WHERE i.id = 8 FOR UPDATE",
            BOTH + "WHERE i.id = 7 FOR UPDATE",
            BOTH + "WHERE i.id = 7 FOR UPDATE NOWAIT",
            BOTH + "WHERE i.id = 7 FOR UPDATE WAIT 0.02",
            BOTH + "ORDER BY i.id FOR UPDATE SKIP LOCKED",
            BOTH + "ORDER BY i.id FETCH FIRST ROW ONLY FOR UPDATE SKIP LOCKED",
            BOTH + "ORDER BY i.id DESC LIMIT 1 FOR UPDATE",
            BOTH + "ORDER BY i.id DESC OFFSET 1 ROW FETCH NEXT 1 ROWS ONLY FOR UPDATE",
            BOTH + "ORDER BY i.id DESC LIMIT 1, 1 FOR UPDATE",
            BOTH + "WHERE i.id > 7 ORDER BY i.n, i.id LIMIT 1 FOR UPDATE",
            BOTH + "WHERE i.id > 7 ORDER BY i.id FETCH FIRST 50 PERCENT ROWS ONLY FOR UPDATE",
            BOTH + "WHERE i.id > 7 ORDER BY i.id FETCH FIRST 0 ROWS ONLY FOR UPDATE",
            BOTH + "WHERE i.id > 7 ORDER BY 1 LIMIT 1 OFFSET 1 FOR UPDATE",
            BOTH + "WHERE i.id > 7 ORDER BY name, i.id FOR UPDATE OF i, k",
            BOTH + "WHERE i.id = 9 FOR UPDATE OF :items, :kinds NOWAIT",
            "SELECT * FROM :items i, :kinds k WHERE k.n = i.n AND i.id > 7 ORDER BY i.id FOR UPDATE",
            "SELECT * FROM :items NATURAL JOIN :kinds WHERE id = 9 FOR UPDATE",
            "SELECT id, name FROM :items JOIN :kinds USING (n) WHERE id = 9 FOR UPDATE",
            "SELECT id, note FROM :items LEFT JOIN :notes ON item = id WHERE id > 7 ORDER BY id, note FOR UPDATE",
            "SELECT id, note FROM :notes RIGHT JOIN :items ON item = id WHERE id > 7 ORDER BY id, note FOR UPDATE",
            "SELECT k.n, x.id FROM :kinds k LEFT JOIN (:items x JOIN :parts p ON p.item = x.id) ON x.n = k.n"
                    + " WHERE k.n = 20 ORDER BY x.id FOR UPDATE",
            "SELECT k.n, x.id FROM :kinds k JOIN (:items x JOIN :parts p ON p.item = x.id) ON x.n = k.n"
                    + " WHERE k.n = 20 ORDER BY x.id FOR UPDATE",
            "SELECT i.id, p.\"No\", t.note FROM :items i JOIN :parts p ON p.item = i.id JOIN :notes t ON t.item = i.id"
                    + " WHERE i.id = 8 ORDER BY t.note FOR UPDATE",
            "SELECT i.id, p.\"No\" FROM :items i JOIN :parts p ON p.item = i.id ORDER BY i.id, p.\"No\" FOR UPDATE SKIP LOCKED",
            "SELECT i.id, t.note FROM :items i JOIN :notes t ON t.item = i.id ORDER BY t.note FOR UPDATE SKIP LOCKED",
            "SELECT id FROM :items WHERE n IN (SELECT n FROM :kinds WHERE name = 'many') ORDER BY id FOR UPDATE",
            "SELECT id, (SELECT name FROM :kinds k WHERE k.n = i.n) AS name FROM :items i WHERE id > 7 ORDER BY id FOR UPDATE",
            "SELECT id FROM :items WHERE id = 8 UNION ALL SELECT n FROM :kinds WHERE n = 20 FOR UPDATE",
            "SELECT id FROM :items WHERE id > 7 UNION SELECT n FROM :kinds ORDER BY id DESC LIMIT 2 FOR UPDATE",
            "SELECT id FROM :items WHERE id = 7 UNION SELECT n FROM :kinds FOR UPDATE",
            "SELECT COALESCE(CAST(NULLIF(n, 20) AS NUMERIC(8, 2)), 16.5) AS x FROM :items WHERE id > 7"
                    + " UNION SELECT CAST(n AS NUMERIC(9, 3)) FROM :kinds FOR UPDATE",
            "SELECT id FROM :items WHERE id > 7 EXCEPT (SELECT item FROM :notes WHERE note = 'z') FOR UPDATE",
            "SELECT id + 1 AS x FROM :items WHERE id > 7 INTERSECT SELECT item + 1 FROM :parts ORDER BY x FOR UPDATE",
            "WITH x AS (SELECT id, n FROM :items) SELECT x.id, k.name FROM x JOIN :kinds k ON k.n = x.n ORDER BY x.id FOR UPDATE",
            "WITH x AS (SELECT id, n FROM :items WHERE id > 7 FOR UPDATE)"
                    + " SELECT x.id, k.name FROM x JOIN :kinds k ON k.n = x.n ORDER BY x.id",
            "WITH x AS (SELECT id, n FROM :items ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)"
                    + " SELECT x.id, k.name FROM x JOIN :kinds k ON k.n = x.n",
            "SELECT x.id, x.name, t.note FROM (" + BOTH + "WHERE i.id = 8 FOR UPDATE) x JOIN :notes t ON t.item = x.id"
                    + " ORDER BY t.note",
            "SELECT name FROM :kinds WHERE n IN (SELECT n FROM :items WHERE id > 7 FOR UPDATE)",
            "(" + BOTH + "WHERE i.id = 8) FOR UPDATE",
            "(" + BOTH + "WHERE i.id = 8 FOR UPDATE)",
            "SELECT a.id, b.id, k.name FROM :items a, :items b, :kinds k WHERE a.id = 8 AND b.id = 9 AND k.n = a.n FOR UPDATE",
            "SELECT i.id, ROW_NUMBER() OVER (ORDER BY i.id DESC) FROM :items i JOIN :kinds k ON k.n = i.n WHERE i.id > 7"
                    + " ORDER BY i.id FOR UPDATE",
            "SELECT i.id IS DISTINCT FROM k.n AS d, k.n FROM :items i JOIN :kinds k ON k.n = i.n WHERE i.id = 8 FOR UPDATE",
            "SELECT NULL AS nothing, i.id FROM :items i JOIN :kinds k ON k.n = i.n WHERE i.id = 8 FOR UPDATE",
            "SELECT v.n, i.id FROM :items i JOIN :few v ON v.n = i.n FOR UPDATE NOWAIT",
            "SELECT COUNT(*) FROM :items i JOIN :kinds k ON k.n = i.n FOR UPDATE",
            "SELECT i.n FROM :items i JOIN :kinds k ON k.n = i.n GROUP BY i.n FOR UPDATE",
            "SELECT DISTINCT i.n FROM :items i JOIN :kinds k ON k.n = i.n FOR UPDATE",
            BOTH + "WHERE i.id = 8 FETCH FIRST -1 ROWS ONLY FOR UPDATE",
            BOTH + "FOR UPDATE WAIT x",
            "SELECT id FROM :items i JOIN :kinds k ON k.n = i.n WHERE k.name = 'none' FOR UPDATE",
            // What is executed on whole tables.
            "SELECT TOP 1 i.id, k.name FROM :items i JOIN :kinds k ON k.n = i.n ORDER BY i.id DESC FOR UPDATE",
            "SELECT TOP 1 i.id, k.name FROM :items i JOIN :kinds k ON k.n = i.n ORDER BY i.id FOR UPDATE SKIP LOCKED",
            "SELECT TOP 1 i.id, k.name FROM :items i JOIN :kinds k ON k.n = i.n FOR UPDATE NOWAIT",
            "SELECT TOP 50 PERCENT i.id, k.name FROM :items i JOIN :kinds k ON k.n = i.n ORDER BY i.id FOR UPDATE SKIP LOCKED",
            "SELECT TOP 1 WITH TIES i.id, i.n FROM :items i JOIN :kinds k ON k.n = i.n ORDER BY i.n DESC FOR UPDATE SKIP LOCKED",
            BOTH + "WHERE i.id > 7 ORDER BY i.n FETCH FIRST ROW WITH TIES FOR UPDATE",
            BOTH + "ORDER BY i.id DESC FETCH FIRST ROW WITH TIES FOR UPDATE",
            BOTH + "ORDER BY i.id OFFSET 1 ROW FETCH FIRST ROW WITH TIES FOR UPDATE SKIP LOCKED",
            BOTH + "ORDER BY i.n DESC FETCH FIRST 60 PERCENT ROWS WITH TIES FOR UPDATE SKIP LOCKED",
            "SELECT name FROM :kinds k WHERE EXISTS (SELECT 1 FROM :items i WHERE i.n = k.n FOR UPDATE)",
            "SELECT name FROM :kinds k WHERE EXISTS (SELECT 1 FROM :items i WHERE i.n = k.n FOR UPDATE SKIP LOCKED)",
            "SELECT name FROM :kinds k WHERE n = 20 AND EXISTS (SELECT 1 FROM :items i WHERE i.n = k.n FOR UPDATE WAIT 0.02)",
            "SELECT name FROM :kinds k WHERE NOT EXISTS (SELECT 1 FROM :items i WHERE i.n = k.n FOR UPDATE SKIP LOCKED)",
            "SELECT name FROM :kinds k WHERE 8 IN (SELECT id FROM :items i WHERE i.n = k.n FOR UPDATE SKIP LOCKED)",
            "SELECT name, (SELECT id FROM :items i WHERE i.n = k.n ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) AS first"
                    + " FROM :kinds k",
            "SELECT name, (SELECT id FROM :items i WHERE i.n = k.n ORDER BY id LIMIT 1 FOR UPDATE NOWAIT) AS first"
                    + " FROM :kinds k WHERE name = 'many' FOR UPDATE",
            "SELECT name FROM :kinds WHERE EXISTS (SELECT 1 FROM :items WHERE id > 7 FOR UPDATE)",
            "SELECT n FROM :kinds UNION VALUES (1) FOR UPDATE",
            "SELECT n FROM :kinds UNION (SELECT id FROM :items UNION VALUES (1)) FOR UPDATE",
            "(SELECT n FROM :kinds FOR UPDATE) UNION ALL VALUES (1) UNION ALL SELECT id FROM :items",
            "VALUES (1) UNION ALL (SELECT id FROM :items FOR UPDATE SKIP LOCKED) UNION ALL SELECT n FROM :kinds",
            "SELECT i.id, ROW_NUMBER() OVER (ORDER BY i.id) FROM :items i JOIN :kinds k ON k.n = i.n ORDER BY i.id FOR UPDATE SKIP LOCKED",
            "SELECT i.id, COUNT(*) OVER (PARTITION BY k.n) AS c FROM :items i JOIN :kinds k ON k.n = i.n"
                    + " QUALIFY ROW_NUMBER() OVER (ORDER BY i.id) = 1 FOR UPDATE SKIP LOCKED",
            "SELECT i.id, ROWNUM() FROM :items i JOIN :kinds k ON k.n = i.n ORDER BY i.id FOR UPDATE SKIP LOCKED",
            "SELECT i.id, ROWNUM() FROM :items i JOIN :kinds k ON k.n = i.n WHERE ROWNUM() <= 1 FOR UPDATE SKIP LOCKED",
            "SELECT i.id FROM :items i JOIN :kinds k ON k.n = i.n WHERE ROWNUM() <= 1 AND i.id > 7 FOR UPDATE",
            "SELECT i.id, @x := COALESCE(@x, 0) + i.id AS x FROM :items i JOIN :kinds k ON k.n = i.n ORDER BY i.id FOR UPDATE SKIP LOCKED",
            "SELECT i.id, @x := COALESCE(@x, 0) + i.id AS x FROM :items i JOIN :kinds k ON k.n = i.n WHERE i.id > 7 FOR UPDATE",
            "SELECT i.id, SET(@y, COALESCE(@y, 0) + i.id) AS y FROM :items i JOIN :kinds k ON k.n = i.n WHERE i.id > 7 FOR UPDATE",
            "SELECT @x AS x, @y AS y, id FROM :items WHERE n IN (SELECT n FROM :kinds WHERE n = 20) FOR UPDATE",
            "WITH x AS (SELECT id, n FROM :items) (SELECT x.id, k.name FROM x JOIN :kinds k ON k.n = x.n) FOR UPDATE",
            "WITH x AS (SELECT id, n FROM :items) (SELECT x.id, k.name FROM x JOIN :kinds k ON k.n = x.n FOR UPDATE)",
            "WITH x AS (SELECT id, n FROM :items) ((SELECT x.id FROM x) UNION SELECT n FROM :kinds) FOR UPDATE",
            "WITH x AS (SELECT n FROM :kinds WHERE n = 20) (SELECT i.id FROM :items i JOIN x ON i.n = x.n) FOR UPDATE",
            "SELECT name FROM :kinds WHERE n IN (SELECT n FROM :items WHERE id > 7 FOR UPDATE) FOR UPDATE",
            "SELECT name FROM :kinds WHERE n IN (SELECT n FROM :items FOR UPDATE SKIP LOCKED) FOR UPDATE",
            "SELECT name FROM :kinds WHERE n IN (SELECT n FROM :items FOR UPDATE) FOR UPDATE SKIP LOCKED",
            "SELECT x.id, k.name FROM (SELECT id, n FROM :items FOR UPDATE SKIP LOCKED) x JOIN :kinds k ON k.n = x.n"
                    + " WHERE x.id = 8 FOR UPDATE",
            "WITH items AS (SELECT n FROM :kinds WHERE n = 20) SELECT note FROM :notes"
                    + " WHERE item + 12 IN (SELECT n FROM items FOR UPDATE)",
            "WITH RECURSIVE r(n) AS (SELECT n - 12 FROM :kinds WHERE n = 20 UNION ALL SELECT n + 1 FROM r WHERE n < 9)"
                    + " SELECT r.n, i.n AS m FROM r JOIN :items i ON i.id = r.n FOR UPDATE",
            "SELECT FROM :items i JOIN :kinds k ON k.n = i.n WHERE i.id > 7 FOR UPDATE",
            "SELECT i.id, p.\"No\", t.note FROM :items i JOIN :parts p ON p.item = i.id LEFT JOIN :notes t ON t.item = i.id"
                    + " ORDER BY i.n DESC, 2 FETCH FIRST ROW WITH TIES FOR UPDATE SKIP LOCKED",
            "SELECT p.item, v.n FROM :parts p JOIN :items i ON i.id = p.item, :few v WHERE p.item > 7"
                    + " AND EXISTS (SELECT 1 FROM :notes t WHERE t.item = i.id FOR UPDATE) FOR UPDATE");

    /** Beside a transaction that has locked one row in one of the databases. */
    @Test
    void every_form_locks_and_waits_as_in_one_database() throws SQLException {
        try (Pair holder = pair();
                Pair locker = pair()) {
            locker.run("SET LOCK_TIMEOUT 20");
            for (Connection c : List.of(inOne, AT_HOME.get("stock"))) {
                Sql.run(c, "CREATE VIEW few AS SELECT n FROM kinds WHERE name = 'few'");
            }
            assertAll(FORMS.stream().map(sql -> () -> {
                holder.run("UPDATE :items SET n = n WHERE id = 7");
                try {
                    locker.same(sql);
                    holder.rollback();
                    assertSameLocks(sql);
                } finally {
                    holder.rollback();
                    locker.rollback();
                }
                assertSameLocks("after the end of " + sql);
            }));
        }
    }

    private static final List<String> CHANGES_THAT_LOCK = List.of(
            "UPDATE :kinds SET name = 'x' WHERE n IN (SELECT n FROM :items FOR UPDATE)",
            "UPDATE :kinds SET name = 'x' WHERE n IN (SELECT n FROM :items FOR UPDATE SKIP LOCKED)",
            "UPDATE :kinds SET name = (SELECT MAX(note) FROM (SELECT note FROM :notes WHERE item = 8 FOR UPDATE) x)"
                    + " WHERE n = 20",
            "UPDATE :items SET n = n + 1 WHERE id IN (SELECT item FROM :parts WHERE item > 7 FOR UPDATE)",
            "UPDATE :items SET n = n + 1 WHERE id IN (SELECT t.item FROM :notes t JOIN :parts p ON p.item = t.item"
                    + " WHERE p.weight > 2 FOR UPDATE)",
            "UPDATE :items i SET n = (SELECT MAX(weight) FROM :parts p WHERE p.item = i.id)"
                    + " WHERE id IN (SELECT item FROM :notes WHERE note <> 'x' FOR UPDATE)",
            "INSERT INTO :notes SELECT i.id, k.name FROM :items i JOIN :kinds k ON k.n = i.n FOR UPDATE SKIP LOCKED",
            "INSERT INTO :notes SELECT i.id, 'q' FROM :items i WHERE id > 7 FOR UPDATE",
            "INSERT INTO :notes SELECT i.id, 'q' FROM :items i FOR UPDATE NOWAIT",
            "INSERT INTO :items SELECT TOP 1 item + 50, weight FROM :parts ORDER BY weight DESC FOR UPDATE",
            "DELETE FROM :notes WHERE item IN (SELECT id FROM :items WHERE n = 20 FOR UPDATE)",
            "DELETE FROM :notes WHERE item IN (SELECT id FROM :items i WHERE EXISTS"
                    + " (SELECT 1 FROM :parts p WHERE p.item = i.id AND p.item > 7 FOR UPDATE))",
            "MERGE INTO :notes t USING (SELECT id FROM :items FOR UPDATE SKIP LOCKED) s ON t.item = s.id"
                    + " WHEN MATCHED THEN UPDATE SET note = 'm'",
            "MERGE INTO :kinds(n, name) KEY(n) SELECT id, 'z' FROM :items FOR UPDATE SKIP LOCKED",
            "UPDATE :kinds k SET name = 'x' WHERE EXISTS (SELECT 1 FROM :items i WHERE i.n = k.n FOR UPDATE SKIP LOCKED)",
            "UPDATE :kinds k SET name = 'x' WHERE EXISTS (SELECT 1 FROM :items i WHERE i.n = k.n FOR UPDATE NOWAIT)",
            "UPDATE :kinds k SET name = (SELECT note FROM :notes t WHERE t.item + 12 = k.n ORDER BY note LIMIT 1 FOR UPDATE)"
                    + " WHERE n = 20",
            "DELETE FROM :kinds k WHERE 8 IN (SELECT id FROM :items i WHERE i.n = k.n FOR UPDATE SKIP LOCKED)",
            "DELETE FROM :kinds WHERE n IN (SELECT weight FROM :parts WHERE item = 9 FOR UPDATE) OR n IN (SELECT n FROM :items)");

    private static List<String> changed(Connection c, String sql) {
        try (Statement s = c.createStatement()) {
            return List.of("changed " + s.executeUpdate(sql));
        } catch (SQLException e) {
            return List.of("error " + e.getSQLState() + " " + e.getErrorCode());
        }
    }

    private static void assertSameRows(String what) {
        for (String table : HOMES.keySet()) {
            String all = "SELECT * FROM " + table + " ORDER BY 1, 2";
            assertEquals(answer(inOne, all), answer(AT_HOME.get(HOMES.get(table)), all), what + ": rows of " + table);
        }
    }

    /** Beside a transaction that has locked one row of what they read. */
    @Test
    void changes_lock_what_they_read_as_in_one_database() throws SQLException {
        for (boolean autoCommit : new boolean[] {false, true}) {
            try (Pair holder = pair();
                    Pair locker = pair()) {
                locker.run("SET LOCK_TIMEOUT 20");
                for (Connection c : locker.both()) {
                    c.setAutoCommit(autoCommit);
                }
                assertAll(CHANGES_THAT_LOCK.stream().map(sql -> () -> {
                    String what = sql + (autoCommit ? " in auto-commit mode" : "");
                    fill();
                    holder.run("UPDATE :items SET n = n WHERE id = 7");
                    try {
                        assertEquals(changed(locker.one, inOne(sql)), changed(locker.several, across(sql)), what);
                        holder.rollback();
                        assertSameLocks(what);
                        if (!autoCommit) {
                            locker.commit();
                        }
                    } finally {
                        holder.rollback();
                        if (!autoCommit) {
                            locker.rollback();
                        }
                    }
                    assertSameLocks("after the end of " + what);
                    assertSameRows(what);
                    assertEquals(autoCommit, locker.several.getAutoCommit());
                }));
            }
        }
    }

    @Test
    void parameters_stand_wherever_one_database_takes_them() throws SQLException {
        try (Pair locker = pair()) {
            Map<String, Object[]> texts = new LinkedHashMap<>();
            texts.put(BOTH + "WHERE i.id > ? ORDER BY i.id LIMIT ? OFFSET ? FOR UPDATE", new Object[] {6, 1, 1});
            texts.put(BOTH + "WHERE k.name = ?2 AND i.id >= ?1 ORDER BY i.id FOR UPDATE", new Object[] {8, "many"});
            texts.put(
                    BOTH + "WHERE i.id > ?3 ORDER BY i.id OFFSET ?1 ROWS FETCH NEXT ?2 + 0 ROWS ONLY FOR UPDATE",
                    new Object[] {1, 1, 6});
            texts.put(
                    "SELECT id + ? AS x FROM :items WHERE id > ? UNION ALL SELECT n FROM :kinds WHERE n > ?"
                            + " ORDER BY x LIMIT ? FOR UPDATE",
                    new Object[] {1, 7, 10, 2});
            texts.put(
                    "SELECT x.id, k.name, ? AS p FROM (SELECT id, n FROM :items WHERE id > ? FOR UPDATE) x"
                            + " JOIN :kinds k ON k.n = x.n WHERE x.id < ? ORDER BY x.id",
                    new Object[] {"p", 7, 9});
            for (Map.Entry<String, Object[]> text : texts.entrySet()) {
                locker.same(text.getKey(), text.getValue());
                assertSameLocks(text.getKey());
                locker.rollback();
            }
        }
    }

    @Test
    void large_objects_are_there_when_the_rows_are_locked() throws SQLException {
        try (Pair locker = pair()) {
            for (int length : new int[] {10, 10_000, 200_000}) {
                locker.same(
                        "SELECT i.id, REPEAT(k.name, ?) || CAST(k.name AS CLOB) FROM :items i JOIN :kinds k ON k.n = i.n ORDER BY i.id FOR UPDATE",
                        length);
            }
            Sql.run(AT_HOME.get("stock"), "CREATE TABLE texts(id INT PRIMARY KEY, t CLOB)");
            Sql.run(
                    AT_HOME.get("stock"),
                    "INSERT INTO texts SELECT X, REPEAT('synod', 2000 * X) FROM SYSTEM_RANGE(7, 9)");
            List<String> rows = answer(
                    locker.several(),
                    "SELECT i.id, LENGTH(x.t), x.t FROM items i JOIN stock.public.texts x ON x.id = i.id WHERE i.id = 8 FOR UPDATE");
            assertEquals("[8, 80000, " + "synod".repeat(16_000) + "]", rows.get(rows.size() - 1));
            locker.rollback();
            Sql.run(AT_HOME.get("stock"), "DROP TABLE texts");
        }
    }

    @Test
    void no_more_rows_are_locked_than_the_application_takes() throws SQLException {
        try (Pair locker = pair()) {
            for (Connection c : locker.both()) {
                try (Statement s = c.createStatement()) {
                    s.setMaxRows(1);
                    String sql = BOTH + "WHERE i.id > 7 ORDER BY i.id FOR UPDATE";
                    try (ResultSet rows = s.executeQuery(c == locker.one ? inOne(sql) : across(sql))) {
                        assertTrue(rows.next());
                        assertFalse(rows.next());
                    }
                }
            }
            assertSameLocks("maximum of rows");
            locker.rollback();
            for (Connection c : locker.both()) {
                try (Statement s = c.createStatement()) {
                    s.setMaxRows(40);
                    // As H2 has it, the maximum is of what FETCH says: percent.
                    String sql = BOTH + "FETCH FIRST 200 PERCENT ROWS ONLY FOR UPDATE";
                    try (ResultSet rows = s.executeQuery(c == locker.one ? inOne(sql) : across(sql))) {
                        assertTrue(rows.next());
                        assertTrue(rows.next());
                        assertFalse(rows.next());
                    }
                }
            }
            assertSameLocks("maximum of percent");
        }
    }

    /** What the holder does before it commits, while the query waits for it. */
    private record Change(String sql, String query) {}

    private static final List<Change> CHANGES = List.of(
            new Change("UPDATE :items SET n = 10 WHERE id = 8", BOTH + "WHERE i.n = 20 ORDER BY i.id FOR UPDATE"),
            new Change(
                    "UPDATE :items SET n = 10 WHERE id = 8", BOTH + "WHERE i.n = 20 ORDER BY i.id LIMIT 1 FOR UPDATE"),
            new Change("UPDATE :items SET n = 10 WHERE id = 8", BOTH + "ORDER BY i.id FOR UPDATE"),
            new Change(
                    "UPDATE :kinds SET name = 'lots' WHERE n = 20", BOTH + "WHERE i.id > 7 ORDER BY i.id FOR UPDATE"),
            new Change(
                    "UPDATE :kinds SET name = 'lots' WHERE n = 20",
                    BOTH + "WHERE name = 'many' ORDER BY i.id FOR UPDATE"),
            new Change("DELETE FROM :items WHERE id = 8", BOTH + "WHERE i.id > 7 ORDER BY i.id FOR UPDATE"),
            new Change(
                    "INSERT INTO :items VALUES (6, 20); UPDATE :items SET n = 20 WHERE id = 8",
                    BOTH + "WHERE i.n = 20 ORDER BY i.id FOR UPDATE"),
            new Change(
                    "UPDATE :items SET n = 20 WHERE id = 7; UPDATE :kinds SET name = 'more' WHERE n = 20",
                    BOTH + "WHERE i.n = 20 ORDER BY i.id FOR UPDATE"),
            new Change(
                    "UPDATE :notes SET note = 'q' WHERE note = 'y'",
                    "SELECT i.id, t.note FROM :items i JOIN :notes t ON t.item = i.id WHERE i.id = 8 ORDER BY t.note FOR UPDATE"),
            new Change(
                    "UPDATE :parts SET weight = 9 WHERE item = 8",
                    "SELECT i.id, weight FROM :items i JOIN :parts p ON p.item = i.id WHERE weight > 2 ORDER BY 1 FOR UPDATE"),
            new Change(
                    "DELETE FROM :items WHERE id = 8",
                    "SELECT i.id, COUNT(*) OVER () AS all_of_them FROM :items i JOIN :kinds k ON k.n = i.n ORDER BY i.id FOR UPDATE"),
            new Change(
                    "UPDATE :kinds SET name = 'lots' WHERE n = 20",
                    "SELECT n FROM :items WHERE id > 7 UNION SELECT n FROM :kinds WHERE name = 'many' ORDER BY n FOR UPDATE"),
            new Change(
                    "UPDATE :items SET n = 10 WHERE id = 8",
                    "SELECT x.id, k.name FROM (SELECT id, n FROM :items WHERE id > 7 FOR UPDATE) x JOIN :kinds k ON k.n = x.n"
                            + " ORDER BY x.id"),
            new Change(
                    "UPDATE :items SET n = 10 WHERE id = 8",
                    "SELECT TOP 1 WITH TIES i.id, k.name FROM :items i JOIN :kinds k ON k.n = i.n WHERE i.id > 7 ORDER BY i.n FOR UPDATE"),
            new Change(
                    "UPDATE :items SET n = 20 WHERE id = 8",
                    "SELECT TOP 1 i.id, k.name FROM :items i JOIN :kinds k ON k.n = i.n WHERE i.id > 7 ORDER BY i.id FOR UPDATE"),
            new Change(
                    "UPDATE :items SET n = 10 WHERE id = 8",
                    "SELECT name FROM :kinds k WHERE EXISTS (SELECT 1 FROM :items i WHERE i.n = k.n AND i.id > 7 FOR UPDATE)"),
            new Change(
                    "UPDATE :items SET n = 10 WHERE id = 8",
                    "SELECT name, (SELECT MAX(id) FROM (SELECT id FROM :items WHERE n = 20 FOR UPDATE) x) AS m FROM :kinds k FOR UPDATE"),
            new Change(
                    "INSERT INTO :items VALUES (6, 20); UPDATE :items SET n = 20 WHERE id = 8",
                    "SELECT i.id, ROWNUM() FROM :items i JOIN :kinds k ON k.n = i.n WHERE i.n = 20 FOR UPDATE"),
            new Change(
                    "DELETE FROM :items WHERE id = 8",
                    "SELECT i.id, SET(@sum, COALESCE(@sum, 0) + i.id) AS x FROM :items i JOIN :kinds k ON k.n = i.n FOR UPDATE"),
            new Change(
                    "UPDATE :kinds SET n = 21 WHERE n = 20",
                    "WITH x AS (SELECT id, n FROM :items WHERE id > 7) (SELECT x.id, k.name FROM x JOIN :kinds k ON k.n = x.n) FOR UPDATE"),
            new Change(
                    "UPDATE :parts SET \"No\" = 'z', weight = 9 WHERE item = 8",
                    "SELECT TOP 5 i.id, \"No\", weight FROM :items i JOIN :parts p ON p.item = i.id ORDER BY i.id FOR UPDATE"),
            new Change(
                    "UPDATE :notes SET note = 'q' WHERE note = 'y'",
                    "SELECT TOP 5 i.id, note FROM :items i JOIN :notes t ON t.item = i.id WHERE note > 'x' FOR UPDATE"));

    private static long blocked(Connection... databases) {
        long blocked = 0;
        for (Connection c : databases) {
            try {
                blocked +=
                        Sql.number(c, "SELECT COUNT(*) FROM INFORMATION_SCHEMA.SESSIONS WHERE BLOCKER_ID IS NOT NULL");
            } catch (SQLException e) {
                throw new AssertionError(e);
            }
        }
        return blocked;
    }

    @Test
    void a_row_that_changes_before_it_is_locked_is_read_again_as_in_one_database() throws Exception {
        Connection[] homes = AT_HOME.values().toArray(new Connection[0]);
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try (Pair holder = pair();
                Pair locker = pair()) {
            locker.run("SET LOCK_TIMEOUT 600000");
            locker.commit();
            for (Change change : CHANGES) {
                fill();
                holder.run(change.sql().split("; "));
                Future<List<String>> one = threads.submit(() -> answer(locker.one, inOne(change.query())));
                Future<List<String>> several = threads.submit(() -> answer(locker.several, across(change.query())));
                Await.until("waits in one: " + change, () -> blocked(inOne) == 1);
                Await.until("waits in several: " + change, () -> blocked(homes) == 1);
                assertFalse(one.isDone() || several.isDone(), change.toString());
                holder.commit();
                assertEquals(one.get(), several.get(), change.toString());
                assertSameLocks(change.toString());
                locker.rollback();
            }
        } finally {
            threads.shutdown();
        }
    }

    /** Above READ COMMITTED a row that has changed since the transaction began cannot be locked. */
    @Test
    void every_isolation_level_answers_as_in_one_database() throws SQLException {
        for (String level :
                List.of("READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SNAPSHOT", "SERIALIZABLE")) {
            for (String change :
                    List.of("UPDATE :items SET n = 20 WHERE id = 8", "UPDATE :kinds SET name = 'lots' WHERE n = 20")) {
                fill();
                try (Pair holder = pair();
                        Pair locker = pair()) {
                    locker.run("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL " + level);
                    locker.commit();
                    locker.same("SELECT COUNT(*) AS c FROM :items, :kinds");
                    holder.run(change);
                    holder.commit();
                    locker.same(BOTH + "WHERE i.id = 7 FOR UPDATE");
                    assertSameLocks(level + " " + change);
                    locker.same(BOTH + "WHERE i.id = 8 FOR UPDATE");
                    locker.rollback();
                    locker.same(BOTH + "WHERE i.id = 8 FOR UPDATE");
                    assertSameLocks("after a rollback " + level + " " + change);
                    locker.rollback();
                    locker.same("SELECT COUNT(*) AS c FROM :items, :kinds");
                    holder.run(change.replace("lots", "more"));
                    holder.commit();
                    for (String id : List.of("7", "8")) {
                        String sql = "SELECT TOP 1 i.id, k.name FROM :items i JOIN :kinds k ON k.n = i.n WHERE i.id = "
                                + id + " FOR UPDATE";
                        List<String> one = answer(locker.one, inOne(sql));
                        assertEquals(one, answer(locker.several, across(sql)), level + " " + change + " " + sql);
                        // Over several databases the transaction has ended with 40001.
                        if (!one.get(0).startsWith("error 40001")) {
                            assertSameLocks(level + " " + change + " " + sql);
                        }
                    }
                }
            }
        }
    }

    @Test
    void in_auto_commit_mode_the_locks_end_with_the_statement() throws SQLException {
        try (Pair holder = pair();
                Pair locker = pair()) {
            for (Connection c : locker.both()) {
                c.setAutoCommit(true);
            }
            locker.run("SET LOCK_TIMEOUT 20");
            for (String sql : List.of(
                    BOTH + "ORDER BY i.id FOR UPDATE",
                    BOTH + "ORDER BY i.id FOR UPDATE NOWAIT",
                    BOTH + "ORDER BY i.id FOR UPDATE SKIP LOCKED",
                    "SELECT id FROM :items UNION SELECT n FROM :kinds ORDER BY 1 FOR UPDATE",
                    "SELECT TOP 2 i.id FROM :items i JOIN :kinds k ON k.n = i.n ORDER BY i.id DESC FOR UPDATE",
                    "SELECT name FROM :kinds k WHERE EXISTS (SELECT 1 FROM :items i WHERE i.n = k.n FOR UPDATE) FOR UPDATE")) {
                locker.same(sql);
                assertSameLocks("free after " + sql);
                holder.run("UPDATE :kinds SET name = name WHERE n = 20");
                locker.same(sql);
                holder.rollback();
                assertSameLocks("free after " + sql + " beside another one");
                assertTrue(locker.several.getAutoCommit());
            }
        }
    }

    @Test
    void locks_alone_cost_no_entry_of_any_log() throws SQLException {
        List<Long> before = logs();
        try (Pair locker = pair()) {
            locker.run(BOTH + "FOR UPDATE");
            locker.commit();
            locker.several.setAutoCommit(true);
            locker.run(BOTH + "FOR UPDATE");
        }
        assertEquals(before, logs());
    }

    private static List<Long> logs() throws SQLException {
        List<Long> indexes = new ArrayList<>();
        for (Connection c : AT_HOME.values()) {
            try (Statement s = c.createStatement();
                    ResultSet rows = s.executeQuery("CALL SYNOD.STATUS()")) {
                assertTrue(rows.next());
                indexes.add(rows.getLong("COMMIT_INDEX"));
            }
        }
        return indexes;
    }

    private static final List<String> WAITING = List.of(
            BOTH + "WHERE i.id = 8 FOR UPDATE",
            "SELECT TOP 1 i.id, k.name FROM :items i JOIN :kinds k ON k.n = i.n WHERE i.id = 8 FOR UPDATE");

    /** The query has locked the item and waits for the kind; the other one has it the other way round. */
    @Test
    void a_deadlock_over_two_databases_is_found() throws Exception {
        String sales = "jdbc:synod:file:" + directory.resolve("sales");
        for (String sql : WAITING) {
            try (Contender query = new Contender(sales);
                    Contender other = new Contender(sales)) {
                other.run(across("UPDATE :kinds SET name = 'new' WHERE n = 20"));
                Future<SQLException> first = query.begin(across(sql));
                Await.until("the query waits", () -> blocked(AT_HOME.get("stock")) == 1);
                Future<SQLException> second = other.begin(across("UPDATE :items SET n = 0 WHERE id = 8"));
                SQLException lost = Contender.endOf(first);
                SQLException alsoLost = Contender.endOf(second);
                assertTrue((lost == null) != (alsoLost == null), lost + " and " + alsoLost);
                assertEquals("40001", (lost == null ? alsoLost : lost).getSQLState());
                query.connection().rollback();
                other.connection().rollback();
            }
        }
    }

    @Test
    void a_query_that_waits_for_a_row_ends_when_it_is_cancelled() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(1);
        try (Pair holder = pair();
                Pair locker = pair()) {
            Sql.run(locker.several, "SET LOCK_TIMEOUT 600000");
            for (String sql : WAITING) {
                holder.run("UPDATE :kinds SET name = name WHERE n = 20");
                try (Statement s = locker.several.createStatement()) {
                    Future<String> state = threads.submit(() -> {
                        try {
                            s.execute(across(sql));
                            return "no error";
                        } catch (SQLException e) {
                            return e.getSQLState();
                        }
                    });
                    Await.until("waits: " + sql, () -> blocked(AT_HOME.get("stock")) == 1);
                    s.cancel();
                    assertEquals("57014", state.get(), sql);
                }
                holder.rollback();
                locker.rollback();
                Sql.run(locker.several, across(sql));
                locker.rollback();
            }
        } finally {
            threads.shutdown();
        }
    }

    @Test
    void from_every_node_the_leaders_lock_and_what_they_have_is_seen() throws Exception {
        try (ClusterFixture cluster = new ClusterFixture(directory.resolve("cluster"))) {
            String leader = cluster.leaderOf("sales");
            String other = leader.equals("a") ? "b" : "a";
            cluster.leaderOf("stock");
            int[] id = {100};
            try (Connection sales = connect(cluster.url(leader, "sales"));
                    Connection stock = connect(cluster.url(leader, "stock"))) {
                Sql.run(sales, TABLES.get("items"));
                Sql.run(stock, TABLES.get("kinds"));
                Sql.run(stock, TABLES.get("parts"));
                for (String node : List.of("a", "b", "c")) {
                    Await.until("locked from " + node, () -> {
                        cluster.lead(leader, "sales");
                        cluster.lead(other, "stock");
                        id[0]++;
                        return cluster.undisturbed(
                                () -> assertLockedFrom(cluster, node, other, id[0], sales, stock), "sales", "stock");
                    });
                }
            }
        }
    }

    private static void assertLockedFrom(
            ClusterFixture cluster, String node, String leaderOfStock, int id, Connection sales, Connection stock)
            throws Exception {
        try (Connection c = connect(cluster.url(node, "sales") + ";READ=LOCAL");
                Contender changer = new Contender(cluster.url(node, "stock"))) {
            c.setAutoCommit(false);
            // This node's copies may not have them yet.
            Sql.run(stock, "UPDATE kinds SET name = 'k" + id + "' WHERE n = 20");
            Sql.run(sales, "INSERT INTO items VALUES (" + id + ", 20)");
            assertEquals(
                    List.of("[" + id + ", 20, k" + id + "]"),
                    rows(answer(c, across(BOTH + "WHERE i.id = ? FOR UPDATE"), id)),
                    node);
            assertEquals(
                    List.of("[8, a]"),
                    rows(answer(
                            c,
                            across("SELECT i.id, \"No\" FROM :items i JOIN :parts p ON p.item = i.id"
                                    + " WHERE i.id = 8 FOR UPDATE"))),
                    node);
            assertEquals(
                    List.of("[" + id + ", k" + id + "]"),
                    rows(answer(
                            c,
                            across("SELECT TOP 1 i.id, k.name FROM :items i JOIN :kinds k ON k.n = i.n"
                                    + " ORDER BY i.id DESC FOR UPDATE"))),
                    node);
            for (String held : List.of("kinds WHERE n = 20", "parts WHERE item = 8")) {
                assertEquals(
                        List.of("error HYT00 50200"),
                        answer(stock, "SELECT * FROM " + held + " FOR UPDATE NOWAIT"),
                        node);
            }
            assertEquals(
                    List.of("error HYT00 50200"),
                    answer(sales, "SELECT * FROM items WHERE id = " + id + " FOR UPDATE NOWAIT"),
                    node);
            Future<SQLException> change = changer.begin("UPDATE kinds SET name = 'late' WHERE n = 20");
            try (Connection watch = connect(cluster.url(leaderOfStock, "stock"))) {
                Await.until("the change waits, or has ended", () -> blocked(watch) == 1 || change.isDone());
            }
            assertFalse(change.isDone(), "it does not wait");
            c.commit();
            assertNull(Contender.endOf(change));
            changer.connection().commit();
        }
    }

    private static Connection connect(String url) throws SQLException {
        return DriverManager.getConnection(url, "sa", "secret");
    }

    /** An answer without the names of its columns. */
    private static List<String> rows(List<String> answer) {
        return answer.stream()
                .filter(row -> row.startsWith("[") || row.startsWith("error"))
                .toList();
    }

    @Test
    void what_cannot_be_done_is_refused_by_name() throws SQLException {
        try (Pair locker = pair()) {
            for (Map.Entry<String, String> refused : Map.of(
                            "DELETE FROM :kinds k WHERE EXISTS (SELECT 1 FROM :items i WHERE i.n = k.n FOR UPDATE) FETCH FIRST ROW ONLY",
                            "then change these, in one transaction",
                            "DELETE FROM :notes t WHERE 20 = (SELECT n FROM :items i WHERE i.id = t.item FOR UPDATE)",
                            "then change these, in one transaction")
                    .entrySet()) {
                SQLException e = assertThrows(
                        SQLException.class, () -> Sql.run(locker.several, across(refused.getKey())), refused.getKey());
                assertEquals("0A000", e.getSQLState(), e.getMessage());
                assertTrue(e.getMessage().contains(refused.getValue()), e.getMessage());
            }
            assertSameLocks("nothing has happened");
        }
    }

    @Test
    void explain_shows_what_is_read_and_what_is_locked() throws SQLException {
        String plan = answer(AT_HOME.get("sales"), "EXPLAIN " + across(BOTH + "WHERE i.id = 8 FOR UPDATE NOWAIT"))
                .get(1);
        assertTrue(
                plan.contains("SALES: SELECT \"ID\" FROM \"PUBLIC\".\"ITEMS\" WHERE \"ID\" = ANY(?) FOR UPDATE NOWAIT"),
                plan);
        assertTrue(
                plan.contains("STOCK: SELECT \"N\" FROM \"PUBLIC\".\"KINDS\" WHERE \"N\" = ANY(?) FOR UPDATE NOWAIT"),
                plan);
        assertFalse(plan.contains("no plan"), plan);
        plan = answer(
                        AT_HOME.get("sales"),
                        "EXPLAIN " + across("SELECT id FROM :items UNION SELECT n FROM :kinds FOR UPDATE"))
                .get(1);
        assertTrue(plan.contains("(rows R0) UNION (rows R1)"), plan);
    }
}
