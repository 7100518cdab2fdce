package io.synod.engine.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The same statements, prepared for each execution, on stock H2 without a cache of its own and on two members, while another
 * session changes the catalogue and leadership goes to and fro. With few texts almost all are kept, with many almost none is.
 * {@code -Dsynod.seed=…} runs another seed.
 */
public class StatementCacheTwinTest {
    private static final int STEPS = 1_500;
    private static final String[] TABLES = {"t", "u"};

    private static final String[] CATALOGUE = {
        "ALTER TABLE t ADD COLUMN IF NOT EXISTS y INT DEFAULT 5",
        "ALTER TABLE t DROP COLUMN IF EXISTS y",
        "ALTER TABLE t ALTER COLUMN x RENAME TO z",
        "ALTER TABLE t ALTER COLUMN z RENAME TO x",
        "ALTER TABLE t ALTER COLUMN x SET DATA TYPE BIGINT",
        "ALTER TABLE t ALTER COLUMN x SET DATA TYPE INT",
        "DROP VIEW IF EXISTS v",
        "CREATE OR REPLACE VIEW v AS SELECT id, 1 AS n FROM u",
        "CREATE OR REPLACE VIEW v AS SELECT id, NEXT VALUE FOR s AS n FROM u",
        "CREATE OR REPLACE VIEW v AS SELECT id, x AS n FROM u",
        "ALTER TABLE t RENAME TO w",
        "ALTER TABLE w RENAME TO t",
        "SET MODE MySQL",
        "SET MODE Oracle",
        "SET MODE Regular",
        "CREATE CONSTANT IF NOT EXISTS k VALUE 3",
        "DROP CONSTANT IF EXISTS k",
    };

    /** What reads now writes next time, in one schema or in the other: only the route tells the difference. */
    private static final String[] ROUTES = {
        "CREATE OR REPLACE VIEW PUBLIC.v AS SELECT id, noted() AS n FROM PUBLIC.u",
        "CREATE OR REPLACE VIEW PUBLIC.v AS SELECT id, 1 AS n FROM PUBLIC.u",
        "CREATE OR REPLACE VIEW other.v AS SELECT id, noted() AS n FROM other.u",
        "CREATE OR REPLACE VIEW other.v AS SELECT id, 2 AS n FROM other.u",
        "SET SCHEMA PUBLIC",
        "SET SCHEMA other",
        "SET SCHEMA PUBLIC",
        "SET SCHEMA other",
    };

    private static final String VIEW = "SELECT COUNT(n), COUNT(*) FROM v WHERE id < ?";

    private static final String[] SESSION = {
        "SET SCHEMA PUBLIC", "SET SCHEMA other", "SET NON_KEYWORDS VALUE", "SET NON_KEYWORDS", "SET @k = 3",
    };

    private final MemoryGroup group = new MemoryGroup();
    private final Map<String, TestNode> peers = new HashMap<>();

    /** Writes: a session that believes to read only runs it on its own node, which refuses the row. */
    public static long noted(Connection inner) throws SQLException {
        try (Statement s = inner.createStatement()) {
            return s.executeUpdate("INSERT INTO PUBLIC.log VALUES ('noted')");
        }
    }

    private record Step(int session, String sql, int value) {}

    private static String text(Random random, int texts) {
        // The number makes it another text, and nothing else.
        String mark = " /* " + random.nextInt(texts) + " */";
        String table = TABLES[random.nextInt(TABLES.length)];
        return switch (random.nextInt(9)) {
                    case 0 -> "INSERT INTO " + table + " VALUES (?, 1)";
                    case 1 -> "UPDATE " + table + " SET x = x + 1 WHERE id = ?";
                    case 2 -> "DELETE FROM " + table + " WHERE id = ?";
                    case 3 -> "SELECT * FROM " + table + " WHERE id <= ? ORDER BY id";
                    case 4 -> VIEW;
                    case 5 -> "SELECT ?, CASE WHEN '' IS NULL THEN 1 ELSE 0 END, k";
                    case 6 -> "UPDATE " + table + " SET x = CASE WHEN '' IS NULL THEN ? ELSE 0 END";
                    case 7 -> "MERGE INTO " + table + "(id, x) KEY(id) VALUES (?, 7)";
                    default -> "SELECT ? + 1 AS value";
                }
                + mark;
    }

    private static Step step(Random random, int texts) {
        int what = random.nextInt(20);
        int session = random.nextInt(2);
        if (what == 0) {
            return new Step(session, CATALOGUE[random.nextInt(CATALOGUE.length)], -1);
        }
        if (what == 1) {
            return new Step(session, SESSION[random.nextInt(SESSION.length)], -1);
        }
        if (what == 2) {
            return new Step(session, ROUTES[random.nextInt(ROUTES.length)], -1);
        }
        if (what < 6) {
            return new Step(session, VIEW, random.nextInt(8));
        }
        return new Step(session, text(random, texts), random.nextInt(8));
    }

    private static String outcome(Connection c, Step step) {
        try (PreparedStatement statement = c.prepareStatement(step.sql())) {
            if (step.value() >= 0) {
                statement.setInt(1, step.value());
            }
            if (!statement.execute()) {
                return "count " + statement.getUpdateCount();
            }
            StringBuilder text = new StringBuilder();
            try (ResultSet rows = statement.getResultSet()) {
                int columns = rows.getMetaData().getColumnCount();
                for (int i = 1; i <= columns; i++) {
                    text.append(rows.getMetaData().getColumnLabel(i))
                            .append(' ')
                            .append(rows.getMetaData().getColumnTypeName(i))
                            .append(' ');
                }
                while (rows.next()) {
                    text.append('|');
                    for (int i = 1; i <= columns; i++) {
                        text.append(rows.getString(i)).append(' ');
                    }
                }
            }
            return text.toString();
        } catch (SQLException e) {
            return e.getSQLState();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 200})
    void kept_statements_do_what_stock_h2_does_without_a_cache(int texts) throws Exception {
        long seed = Long.getLong("synod.seed", 20270 + texts);
        Random random = new Random(seed);
        String stock = "jdbc:h2:mem:twin" + texts + ";QUERY_CACHE_SIZE=0";
        try (TestNode a = new TestNode(group, "a", null, peers);
                TestNode b = new TestNode(group, "b", null, peers);
                Connection keeper = DriverManager.getConnection(stock, "SA", "")) {
            a.lead();
            Connection[] expected = {
                DriverManager.getConnection(stock, "SA", ""), DriverManager.getConnection(stock, "SA", "")
            };
            Connection[] actual = {a.connect(), b.connect()};
            for (Connection c : new Connection[] {keeper, actual[0]}) {
                Sql.run(
                        c,
                        "CREATE SEQUENCE s NO CACHE",
                        "CREATE TABLE log(what VARCHAR(10))",
                        "CREATE ALIAS noted FOR '" + StatementCacheTwinTest.class.getName() + ".noted'",
                        "CREATE SCHEMA other",
                        "CREATE TABLE other.u(id INT PRIMARY KEY, x INT)",
                        "INSERT INTO other.u VALUES (1, 1)",
                        "CREATE VIEW other.v AS SELECT id, 2 AS n FROM other.u",
                        "CREATE TABLE t(id INT PRIMARY KEY, x INT)",
                        "CREATE TABLE u(id INT PRIMARY KEY, x INT)",
                        "INSERT INTO u VALUES (1, 1), (2, 2)",
                        "CREATE VIEW v AS SELECT id, 1 AS n FROM u");
            }
            List<String> last = new ArrayList<>();
            Step noted = new Step(0, "SELECT COUNT(*) FROM PUBLIC.log", -1);
            for (int i = 0; i < STEPS; i++) {
                Step step = step(random, texts);
                if (random.nextInt(40) == 0) {
                    (random.nextBoolean() ? a : b).lead();
                    last.add("leader changed");
                }
                last.add(step.toString());
                assertEquals(
                        outcome(expected[step.session()], step),
                        outcome(actual[step.session()], step),
                        () -> "seed " + seed + ", the last:\n"
                                + String.join("\n", last.subList(Math.max(0, last.size() - 25), last.size())));
            }
            assertEquals(outcome(expected[0], noted), outcome(actual[0], noted), "seed " + seed);
            assertTrue(Sql.number(actual[0], noted.sql()) > 0, "the writing view was read, seed " + seed);
            for (int i = 0; i < 2; i++) {
                expected[i].close();
                actual[i].close();
            }
        }
    }
}
