package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** What the tests of prepared transactions have in common: two members on file, a table, and what is locked in it. */
abstract class PreparedTransactions {
    @TempDir
    Path directory;

    final MemoryGroup group = new MemoryGroup();
    private final Map<String, TestNode> peers = new HashMap<>();
    TestNode a;
    TestNode b;

    @BeforeEach
    void start() throws Exception {
        a = new TestNode(group, "a", directory, peers);
        b = new TestNode(group, "b", directory, peers);
        a.lead();
        try (Connection c = a.connect()) {
            run(
                    c,
                    "CREATE TABLE t(id INT PRIMARY KEY, x INT, u INT UNIQUE)",
                    "CREATE TABLE other(id INT PRIMARY KEY)",
                    "INSERT INTO t VALUES (1, 10, 10), (2, 20, 20), (3, 30, 30)");
        }
    }

    @AfterEach
    void stop() {
        List.copyOf(peers.values()).forEach(TestNode::close);
    }

    /** A member that was killed or closed, with all that is in the log. */
    final TestNode startAgain(String name) throws SQLException, IOException {
        TestNode node = new TestNode(group, name, directory, peers);
        node.log().drain();
        return node;
    }

    final void restartFollower() throws Exception {
        if (a.log().servingEpoch() != 0) {
            b.kill();
            b = startAgain("b");
        } else {
            a.kill();
            a = startAgain("a");
        }
    }

    /** Changes, deletes and inserts a row, and prepares that. */
    static void prepare(TestNode at, String name) throws SQLException {
        try (Connection c = at.connect()) {
            c.setAutoCommit(false);
            run(
                    c,
                    "UPDATE t SET x = 11 WHERE id = 1",
                    "DELETE FROM t WHERE id = 2",
                    "INSERT INTO t VALUES (4, 40, 40)");
            run(c, "PREPARE COMMIT " + name);
        }
    }

    static void prepareInsert(TestNode at, String name, int id) throws SQLException {
        try (Connection c = at.connect()) {
            c.setAutoCommit(false);
            run(c, "INSERT INTO t VALUES (" + id + ", " + id + ", " + id + ")", "PREPARE COMMIT " + name);
        }
    }

    static void assertState(TestNode at, long count, long sum) throws SQLException {
        try (Connection c = at.connect()) {
            assertEquals(count, number(c, "SELECT COUNT(*) FROM t"));
            assertEquals(sum, number(c, "SELECT SUM(x) FROM t"));
            assertEquals(count, number(c, "SELECT COUNT(*) FROM t WHERE u > 0"));
        }
    }

    static void assertBefore(TestNode at) throws SQLException {
        assertState(at, 3, 60);
    }

    static void assertAfter(TestNode at) throws SQLException {
        assertState(at, 3, 81);
    }

    static void assertLocked(TestNode at) throws SQLException {
        assertLocked(at, "COMMIT TRANSACTION \"ONE\" or ROLLBACK TRANSACTION \"ONE\"");
    }

    /** @param says what the errors have to say */
    static void assertLocked(TestNode at, String says) throws SQLException {
        for (String sql : List.of(
                "UPDATE t SET x = 0 WHERE id = 1",
                "DELETE FROM t WHERE id = 2",
                "INSERT INTO t VALUES (4, 0, 0)",
                "INSERT INTO t VALUES (5, 0, 40)",
                "ALTER TABLE t ADD COLUMN y INT",
                "DROP TABLE t",
                "TRUNCATE TABLE t")) {
            try (Connection c = at.connect()) {
                run(c, "SET LOCK_TIMEOUT 50");
                SQLException e = assertThrows(SQLException.class, () -> run(c, sql), sql);
                assertEquals("HYT00", e.getSQLState(), sql);
                assertTrue(e.getMessage().contains(says), e.toString());
            }
        }
        try (Connection c = at.connect()) {
            run(c, "UPDATE t SET x = x WHERE id = 3", "INSERT INTO other SELECT COALESCE(MAX(id), 0) + 1 FROM other");
        }
    }

    static List<String> inDoubt(TestNode at) throws SQLException {
        List<String> names = new ArrayList<>();
        try (Connection c = at.connect();
                var rows = c.createStatement()
                        .executeQuery("SELECT D.TRANSACTION_NAME, S.TRANSACTION_NAME FROM INFORMATION_SCHEMA.IN_DOUBT D"
                                + " JOIN SYNOD.IN_DOUBT S USING(TRANSACTION_NAME) WHERE S.STATE = 'PREPARED'"
                                + " ORDER BY S.LOG_INDEX")) {
            while (rows.next()) {
                assertEquals(rows.getString(1), rows.getString(2));
                names.add(rows.getString(1));
            }
        }
        return names;
    }

    void assertEqualMembers() throws SQLException {
        TestNode leader = a.log().servingEpoch() != 0 ? a : b;
        long index = leader.database().administration().startDigest();
        a.log().drain();
        b.log().drain();
        assertFalse(a.database().administration().digest(index).isEmpty());
        assertEquals(
                a.database().administration().digest(index),
                b.database().administration().digest(index));
    }
}
