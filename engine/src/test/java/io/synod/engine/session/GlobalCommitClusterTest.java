package io.synod.engine.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.branch.BranchRequest;
import io.synod.branch.BranchState;
import io.synod.engine.Sql;
import io.synod.engine.database.BranchVotes;
import io.synod.engine.database.HostedDatabase;
import io.synod.engine.failover.Await;
import io.synod.engine.global.GlobalCommits;
import io.synod.engine.session.TestNode.TestConnection;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Commits over three databases of three nodes, each of which leads one of them. */
@Tag("long")
@Timeout(240)
class GlobalCommitClusterTest {
    private static final long EVER = TimeUnit.DAYS.toNanos(1);

    private GlobalCluster cluster;

    @BeforeEach
    void start(@TempDir Path directory) throws Exception {
        cluster = new GlobalCluster(directory);
        GlobalNode.createTables(cluster.node("a").connectAll());
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    /** What the databases hold, by whichever node. */
    private void assertValues(List<Integer> values) throws SQLException {
        for (GlobalNode node : cluster.nodes()) {
            assertEquals(values, GlobalNode.values(node.connectAll()));
        }
    }

    @Test
    void what_is_written_in_databases_of_three_leaders_commits_in_all() throws Exception {
        int value = 0;
        for (GlobalNode node : cluster.nodes()) {
            List<Connection> all = node.connectAll();
            for (int i = 0; i < 3; i++) {
                GlobalNode.write(all, ++value);
                node.commit(all);
                assertEquals(List.of(value, value, value), GlobalNode.values(all));
            }
            assertValues(List.of(value, value, value));
        }
        Await.until("all is forgotten", cluster::isQuiet);
    }

    @Test
    void what_is_committed_in_one_other_database_only_is_settled_at_level_local() throws Exception {
        try (TestConnection c = cluster.node("b").connect("home")) {
            Sql.run(c, "SET COMMIT LOCAL");
            RoutedSession session = (RoutedSession) c.session();
            for (int value = 1; value <= 100; value++) {
                Sql.run(c, "UPDATE STOCK.PUBLIC.T SET V = " + value);
                RoutedSession branch =
                        (RoutedSession) session.others().find("STOCK").session();
                assertFalse(branch.transaction().lastCommit().isUnsettled(), "nobody would wait for it, nor be told");
            }
        }
    }

    @Test
    void a_transaction_that_lost_its_place_makes_all_roll_back() throws Exception {
        GlobalNode a = cluster.node("a");
        List<Connection> all = a.connectAll();
        GlobalNode.write(all, 1);
        cluster.lead("b", "bank");
        SQLException e = assertThrows(SQLException.class, () -> a.commit(all));
        assertEquals("40001", e.getSQLState(), e.getMessage());
        assertValues(List.of(0, 0, 0));
        List<Connection> again = a.connectAll();
        GlobalNode.write(again, 2);
        a.commit(again);
        assertValues(List.of(2, 2, 2));
        Await.until("all is forgotten", cluster::isQuiet);
    }

    @Test
    void a_lost_coordinator_is_replaced_by_the_leaders_of_the_participants() throws Exception {
        int value = 0;
        for (Class<? extends BranchRequest> kind : List.of(BranchRequest.Accept.class, BranchRequest.Decide.class)) {
            GlobalNode a = cluster.node("a");
            List<Connection> all = a.connectAll();
            a.loseBefore(kind);
            GlobalNode.write(all, 7);
            try {
                a.commit(all);
                value = 7;
            } catch (SQLException e) {
                assertEquals("08007", e.getSQLState(), e.getMessage());
            }
            Await.until("all have ended it", cluster::isQuiet);
            assertValues(List.of(value, value, value));
            GlobalNode.checkFree(a.connectAll());
        }
        assertEquals(7, value, "one whose pre-commits were acknowledged is committed");
    }

    @Test
    void what_a_lost_node_has_left_is_ended_without_a_silence() throws Exception {
        cluster.nodes().forEach(node -> node.commits().waitFor(EVER));
        GlobalNode a = cluster.node("a");
        List<GlobalNode> others = List.of(cluster.node("b"), cluster.node("c"));
        List<Connection> all = a.connectAll();
        a.loseBefore(BranchRequest.Accept.class);
        GlobalNode.write(all, 7);
        SQLException e = assertThrows(SQLException.class, () -> a.commit(all));
        assertEquals("08007", e.getSQLState(), e.getMessage());
        for (GlobalNode node : others) {
            assertFalse(node.undecided().isEmpty(), "its coordinator's node is there: nobody has begun to end it");
        }
        a.stop();
        for (GlobalNode node : others) {
            Await.until(
                    "it is decided by those that are left",
                    () -> node.undecided().isEmpty());
            node.awaitLeaders();
            List<Connection> left = node.connectAll();
            assertEquals(List.of(0, 0, 0), GlobalNode.values(left));
            GlobalNode.checkFree(left);
        }
        a.start();
    }

    @Test
    void what_a_lost_leader_has_not_answered_its_successor_is_asked() throws Exception {
        cluster.nodes().forEach(node -> node.commits().waitFor(EVER));
        GlobalNode a = cluster.node("a");
        HostedDatabase bank = cluster.node("c").hosted("bank");
        List<Connection> all = a.connectAll();
        a.commits().setFault((database, request) -> {
            if (request instanceof BranchRequest.Decide && database.equals("bank")) {
                bank.shutdown(true);
            }
            return false;
        });
        GlobalNode.write(all, 7);
        a.commit(all);
        for (GlobalNode node : List.of(a, cluster.node("b"))) {
            Await.until("it is decided", () -> node.undecided().isEmpty());
            assertEquals(List.of(7, 7, 7), GlobalNode.values(node.connectAll()));
        }
    }

    @Test
    void a_participant_whose_leader_dies_between_prepare_and_decision_keeps_its_locks_and_is_decided()
            throws Exception {
        GlobalNode a = cluster.node("a");
        GlobalNode c = cluster.node("c");
        List<Connection> all = a.connectAll();
        GlobalNode.write(all, 1);
        // The bank has prepared; its leader is lost before it has accepted anything, and so is the coordinator.
        a.commits().setFault((database, request) -> {
            if (request instanceof BranchRequest.Accept) {
                cluster.nodes().forEach(node -> node.commits().pause(true));
                return true;
            }
            return false;
        });
        SQLException e = assertThrows(SQLException.class, () -> a.commit(all));
        assertEquals("08007", e.getSQLState(), e.getMessage());
        c.hosted("bank").shutdown(true);
        Await.until(
                "another one leads the bank",
                () -> a.serves("bank") || cluster.node("b").serves("bank"));
        GlobalNode next = a.serves("bank") ? a : cluster.node("b");
        BranchVotes.Global held = next.hosted("bank").votes().list().get(0);
        assertEquals(BranchState.PREPARED, held.standing().state());
        try (Connection bank = next.connect("bank");
                var s = bank.createStatement()) {
            s.execute("SET LOCK_TIMEOUT 50");
            SQLException locked = assertThrows(SQLException.class, () -> s.executeUpdate("UPDATE T SET V = 5"));
            assertTrue(locked.getMessage().contains(held.gid()), locked.getMessage());
        }
        cluster.nodes().forEach(node -> node.commits().pause(false));
        a.commits().setFault(GlobalCommits.Fault.NONE);
        Await.until("it is decided", () -> a.isQuiet() && cluster.node("b").isQuiet());
        c.start();
        c.awaitLeaders();
        Await.until("the lost member has caught up", cluster::isQuiet);
        assertValues(List.of(0, 0, 0));
        GlobalNode.checkFree(a.connectAll());
    }

    @Test
    void a_leader_that_does_not_host_another_participant_ends_a_lost_transaction_all_the_same() throws Exception {
        GlobalNode a = cluster.node("a");
        GlobalNode b = cluster.node("b");
        GlobalNode c = cluster.node("c");
        // What c leads has the other one for its home, and c alone looks for what was lost.
        List<Connection> written = a.connectAll().subList(1, 3);
        a.loseBefore(BranchRequest.Accept.class);
        for (Connection each : written) {
            GlobalNode.write(each, 3);
        }
        cluster.nodes().forEach(node -> node.commits().pause(true));
        c.hosted("stock").shutdown(true);
        SQLException e = assertThrows(SQLException.class, () -> a.commit(written));
        assertEquals("08007", e.getSQLState(), e.getMessage());
        c.commits().pause(false);
        HostedDatabase bank = c.hosted("bank");
        Await.until(
                "both are decided",
                () -> bank.votes().undecided().isEmpty()
                        && b.hosted("stock").votes().undecided().isEmpty());
        for (GlobalNode node : List.of(a, b)) {
            assertEquals(List.of(0, 0, 0), GlobalNode.values(node.connectAll()));
        }
        Await.until(
                "both have forgotten it",
                () -> bank.votes().isEmpty() && b.hosted("stock").votes().isEmpty());
    }

    @Test
    void a_stop_of_all_nodes_in_the_middle_is_made_up_for() throws Exception {
        int value = 0;
        for (Class<? extends BranchRequest> kind : List.of(BranchRequest.Accept.class, BranchRequest.Decide.class)) {
            GlobalNode a = cluster.node("a");
            List<Connection> all = a.connectAll();
            GlobalNode.write(all, 7);
            cluster.nodes().forEach(node -> node.commits().pause(true));
            a.loseBefore(kind);
            try {
                a.commit(all);
                value = 7;
            } catch (SQLException e) {
                assertEquals("08007", e.getSQLState(), e.getMessage());
            }
            for (GlobalNode node : cluster.nodes()) {
                node.stop();
            }
            for (GlobalNode node : cluster.nodes()) {
                node.start();
            }
            for (GlobalNode node : cluster.nodes()) {
                node.awaitLeaders();
            }
            Await.until("all have ended it", cluster::isQuiet);
            assertValues(List.of(value, value, value));
            GlobalNode.checkFree(cluster.node("b").connectAll());
        }
        assertEquals(7, value, "one whose pre-commits were acknowledged is committed");
    }
}
