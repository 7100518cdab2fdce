package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Kinds of statement that need more than their text in the log, through the leader and through a follower. */
class KindsOfStatementTest {
    private final MemoryGroup group = new MemoryGroup();
    private final Map<String, TestNode> peers = new HashMap<>();
    private TestNode a;
    private TestNode b;
    private Connection c;

    @TempDir
    private Path directory;

    private void through(String node) throws Exception {
        a = new TestNode(group, "a", null, peers);
        b = new TestNode(group, "b", null, peers);
        a.lead();
        c = peers.get(node).connect();
        run(c, "CREATE TABLE t(id INT PRIMARY KEY, x INT)", "INSERT INTO t VALUES (1, 10), (2, 20)");
    }

    @AfterEach
    void equalMembers() throws Exception {
        TestNode.assertEqual(c, a, b);
        c.close();
        a.close();
        b.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "b"})
    void prepare_and_execute_run_the_named_statement_where_it_belongs(String node) throws Exception {
        through(node);
        run(c, "PREPARE ins(INT, INT) AS INSERT INTO t VALUES (?, ?)", "EXECUTE ins(3, 5 * 6)");
        run(c, "PREPARE sel AS SELECT x FROM t WHERE id = ?");
        assertEquals(30, number(c, "EXECUTE sel(3)"));
        assertEquals(30, number(c, "EXECUTE sel"), "the value that it had");
        c.setAutoCommit(false);
        run(c, "EXECUTE ins(4, 40)");
        c.rollback();
        c.setAutoCommit(true);
        assertEquals(3, number(c, "SELECT COUNT(*) FROM t"));
        run(c, "PREPARE ddl AS CREATE TABLE made(id INT)", "EXECUTE ddl");
        try (PreparedStatement p = c.prepareStatement("EXECUTE sel(?)")) {
            p.setInt(1, 2);
            try (var rows = p.executeQuery()) {
                rows.next();
                assertEquals(20, rows.getInt(1));
            }
        }
        run(c, "DEALLOCATE sel");
        assertThrows(SQLException.class, () -> run(c, "EXECUTE sel(1)"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "b"})
    void parameters_of_a_logged_statement_are_logged_as_literals(String node) throws Exception {
        through(node);
        for (String sql : List.of(
                "CREATE TABLE d(id INT PRIMARY KEY, x INT DEFAULT ?)",
                "CREATE TABLE f AS SELECT id, CAST(?1 AS INT) AS y FROM t",
                "CREATE SEQUENCE s START WITH ?",
                "CREATE USER someone PASSWORD ?",
                "ALTER USER someone SET PASSWORD ?",
                "COMMENT ON TABLE t IS ?")) {
            try (PreparedStatement p = c.prepareStatement(sql)) {
                p.setInt(1, 7);
                p.execute();
            }
        }
        run(c, "INSERT INTO d(id) VALUES (1)");
        assertEquals(7, number(c, "SELECT x FROM d"));
        assertEquals(14, number(c, "SELECT SUM(y) FROM f"));
        assertEquals(7, number(c, "SELECT NEXT VALUE FOR s"));
        peers.get(node).connect("SOMEONE", "7", Map.of()).close();
        try (PreparedStatement p = c.prepareStatement("CREATE TABLE e(x INT DEFAULT ?)")) {
            assertEquals(90012, assertThrows(SQLException.class, p::execute).getErrorCode());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "b"})
    void a_password_that_is_an_expression_has_the_same_hash_everywhere(String node) throws Exception {
        through(node);
        run(c, "CREATE USER someone PASSWORD 'a' || 'b' ADMIN");
        peers.get(node).connect("SOMEONE", "ab", Map.of()).close();
        run(c, "ALTER USER someone SET PASSWORD LOWER('CD')");
        peers.get(node).connect("SOMEONE", "cd", Map.of()).close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "b"})
    void a_global_temporary_table_is_everybodys_on_every_node(String node) throws Exception {
        through(node);
        run(
                c,
                "CREATE GLOBAL TEMPORARY TABLE g(id INT PRIMARY KEY, x INT) ON COMMIT DELETE ROWS",
                "INSERT INTO g VALUES (1, 1)",
                "CREATE TEMPORARY TABLE h(id INT) NOT PERSISTENT TRANSACTIONAL",
                "CREATE CACHED TEMP TABLE i AS SELECT * FROM t",
                "CREATE MEMORY TABLE m(id INT) NOT PERSISTENT",
                "INSERT INTO m VALUES (1)",
                "CREATE VIEW v AS SELECT * FROM g");
        for (TestNode other : List.of(a, b)) {
            try (Connection d = other.connect()) {
                assertEquals(1, number(d, "SELECT COUNT(*) FROM g"));
                assertEquals(2, number(d, "SELECT COUNT(*) FROM i"));
                run(d, "UPDATE g SET x = x + 1");
            }
        }
        assertEquals(3, number(c, "SELECT x FROM v"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "b"})
    void a_local_temporary_table_never_reaches_the_log(String node) throws Exception {
        through(node);
        run(
                c,
                "CREATE LOCAL TEMPORARY TABLE l(id INT PRIMARY KEY, x INT)",
                "CREATE INDEX li ON l(x)",
                "ALTER TABLE l ALTER COLUMN x RENAME TO y",
                "INSERT INTO l VALUES (1, 3)",
                "CREATE TABLE copied AS SELECT * FROM l",
                "ALTER TABLE t ADD COLUMN l INT DEFAULT 4",
                "CREATE INDEX l_t ON t(l)");
        assertEquals(3, number(c, "SELECT y FROM copied"));
        for (String sql : List.of(
                "CREATE VIEW v AS SELECT * FROM l",
                "CREATE VIEW v AS SELECT * FROM t, l",
                "CREATE TABLE r(id INT REFERENCES l)",
                "DROP TABLE t, l")) {
            SQLException e = assertThrows(SQLException.class, () -> run(c, sql), sql);
            assertTrue(e.getSQLState().equals("0A000") || e.getErrorCode() == 42102, sql + ": " + e);
        }
        run(c, "DROP INDEX li", "TRUNCATE TABLE l");
        assertEquals(0, number(c, "SELECT COUNT(*) FROM l"));
        run(c, "DROP TABLE l");
        assertEquals(8, number(c, "SELECT SUM(l) FROM t"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "b"})
    void a_table_made_from_a_query_has_the_leaders_rows_at_once_or_not_at_all(String node) throws Exception {
        through(node);
        Path csv = directory.resolve("in.csv");
        Files.writeString(csv, "ID,NAME\n1,x\n2,\n");
        run(
                c,
                "CREATE TABLE fromcsv AS SELECT * FROM CSVREAD('" + csv + "')",
                "CREATE TABLE typed(id INT PRIMARY KEY, name VARCHAR NOT NULL) AS SELECT id, x || '!' FROM t",
                "CREATE TABLE named(\"a b\", n) AS SELECT id, x FROM t",
                "CREATE TABLE uuids AS SORTED SELECT id, RANDOM_UUID() u FROM t ORDER BY id",
                "CREATE TABLE empty AS SELECT * FROM t WITH NO DATA",
                "CREATE TABLE IF NOT EXISTS t AS SELECT 1",
                "CREATE TABLE nothing AS SELECT NULL AS x",
                "CREATE TABLE tree(id INT PRIMARY KEY, up INT REFERENCES tree(id)) AS SELECT id, NULL FROM t");
        Files.delete(csv);
        assertEquals(2, number(c, "SELECT COUNT(*) FROM fromcsv"));
        assertEquals(2, number(c, "SELECT COUNT(DISTINCT u) FROM uuids"));
        assertEquals(0, number(c, "SELECT COUNT(*) FROM empty"));
        for (String sql : List.of(
                "CREATE TABLE t AS SELECT 1",
                "CREATE TABLE bad AS SELECT 1 / (id - 2) AS y FROM t",
                "CREATE TABLE bad(id INT PRIMARY KEY) AS SELECT 1 FROM t",
                "CREATE TABLE bad(id, more) AS SELECT 1 FROM t")) {
            SQLException stock = assertThrows(SQLException.class, () -> stock(sql), sql);
            SQLException e = assertThrows(SQLException.class, () -> run(c, sql), sql);
            assertEquals(stock.getErrorCode(), e.getErrorCode(), sql + ": " + e);
        }
        assertEquals(
                0,
                number(
                        c,
                        "SELECT COUNT(*) FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME = 'BAD' OR TABLE_NAME LIKE 'SYNOD%'"));
        assertEquals("TYPED".hashCode(), DdlPlan.unfinishedTable("TYPED").hashCode());
        assertEquals("".hashCode(), DdlPlan.unfinishedTable("").hashCode());
        try (Statement s = c.createStatement()) {
            assertEquals(0, s.executeUpdate("CREATE TABLE counted AS SELECT * FROM t"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "b"})
    void a_small_table_made_from_a_query_is_one_entry_so_that_nobody_sees_it_half_done(String node) throws Exception {
        through(node);
        long ofOne = entriesOf(() -> run(c, "CREATE TABLE plain(id INT)"));
        for (String sql : List.of(
                "CREATE TABLE small(id INT PRIMARY KEY, d DECFLOAT, s VARCHAR) AS SELECT id, x / 3.0, 'a;b''\\\u00e4\n' FROM t",
                "CREATE TABLE IF NOT EXISTS none AS SELECT * FROM t WHERE id > 5",
                "CREATE TABLE tree(id INT PRIMARY KEY, up INT REFERENCES tree(id)) AS SELECT id, NULL FROM t",
                "CREATE TABLE nulls(id INT, n INT DEFAULT 7 DEFAULT ON NULL) AS SELECT id, NULL FROM t",
                "CREATE TABLE counted(id INT GENERATED BY DEFAULT AS IDENTITY, x INT) AS SELECT 50 + id, x FROM t",
                // As Flyway makes its history.
                "CREATE TABLE IF NOT EXISTS \"h\"(\"r\" INT NOT NULL, \"at\" TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,"
                        + " CONSTRAINT \"h_pk\" PRIMARY KEY(\"r\")) AS SELECT -1, CURRENT_TIMESTAMP")) {
            assertEquals(ofOne, entriesOf(() -> run(c, sql)), sql);
        }
        assertEquals(
                ofOne,
                entriesOf(() -> assertThrows(
                        SQLException.class, () -> run(c, "CREATE TABLE bad(id INT PRIMARY KEY) AS SELECT 1 FROM t"))),
                "taken back by the entry itself");
        run(c, "CREATE TABLE bad AS SELECT 1", "INSERT INTO counted(x) VALUES (1)");
        assertEquals(14, number(c, "SELECT SUM(n) FROM nulls"));
        assertEquals(
                2, number(c, "SELECT COUNT(*) FROM small WHERE s = 'a;b''\\\u00e4\n' AND ROUND(d * 3, 2) IN (10, 20)"));
        run(c, "SET ALLOW_LITERALS NONE", "CREATE TABLE free AS TABLE t", "SET ALLOW_LITERALS ALL");
        assertEquals(2, number(c, "SELECT COUNT(*) FROM free"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "b"})
    void a_table_made_from_a_query_may_be_large(String node) throws Exception {
        through(node);
        run(
                c,
                "CREATE TABLE many AS SELECT x FROM SYSTEM_RANGE(1, 1001)",
                "CREATE TABLE thousand AS SELECT x FROM SYSTEM_RANGE(1, 1000)",
                "CREATE TABLE wide AS SELECT REPEAT('\u00e4', 30000) AS s",
                "CREATE TABLE uuids(id INT, u UUID DEFAULT RANDOM_UUID() DEFAULT ON NULL) AS SELECT x, NULL FROM SYSTEM_RANGE(1, 3)",
                "CREATE TABLE lobs AS SELECT CAST(REPEAT('x', 500) AS CLOB) AS l FROM t");
        assertEquals(1001, number(c, "SELECT COUNT(*) FROM many"));
        assertEquals(1000, number(c, "SELECT COUNT(*) FROM thousand"));
        assertEquals(30000, number(c, "SELECT CHAR_LENGTH(s) FROM wide"));
        assertEquals(3, number(c, "SELECT COUNT(DISTINCT u) FROM uuids"));
        assertEquals(1000, number(c, "SELECT SUM(CHAR_LENGTH(l)) FROM lobs"));
    }

    /** In the log, of these members whose sessions are idle otherwise. */
    private long entriesOf(Executable work) throws Exception {
        long before = number(c, "CALL SYNOD.DIGEST_START()");
        try {
            work.execute();
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
        return number(c, "CALL SYNOD.DIGEST_START()") - before - 1;
    }

    private static void stock(String sql) throws SQLException {
        try (Connection h2 = DriverManager.getConnection("jdbc:h2:mem:");
                Statement s = h2.createStatement()) {
            s.execute("CREATE TABLE t(id INT PRIMARY KEY, x INT)");
            s.execute("INSERT INTO t VALUES (1, 10), (2, 20)");
            s.execute(sql);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "b"})
    void a_column_with_a_default_that_differs_is_filled_once_and_fires_no_trigger(String node) throws Exception {
        through(node);
        run(
                c,
                "CREATE SEQUENCE s",
                "CREATE TRIGGER boom BEFORE UPDATE ON t FOR EACH ROW CALL '" + Boom.class.getName() + "'",
                "ALTER TABLE t ADD COLUMN u UUID DEFAULT RANDOM_UUID() NOT NULL",
                "ALTER TABLE t ADD n BIGINT DEFAULT NEXT VALUE FOR s",
                "INSERT INTO t(id) VALUES (3)");
        assertEquals(3, number(c, "SELECT COUNT(DISTINCT u) FROM t"));
        assertEquals(3, number(c, "SELECT COUNT(DISTINCT n) FROM t"));
        assertEquals(
                42121,
                assertThrows(SQLException.class, () -> run(c, "ALTER TABLE t ADD n UUID DEFAULT RANDOM_UUID()"))
                        .getErrorCode());
        assertEquals(
                4,
                number(c, "SELECT COUNT(*) FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = 'T'"),
                "nothing is left");
        run(c, "DROP TRIGGER boom");
    }

    /** Must not be fired by ALTER TABLE. */
    public static final class Boom implements org.h2.api.Trigger {
        @Override
        public void fire(Connection conn, Object[] oldRow, Object[] newRow) throws SQLException {
            throw new SQLException("fired");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "b"})
    void what_a_lost_leader_has_not_finished_is_dropped_by_the_next_one(String node) throws Exception {
        through(node);
        run(
                c,
                "CREATE TABLE \"" + DdlPlan.UNFINISHED + "x\"(id INT)",
                "ALTER TABLE t ADD COLUMN \"" + DdlPlan.UNFINISHED + "y\" INT INVISIBLE");
        b.lead();
        a.database().upkeep().dropUnfinished(DdlPlan.UNFINISHED);
        assertEquals(1, tables(), "not by one that does not lead");
        b.database().upkeep().unfinished().add(this);
        b.database().upkeep().dropUnfinished(DdlPlan.UNFINISHED);
        assertEquals(1, tables(), "not while it is at work on one itself");
        b.database().upkeep().unfinished().remove(this);
        b.database().upkeep().dropUnfinished(DdlPlan.UNFINISHED);
        assertEquals(0, tables());
        assertEquals(2, number(c, "SELECT COUNT(*) FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = 'T'"));
    }

    private long tables() throws SQLException {
        return number(c, "SELECT COUNT(*) FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME LIKE 'SYNOD%'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "b"})
    void a_linked_table_is_on_every_member_even_where_its_target_is_not(String node) throws Exception {
        through(node);
        String url = "jdbc:h2:mem:target" + node;
        try (Connection target = DriverManager.getConnection(url, "sa", "x")) {
            run(target, "CREATE TABLE orders(id INT PRIMARY KEY, x INT)", "INSERT INTO orders VALUES (1, 5)");
            run(c, "CREATE LINKED TABLE orders('org.h2.Driver', '" + url + "', 'sa', 'x', 'ORDERS')");
            for (TestNode other : List.of(a, b)) {
                try (Connection d = other.connect()) {
                    assertEquals(5, number(d, "SELECT x FROM orders"));
                }
            }
            c.setAutoCommit(false);
            run(c, "INSERT INTO orders VALUES (2, 6)", "INSERT INTO t VALUES (3, 30)");
            c.rollback();
            c.setAutoCommit(true);
            assertEquals(2, number(target, "SELECT COUNT(*) FROM orders"), "written at once, as H2 does");
            assertEquals(2, number(c, "SELECT COUNT(*) FROM t"));
            long entries = group.dataEntries();
            SQLException e = assertThrows(
                    SQLException.class,
                    () -> run(c, "CREATE LINKED TABLE bad('org.h2.Driver', '" + url + "', 'sa', 'x', 'NOPE')"));
            assertEquals(42102, e.getErrorCode(), e.getMessage());
            assertEquals(entries, group.dataEntries(), "tried before it is logged");
            run(c, "CREATE FORCE LINKED TABLE later('org.h2.Driver', '" + url + "', 'sa', 'x', 'NOPE')");
            run(c, "CREATE LOCAL TEMPORARY LINKED TABLE mine('org.h2.Driver', '" + url + "', 'sa', 'x', 'ORDERS')");
            assertEquals(2, number(c, "SELECT COUNT(*) FROM mine"));
            run(c, "DROP TABLE later", "DROP TABLE mine");
        }
        b.lead();
        run(c, "DROP TABLE orders");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "b"})
    void a_script_is_written_and_run_on_the_sessions_node(String node) throws Exception {
        through(node);
        Path plain = directory.resolve("plain.sql");
        Path packed = directory.resolve("packed.sql");
        run(
                c,
                "SCRIPT TO '" + plain + "'",
                "SCRIPT TO '" + packed + "' COMPRESSION DEFLATE CIPHER AES PASSWORD 'secret'",
                "DROP TABLE t");
        run(c, "RUNSCRIPT FROM '" + packed + "' COMPRESSION DEFLATE CIPHER AES PASSWORD 'secret'");
        assertEquals(2, number(c, "SELECT COUNT(*) FROM t"));
        run(c, "DROP TABLE t");
        try (PreparedStatement p = c.prepareStatement("RUNSCRIPT FROM ? CHARSET 'UTF-8'")) {
            p.setString(1, plain.toString());
            p.execute();
        }
        assertEquals(2, number(c, "SELECT COUNT(*) FROM t"));
        Path failing = directory.resolve("failing.sql");
        Files.writeString(
                failing, "\uFEFFINSERT INTO t VALUES (3, 1);\n/* c */;\nINSERT INTO t VALUES (3, 1);\nDELETE FROM t;");
        assertThrows(SQLException.class, () -> run(c, "RUNSCRIPT FROM '" + failing + "'"));
        assertEquals(3, number(c, "SELECT COUNT(*) FROM t"), "what came before stays, as in H2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "b"})
    void a_script_to_a_file_starts_sequences_behind_what_was_drawn(String node) throws Exception {
        through(node);
        Path file = directory.resolve("sequences.sql");
        run(
                c,
                "CREATE SEQUENCE q",
                "CREATE TABLE drawn(id INT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, v BIGINT)",
                "INSERT INTO drawn(v) SELECT NEXT VALUE FOR q FROM SYSTEM_RANGE(1, 100)",
                "SCRIPT TO '" + file + "'",
                "DROP TABLE drawn, t",
                "DROP SEQUENCE q",
                "RUNSCRIPT FROM '" + file + "'",
                "INSERT INTO drawn(v) VALUES (NEXT VALUE FOR q)");
        assertEquals(101, number(c, "SELECT COUNT(DISTINCT v) FROM drawn"));
        assertTrue(number(c, "SELECT MAX(v) FROM drawn") < 2000, "no more than the gap of a mark");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "b"})
    void a_view_is_not_read_by_an_index_that_was_dropped(String node) throws Exception {
        through(node);
        run(c, "CREATE VIEW v AS SELECT x FROM t WHERE x > 3", "CREATE INDEX i ON t(x)");
        assertEquals(2, number(c, "SELECT COUNT(*) FROM v"));
        run(c, "DROP INDEX i", "INSERT INTO t VALUES (3, 30)");
        // Stock H2 finds no row.
        assertEquals(3, number(c, "SELECT COUNT(*) FROM v"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "b"})
    void settings_that_h2_does_not_store_hold_on_every_member_and_after_its_restart(String node) throws Exception {
        through(node);
        run(c, "SET MODE MySQL", "SET REFERENTIAL_INTEGRITY FALSE", "SET DEFAULT_NULL_ORDERING HIGH");
        b.log().drain();
        for (TestNode each : List.of(a, b)) {
            assertEquals("MySQL", each.database().h2().getMode().getName());
            assertEquals(false, each.database().h2().getReferentialIntegrity());
        }
        run(c, "CREATE TABLE my(id INT AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB DEFAULT CHARSET=utf8");
        run(c, "SET MODE REGULAR", "SET REFERENTIAL_INTEGRITY TRUE");
        run(
                c,
                "SET QUERY_STATISTICS TRUE",
                "SET WRITE_DELAY 0",
                "SET LOCK_MODE 3",
                "SET CACHE_SIZE 1000",
                "SET MAX_LOG_SIZE 1",
                "CHECKPOINT",
                "CHECKPOINT SYNC");
        assertEquals(true, peers.get(node).database().h2().getQueryStatistics());
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "b"})
    void a_serializer_is_on_every_member_and_a_listener_where_it_was_set(String node) throws Exception {
        through(node);
        run(c, "DROP TABLE t", "SET JAVA_OBJECT_SERIALIZER '" + Turned.class.getName() + "'");
        b.log().drain();
        for (TestNode each : List.of(a, b)) {
            assertEquals(
                    Turned.class, each.database().h2().getJavaObjectSerializer().getClass());
        }
        run(c, "CREATE TABLE o(id INT PRIMARY KEY, x JAVA_OBJECT)");
        try (PreparedStatement p = c.prepareStatement("INSERT INTO o VALUES (1, ?)")) {
            p.setObject(1, new StringBuilder("abc"));
            p.execute();
        }
        for (TestNode each : List.of(a, b)) {
            try (Connection d = each.connect();
                    Statement s = d.createStatement();
                    var rows = s.executeQuery("SELECT x, CAST(x AS VARBINARY) FROM o")) {
                rows.next();
                assertEquals("abc", rows.getObject(1).toString());
                assertEquals("cba", new String(rows.getBytes(2), StandardCharsets.UTF_8));
            }
        }
        long entries = group.dataEntries();
        int before = Listener.made.get();
        run(c, "SET DATABASE_EVENT_LISTENER '" + Listener.class.getName() + "'");
        assertEquals(before + 1, Listener.made.get());
        assertEquals(entries, group.dataEntries(), "it is this node's");
        run(c, "SET DATABASE_EVENT_LISTENER ''");
    }

    /** Keeps texts the wrong way round. */
    public static final class Turned implements org.h2.api.JavaObjectSerializer {
        @Override
        public byte[] serialize(Object object) {
            return new StringBuilder(object.toString()).reverse().toString().getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public Object deserialize(byte[] bytes) {
            return new StringBuilder(new String(bytes, StandardCharsets.UTF_8)).reverse();
        }
    }

    /** Counts how many there are. */
    public static final class Listener implements org.h2.api.DatabaseEventListener {
        private static final AtomicInteger made = new AtomicInteger();

        public Listener() {
            made.incrementAndGet();
        }
    }
}
