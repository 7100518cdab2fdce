package io.synod.engine.session;

import static io.synod.engine.session.RoutedSessionTest.number;
import static io.synod.engine.session.RoutedSessionTest.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

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

    private void assertEqualMembers() throws SQLException {
        long index = number(c, "CALL SYNOD.DIGEST_START()");
        assertEquals(a.database().digest(index), b.database().digest(index));
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
        assertEqualMembers();
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
        assertEqualMembers();
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
        third.database().confirmStatements();
        assertThrows(IllegalStateException.class, () -> b.log().drain());
        a.log().drain();
        long entries = group.dataEntries();
        third.log().drain();
        third.database().confirmStatements();
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
