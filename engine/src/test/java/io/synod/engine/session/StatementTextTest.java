package io.synod.engine.session;

import static org.junit.jupiter.api.Assertions.assertEquals;

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
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Texts of statements, odd ones too, do on a leader and on a follower what they do on H2. */
class StatementTextTest {
    private static final int MEBIBYTE = 1 << 20;
    private static final int MANY = 10_000;

    private static List<String> texts() {
        return List.of(
                "",
                " \n ",
                ";",
                ";;",
                "-- only a comment",
                "// only a comment",
                "/* only /* a nested */ comment */",
                "/* before */ SELECT 1 -- behind",
                "SELECT /*+ a hint */ x FROM t ORDER BY id",
                "SELECT 1;",
                "SELECT 1;;",
                ";SELECT 1",
                "SELECT '--', '/*', ';', $$a;b$$",
                "SELECT \"X\" FROM t -- ;\n ORDER BY id",
                "INSERT INTO t VALUES (3, 30); INSERT INTO t VALUES (4, 40)",
                "INSERT INTO t VALUES (5, 50); INSERT INTO t VALUES (5, 50)",
                "UPDATE t SET x = x + 1; SELECT * FROM t; DELETE FROM t WHERE id = 1",
                "SELECT x FROM t WHERE id = 2; DELETE FROM t WHERE id = 2",
                "CREATE TABLE u(id INT); INSERT INTO u VALUES (1); SELECT COUNT(*) FROM u",
                "INSERT INTO u VALUES (2); DROP TABLE u; -- gone",
                "CREATE TABLE w(id INT); NONSENSE",
                "SELECT * FROM w",
                "SELECT 1; NONSENSE",
                "{call ABS(-3)}",
                "{? = call ABS(-3)}",
                "SELECT {fn ABS(-3)}, {d '2020-01-01'}, {t '10:00:00'}, {ts '2020-01-01 10:00:00'}",
                "SELECT {fn CONCAT({fn UCASE('a')}, 'b')}",
                "SELECT * FROM {oj t a LEFT OUTER JOIN t b ON a.id = b.id} ORDER BY 1",
                "SELECT x FROM t WHERE id = ",
                "SELEKT 1",
                "SELECT 'unfinished",
                "SELECT /* unfinished",
                "INSERT INTO t(id, x) VALUES (6, 6) /* ; */; ;");
    }

    /** Everything that a program sees of it. */
    private static String outcome(Connection c, String sql) {
        StringBuilder seen = new StringBuilder();
        try (Statement s = c.createStatement()) {
            boolean rows = s.execute(sql);
            seen.append(rows ? "rows" : "count " + s.getUpdateCount());
            if (rows) {
                try (ResultSet result = s.getResultSet()) {
                    append(seen, result);
                }
            }
        } catch (SQLException e) {
            seen.append("error ").append(e.getErrorCode());
        }
        return seen.toString();
    }

    private static void append(StringBuilder seen, ResultSet result) throws SQLException {
        while (result.next()) {
            for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
                seen.append('|').append(result.getString(i));
            }
            seen.append('\n');
        }
    }

    private interface Body {
        void run(Connection h2, Connection synod) throws Exception;
    }

    private static void compare(String node, Body body) throws Exception {
        MemoryGroup group = new MemoryGroup();
        Map<String, TestNode> peers = new HashMap<>();
        try (TestNode a = new TestNode(group, "a", null, peers);
                TestNode b = new TestNode(group, "b", null, peers)) {
            a.lead();
            try (Connection h2 = DriverManager.getConnection("jdbc:h2:mem:");
                    Connection synod = peers.get(node).connect()) {
                for (Connection c : List.of(h2, synod)) {
                    outcome(c, "CREATE TABLE t(id INT PRIMARY KEY, x INT)");
                    outcome(c, "INSERT INTO t VALUES (1, 10), (2, 20)");
                }
                body.run(h2, synod);
                String all = "SELECT * FROM t ORDER BY id";
                assertEquals(outcome(h2, all), outcome(synod, all));
                TestNode.assertEqual(synod, a, b);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "b"})
    void each_text_has_the_outcome_that_it_has_on_h2(String node) throws Exception {
        compare(node, (h2, synod) -> {
            List<String> expected = new ArrayList<>();
            List<String> seen = new ArrayList<>();
            for (String sql : texts()) {
                expected.add(sql + " → " + outcome(h2, sql));
                seen.add(sql + " → " + outcome(synod, sql));
            }
            assertEquals(String.join("\n", expected), String.join("\n", seen));
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "b"})
    void several_statements_share_their_parameters_in_order(String node) throws Exception {
        compare(node, (h2, synod) -> {
            for (Connection c : List.of(h2, synod)) {
                try (PreparedStatement p = c.prepareStatement(
                        "INSERT INTO t VALUES (?, ?); UPDATE t SET x = ? WHERE id = ?; DELETE FROM t WHERE id = ?")) {
                    for (int i = 0; i < 3; i++) {
                        int[] values = {10 + i, 1, 7 + i, 10 + i, i};
                        for (int j = 0; j < values.length; j++) {
                            p.setInt(j + 1, values[j]);
                        }
                        p.execute();
                    }
                }
            }
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "b"})
    void a_text_of_a_mebibyte_and_ten_thousand_parameters_are_nothing_special(String node) throws Exception {
        compare(node, (h2, synod) -> {
            String long1 = "SELECT LENGTH('" + "x".repeat(MEBIBYTE) + "')";
            assertEquals(outcome(h2, long1), outcome(synod, long1));
            String long2 = "UPDATE t SET x = LENGTH('" + "y".repeat(MEBIBYTE) + "') WHERE id = 1";
            assertEquals(outcome(h2, long2), outcome(synod, long2));
            String comment = "CREATE TABLE u(id INT) /* " + "z".repeat(MEBIBYTE) + " */";
            assertEquals(outcome(h2, comment), outcome(synod, comment));
            String marks = IntStream.range(0, MANY).mapToObj(i -> "?").collect(Collectors.joining(", "));
            for (Connection c : List.of(h2, synod)) {
                try (PreparedStatement p = c.prepareStatement("DELETE FROM t WHERE id IN (" + marks + ")")) {
                    for (int i = 1; i <= MANY; i++) {
                        p.setInt(i, i + 1);
                    }
                    assertEquals(1, p.executeUpdate());
                }
            }
        });
    }
}
