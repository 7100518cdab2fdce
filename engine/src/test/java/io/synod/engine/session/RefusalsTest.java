package io.synod.engine.session;

import static io.synod.engine.session.RoutedSessionTest.number;
import static io.synod.engine.session.RoutedSessionTest.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
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
        all.put("PREPARE COMMIT x", "PREPARE COMMIT");
        all.put("COMMIT TRANSACTION x", "COMMIT TRANSACTION");
        all.put("ROLLBACK TRANSACTION x", "ROLLBACK TRANSACTION");
        all.put("CREATE MATERIALIZED VIEW v AS SELECT * FROM t", "CREATE MATERIALIZED VIEW");
        all.put("SET AUTHENTICATOR TRUE", "SET AUTHENTICATOR");
        all.put("SET CLUSTER ''", "SET CLUSTER");
        all.put("SET EXCLUSIVE 1", "SET EXCLUSIVE");
        all.put("SET LOCK_MODE 0", "SET LOCK_MODE");
        all.put("CALL FT_INIT()", "CALL FT_INIT");
        all.put("CREATE GLOBAL TEMPORARY LINKED TABLE l('', '', '', '', 'T')", "CREATE GLOBAL TEMPORARY LINKED TABLE");
        all.put("CREATE VIEW v AS SELECT * FROM tmp", "CREATE VIEW");
        all.put("DROP TABLE t, tmp", "DROP TABLE");
        all.put("CREATE TABLE u(id INT, g INT GENERATED ALWAYS AS (counter()))", "a generated column with");
        all.put("ALTER TABLE t ADD COLUMN g UUID DEFAULT RANDOM_UUID() UNIQUE", "ADD COLUMN with DEFAULT");
        all.put("ALTER TABLE t ADD COLUMN IF NOT EXISTS g UUID DEFAULT RANDOM_UUID()", "ADD COLUMN with DEFAULT");
        all.put("ALTER TABLE t ALTER COLUMN id BIGINT USING counter()", "ALTER TABLE with");
        all.put("CREATE CONSTANT k VALUE RAND()", "CREATE CONSTANT with RAND");
        all.put("CREATE SEQUENCE s START WITH counter()", "CREATE SEQUENCE with");
        all.put("RUNSCRIPT FROM 'x.sql' FROM_1X", "RUNSCRIPT … FROM_1X");
        all.put("CALL commits()", "CALL COMMITS");
        return all;
    }

    /** For CREATE ALIAS. */
    public static int commits(Connection inner) throws SQLException {
        inner.commit();
        return 1;
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
                        "CREATE ALIAS counter FOR '" + here + ".counter'",
                        "CREATE ALIAS commits FOR '" + RefusalsTest.class.getName() + ".commits'",
                        "CREATE ALIAS FT_INIT FOR 'org.h2.fulltext.FullText.init'",
                        "CREATE LOCAL TEMPORARY TABLE tmp(id INT)");
                long entries = group.dataEntries();
                refused().forEach((sql, name) -> {
                    SQLException e = assertThrows(SQLException.class, () -> run(c, sql), sql);
                    if (node.equals("b") && sql.contains("tmp")) {
                        // The table is on the leader, this node knows nothing of it: its session there refuses.
                        return;
                    }
                    assertEquals("0A000", e.getSQLState(), sql + ": " + e);
                    assertTrue(e instanceof SQLFeatureNotSupportedException, sql + ": " + e);
                    assertTrue(PARTS.matcher(e.getMessage()).find(), sql + ": " + e.getMessage());
                    assertTrue(e.getMessage().startsWith(name), sql + ": " + e.getMessage());
                });
                assertEquals(entries, group.dataEntries(), "something was logged");
                assertEquals(1, number(c, "SELECT COUNT(*) FROM t"));
                long index = number(c, "CALL SYNOD.DIGEST_START()");
                assertEquals(a.database().digest(index), b.database().digest(index));
            }
        }
    }
}
