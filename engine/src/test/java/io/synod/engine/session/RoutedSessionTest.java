package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Where statements run, and what clients see of it: two members of a group in memory. */
class RoutedSessionTest {
    private final MemoryGroup group = new MemoryGroup();
    private final Map<String, TestNode> peers = new HashMap<>();

    @Test
    void a_row_goes_through_the_log_into_the_table() throws Exception {
        try (TestNode a = TestNode.solo(group);
                Connection c = a.connect()) {
            run(c, "CREATE TABLE t(id INT PRIMARY KEY, x INT)");
            long before = group.dataEntries();
            run(c, "INSERT INTO t VALUES (1, 10)");
            assertEquals(before + 1, group.dataEntries());
            assertEquals(10, number(c, "SELECT x FROM t WHERE id = 1"));
        }
    }

    @Test
    void what_is_rolled_back_never_reaches_the_log() throws Exception {
        try (TestNode a = TestNode.solo(group);
                Connection c = a.connect()) {
            run(c, "CREATE TABLE t(id INT PRIMARY KEY)");
            long before = group.dataEntries();
            c.setAutoCommit(false);
            run(c, "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)");
            c.rollback();
            assertEquals(0, number(c, "SELECT COUNT(*) FROM t"));
            assertEquals(before, group.dataEntries());
        }
    }

    @Test
    void a_leader_that_does_not_serve_yet_is_asked_again_and_the_client_notices_nothing() throws Exception {
        try (TestNode a = new TestNode(group, "a", null, peers);
                TestNode b = new TestNode(group, "b", null, peers)) {
            a.lead();
            group.hesitate(3);
            try (Connection c = b.connect()) {
                group.hesitate(3);
                run(c, "CREATE TABLE t(id INT PRIMARY KEY, x INT)");
                group.hesitate(3);
                run(c, "INSERT INTO t VALUES (1, 10)");
                c.setAutoCommit(false);
                group.hesitate(3);
                run(c, "INSERT INTO t VALUES (2, 20)");
                run(c, "INSERT INTO t VALUES (3, 30)");
                c.commit();
                assertEquals(60, number(c, "SELECT SUM(x) FROM t"));
            }
        }
    }

    /** A thousand sessions that ask a hundred times a second keep it from beginning to. */
    @Test
    void a_leader_that_does_not_serve_is_asked_less_and_less_often() throws Exception {
        try (TestNode a = new TestNode(group, "a", null, peers);
                TestNode b = new TestNode(group, "b", null, peers)) {
            a.lead();
            try (Connection c = b.connect()) {
                run(c, "CREATE TABLE t(id INT PRIMARY KEY)");
                int before = a.prepared();
                group.hesitate(Integer.MAX_VALUE);
                SQLException e = assertThrows(SQLException.class, () -> run(c, "INSERT INTO t VALUES (1)"));
                group.hesitate(0);
                assertEquals("40001", e.getSQLState(), e.toString());
                int asked = a.prepared() - before;
                assertTrue(asked > 1 && asked < 100, asked + " times in two seconds");
                run(c, "INSERT INTO t VALUES (1)");
            }
        }
    }

    /** Each statement is two round trips. */
    @Test
    void a_session_on_the_leader_is_told_all_that_it_has_to_know_at_once() throws Exception {
        try (TestNode a = new TestNode(group, "a", null, peers);
                TestNode b = new TestNode(group, "b", null, peers)) {
            a.lead();
            try (Connection c = b.connect()) {
                run(c, "CREATE SCHEMA s", "CREATE TABLE s.t(id INT PRIMARY KEY, x VARCHAR)");
            }
            try (Connection c = b.connect()) {
                run(
                        c,
                        "SET SCHEMA s",
                        "SET TIME ZONE '+05:00'",
                        "SET LOCK_TIMEOUT 7000",
                        "SET @v = 'a; \" ''b'''",
                        "SET NON_KEYWORDS VALUE");
                int before = a.prepared();
                run(c, "INSERT INTO t VALUES (1, @v || EXTRACT(TIMEZONE_HOUR FROM CURRENT_TIMESTAMP))");
                assertTrue(a.prepared() - before <= 4, (a.prepared() - before) + " statements");
                assertEquals(1, number(c, "SELECT COUNT(*) FROM t WHERE x = 'a; \" ''b''5'"));
            }
        }
    }

    private static Statement toBeCancelled;

    /** An alias, so public: a cancel that comes when the part that runs looks for none any more. */
    public static final class Late {
        private Late() {}

        public static int cancel() throws SQLException {
            toBeCancelled.cancel();
            return 1;
        }
    }

    @Test
    void a_cancel_between_the_parts_of_a_list_counts_for_those_that_follow() throws Exception {
        try (TestNode a = TestNode.solo(group);
                Connection c = a.connect()) {
            run(
                    c,
                    "CREATE TABLE t(id INT PRIMARY KEY)",
                    "CREATE ALIAS cancel_late FOR '" + Late.class.getName() + ".cancel'");
            String list = "SET @v = cancel_late(); INSERT INTO t VALUES (1)";
            for (String sql : List.of(list, "EXECUTE IMMEDIATE '" + list + "'")) {
                try (Statement s = c.createStatement()) {
                    toBeCancelled = s;
                    SQLException e = assertThrows(SQLException.class, () -> s.execute(sql), sql);
                    assertEquals("57014", e.getSQLState(), sql + ": " + e);
                }
                assertEquals(0, number(c, "SELECT COUNT(*) FROM t"), sql);
            }
        }
    }

    @Test
    void a_call_that_is_the_leaders_waits_for_one_that_does_not_serve_yet() throws Exception {
        try (TestNode a = TestNode.solo(group);
                Connection c = a.connect()) {
            for (int times = 1; times <= 5; times++) {
                group.hesitate(times);
                assertTrue(number(c, "CALL SYNOD.DIGEST_START()") > 0, times + " times");
                group.hesitate(times);
                assertEquals(1, number(c, "CALL SYNOD.TRANSFER('a')"), times + " times");
            }
        }
    }

    /** On a copy that lags each time costs half a second, of whoever comes there after the loss of a leader. */
    @Test
    void a_login_at_a_follower_waits_once_for_what_was_committed_before() throws Exception {
        try (TestNode a = new TestNode(group, "a", null, peers);
                TestNode b = new TestNode(group, "b", null, peers)) {
            a.connectLeading().close();
            long before = group.confirmations();
            b.connect().close();
            assertEquals(before + 1, group.confirmations());
            b.connect(Map.of("READ", "LOCAL")).close();
            assertEquals(before + 1, group.confirmations());
        }
    }

    @Test
    void a_follower_forwards_writes_and_reads_them_back() throws Exception {
        try (TestNode a = new TestNode(group, "a", null, peers);
                TestNode b = new TestNode(group, "b", null, peers)) {
            a.lead();
            try (Connection c = b.connect()) {
                run(c, "CREATE TABLE t(id INT PRIMARY KEY, x INT)", "INSERT INTO t VALUES (1, 10)");
                assertEquals(10, number(c, "SELECT x FROM t WHERE id = 1"));
                c.setAutoCommit(false);
                run(c, "UPDATE t SET x = 11 WHERE id = 1");
                assertEquals(11, number(c, "SELECT x FROM t WHERE id = 1"));
                try (Connection other = a.connect()) {
                    assertEquals(10, number(other, "SELECT x FROM t WHERE id = 1"));
                }
                c.commit();
                try (Connection other = a.connect()) {
                    assertEquals(11, number(other, "SELECT x FROM t WHERE id = 1"));
                }
            }
        }
    }

    @Test
    void a_transaction_open_on_a_deposed_leader_fails_with_40001_and_leaves_nothing() throws Exception {
        try (TestNode a = new TestNode(group, "a", null, peers);
                TestNode b = new TestNode(group, "b", null, peers)) {
            a.lead();
            try (Connection c = a.connect()) {
                run(c, "CREATE TABLE t(id INT PRIMARY KEY, x INT)", "INSERT INTO t VALUES (1, 10)");
                c.setAutoCommit(false);
                run(c, "UPDATE t SET x = 11 WHERE id = 1");
                b.lead();
                assertEquals(
                        "40001", assertThrows(SQLException.class, c::commit).getSQLState());
                // The row is free, and the session goes on through the new leader.
                run(c, "UPDATE t SET x = 12 WHERE id = 1");
                c.commit();
                assertEquals(12, number(c, "SELECT x FROM t WHERE id = 1"));
            }
            try (Connection c = b.connect()) {
                assertEquals(12, number(c, "SELECT x FROM t WHERE id = 1"));
            }
        }
    }

    @Test
    void a_lost_proposal_rolls_back_and_reports_40001() throws Exception {
        try (TestNode a = TestNode.solo(group);
                Connection c = a.connect()) {
            run(c, "CREATE TABLE t(id INT PRIMARY KEY)");
            group.loseProposals(true);
            SQLException e = assertThrows(SQLException.class, () -> run(c, "INSERT INTO t VALUES (1)"));
            assertEquals("40001", e.getSQLState());
            group.loseProposals(false);
            assertEquals(0, number(c, "SELECT COUNT(*) FROM t"));
            run(c, "INSERT INTO t VALUES (1)");
            assertEquals(1, number(c, "SELECT COUNT(*) FROM t"));
        }
    }

    @Test
    void a_fenced_commit_is_void_and_a_committed_one_is_known() throws Exception {
        try (TestNode a = TestNode.solo(group);
                TestNode.TestConnection c = a.connect()) {
            run(c, "CREATE TABLE t(id INT PRIMARY KEY)");
            java.util.UUID client = java.util.UUID.randomUUID();
            c.session().request(client, 7);
            run(c, "INSERT INTO t VALUES (1)");
            assertEquals(1, number(c, "CALL SYNOD.RESOLVE('" + client + "', 7)"));
            assertEquals(0, number(c, "CALL SYNOD.RESOLVE('" + client + "', 8)"));
            c.session().request(client, 8);
            SQLException e = assertThrows(SQLException.class, () -> run(c, "INSERT INTO t VALUES (2)"));
            assertEquals("40001", e.getSQLState());
            assertEquals(1, number(c, "SELECT COUNT(*) FROM t"));
        }
    }

    @Test
    void a_commit_whose_answer_was_lost_is_looked_up_at_the_next_leader() throws Exception {
        try (TestNode b = new TestNode(group, "b", null, peers)) {
            TestNode a = new TestNode(group, "a", null, peers);
            a.lead();
            try (Connection c = b.connect()) {
                run(c, "CREATE TABLE t(id INT PRIMARY KEY)");
                c.setAutoCommit(false);
                run(c, "INSERT INTO t VALUES (1)");
                // The commit happens, its answer does not arrive.
                a.loseNextAnswer(b::lead);
                c.commit();
                assertEquals(1, number(c, "SELECT COUNT(*) FROM t"));
                run(c, "INSERT INTO t VALUES (2)");
                c.commit();
            }
            a.kill();
        }
    }

    @Test
    void an_implicit_commit_whose_answer_was_lost_is_looked_up_like_any_other() throws Exception {
        try (TestNode b = new TestNode(group, "b", null, peers)) {
            TestNode a = new TestNode(group, "a", null, peers);
            a.lead();
            try (Connection c = b.connect()) {
                run(c, "CREATE TABLE t(id INT PRIMARY KEY)");
                c.setAutoCommit(false);
                run(c, "INSERT INTO t VALUES (1)");
                a.loseNextAnswer(b::lead);
                run(c, "CREATE TABLE u(id INT PRIMARY KEY)");
                c.rollback();
                assertEquals(1, number(c, "SELECT COUNT(*) FROM t"));
                assertEquals(0, number(c, "SELECT COUNT(*) FROM u"));
            }
            a.kill();
        }
    }

    @Test
    void an_implicit_commit_that_never_arrived_fails_with_40001_and_the_statement_is_not_run() throws Exception {
        try (TestNode b = new TestNode(group, "b", null, peers)) {
            TestNode a = new TestNode(group, "a", null, peers);
            a.lead();
            try (Connection c = b.connect()) {
                run(c, "CREATE TABLE t(id INT PRIMARY KEY)");
                c.setAutoCommit(false);
                run(c, "INSERT INTO t VALUES (1)");
                a.breakBeforeNext(b::lead);
                SQLException e = assertThrows(SQLException.class, () -> run(c, "CREATE TABLE u(id INT)"));
                assertEquals("40001", e.getSQLState());
                c.rollback();
                assertEquals(0, number(c, "SELECT COUNT(*) FROM t"));
                assertThrows(SQLException.class, () -> number(c, "SELECT COUNT(*) FROM u"));
            }
            a.kill();
        }
    }

    @Test
    void a_commit_that_never_arrived_fails_with_40001_and_never_happens() throws Exception {
        try (TestNode b = new TestNode(group, "b", null, peers)) {
            TestNode a = new TestNode(group, "a", null, peers);
            a.lead();
            try (Connection c = b.connect()) {
                run(c, "CREATE TABLE t(id INT PRIMARY KEY)");
                c.setAutoCommit(false);
                run(c, "INSERT INTO t VALUES (1)");
                a.breakBeforeNext(b::lead);
                SQLException e = assertThrows(SQLException.class, c::commit);
                assertEquals("40001", e.getSQLState());
                assertEquals(0, number(c, "SELECT COUNT(*) FROM t"));
            }
            a.kill();
        }
    }

    @Test
    void without_a_lease_a_leader_confirms_before_it_answers() throws Exception {
        try (TestNode a = TestNode.solo(group);
                Connection c = a.connect()) {
            run(c, "CREATE TABLE t(id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)");
            group.withoutLease(true);
            long before = group.confirmations();
            assertEquals(1, number(c, "SELECT COUNT(*) FROM t"));
            assertTrue(group.confirmations() > before, "a read without a lease was not confirmed");
            run(c, "SET READ LOCAL");
            before = group.confirmations();
            assertEquals(1, number(c, "SELECT COUNT(*) FROM t"));
            assertEquals(before, group.confirmations());
        }
    }

    @Test
    void without_a_lease_a_leader_confirms_that_a_statement_found_no_row_and_that_locks_have_held() throws Exception {
        try (TestNode a = TestNode.solo(group);
                Connection c = a.connect()) {
            run(c, "CREATE TABLE t(id INT PRIMARY KEY, x INT)", "INSERT INTO t VALUES (1, 0)");
            group.withoutLease(true);
            long before = group.confirmations();
            run(c, "UPDATE t SET x = 1 WHERE id = 2");
            assertTrue(group.confirmations() > before, "that there is no such row was not confirmed");
            c.setAutoCommit(false);
            assertEquals(0, number(c, "SELECT x FROM t WHERE id = 1 FOR UPDATE"));
            before = group.confirmations();
            c.commit();
            assertTrue(group.confirmations() > before, "that the row was locked until the commit was not confirmed");
        }
    }

    @Test
    void read_levels_differ_on_a_follower_that_is_behind() throws Exception {
        try (TestNode a = new TestNode(group, "a", null, peers);
                TestNode b = new TestNode(group, "b", null, peers)) {
            a.lead();
            try (Connection writer = a.connect();
                    Connection local = b.connect(Map.of("READ", "LOCAL"));
                    Connection strict = b.connect()) {
                run(writer, "CREATE TABLE t(id INT PRIMARY KEY)");
                assertEquals(0, number(strict, "SELECT COUNT(*) FROM t"));
                run(writer, "INSERT INTO t VALUES (1)");
                assertEquals(0, number(local, "SELECT COUNT(*) FROM t"));
                assertEquals(1, number(strict, "SELECT COUNT(*) FROM t"));
                assertEquals(1, number(local, "SELECT COUNT(*) FROM t"));
            }
        }
    }

    @Test
    void snapshot_isolation_begins_on_the_leader() throws Exception {
        try (TestNode a = new TestNode(group, "a", null, peers);
                TestNode b = new TestNode(group, "b", null, peers)) {
            a.lead();
            try (Connection c = b.connect()) {
                run(c, "CREATE TABLE t(id INT PRIMARY KEY, x INT)", "INSERT INTO t VALUES (1, 0)");
                c.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
                c.setAutoCommit(false);
                assertEquals(0, number(c, "SELECT x FROM t"));
                try (Connection other = a.connect()) {
                    run(other, "UPDATE t SET x = 1");
                }
                assertEquals(0, number(c, "SELECT x FROM t"));
                SQLException e = assertThrows(SQLException.class, () -> run(c, "UPDATE t SET x = 2"));
                assertEquals("40001", e.getSQLState());
            }
        }
    }

    @Test
    void a_read_only_connection_keeps_its_snapshot_on_its_own_node() throws Exception {
        try (TestNode a = new TestNode(group, "a", null, peers);
                TestNode b = new TestNode(group, "b", null, peers)) {
            a.lead();
            try (Connection c = b.connect()) {
                run(c, "CREATE TABLE t(id INT PRIMARY KEY)");
                c.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
                c.setAutoCommit(false);
                assertEquals(0, number(c, "SELECT COUNT(*) FROM t"));
                assertEquals(1, a.database().openWriters(), "may write later, so it has begun on the leader");
                c.commit();
                run(c, "SET READ ONLY TRUE");
                assertEquals(0, number(c, "SELECT COUNT(*) FROM t"));
                assertEquals(0, a.database().openWriters());
                try (Connection other = a.connect()) {
                    run(other, "INSERT INTO t VALUES (1)");
                }
                assertEquals(0, number(c, "SELECT COUNT(*) FROM t"), "still the same snapshot");
                c.commit();
                assertEquals(1, number(c, "SELECT COUNT(*) FROM t"));
                // It was a hint only; but this transaction cannot take its snapshot along.
                SQLException e = assertThrows(SQLException.class, () -> run(c, "INSERT INTO t VALUES (2)"));
                assertEquals("40001", e.getSQLState());
                c.rollback();
                assertEquals(1, number(c, "SELECT COUNT(*) FROM t"));
                c.rollback();
                run(c, "INSERT INTO t VALUES (2)");
                c.commit();
                assertEquals(2, number(c, "SELECT COUNT(*) FROM t"));
                run(c, "SET READ ONLY FALSE");
                assertEquals(2, number(c, "SELECT COUNT(*) FROM t"));
                assertEquals(1, a.database().openWriters());
                c.rollback();
            }
        }
    }

    @Test
    void sequence_values_that_were_seen_are_not_given_out_by_the_next_leader() throws Exception {
        try (TestNode a = new TestNode(group, "a", null, peers);
                TestNode b = new TestNode(group, "b", null, peers)) {
            a.lead();
            long seen;
            try (Connection c = a.connect()) {
                run(c, "CREATE SEQUENCE s");
                c.setAutoCommit(false);
                seen = number(c, "SELECT NEXT VALUE FOR s");
                c.rollback();
            }
            b.lead();
            try (Connection c = b.connect()) {
                long next = number(c, "SELECT NEXT VALUE FOR s");
                assertTrue(next > seen, next + " after " + seen);
            }
        }
    }

    @Test
    void a_read_in_a_forwarded_transaction_is_confirmed_at_the_level_that_was_set_last() throws Exception {
        try (TestNode a = new TestNode(group, "a", null, peers);
                TestNode b = new TestNode(group, "b", null, peers)) {
            a.lead();
            try (Connection c = b.connect(Map.of("READ", "LOCAL"))) {
                run(c, "CREATE TABLE t(id INT PRIMARY KEY)", "SET READ LINEARIZABLE");
                c.setAutoCommit(false);
                run(c, "INSERT INTO t VALUES (1)");
                group.withoutLease(true);
                long before = group.confirmations();
                assertEquals(1, number(c, "SELECT COUNT(*) FROM t"));
                assertTrue(group.confirmations() > before, "the leader answered without being sure that it leads");
                group.withoutLease(false);
                c.rollback();
            }
        }
    }

    @Test
    void ddl_means_the_same_on_every_member_whatever_its_session_was_told() throws Exception {
        try (TestNode a = new TestNode(group, "a", null, peers);
                TestNode b = new TestNode(group, "b", null, peers)) {
            a.lead();
            try (Connection c = a.connect(Map.of("NON_KEYWORDS", "VALUE,USER", "MODE", "PostgreSQL"));
                    Connection there = b.connect()) {
                run(
                        c,
                        "CREATE SCHEMA s",
                        "SET SCHEMA s",
                        "SET SCHEMA_SEARCH_PATH s, public",
                        "CREATE TABLE t(user INT, value TIMESTAMP WITH TIME ZONE DEFAULT TIMESTAMP '2026-01-01 00:00:00')",
                        "CREATE VIEW v AS SELECT user FROM t",
                        "INSERT INTO t(user) VALUES (1)");
                assertEquals(1, number(there, "SELECT COUNT(*) FROM s.v"));
                TestNode.assertEqual(c, a, b);
            }
        }
    }
}
