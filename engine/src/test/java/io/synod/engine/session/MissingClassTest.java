package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import org.h2.api.Trigger;
import org.h2.util.JdbcUtils;
import org.h2.util.Utils;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A class of the application that is on one node and not on another: that node stops, and gets well with the class. */
public class MissingClassTest {
    private static final String OWN = "shop.Own";

    /** Knows the class unless it is told that this node lacks it. */
    private static final class ClassPath implements Utils.ClassFactory {
        private volatile boolean lacks;

        @Override
        public boolean match(String name) {
            return name.equals(OWN);
        }

        @Override
        public Class<?> loadClass(String name) throws ClassNotFoundException {
            if (lacks) {
                throw new ClassNotFoundException(name);
            }
            return Own.class;
        }
    }

    /** What the application has written. */
    public static final class Own implements Trigger {
        public static int twice(int x) {
            return 2 * x;
        }

        @Override
        public void fire(Connection conn, Object[] oldRow, Object[] newRow) {
            newRow[1] = 5;
        }
    }

    private final ClassPath classPath = new ClassPath();
    private final MemoryGroup group = new MemoryGroup();
    private final Map<String, TestNode> peers = new HashMap<>();

    @TempDir
    private Path directory;

    @BeforeEach
    void addFactory() {
        JdbcUtils.addClassFactory(classPath);
    }

    @AfterEach
    void removeFactory() {
        JdbcUtils.removeClassFactory(classPath);
    }

    private TestNode node(String name) throws Exception {
        return new TestNode(group, name, directory, peers);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE ALIAS own FOR 'shop.Own.twice'",
                "CREATE TRIGGER own BEFORE INSERT ON t FOR EACH ROW CALL 'shop.Own'",
                "ALTER TABLE t ADD COLUMN g INT GENERATED ALWAYS AS (known(id))"
            })
    void a_member_without_the_class_stops_with_its_name_and_goes_on_when_it_has_it(String sql) throws Exception {
        TestNode a = node("a");
        TestNode b = node("b");
        a.lead();
        try (Connection c = a.connect()) {
            run(
                    c,
                    "CREATE TABLE t(id INT PRIMARY KEY, x INT)",
                    "INSERT INTO t VALUES (1, 1)",
                    "CREATE ALIAS known DETERMINISTIC FOR 'shop.Own.twice'");
            b.log().drain();
            b.close();
            classPath.lacks = true;
            b = node("b"); // it opens: what was made before is looked for when it is used
            b.log().drain();
            classPath.lacks = false;
            run(c, sql, "INSERT INTO t(id, x) VALUES (2, 2)");
            classPath.lacks = true;
            TestNode lacking = b;
            long before = lacking.database().appliedIndex();
            IllegalStateException e = assertThrows(
                    IllegalStateException.class, () -> lacking.log().drain());
            assertTrue(e.getMessage().contains("shop.Own"), e.getMessage());
            assertTrue(e.getMessage().contains("start the node again"), e.getMessage());
            assertTrue(lacking.database().appliedIndex() >= before);
            // A stop takes no checkpoint of what the failed entry may have left behind.
            b.close();
            classPath.lacks = false;
            b = node("b");
            b.log().drain();
            long index = number(c, "CALL SYNOD.DIGEST_START()");
            b.log().drain();
            assertEquals(
                    a.database().administration().digest(index),
                    b.database().administration().digest(index));
            b.lead();
            run(c, "INSERT INTO t(id, x) VALUES (3, 3)");
        } finally {
            a.close();
            b.close();
        }
    }

    @Test
    void a_class_that_the_leader_lacks_is_an_error_of_the_statement_and_never_logged() throws Exception {
        try (TestNode a = node("a");
                TestNode b = node("b")) {
            a.lead();
            try (Connection c = b.connect()) {
                run(c, "CREATE TABLE t(id INT PRIMARY KEY, x INT)");
                long entries = group.dataEntries();
                for (String[] each : new String[][] {
                    {"CREATE ALIAS f FOR 'no.such.Thing.m'", "90086"},
                    {"CREATE ALIAS f FOR 'java.lang.Math.nothing'", "90139"},
                    {"CREATE ALIAS f AS 'int f() { return x }'", "42000"},
                    {"CREATE AGGREGATE f FOR 'no.such.Thing'", "90086"},
                    {"CREATE TRIGGER f BEFORE INSERT ON t FOR EACH ROW CALL 'no.such.Thing'", "90043"}
                }) {
                    SQLException e = assertThrows(SQLException.class, () -> run(c, each[0]), each[0]);
                    assertEquals(Integer.parseInt(each[1]), e.getErrorCode(), each[0] + ": " + e);
                }
                assertEquals(entries, group.dataEntries());
                run(
                        c,
                        "CREATE ALIAS src DETERMINISTIC AS 'int src(int x) { return x + 1; }'",
                        "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW AS "
                                + "'org.h2.api.Trigger create() { return (c, o, n) -> { n[1] = 9; }; }'",
                        "INSERT INTO t VALUES (1, 0)");
                assertEquals(10, number(c, "SELECT src(x) FROM t"));
            }
        }
    }
}
