package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.database.CommitId;
import io.synod.engine.database.CommitIdBounds;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The ids of commits are remembered for long enough, and not for ever. */
class CommitIdExpiryTest {
    private static final int CLIENTS = 40;
    private static final int NEWER = 10;

    private final MemoryGroup group = new MemoryGroup();
    private final Map<String, TestNode> peers = new HashMap<>();
    private long nanos = System.nanoTime();

    private boolean expireAfter(TestNode node, long millis) {
        nanos += TimeUnit.MILLISECONDS.toNanos(millis);
        return node.database().upkeep().expireCommitIds(nanos);
    }

    private static void commit(TestNode.TestConnection c, UUID client, int id) throws Exception {
        c.session().request(client, 1);
        run(c, "INSERT INTO t VALUES (" + id + ")");
    }

    @Test
    void sessions_idle_for_long_are_forgotten_by_all_members_alike_and_recent_ones_by_none() throws Exception {
        CommitIdBounds bounds = new CommitIdBounds(5, 60_000, NEWER, 1_000);
        try (TestNode a = new TestNode(group, "a", null, peers, bounds);
                TestNode b = new TestNode(group, "b", null, peers, bounds)) {
            a.lead();
            UUID recent = UUID.randomUUID();
            try (TestNode.TestConnection c = a.connect()) {
                run(c, "CREATE TABLE t(id INT PRIMARY KEY)");
                for (int i = 1; i <= CLIENTS; i++) {
                    commit(c, UUID.randomUUID(), i);
                }
                assertFalse(expireAfter(a, 100_000), "nothing was measured yet");
                assertTrue(expireAfter(a, 2_000));
                commit(c, recent, 1_000);
                assertEquals(CLIENTS + 1, a.database().upkeep().clientSessions());
                assertFalse(expireAfter(a, 500), "not so soon again");
                assertTrue(expireAfter(a, 59_000));
                run(c, "INSERT INTO t VALUES (2000)");
                assertEquals(
                        CLIENTS + 1, a.database().upkeep().clientSessions(), "by the log they are idle for 59.5 s");
                assertTrue(expireAfter(a, 1_000));
                run(c, "INSERT INTO t VALUES (3000)");
                // Those in the last entries stay, however long ago that was.
                assertEquals(5, a.database().upkeep().clientSessions(), 4);
                for (int i = 4_000; i < 4_000 + NEWER; i++) {
                    run(c, "INSERT INTO t VALUES (" + i + ")");
                }
            }
            b.log().drain();
            assertEquals(
                    a.database().upkeep().clientSessions(),
                    b.database().upkeep().clientSessions());
            assertTrue(a.database().inDoubt().fence(new CommitId(recent, 1)), "remembered");
            b.lead();
            assertTrue(b.database().inDoubt().fence(new CommitId(recent, 1)), "by the next leader as well");
        }
    }

    @Test
    void nothing_is_forgotten_while_a_transaction_is_open_that_an_old_fence_may_be_set_against() throws Exception {
        CommitIdBounds bounds = new CommitIdBounds(5, 0, 1, 1);
        try (TestNode a = new TestNode(group, "a", null, peers, bounds);
                TestNode.TestConnection c = a.connectLeading();
                TestNode.TestConnection slow = a.connect()) {
            run(c, "CREATE TABLE t(id INT PRIMARY KEY)");
            for (int i = 1; i <= CLIENTS; i++) {
                commit(c, UUID.randomUUID(), i);
            }
            slow.setAutoCommit(false);
            run(slow, "INSERT INTO t VALUES (1000)");
            UUID client = UUID.randomUUID();
            assertFalse(a.database().inDoubt().fence(new CommitId(client, 1)));
            expireAfter(a, 1_000);
            assertFalse(expireAfter(a, 10_000));
            slow.rollback();
            assertTrue(expireAfter(a, 10_000));
            run(c, "INSERT INTO t VALUES (1001)");
            assertTrue(
                    a.database().upkeep().clientSessions() < 5,
                    a.database().upkeep().clientSessions() + " sessions");
            assertEquals(CLIENTS + 1, number(c, "SELECT COUNT(*) FROM t"));
        }
    }

    @Test
    void a_small_number_of_sessions_is_remembered_for_ever_and_costs_no_entry() throws Exception {
        CommitIdBounds bounds = new CommitIdBounds(CLIENTS, 0, 1, 1);
        try (TestNode a = new TestNode(group, "a", null, peers, bounds);
                TestNode.TestConnection c = a.connectLeading()) {
            run(c, "CREATE TABLE t(id INT PRIMARY KEY)");
            for (int i = 1; i <= CLIENTS; i++) {
                commit(c, UUID.randomUUID(), i);
            }
            long before = group.dataEntries();
            for (int i = 0; i < 10; i++) {
                assertFalse(expireAfter(a, 1_000_000));
            }
            assertEquals(before, group.dataEntries());
            assertEquals(CLIENTS, a.database().upkeep().clientSessions());
        }
    }

    @Test
    void decisions_on_branches_are_remembered_over_a_change_of_leader_and_forgotten_by_the_same_rule()
            throws Exception {
        CommitIdBounds bounds = new CommitIdBounds(5, 60_000, 1, 1_000);
        try (TestNode a = new TestNode(group, "a", null, peers, bounds);
                TestNode b = new TestNode(group, "b", null, peers, bounds)) {
            a.lead();
            try (TestNode.TestConnection c = a.connect()) {
                run(c, "CREATE TABLE t(id INT PRIMARY KEY)");
                c.setAutoCommit(false);
                for (int i = 1; i <= 10; i++) {
                    run(c, "INSERT INTO t VALUES (" + i + ")", "PREPARE COMMIT g" + i);
                    run(c, (i % 2 == 0 ? "COMMIT" : "ROLLBACK") + " TRANSACTION g" + i);
                }
            }
            b.lead();
            assertDecisions(a, "COMMITTED", "ROLLED BACK");
            assertDecisions(b, "COMMITTED", "ROLLED BACK");
            expireAfter(b, 0);
            assertTrue(expireAfter(b, 2_000));
            for (int id = 20; id <= 21; id++) {
                assertDecisions(a, "COMMITTED", "ROLLED BACK");
                try (TestNode.TestConnection c = b.connect()) {
                    run(c, "INSERT INTO t VALUES (" + id + ")");
                }
                assertTrue(expireAfter(b, id == 20 ? 59_000 : 2_000));
            }
            assertDecisions(b, null, null);
            assertDecisions(a, null, null);
        }
    }

    private static void assertDecisions(TestNode at, String ofSecond, String ofThird) throws Exception {
        try (TestNode.TestConnection c = at.connect()) {
            assertEquals(ofSecond, decision(c, "G2"));
            assertEquals(ofThird, decision(c, "G3"));
            assertNull(decision(c, "G11"));
        }
    }

    private static String decision(TestNode.TestConnection c, String name) throws Exception {
        try (var rows = c.createStatement().executeQuery("CALL SYNOD.DECISION('" + name + "')")) {
            assertTrue(rows.next());
            return rows.getString(1);
        }
    }
}
