package io.synod.engine.session;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.branch.BranchRequest;
import io.synod.branch.BranchState;
import io.synod.engine.Sql;
import io.synod.engine.database.CommitId;
import io.synod.engine.failover.Await;
import io.synod.engine.global.GlobalCommits;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commits over three databases of one node. */
@Tag("long")
class GlobalCommitOnOneNodeTest {
    private GlobalNode node;
    private List<Connection> all;

    @BeforeEach
    void start(@TempDir Path directory) throws Exception {
        node = new GlobalNode("jdbc:synod:file:" + directory.resolve("home") + ";FAILOVER_TIMEOUT=10000");
        all = node.connectAll();
        GlobalNode.createTables(all);
    }

    @AfterEach
    void close() throws Exception {
        node.close();
    }

    @Test
    void what_is_written_in_three_databases_commits_in_all() throws Exception {
        GlobalNode.write(all, 1);
        node.commit(all);
        assertEquals(List.of(1, 1, 1), GlobalNode.values(all));
        GlobalNode.write(all, 2);
        node.commit(all);
        assertEquals(List.of(2, 2, 2), GlobalNode.values(node.connectAll()));
        Await.until("all is forgotten", node::isQuiet);
    }

    @Test
    void what_two_databases_have_open_leaves_the_third_alone() throws Exception {
        GlobalNode.write(all, 1);
        List<Connection> two = all.subList(0, 2);
        node.commit(two);
        all.get(2).rollback();
        assertEquals(List.of(1, 1, 0), GlobalNode.values(all));
        Await.until("all is forgotten", node::isQuiet);
    }

    /** Above READ COMMITTED a transaction begins with its first read, which may come to write when the catalogue changes. */
    @Test
    void what_a_read_has_come_to_write_commits_with_the_rest() throws Exception {
        try (Connection c = node.connect("home");
                Connection other = node.connect("home")) {
            Sql.run(
                    other,
                    "CREATE ALIAS F AS 'int f(java.sql.Connection c) throws Exception {"
                            + " return c.createStatement().executeUpdate(\"UPDATE T SET V = 5\"); }'",
                    "CREATE VIEW W AS SELECT 0 AS N");
            c.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
            c.setAutoCommit(false);
            try (PreparedStatement kept = c.prepareStatement("SELECT N FROM W")) {
                for (int updated = 0; updated <= 1; updated++) {
                    try (ResultSet rows = kept.executeQuery()) {
                        assertTrue(rows.next());
                        assertEquals(updated, rows.getInt(1));
                    }
                    Sql.run(other, "CREATE OR REPLACE VIEW W AS SELECT F() AS N");
                }
            }
            Sql.run(c, "UPDATE STOCK.PUBLIC.T SET V = 5");
            c.commit();
        }
        assertEquals(List.of(5, 5, 0), GlobalNode.values(all));
    }

    @Test
    void the_home_of_two_decides_alone() throws Exception {
        List<Connection> two = all.subList(0, 2);
        GlobalNode.write(two, 1);
        // What the home has accepted is decided, whether or not the other one hears of it before its coordinator is
        // lost.
        node.commits()
                .setFault((database, request) -> request instanceof BranchRequest.Decide && database.equals("stock"));
        node.commit(two);
        Await.until("all have ended it", node::isQuiet);
        assertEquals(List.of(1, 1, 0), GlobalNode.values(all));
    }

    /** Nobody ends, nor forgets, anything here but the test. */
    @Test
    void after_a_restart_a_cut_does_not_wait_for_what_one_of_its_databases_has_forgotten() throws Exception {
        long nanos = TimeUnit.SECONDS.toNanos(10);
        List<Connection> two = all.subList(0, 2);
        GlobalNode.write(two, 1);
        node.commits().pause(true);
        node.loseBefore(BranchRequest.Decide.class);
        node.commit(two);
        String gid = node.hosted("home").votes().list().get(0).gid();
        for (String database : List.of("home", "stock")) {
            node.hosted(database).votes().answer(new BranchRequest.Decide(gid, true), nanos);
        }
        assertTrue(node.hosted("home").votes().forget(List.of(gid), nanos));
        node.stop();
        node.start();
        node.commits().pause(true);
        assertEquals(BranchState.COMMITTED, node.globals().get(0).standing().state());
        try (Connection c = node.connect("home")) {
            String sum = "SELECT V + (SELECT SUM(V) FROM STOCK.PUBLIC.T) FROM HOME.PUBLIC.T";
            assertEquals(2, assertDoesNotThrow(() -> Sql.number(c, sum)));
        }
        assertEquals(1, node.globals().size(), "it was not forgotten there meanwhile");
    }

    /** Its coordinator has had it refused, and is lost before it could tell anybody else. */
    @Test
    void what_was_refused_before_it_was_known_is_forgotten_too() throws Exception {
        String gid = "lost.1";
        node.commits().pause(true);
        node.hosted("stock").votes().answer(new BranchRequest.Decide(gid, false), TimeUnit.SECONDS.toNanos(10));
        assertEquals(1, node.globals().size());
        node.commits().pause(false);
        Await.until("it is forgotten", node::isQuiet);
        assertEquals(
                BranchState.ABORTED,
                node.hosted("stock")
                        .votes()
                        .answer(new BranchRequest.Decide(gid, false), TimeUnit.SECONDS.toNanos(10))
                        .standing()
                        .state());
        assertTrue(node.isQuiet());
    }

    @Test
    void one_database_is_no_global_transaction() throws Exception {
        GlobalNode.write(all, 1);
        assertThrows(RuntimeException.class, () -> node.commit(all.subList(0, 1)));
        for (Connection c : all) {
            c.rollback();
        }
        GlobalNode.checkFree(all);
    }

    @Test
    void a_participant_that_found_nothing_to_change_takes_part() throws Exception {
        GlobalNode.write(all.subList(0, 2), 1);
        try (Statement s = all.get(2).createStatement()) {
            assertEquals(0, s.executeUpdate("UPDATE T SET V = 5 WHERE ID = 77"));
        }
        node.commit(all);
        assertEquals(List.of(1, 1, 0), GlobalNode.values(all));
        GlobalNode.checkFree(all);
    }

    @Test
    void a_participant_whose_many_changes_come_to_nothing_takes_part() throws Exception {
        GlobalNode.write(all.subList(0, 2), 1);
        try (Statement s = all.get(2).createStatement()) {
            s.executeUpdate("INSERT INTO T SELECT X + 1, 0 FROM SYSTEM_RANGE(1, 20000)");
            s.executeUpdate("DELETE FROM T WHERE ID > 1");
        }
        node.commit(all);
        assertTrue(node.globals().stream().noneMatch(g -> g.standing().state() == BranchState.ABORTED));
        assertEquals(List.of(1, 1, 0), GlobalNode.values(all));
        GlobalNode.checkFree(all);
        Await.until("all is forgotten", node::isQuiet);
    }

    @Test
    void one_that_cannot_prepare_makes_all_roll_back() throws Exception {
        GlobalNode.write(all, 1);
        // Whatever it commits is fenced.
        CommitId fenced = new CommitId(UUID.randomUUID(), 7);
        assertEquals(false, node.hosted("bank").inDoubt().fence(fenced));
        SQLException e = assertThrows(SQLException.class, () -> node.commit(all, fenced));
        assertEquals("40001", e.getSQLState(), e.getMessage());
        assertEquals(List.of(0, 0, 0), GlobalNode.values(all));
        GlobalNode.checkFree(all);
        GlobalNode.write(all, 2);
        node.commit(all);
        assertEquals(List.of(2, 2, 2), GlobalNode.values(all));
        Await.until("all is forgotten", node::isQuiet);
    }

    @Test
    void a_coordinator_lost_after_can_commit_is_replaced_by_the_participants() throws Exception {
        GlobalNode.write(all, 1);
        node.loseBefore(BranchRequest.Accept.class);
        SQLException e = assertThrows(SQLException.class, () -> node.commit(all));
        assertEquals("08007", e.getSQLState(), e.getMessage());
        Await.until("all have ended it", node::isQuiet);
        List<Integer> values = GlobalNode.values(all);
        assertEquals(List.of(0, 0, 0), values);
        GlobalNode.checkFree(all);
    }

    @Test
    void a_coordinator_lost_between_two_pre_commits_is_replaced_and_all_agree() throws Exception {
        GlobalNode.write(all, 1);
        node.commits()
                .setFault((database, request) -> request instanceof BranchRequest.Accept && database.equals("bank"));
        SQLException e = assertThrows(SQLException.class, () -> node.commit(all));
        assertEquals("08007", e.getSQLState(), e.getMessage());
        Await.until("all have ended it", node::isQuiet);
        List<Integer> values = GlobalNode.values(all);
        assertEquals(List.of(values.get(0), values.get(0), values.get(0)), values);
        GlobalNode.checkFree(all);
    }

    @Test
    void a_coordinator_lost_after_pre_commit_has_committed() throws Exception {
        GlobalNode.write(all, 1);
        node.loseBefore(BranchRequest.Decide.class);
        node.commit(all);
        Await.until("all have ended it", node::isQuiet);
        assertEquals(List.of(1, 1, 1), GlobalNode.values(all));
        GlobalNode.checkFree(all);
    }

    @Test
    void nobody_forgets_what_another_one_may_ask_for() throws Exception {
        GlobalNode.write(all, 1);
        node.commits().pause(true);
        node.commits()
                .setFault((database, request) -> request instanceof BranchRequest.Decide && database.equals("bank"));
        node.commit(all);
        assertTrue(node.globals().stream().anyMatch(g -> g.standing().state() == BranchState.PRECOMMITTED));
        node.commits().pause(false);
        Await.until("all have ended it", node::isQuiet);
        assertEquals(List.of(1, 1, 1), GlobalNode.values(all));
    }

    @Test
    void its_commit_is_known_by_its_id_in_each_database() throws Exception {
        CommitId id = new CommitId(UUID.randomUUID(), 3);
        GlobalNode.write(all, 1);
        node.commit(all, id);
        for (String database : GlobalNode.DATABASES) {
            assertEquals(true, node.hosted(database).inDoubt().fence(id), database);
        }
    }

    @Test
    void whoever_asks_for_an_undecided_commit_waits_for_its_decision() throws Exception {
        CommitId id = new CommitId(UUID.randomUUID(), 3);
        GlobalNode.write(all, 1);
        node.loseBefore(BranchRequest.Accept.class);
        assertThrows(SQLException.class, () -> node.commit(all, id));
        assertEquals(false, node.hosted("stock").inDoubt().fence(id));
        assertEquals(0, GlobalNode.value(all.get(1)));
    }

    @Test
    void rows_stay_locked_until_the_decision_and_the_error_names_the_transaction() throws Exception {
        GlobalNode.write(all, 1);
        node.commits().pause(true);
        node.commits().setFault((database, request) -> request instanceof BranchRequest.Accept);
        assertThrows(SQLException.class, () -> node.commit(all));
        String gid = node.globals().get(0).gid();
        try (Connection c = node.connect("stock");
                Statement s = c.createStatement()) {
            s.execute("SET LOCK_TIMEOUT 1");
            SQLException e = assertThrows(SQLException.class, () -> s.executeUpdate("UPDATE T SET V = 9"));
            assertTrue(e.getMessage().contains(gid), e.getMessage());
        }
    }

    @Test
    void the_table_of_global_transactions_tells_of_those_on_their_way() throws Exception {
        GlobalNode.write(all, 1);
        node.commits().pause(true);
        node.loseBefore(BranchRequest.Accept.class);
        assertThrows(SQLException.class, () -> node.commit(all));
        try (Connection c = node.connect("bank");
                Statement s = c.createStatement();
                ResultSet rows = s.executeQuery("SELECT * FROM SYNOD.GLOBAL_TRANSACTIONS")) {
            assertTrue(rows.next());
            assertEquals("home, stock, bank", rows.getString("PARTICIPANTS"));
            assertEquals("home", rows.getString("HOME"));
            assertNotEquals("UNKNOWN", rows.getString("STATE"));
            assertTrue(rows.getString("ATTEMPT").matches("\\d+\\.\\d+\\.\\d+"), rows.getString("ATTEMPT"));
        }
        try (Connection c = node.connect("bank");
                Statement s = c.createStatement();
                ResultSet rows =
                        s.executeQuery("SELECT COUNT(*) FROM SYNOD.IN_DOUBT WHERE TRANSACTION_NAME IS NOT NULL")) {
            rows.next();
            assertEquals(0, rows.getInt(1), "a manager of XA transactions must not decide it");
        }
        node.commits().setFault(GlobalCommits.Fault.NONE);
        node.commits().pause(false);
        Await.until("all have ended it", node::isQuiet);
    }
}
