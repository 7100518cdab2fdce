package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each refusal names the statement, the reason and what to do instead, and nothing has happened. */
public class RefusalsTest {
    private static final Pattern PARTS =
            Pattern.compile("(?s)(.{3,}) is not possible in a replicated database: (.{10,})\\. Instead, (.{5,})");

    /** Statement → how its name begins in the message. */
    private static Map<String, String> refused() {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("SHUTDOWN", "SHUTDOWN");
        all.put("SHUTDOWN IMMEDIATELY", "SHUTDOWN IMMEDIATELY");
        all.put("SHUTDOWN COMPACT", "SHUTDOWN COMPACT");
        all.put("SHUTDOWN DEFRAG", "SHUTDOWN DEFRAG");
        all.put("CREATE MATERIALIZED VIEW v AS SELECT * FROM t", "CREATE MATERIALIZED VIEW");
        all.put("CREATE TABLE e(id INT) ENGINE \"org.example.Engine\"", "CREATE TABLE");
        all.put("SET AUTHENTICATOR TRUE", "SET AUTHENTICATOR");
        all.put("SET CLUSTER ''", "SET CLUSTER");
        all.put("SET EXCLUSIVE 1", "SET EXCLUSIVE");
        all.put("SET LOCK_MODE 0", "SET LOCK_MODE");
        all.put("SET READONLY TRUE", "SET READONLY");
        all.put("CREATE ALIAS FTL_INIT FOR 'org.h2.fulltext.FullTextLucene.init'", "CREATE ALIAS FTL_INIT");
        all.put("CREATE GLOBAL TEMPORARY LINKED TABLE l('', '', '', '', 'T')", "CREATE GLOBAL TEMPORARY LINKED TABLE");
        all.put("CREATE VIEW v AS SELECT * FROM tmp", "CREATE VIEW");
        all.put("DROP TABLE t, tmp", "DROP TABLE");
        all.put("CREATE TABLE r(id INT REFERENCES tmp)", "CREATE TABLE");
        all.put("ALTER TABLE t ADD FOREIGN KEY (id) REFERENCES tmp", "ALTER TABLE");
        all.put("CALL LINK_SCHEMA('S', '', 'jdbc:h2:mem:', 'sa', '', 'PUBLIC')", "LINK_SCHEMA");
        all.put("CREATE TABLE SYNOD.e(id INT)", "CREATE TABLE");
        all.put("DROP SCHEMA SYNOD", "DROP SCHEMA");
        all.put("SELECT FT_INIT()", "FT_INIT");
        all.put("SELECT quiet(9)", "a function that changes rows");
        all.put("CREATE TABLE u(id INT, g INT GENERATED ALWAYS AS (counter()))", "a generated column with");
        String uuid = "ADD COLUMN with DEFAULT RANDOM_UUID() and ";
        all.put("ALTER TABLE t ADD COLUMN g UUID DEFAULT RANDOM_UUID() UNIQUE", uuid + "UNIQUE");
        all.put("ALTER TABLE t ADD COLUMN g UUID DEFAULT RANDOM_UUID() NOT NULL CHECK (g IS NOT NULL)", uuid + "CHECK");
        all.put("ALTER TABLE t ADD COLUMN g UUID DEFAULT RANDOM_UUID() DEFAULT ON NULL", uuid + "DEFAULT");
        all.put("ALTER TABLE t ADD COLUMN g UUID DEFAULT RANDOM_UUID() BEFORE id", uuid + "BEFORE");
        all.put("ALTER TABLE t ADD COLUMN IF NOT EXISTS g UUID DEFAULT RANDOM_UUID()", uuid + "IF NOT EXISTS");
        all.put("ALTER TABLE t ADD (g UUID DEFAULT RANDOM_UUID(), h INT)", "ALTER TABLE … ADD with RANDOM_UUID");
        all.put(
                "ALTER TABLE t ADD COLUMN g INT DEFAULT 5 CHECK (g < counter())",
                "ALTER TABLE … ADD with the function COUNTER");
        all.put("ALTER TABLE t ADD CHECK (id < RAND())", "ALTER TABLE … ADD with RAND");
        all.put(
                "ALTER TABLE t ALTER COLUMN id BIGINT USING counter()",
                "ALTER COLUMN … USING with the function COUNTER");
        all.put(
                "ALTER SEQUENCE q RESTART WITH (SELECT 1 FROM FINAL TABLE (INSERT INTO t VALUES (5)))",
                "ALTER SEQUENCE with");
        all.put(
                "ALTER TABLE t ALTER COLUMN id INT DEFAULT counter() DEFAULT ON NULL",
                "ALTER COLUMN … DEFAULT ON NULL with the function COUNTER");
        all.put("CREATE CONSTANT k VALUE RAND()", "CREATE CONSTANT with RAND");
        all.put("ALTER DOMAIN small ADD CHECK (VALUE < RAND())", "ALTER DOMAIN with RAND");
        all.put("CREATE SEQUENCE s START WITH counter()", "CREATE SEQUENCE with");
        all.put("CALL commits()", "CALL COMMITS");
        return all;
    }

    /** For CREATE ALIAS. */
    public static int commits(Connection inner) throws SQLException {
        inner.commit();
        return 1;
    }

    /** For CREATE ALIAS. */
    public static int quiet(Connection inner, int id) throws SQLException {
        try (Statement s = inner.createStatement()) {
            return s.executeUpdate("INSERT INTO t VALUES (" + id + ")");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "b"})
    void each_refusal_has_its_three_parts_and_has_changed_nothing(String node) throws Exception {
        MemoryGroup group = new MemoryGroup();
        Map<String, TestNode> peers = new HashMap<>();
        try (TestNode a = new TestNode(group, "a", null, peers);
                TestNode b = new TestNode(group, "b", null, peers)) {
            a.lead();
            try (Connection c = peers.get(node).connect()) {
                String here = UnequalDdlTest.class.getName();
                run(
                        c,
                        "CREATE TABLE t(id INT PRIMARY KEY)",
                        "INSERT INTO t VALUES (1)",
                        "CREATE SEQUENCE q",
                        "CREATE ALIAS counter FOR '" + here + ".counter'",
                        "CREATE ALIAS commits FOR '" + RefusalsTest.class.getName() + ".commits'",
                        "CREATE ALIAS quiet DETERMINISTIC FOR '" + RefusalsTest.class.getName() + ".quiet'",
                        "CREATE ALIAS FT_INIT FOR 'org.h2.fulltext.FullText.init'",
                        "CREATE DOMAIN small AS INT",
                        "CREATE LOCAL TEMPORARY TABLE tmp(id INT PRIMARY KEY)");
                long entries = group.dataEntries();
                refused().forEach((sql, name) -> refuses(c, sql, name));
                c.setAutoCommit(false);
                run(c, "INSERT INTO t VALUES (2)");
                refuses(c, "PREPARE COMMIT x", "PREPARE COMMIT in a session with temporary tables");
                c.rollback();
                c.setAutoCommit(true);
                assertEquals(entries, group.dataEntries(), "something was logged");
                assertEquals(1, number(c, "SELECT COUNT(*) FROM t"));
                TestNode.assertEqual(c, a, b);
            }
        }
    }

    private static void refuses(Connection c, String sql, String name) {
        SQLException e = assertThrows(SQLException.class, () -> run(c, sql), sql);
        assertEquals("0A000", e.getSQLState(), sql + ": " + e);
        assertTrue(e instanceof SQLFeatureNotSupportedException, sql + ": " + e);
        assertTrue(PARTS.matcher(e.getMessage()).find(), sql + ": " + e.getMessage());
        assertTrue(e.getMessage().startsWith(name), sql + ": " + e.getMessage());
    }
}
