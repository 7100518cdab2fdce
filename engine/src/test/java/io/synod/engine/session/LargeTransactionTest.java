package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.writeset.Spool;
import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Transactions that go through the log in parts: two members on file. */
class LargeTransactionTest {
    private static final int ROWS = 40_000;

    @TempDir
    Path directory;

    private final MemoryGroup group = new MemoryGroup();
    private final Map<String, TestNode> peers = new HashMap<>();
    private TestNode a;
    private TestNode b;
    private Connection atA;

    @BeforeEach
    void open() throws Exception {
        a = new TestNode(group, "a", directory, peers);
        b = new TestNode(group, "b", directory, peers);
        atA = a.connectLeading();
        run(atA, "CREATE TABLE t(id INT PRIMARY KEY, u INT UNIQUE, s VARCHAR(100))", "CREATE INDEX ts ON t(s)");
        atA.setAutoCommit(false);
    }

    @AfterEach
    void close() {
        peers.values().forEach(TestNode::close);
    }

    private void insertAll() throws SQLException {
        run(atA, "INSERT INTO t SELECT x, x, 'row ' || x FROM SYSTEM_RANGE(1, " + ROWS + ")");
    }

    private long[] counts(TestNode node) throws SQLException {
        node.log().drain();
        try (Connection c = node.connect(Map.of("READ", "LOCAL"))) {
            return new long[] {
                number(c, "SELECT COUNT(*) FROM t"),
                number(c, "SELECT COUNT(*) FROM t WHERE u > 0"),
                number(c, "SELECT COUNT(*) FROM t WHERE s LIKE 'row %'")
            };
        }
    }

    private void assertNothingSpooled() {
        a.log().drain();
        b.log().drain();
        assertEquals(List.of(), a.database().spool().items());
        assertEquals(List.of(), b.database().spool().items());
    }

    @Test
    void goes_through_the_log_in_parts_and_is_whole_on_every_member() throws Exception {
        long before = group.dataEntries();
        insertAll();
        atA.commit();
        assertTrue(group.dataEntries() - before > 3, "in parts");
        long[] all = {ROWS, ROWS, ROWS};
        assertArrayEquals(all, counts(a));
        assertArrayEquals(all, counts(b));
        assertNothingSpooled();
    }

    @Test
    void unique_values_change_places_across_parts() throws Exception {
        insertAll();
        atA.commit();
        run(
                atA,
                "UPDATE t SET u = -u",
                "UPDATE t SET u = " + (ROWS + 1) + " + u",
                "DELETE FROM t WHERE id BETWEEN 10 AND 19",
                "INSERT INTO t SELECT x + " + ROWS + ", " + (ROWS + 1) + " - x, 'new' FROM SYSTEM_RANGE(10, 19)");
        atA.commit();
        b.log().drain();
        try (Connection atB = b.connect(Map.of("READ", "LOCAL"))) {
            assertEquals(ROWS, number(atB, "SELECT COUNT(*) FROM t"));
            assertEquals(1, number(atB, "SELECT id FROM t WHERE u = " + ROWS));
            assertEquals(ROWS, number(atB, "SELECT id FROM t WHERE u = 1"));
            assertEquals(ROWS + 15, number(atB, "SELECT id FROM t WHERE u = " + (ROWS + 1 - 15)));
        }
        assertNothingSpooled();
    }

    @Test
    void commits_of_others_go_in_between_its_parts() throws Exception {
        AtomicBoolean seen = new AtomicBoolean();
        try (Connection other = a.connect()) {
            insertAll();
            group.afterEntries(3, () -> {
                try {
                    run(other, "INSERT INTO t VALUES (-1, -1, 'between')");
                    seen.set(number(other, "SELECT COUNT(*) FROM t") == 1
                            && a.database().spool().items().size() == 1);
                } catch (SQLException e) {
                    throw new AssertionError(e);
                }
            });
            atA.commit();
            assertTrue(seen.get(), "the other commit happened, and saw nothing of the large one");
            assertEquals(ROWS + 1, number(other, "SELECT COUNT(*) FROM t"));
        }
    }

    @Test
    void a_new_leadership_voids_the_parts_of_the_old_one_on_every_member() throws Exception {
        insertAll();
        group.afterEntries(3, () -> {
            b.log().drain();
            assertEquals(1, b.database().spool().items().size(), "parts have arrived");
            b.lead();
        });
        SQLException lost = assertThrows(SQLException.class, atA::commit);
        assertEquals("40001", lost.getSQLState());
        assertNothingSpooled();
        assertEquals(0, counts(a)[0]);
        assertEquals(0, counts(b)[0]);
        insertAll();
        atA.commit();
        assertEquals(ROWS, counts(a)[0]);
        assertEquals(ROWS, counts(b)[2]);
        assertNothingSpooled();
    }

    @Test
    void parts_that_were_lost_are_given_up() throws Exception {
        insertAll();
        group.afterEntries(3, () -> group.loseProposals(true));
        assertEquals("40001", assertThrows(SQLException.class, atA::commit).getSQLState());
        group.loseProposals(false);
        assertFalse(a.database().spool().items().isEmpty(), "the record that gives it up was lost as well");
        a.database().upkeep().abandonLeftOvers();
        assertNothingSpooled();
        insertAll();
        atA.commit();
        assertEquals(ROWS, counts(b)[0]);
    }

    @Test
    void a_restart_between_two_parts_finds_them_in_the_checkpoint() throws Exception {
        insertAll();
        group.afterEntries(3, () -> {
            b.log().drain();
            assertEquals(Spool.Status.OPEN, b.database().spool().items().get(0).status());
            peers.remove("b").close(); // with a checkpoint
        });
        atA.commit();
        b = new TestNode(group, "b", directory, peers);
        assertEquals(1, b.database().spool().items().size());
        assertEquals(ROWS, counts(b)[0]);
        assertNothingSpooled();
    }

    @Test
    void a_member_killed_between_two_parts_and_behind_the_last_record_replays_them() throws Exception {
        insertAll();
        group.afterEntries(3, () -> {
            b.log().drain();
            b.kill();
        });
        atA.commit();
        b = new TestNode(group, "b", directory, peers);
        assertEquals(List.of(), b.database().spool().items(), "nothing was checkpointed");
        assertEquals(ROWS, counts(b)[0]);
        b.kill();
        b = new TestNode(group, "b", directory, peers);
        assertEquals(0, b.database().appliedIndex());
        assertEquals(ROWS, counts(b)[2]);
        assertNothingSpooled();
    }

    @Test
    void a_blob_goes_through_the_log_in_parts_is_copied_and_deleted() throws Exception {
        int bytes = 3 << 20;
        run(atA, "CREATE TABLE l(id INT PRIMARY KEY, b BLOB, n INT)");
        b.log().drain();
        try (Connection c = a.connect()) {
            try (PreparedStatement insert = c.prepareStatement("INSERT INTO l VALUES (1, ?, 0)")) {
                insert.setBinaryStream(1, new ByteArrayInputStream(pattern(bytes)));
                insert.executeUpdate();
            }
            run(c, "UPDATE l SET n = 1", "INSERT INTO l SELECT 2, b, 2 FROM l", "DELETE FROM l WHERE id = 1");
        }
        for (TestNode node : List.of(a, b)) {
            node.log().drain();
            try (Connection c = node.connect(Map.of("READ", "LOCAL"));
                    Statement s = c.createStatement();
                    ResultSet rows = s.executeQuery("SELECT b FROM l WHERE id = 2")) {
                assertTrue(rows.next());
                assertArrayEquals(pattern(bytes), rows.getBinaryStream(1).readAllBytes());
            }
        }
        try (Connection c = a.connect()) {
            run(c, "UPDATE l SET b = NULL");
        }
        assertNothingSpooled();
    }

    @Test
    void six_at_once_do_not_wait_for_each_other_s_parts() throws Exception {
        ExecutorService clients = Executors.newFixedThreadPool(6);
        try {
            List<Future<?>> ends = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                int first = i * ROWS;
                ends.add(clients.submit(() -> {
                    try (Connection c = a.connect()) {
                        c.setAutoCommit(false);
                        run(
                                c,
                                "INSERT INTO t SELECT x + " + first + ", x + " + first + ", REPEAT('r', 80)"
                                        + " FROM SYSTEM_RANGE(1, " + ROWS / 2 + ")");
                        c.commit();
                    }
                    return null;
                }));
            }
            for (Future<?> end : ends) {
                end.get(60, TimeUnit.SECONDS);
            }
        } finally {
            clients.shutdownNow();
        }
        assertEquals(3 * ROWS, counts(b)[0]);
        assertNothingSpooled();
    }

    private static byte[] pattern(int bytes) {
        byte[] pattern = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            pattern[i] = (byte) (i * 31 + (i >>> 8));
        }
        return pattern;
    }
}
