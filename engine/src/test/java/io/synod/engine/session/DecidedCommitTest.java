package io.synod.engine.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.synod.branch.BranchRequest;
import io.synod.engine.Sql;
import io.synod.engine.failover.Await;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.MVStoreException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What became of a commit is what its client is told, although a database fails in which its transaction has only read, and whose
 * part cannot be rolled back.
 */
@Tag("long")
class DecidedCommitTest {
    private GlobalNode node;

    /** To the home: it reads as of one moment, so that all it reads is open until its end. */
    private Connection c;

    @BeforeEach
    void start(@TempDir Path directory) throws Exception {
        node = new GlobalNode("jdbc:synod:file:" + directory.resolve("home") + ";FAILOVER_TIMEOUT=20000");
        GlobalNode.createTables(node.connectAll());
        c = node.connect("home");
        c.setAutoCommit(false);
        c.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
    }

    @AfterEach
    void close() {
        node.close();
    }

    /** H2 cannot write its file any more, and does nothing from then on. */
    private void breakFile(String database) {
        try {
            MVStore store = node.hosted(database).h2().getStore().getMvStore();
            assertThrows(
                    MVStoreException.class,
                    () -> store.panic(DataUtils.newMVStoreException(DataUtils.ERROR_WRITING_FAILED, "no space left")));
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    private void write(String database) throws SQLException {
        Sql.run(c, "UPDATE " + database + ".PUBLIC.T SET V = 7");
    }

    private void read(String database) throws SQLException {
        assertEquals(0, Sql.number(c, "SELECT V FROM " + database + ".PUBLIC.T"));
    }

    private void assertCommitted(String database) throws SQLException {
        try (Connection other = node.connect(database)) {
            assertEquals(7, GlobalNode.value(other), database);
        }
    }

    @Test
    void in_one_other_database_when_the_own_one_fails() throws Exception {
        read("HOME");
        write("STOCK");
        breakFile("home");
        c.commit();
        assertCommitted("stock");
    }

    @Test
    void in_two_other_databases_when_the_own_one_fails() throws Exception {
        read("HOME");
        write("STOCK");
        write("BANK");
        node.commits().setFault((database, request) -> {
            if (request instanceof BranchRequest.Decide) {
                breakFile("home");
            }
            return false;
        });
        c.commit();
        assertCommitted("stock");
        assertCommitted("bank");
    }

    @Test
    void in_the_own_database_when_another_one_fails() throws Exception {
        read("STOCK");
        write("HOME");
        breakFile("stock");
        c.commit();
        assertCommitted("home");
        Sql.run(c, "UPDATE T SET V = 8");
        c.commit();
        assertEquals(8, GlobalNode.value(c), "the session goes on");
    }

    @Test
    void in_the_own_and_another_one_when_a_third_fails() throws Exception {
        write("HOME");
        write("STOCK");
        read("BANK");
        breakFile("bank");
        c.commit();
        assertCommitted("home");
        assertCommitted("stock");
    }

    @Test
    void by_the_end_of_auto_commit() throws Exception {
        read("HOME");
        write("STOCK");
        breakFile("home");
        c.setAutoCommit(true);
        assertCommitted("stock");
    }

    @Test
    void that_is_not_known_is_told_so() throws Exception {
        read("HOME");
        write("STOCK");
        write("BANK");
        node.commits().pause(true);
        node.commits().setFault((database, request) -> {
            if (request instanceof BranchRequest.Accept) {
                breakFile("home");
                return true;
            }
            return false;
        });
        SQLException e = assertThrows(SQLException.class, c::commit);
        assertEquals("08007", e.getSQLState(), e.toString());
        node.commits().pause(false);
        for (String database : List.of("stock", "bank")) {
            Await.until(
                    "it is decided",
                    () -> node.hosted(database).votes().undecided().isEmpty());
        }
    }
}
