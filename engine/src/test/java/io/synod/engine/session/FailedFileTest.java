package io.synod.engine.session;

import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import org.h2.api.ErrorCode;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.MVStoreException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** H2 cannot write its file any more, as when the disk is full: what sessions of this node are told, by which clients go elsewhere. */
public class FailedFileTest {
    private static volatile MVStore store;

    @TempDir
    private Path directory;

    /** An H2 function: when it returns, the file has failed. */
    public static int breakFile(int result) {
        assertThrows(
                MVStoreException.class,
                () -> store.panic(DataUtils.newMVStoreException(DataUtils.ERROR_WRITING_FAILED, "no space left")));
        return result;
    }

    /** The same, and then it fails as one that was chosen to end a deadlock. */
    public static int breakAndFail(int result) throws SQLException {
        throw new SQLException("failed behind " + breakFile(result), "40001", ErrorCode.DEADLOCK_1);
    }

    @Test
    void a_read_is_told_that_the_database_has_stopped_when_that_happens_while_it_runs() throws Exception {
        try (TestNode a = new TestNode(new MemoryGroup(), "a", directory, new HashMap<>());
                Connection c = a.connectLeading()) {
            run(c, "CREATE ALIAS break_file DETERMINISTIC FOR '" + FailedFileTest.class.getName() + ".breakFile'");
            store = a.database().h2().getStore().getMvStore();
            assertStopped(c, "SELECT break_file(x) FROM SYSTEM_RANGE(1, 1)");
        }
    }

    @Test
    void statements_after_that_are_told_so_too() throws Exception {
        List<String> statements = List.of(
                "SELECT * FROM SYSTEM_RANGE(1, 2)",
                "SELECT * FROM t WHERE id = 1",
                "SELECT * FROM t WHERE id = 1 FOR UPDATE",
                "UPDATE t SET x = 2 WHERE id = 1",
                "CREATE TABLE other(id INT)");
        try (TestNode a = new TestNode(new MemoryGroup(), "a", directory, new HashMap<>());
                Connection c = a.connectLeading()) {
            run(c, "CREATE TABLE t(id INT PRIMARY KEY, x INT)", "INSERT INTO t VALUES (1, 1)");
            List<Connection> connections = new ArrayList<>();
            for (int i = 0; i < statements.size(); i++) {
                connections.add(a.connect());
            }
            store = a.database().h2().getStore().getMvStore();
            breakFile(0);
            for (int i = 0; i < statements.size(); i++) {
                assertStopped(connections.get(i), statements.get(i));
            }
        }
    }

    @Test
    void a_transaction_that_cannot_be_rolled_back_any_more_is_told_so_too() throws Exception {
        try (TestNode a = new TestNode(new MemoryGroup(), "a", directory, new HashMap<>());
                Connection c = a.connectLeading()) {
            run(
                    c,
                    "CREATE ALIAS break_and_fail FOR '" + FailedFileTest.class.getName() + ".breakAndFail'",
                    "CREATE TABLE t(id INT PRIMARY KEY, x INT)",
                    "INSERT INTO t VALUES (1, 1)");
            store = a.database().h2().getStore().getMvStore();
            assertStopped(c, "UPDATE t SET x = break_and_fail(2)");
        }
    }

    @Test
    void so_are_sessions_that_are_opened_and_set_after_that() throws Exception {
        try (TestNode a = new TestNode(new MemoryGroup(), "a", directory, new HashMap<>());
                Connection c = a.connectLeading()) {
            store = a.database().h2().getStore().getMvStore();
            breakFile(0);
            assertStopped("isolation", () -> c.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE));
            assertStopped("connect", () -> a.connect().close());
        }
    }

    private static void assertStopped(Connection c, String sql) {
        assertStopped(sql, () -> run(c, sql));
    }

    private static void assertStopped(String what, Executable call) {
        SQLException e = assertThrows(SQLException.class, call, what);
        assertEquals("08001", e.getSQLState(), what + ": " + e);
        assertTrue(e.getMessage().contains("no space left"), what + ": " + e.getMessage());
    }
}
