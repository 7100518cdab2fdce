package io.synod.engine.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.branch.BranchRequest;
import io.synod.engine.Sql;
import io.synod.engine.failover.Await;
import io.synod.engine.session.TestNode.TestConnection;
import java.nio.file.Path;
import java.sql.Clob;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.h2.engine.SessionLocal;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who has the inner session that wrote a branch, before and after that is decided. */
@Tag("long")
class GivenBackSessionTest {
    private static final long NANOS = Await.LIMIT.toNanos();

    private GlobalNode node;
    private List<Connection> two;
    private RoutedSession session;
    private SessionLocal first;

    @BeforeEach
    void start(@TempDir Path directory) throws Exception {
        node = new GlobalNode("jdbc:synod:file:" + directory.resolve("home") + ";FAILOVER_TIMEOUT=10000");
        List<Connection> all = node.connectAll();
        GlobalNode.createTables(all);
        two = all.subList(0, 2);
        session = (RoutedSession) ((TestConnection) two.get(0)).session();
        first = session.local();
    }

    @AfterEach
    void close() throws Exception {
        node.close();
    }

    /** Prepared in both, as far as its coordinator gets before it is lost; nobody else ends it. */
    private String commitUntil(Class<? extends BranchRequest> lost) throws SQLException {
        GlobalNode.write(two, 1);
        for (String database : GlobalNode.DATABASES) {
            // What waits for a decision that does not come reads and writes before it.
            node.hosted(database).votes().waitFor(1);
        }
        node.commits().pause(true);
        node.loseBefore(lost);
        if (lost == BranchRequest.Decide.class) {
            node.commit(two);
        } else {
            SQLException e = assertThrows(SQLException.class, () -> node.commit(two));
            assertEquals("08007", e.getSQLState(), e.toString());
        }
        return node.undecided().get(0).gid();
    }

    private void decide(String gid, boolean commit) throws SQLException {
        for (String database : List.of("home", "stock")) {
            node.hosted(database).votes().answer(new BranchRequest.Decide(gid, commit), NANOS);
        }
    }

    private static String text(Connection c, String sql) throws SQLException {
        try (Statement s = c.createStatement();
                ResultSet rows = s.executeQuery(sql)) {
            assertTrue(rows.next());
            return rows.getString(1);
        }
    }

    private int sessions() throws SQLException {
        return node.hosted("home").h2().getSessionCount();
    }

    @Test
    void after_its_commit_the_session_has_it_again_with_all_that_was_set() throws Exception {
        try (Statement s = two.get(0).createStatement()) {
            s.execute("SET @X = 7");
            s.execute("CREATE SCHEMA OTHER");
            s.execute("CREATE SEQUENCE OTHER.NUMBERS START WITH 40");
            s.execute("CREATE TABLE OTHER.NUMBERED(ID BIGINT DEFAULT NEXT VALUE FOR OTHER.NUMBERS PRIMARY KEY)");
            s.execute("SET SCHEMA OTHER");
            s.execute("UPDATE PUBLIC.T SET V = 5");
            s.execute("INSERT INTO NUMBERED DEFAULT VALUES");
        }
        GlobalNode.write(two.get(1), 5);
        int before = sessions();
        node.commit(two);
        Await.until("all is decided and forgotten", node::isQuiet);
        try (Statement s = two.get(0).createStatement();
                ResultSet rows = s.executeQuery("SELECT @X, CURRENT_SCHEMA, V FROM PUBLIC.T")) {
            assertTrue(rows.next());
            assertEquals("7 OTHER 5", rows.getString(1) + " " + rows.getString(2) + " " + rows.getInt(3));
        }
        assertSame(first, session.local());
        assertEquals("40", text(two.get(0), "CALL CURRENT VALUE FOR NUMBERS"));
        assertEquals(before, sessions());
        two.get(0).rollback();
        assertTrue(first.getLocks().isEmpty());
    }

    @Test
    void it_comes_back_whoever_decides() throws Exception {
        String gid = commitUntil(BranchRequest.Decide.class);
        assertFalse(first.getLocks().isEmpty(), "it is the branch's");
        decide(gid, true);
        assertEquals(List.of(1, 1), GlobalNode.values(two));
        assertSame(first, session.local());
        GlobalNode.checkFree(two);
    }

    @Test
    void it_comes_back_when_the_branch_is_rolled_back() throws Exception {
        String gid = commitUntil(BranchRequest.Accept.class);
        decide(gid, false);
        assertEquals(List.of(0, 0), GlobalNode.values(two));
        assertSame(first, session.local());
        GlobalNode.checkFree(two);
    }

    @Test
    void who_goes_on_before_the_decision_has_another_one_and_the_first_is_closed_with_it() throws Exception {
        String gid = commitUntil(BranchRequest.Decide.class);
        int before = sessions();
        assertEquals(0, GlobalNode.value(two.get(0)), "not decided");
        SessionLocal second = session.local();
        assertNotSame(first, second);
        assertFalse(first.isClosed());
        assertEquals(before + 1, sessions());
        decide(gid, true);
        assertTrue(first.isClosed());
        assertEquals(before, sessions());
        assertEquals(List.of(1, 1), GlobalNode.values(two));
        assertSame(second, session.local());
        GlobalNode.checkFree(two);
    }

    @Test
    void it_is_closed_with_the_decision_where_its_client_has_gone() throws Exception {
        String gid = commitUntil(BranchRequest.Decide.class);
        int before = sessions();
        two.get(0).close();
        assertFalse(first.isClosed(), "the branch needs it");
        decide(gid, true);
        assertTrue(first.isClosed());
        assertEquals(before - 1, sessions());
        try (Connection c = node.connect("home")) {
            assertEquals(1, GlobalNode.value(c));
        }
    }

    @Test
    void what_is_set_after_the_commit_is_set_in_the_session_that_goes_on() throws Exception {
        String gid = commitUntil(BranchRequest.Decide.class);
        Connection c = two.get(0);
        c.setSchema("INFORMATION_SCHEMA");
        c.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        decide(gid, true);
        assertEquals("INFORMATION_SCHEMA", text(c, "CALL CURRENT_SCHEMA"));
        assertEquals(Connection.TRANSACTION_REPEATABLE_READ, c.getTransactionIsolation());
    }

    /** The end of a transaction removes the large objects that have come into its session and are in no table. */
    @Test
    void a_large_object_that_comes_after_the_commit_does_not_go_with_the_branch() throws Exception {
        String text = "x".repeat(300_000);
        Connection c = two.get(0);
        try (Statement s = c.createStatement()) {
            s.execute("CREATE TABLE L(C CLOB)");
        }
        String gid = commitUntil(BranchRequest.Decide.class);
        Clob clob = c.createClob();
        clob.setString(1, text);
        decide(gid, true);
        try (PreparedStatement insert = c.prepareStatement("INSERT INTO L VALUES (?)")) {
            insert.setClob(1, clob);
            insert.executeUpdate();
        }
        c.commit();
        assertEquals(text, text(c, "SELECT C FROM L"));
    }

    /** The statement that commits goes on after that. */
    @Test
    void a_statement_that_commits_before_it_runs_has_a_session() throws Exception {
        try (Connection c = node.connect("home");
                Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            for (int i = 1; i <= 10; i++) {
                s.executeUpdate("UPDATE T SET V = " + i);
                s.executeUpdate("UPDATE STOCK.PUBLIC.T SET V = " + i);
                s.execute("CREATE TABLE T" + i + " AS SELECT V FROM T");
                assertEquals(i, Sql.number(c, "SELECT V FROM T" + i));
                s.executeUpdate("INSERT INTO T" + i + " SELECT V FROM T");
                s.executeUpdate("UPDATE STOCK.PUBLIC.T SET V = V + 1");
                s.execute("ALTER TABLE T" + i + " ADD W INT DEFAULT 3");
                assertEquals(6, Sql.number(c, "SELECT SUM(W) FROM T" + i));
            }
        }
        assertEquals(10, GlobalNode.value(two.get(0)));
        assertEquals(11, GlobalNode.value(two.get(1)));
    }
}
