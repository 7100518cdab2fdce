package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.database.DigestLine;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Statements that would leave another result on each member are refused by name, and members that differ are stopped. */
public class UnequalDdlTest {
    private static final AtomicInteger CALLS = new AtomicInteger();

    private final MemoryGroup group = new MemoryGroup();
    private final Map<String, TestNode> peers = new HashMap<>();
    private TestNode a;
    private TestNode b;
    private Connection c;

    /** For CREATE ALIAS: another value for each call, and so on each member. */
    public static int counter() {
        return CALLS.incrementAndGet();
    }

    /** For CREATE ALIAS. */
    public static int twice(int x) {
        return 2 * x;
    }

    @BeforeEach
    void start() throws Exception {
        a = new TestNode(group, "a", null, peers);
        b = new TestNode(group, "b", null, peers);
        a.lead();
        c = a.connect();
        String here = UnequalDdlTest.class.getName();
        run(
                c,
                "CREATE ALIAS counter FOR '" + here + ".counter'",
                "CREATE ALIAS twice DETERMINISTIC FOR '" + here + ".twice'",
                "CREATE DOMAIN tag AS UUID DEFAULT RANDOM_UUID()",
                "CREATE TABLE t(id INT PRIMARY KEY)",
                "INSERT INTO t VALUES (1), (2), (3)");
    }

    @AfterEach
    void stop() throws Exception {
        c.close();
        a.close();
        b.close();
    }

    @Test
    void what_no_member_may_compute_for_itself_is_refused_by_name() throws Exception {
        for (String[] each : new String[][] {
            {"CREATE TABLE u(id INT, g INT GENERATED ALWAYS AS (counter()))", "COUNTER"},
            {"CREATE TABLE u(id INT, g UUID AS (RANDOM_UUID()))", "RANDOM_UUID"},
            {"ALTER TABLE t ADD COLUMN g INT GENERATED ALWAYS AS (counter())", "COUNTER"},
            {"ALTER TABLE t ADD COLUMN g tag", "TAG"},
            {"ALTER TABLE t ADD COLUMN IF NOT EXISTS g INT DEFAULT counter()", "counter()"},
            {"ALTER TABLE t ALTER COLUMN id BIGINT USING counter()", "COUNTER"},
            {"ALTER TABLE t ADD CONSTRAINT k CHECK (id < counter())", "COUNTER"},
            {"CREATE CONSTANT k VALUE RAND()", "RAND"},
            {"CREATE SEQUENCE s START WITH counter()", "COUNTER"},
        }) {
            SQLException e = assertThrows(SQLException.class, () -> run(c, each[0]), each[0]);
            assertEquals("0A000", e.getSQLState(), each[0] + ": " + e);
            assertTrue(e.getMessage().contains(each[1]), e.getMessage());
        }
        TestNode.assertEqual(c, a, b);
    }

    @Test
    void what_can_be_computed_once_is_computed_by_the_leader_and_the_same_everywhere() throws Exception {
        run(
                c,
                "ALTER TABLE t ADD COLUMN n INT DEFAULT counter() NOT NULL",
                "ALTER TABLE t ADD COLUMN d INT DEFAULT twice(4)",
                "ALTER TABLE t ADD COLUMN g INT GENERATED ALWAYS AS (twice(id))",
                "ALTER TABLE t ADD COLUMN next INT",
                "ALTER TABLE t ADD COLUMN rand INT DEFAULT 7",
                "CREATE TABLE u AS SELECT id, counter() x FROM t",
                "CREATE TABLE v(id INT PRIMARY KEY, x INT DEFAULT counter(), y tag)",
                "INSERT INTO v(id) VALUES (1), (2)",
                "CREATE MEMORY TABLE m(id INT PRIMARY KEY)",
                "INSERT INTO m VALUES (1)");
        assertEquals(3, number(c, "SELECT COUNT(DISTINCT n) FROM t"));
        assertEquals(2 + 4 + 6, number(c, "SELECT SUM(g) FROM t"));
        TestNode.assertEqual(c, a, b);
    }

    @Test
    void variables_of_the_session_are_what_they_are_on_the_leader() throws Exception {
        run(
                c,
                "SET @v = 100",
                "ALTER TABLE t ADD COLUMN d INT DEFAULT @v",
                "ALTER TABLE t ADD COLUMN g INT GENERATED ALWAYS AS (id + @v)",
                "ALTER TABLE t ALTER COLUMN d BIGINT USING d + @v",
                "ALTER TABLE t ADD CONSTRAINT few CHECK (id < @v)",
                "CREATE CONSTANT k VALUE @v + 1",
                "CREATE SEQUENCE s START WITH @v",
                "CREATE TABLE u(x INT DEFAULT @v) AS SELECT @v",
                "SET @v = 200",
                // Copies the table, and computes its column anew.
                "ALTER TABLE t ADD COLUMN more INT");
        assertEquals(3 * 200, number(c, "SELECT SUM(d) FROM t"));
        assertEquals(3 * 200 + 6, number(c, "SELECT SUM(g) FROM t"));
        assertEquals(101, number(c, "SELECT k"));
        TestNode.assertEqual(c, a, b);
    }

    @Test
    void what_a_dialect_calls_the_time_or_a_new_id_is_computed_once() throws Exception {
        for (String[] each : new String[][] {
            {"DB2", "TIMESTAMP", "CURRENT TIMESTAMP"},
            {"DB2", "BIGINT", "IDENTITY_VAL_LOCAL()"},
            {"MSSQLServer", "UNIQUEIDENTIFIER", "NEWSEQUENTIALID()"},
        }) {
            run(c, "SET MODE " + each[0]);
            run(c, "ALTER TABLE t ADD COLUMN x " + each[1] + " DEFAULT " + each[2]);
            TestNode.assertEqual(c, a, b);
            run(c, "ALTER TABLE t DROP COLUMN x");
        }
        run(c, "SET MODE DB2", "ALTER TABLE t ADD COLUMN current DATE", "ALTER TABLE t DROP COLUMN current");
    }

    /** H2 reads them by an index that has all columns, and after a restart its indexes come in another order. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "ALTER TABLE pairs ADD COLUMN n INT",
                "ALTER TABLE pairs ADD COLUMN n INT GENERATED BY DEFAULT AS IDENTITY"
            })
    void rows_keep_their_order_on_a_member_that_was_restarted(String statement, @TempDir Path directory)
            throws Exception {
        TestNode third = new TestNode(group, "c", directory, peers);
        run(
                c,
                "CREATE TABLE low(id INT)",
                "CREATE TABLE pairs(x INT, y INT)",
                "INSERT INTO pairs VALUES (1, 9), (2, 8), (3, 7), (4, 6)",
                "CREATE INDEX late ON pairs(y, x)",
                "DROP TABLE low",
                "CREATE INDEX early ON pairs(x, y)");
        third.log().drain();
        third.close();
        third = new TestNode(group, "c", directory, peers);
        run(c, statement, "DELETE FROM pairs WHERE x = 1");
        long index = number(c, "CALL SYNOD.DIGEST_START()");
        third.log().drain();
        assertEquals(pairs(a, index), pairs(third, index));
        third.close();
    }

    private static List<DigestLine> pairs(TestNode node, long index) throws SQLException {
        List<DigestLine> lines = node.database().administration().digest(index).stream()
                .filter(line -> line.name().equals("PUBLIC.PAIRS"))
                .toList();
        assertEquals(1, lines.size());
        return lines;
    }

    @Test
    void a_member_on_which_a_statement_ends_otherwise_stops() throws Exception {
        plantOnB("CREATE TABLE planted(id INT)");
        run(c, "CREATE TABLE planted(id INT)");
        IllegalStateException e =
                assertThrows(IllegalStateException.class, () -> b.log().drain());
        assertTrue(e.getMessage().contains("42101") && e.getMessage().contains("diverged"), e.getMessage());
        assertEquals(0, number(c, "SELECT COUNT(*) FROM planted"), "the others go on");
    }

    @Test
    void the_next_leader_says_how_a_statement_ended_when_the_last_one_could_not() throws Exception {
        TestNode third = new TestNode(group, "c", null, peers);
        plantOnB("CREATE SCHEMA planted");
        // Nobody waits for this one, so nobody has said how it ended.
        assertTrue(a.database().statement("CREATE SCHEMA planted"));
        third.lead();
        third.database().upkeep().confirmStatements();
        assertThrows(IllegalStateException.class, () -> b.log().drain());
        a.log().drain();
        long entries = group.dataEntries();
        third.log().drain();
        third.database().upkeep().confirmStatements();
        assertEquals(entries, group.dataEntries(), "said once is enough");
        third.close();
    }

    private void plantOnB(String sql) {
        b.log().drain();
        var session = b.database().store().systemSession();
        session.lock();
        try {
            session.prepareLocal(sql).executeUpdate(null);
            session.commit(false);
        } finally {
            session.close();
            session.unlock();
        }
    }
}
