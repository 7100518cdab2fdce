package io.synod.engine.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.synod.branch.BranchRequest;
import io.synod.branch.BranchState;
import io.synod.engine.Sql;
import io.synod.engine.database.CommitId;
import io.synod.engine.failover.Await;
import io.synod.engine.global.GlobalCommits;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A transaction of several databases that stands still when one of them has committed it and the other one has not. */
@Tag("long")
class CutInTransactionTest {
    private static final String SUM =
            "SELECT SUM(V) FROM (SELECT V FROM HOME.PUBLIC.T UNION ALL SELECT V FROM BANK.PUBLIC.T)";

    private GlobalNode node;
    private List<Connection> all;

    @BeforeEach
    void start(@TempDir Path directory) throws Exception {
        node = new GlobalNode("jdbc:synod:file:" + directory.resolve("home") + ";FAILOVER_TIMEOUT=5000");
        all = node.connectAll();
        GlobalNode.createTables(all);
    }

    @AfterEach
    void close() {
        node.close();
    }

    /** In {@code bank}, which decides it, and in {@code home}. */
    private void commitHalf(CommitId id) throws Exception {
        node.hosted("home").votes().waitFor(0);
        node.commits().pause(true);
        node.commits()
                .setFault((database, request) -> request instanceof BranchRequest.Decide && database.equals("home"));
        List<Connection> two = List.of(all.get(2), all.get(0));
        GlobalNode.write(two, 1);
        node.commit(two, id);
        assertFalse(node.hosted("home").votes().undecided().isEmpty());
        Await.until(
                "the bank has committed",
                () -> node.hosted("bank").votes().list().get(0).standing().state() == BranchState.COMMITTED);
    }

    private void goOn() throws Exception {
        node.commits().setFault(GlobalCommits.Fault.NONE);
        node.commits().pause(false);
        Await.until("it has ended", node::isQuiet);
    }

    @Test
    void a_transaction_that_has_written_a_third_database_sees_all_of_it_or_nothing() throws Exception {
        commitHalf(CommitId.NONE);
        try (Connection c = node.connect("home")) {
            c.setAutoCommit(false);
            Sql.run(c, "UPDATE STOCK.PUBLIC.T SET V = 5");
            SQLException half = assertThrows(SQLException.class, () -> Sql.number(c, SUM));
            assertEquals("40001", half.getSQLState(), half.getMessage());
            c.rollback();
            goOn();
            Sql.run(c, "UPDATE STOCK.PUBLIC.T SET V = 5");
            Sql.run(c, "SAVEPOINT HERE");
            assertEquals(2, Sql.number(c, SUM));
            c.rollback();
        }
    }

    @Test
    void one_database_that_has_committed_it_suffices_to_know() throws Exception {
        CommitId id = new CommitId(UUID.randomUUID(), 7);
        commitHalf(id);
        try (Connection c = node.connect("bank");
                Statement s = c.createStatement();
                var rows = s.executeQuery(
                        "CALL SYNOD.RESOLVE('" + id.session() + "', " + id.number() + ", 'STOCK,HOME')")) {
            rows.next();
            assertEquals(true, rows.getBoolean(1));
        }
        goOn();
    }

    @Test
    void a_refused_commit_leaves_nothing_open() throws Exception {
        Sql.run(all.get(1), "INSERT INTO T SELECT X + 1, 0 FROM SYSTEM_RANGE(1, 20000)");
        all.get(1).commit();
        try (Connection c = node.connect("home")) {
            c.setAutoCommit(false);
            c.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
            assertEquals(0, Sql.number(c, "SELECT V FROM BANK.PUBLIC.T"));
            Sql.run(c, "UPDATE T SET V = 6", "SELECT * FROM STOCK.PUBLIC.T FOR UPDATE");
            SQLException refused = assertThrows(SQLException.class, c::commit);
            assertEquals("0A000", refused.getSQLState(), refused.getMessage());
            GlobalNode.write(all.get(2), 9);
            all.get(2).commit();
            assertEquals(9, Sql.number(c, "SELECT V FROM BANK.PUBLIC.T"), "of a new transaction");
            assertEquals(0, Sql.number(c, "SELECT V FROM T"));
        }
    }
}
