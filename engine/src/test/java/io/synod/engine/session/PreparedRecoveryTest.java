package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.group.Members;
import io.synod.replica.Snapshots;
import io.synod.replica.Snapshots.Incoming;
import io.synod.replica.Snapshots.Outgoing;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Prepared transactions over changes of leader, lost answers, restarts and snapshots. */
class PreparedRecoveryTest extends PreparedTransactions {
    @Test
    void it_survives_changes_of_leader_and_the_death_of_the_one_that_prepared_it_with_its_locks() throws Exception {
        prepare(a, "one");
        b.lead();
        assertBefore(b);
        assertLocked(b);
        a.lead();
        assertLocked(a);
        b.lead();
        a.kill();
        assertLocked(b);
        a = startAgain("a");
        a.lead();
        assertLocked(a);
        b.lead();
        try (Connection c = a.connect()) {
            run(c, "COMMIT TRANSACTION one");
        }
        assertAfter(a);
        assertAfter(b);
        assertEqualMembers();
    }

    @Test
    void every_member_has_it_again_after_a_stop_in_good_order() throws Exception {
        prepare(a, "one");
        prepareInsert(a, "two", 7);
        a.close();
        b.close();
        a = startAgain("a");
        b = startAgain("b");
        b.lead();
        assertEquals(List.of("ONE", "TWO"), inDoubt(b));
        assertLocked(b);
        try (Connection c = b.connect()) {
            run(c, "ROLLBACK TRANSACTION two", "COMMIT TRANSACTION one");
        }
        assertAfter(a);
        assertAfter(b);
        assertEqualMembers();
    }

    @Test
    void it_is_in_a_snapshot() throws Exception {
        prepare(a, "one");
        Snapshots ofA = a.database().storage().snapshots(new Members(List.of()), false, () -> {});
        Snapshots ofB = b.database().storage().snapshots(new Members(List.of()), false, () -> {});
        try (Outgoing from = ofA.take(a.database().appliedIndex());
                Incoming to = ofB.receive(from.header())) {
            byte[] all = new byte[(int) from.header().length()];
            to.write(Arrays.copyOf(all, from.read(0, all)));
            to.install();
        }
        assertEquals(List.of("ONE"), inDoubt(b));
        b.lead();
        assertLocked(b);
        try (Connection c = a.connect()) {
            run(c, "COMMIT TRANSACTION one");
        }
        assertAfter(a);
        assertAfter(b);
        assertEqualMembers();
    }

    @Test
    void a_large_one_lies_in_parts() throws Exception {
        int rows = 20_000;
        try (Connection c = b.connect()) {
            c.setAutoCommit(false);
            run(
                    c,
                    "INSERT INTO t SELECT x, x, x FROM SYSTEM_RANGE(100, " + (rows + 99) + ")",
                    "UPDATE t SET x = x + 1");
            run(c, "PREPARE COMMIT large");
        }
        assertBefore(a);
        assertBefore(b);
        b.lead();
        assertBefore(b);
        a.close();
        a = startAgain("a");
        a.lead();
        try (Connection c = a.connect()) {
            run(c, "SET LOCK_TIMEOUT 50");
            assertThrows(SQLException.class, () -> run(c, "INSERT INTO t VALUES (" + rows + ", 0, 0)"));
            run(c, "COMMIT TRANSACTION large");
            assertEquals(rows + 3, number(c, "SELECT COUNT(*) FROM t"));
            assertEquals(11, number(c, "SELECT x FROM t WHERE id = 1"));
        }
        assertEqualMembers();
        assertTrue(a.database().spool().items().isEmpty());
        assertTrue(b.database().spool().items().isEmpty());
    }

    @Test
    void sequence_values_of_a_prepared_transaction_are_not_given_out_again() throws Exception {
        try (Connection c = a.connect()) {
            run(c, "CREATE SEQUENCE s", "CREATE TABLE q(id BIGINT PRIMARY KEY)");
            c.setAutoCommit(false);
            run(c, "INSERT INTO q VALUES (NEXT VALUE FOR s), (NEXT VALUE FOR s)", "PREPARE COMMIT one");
        }
        b.lead();
        try (Connection c = b.connect()) {
            assertTrue(number(c, "SELECT NEXT VALUE FOR s") > 2);
            run(c, "COMMIT TRANSACTION one");
            assertEquals(2, number(c, "SELECT MAX(id) FROM q"));
        }
        assertEqualMembers();
    }

    @Test
    void an_answer_that_is_lost_is_looked_up() throws Exception {
        try (Connection c = b.connect()) {
            c.setAutoCommit(false);
            run(c, "UPDATE t SET x = 11 WHERE id = 1");
            a.loseNextAnswer(() -> b.lead());
            run(c, "PREPARE COMMIT one");
            assertEquals(List.of("ONE"), inDoubt(b));
            a.lead();
            a.loseNextAnswer(() -> b.lead());
            run(c, "COMMIT TRANSACTION one");
            assertEquals(11, number(c, "SELECT x FROM t WHERE id = 1"));
        }
        assertEqualMembers();
    }

    /** The follower cannot say what became of its request: the leader has carried it out and is gone, and nobody leads. */
    @Test
    void a_decision_of_which_nobody_could_tell_is_known_when_it_is_asked_for_again() throws Exception {
        for (String end : List.of("COMMIT", "ROLLBACK")) {
            a.lead();
            prepareInsert(a, end, end.equals("COMMIT") ? 7 : 8);
            try (Connection c = b.connect()) {
                a.loseNextAnswer(() -> a.kill());
                SQLException e =
                        assertThrows(SQLException.class, () -> run(c, end + " TRANSACTION " + '"' + end + '"'));
                assertEquals("08007", e.getSQLState(), e.toString());
            }
            b.lead();
            a = startAgain("a");
            for (TestNode node : List.of(b, a)) {
                assertEquals(List.of(), inDoubt(node));
                try (Connection c = node.connect();
                        var rows = c.createStatement().executeQuery("CALL SYNOD.DECISION('" + end + "')")) {
                    assertTrue(rows.next());
                    assertEquals(end.equals("COMMIT") ? "COMMITTED" : "ROLLED BACK", rows.getString(1));
                    SQLException e =
                            assertThrows(SQLException.class, () -> run(c, end + " TRANSACTION " + '"' + end + '"'));
                    assertEquals(90129, e.getErrorCode(), e.toString());
                }
            }
            assertState(b, 4, 67);
            assertEqualMembers();
        }
    }

    @Test
    void what_the_leader_never_logged_is_not_prepared() throws Exception {
        try (Connection c = b.connect()) {
            c.setAutoCommit(false);
            run(c, "UPDATE t SET x = 11 WHERE id = 1");
            a.breakBeforeNext(() -> b.lead());
            SQLException e = assertThrows(SQLException.class, () -> run(c, "PREPARE COMMIT one"));
            assertEquals("40001", e.getSQLState(), e.toString());
            assertEquals(List.of(), inDoubt(b));
            run(c, "UPDATE t SET x = 12 WHERE id = 1");
            c.commit();
        }
    }

    @Test
    void a_random_history_ends_as_if_each_had_been_decided_at_once() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        Map<Integer, Integer> rows = new TreeMap<>(Map.of(1, 10, 2, 20, 3, 30));
        Map<String, Map<Integer, Integer>> prepared = new TreeMap<>();
        Map<Integer, String> lockedBy = new HashMap<>();
        for (int step = 0; step < 300; step++) {
            TestNode at = random.nextBoolean() ? a : b;
            try (Connection c = at.connect()) {
                int dice = random.nextInt(20);
                if (dice < 8) {
                    String name = "g" + step;
                    Map<Integer, Integer> changes = new TreeMap<>();
                    c.setAutoCommit(false);
                    for (int i = 0; i <= random.nextInt(3); i++) {
                        int id = 1 + random.nextInt(40);
                        if (!lockedBy.containsKey(id) && !changes.containsKey(id) && !rows.containsKey(id)) {
                            // Of this nothing may be left.
                            run(c, "INSERT INTO t VALUES (" + id + ", 0, 0)", "DELETE FROM t WHERE id = " + id);
                        }
                        if (!lockedBy.containsKey(id) && !changes.containsKey(id)) {
                            boolean delete = rows.containsKey(id) && random.nextInt(3) == 0;
                            changes.put(id, delete ? null : step);
                            run(
                                    c,
                                    delete
                                            ? "DELETE FROM t WHERE id = " + id
                                            : "MERGE INTO t VALUES (" + id + ", " + step + ", " + (1000 + id) + ")");
                        }
                    }
                    if (random.nextBoolean()) {
                        run(c, "PREPARE COMMIT \"" + name + "\"");
                        if (!changes.isEmpty()) {
                            prepared.put(name, changes);
                            changes.keySet().forEach(id -> lockedBy.put(id, name));
                        }
                    } else {
                        c.commit();
                        put(rows, changes);
                    }
                } else if (dice < 14 && !prepared.isEmpty()) {
                    String name = List.copyOf(prepared.keySet()).get(random.nextInt(prepared.size()));
                    boolean commit = random.nextInt(3) > 0;
                    run(c, (commit ? "COMMIT" : "ROLLBACK") + " TRANSACTION \"" + name + "\"");
                    Map<Integer, Integer> changes = prepared.remove(name);
                    changes.keySet().forEach(lockedBy::remove);
                    if (commit) {
                        put(rows, changes);
                    }
                } else if (dice == 14) {
                    (random.nextBoolean() ? a : b).lead();
                } else if (dice == 15) {
                    run(c, "CREATE TABLE IF NOT EXISTS x" + step + "(id INT)");
                } else if (dice == 16) {
                    TestNode follower = a.log().servingEpoch() != 0 ? b : a;
                    assertNotNull(follower.database().storage().checkpoint());
                } else if (dice == 17) {
                    restartFollower();
                } else {
                    Map<Integer, Integer> found = new TreeMap<>();
                    try (var r = c.createStatement().executeQuery("SELECT id, x FROM t")) {
                        while (r.next()) {
                            found.put(r.getInt(1), r.getInt(2));
                        }
                    }
                    assertEquals(rows.keySet(), found.keySet(), "seed " + seed + " step " + step);
                }
            } catch (SQLException | RuntimeException e) {
                throw new AssertionError("seed " + seed + " step " + step, e);
            }
            if (step % 50 == 49) {
                assertEqualMembers();
            }
        }
    }

    private static void put(Map<Integer, Integer> rows, Map<Integer, Integer> changes) {
        changes.forEach((id, x) -> {
            if (x == null) {
                rows.remove(id);
            } else {
                rows.put(id, x);
            }
        });
    }
}
