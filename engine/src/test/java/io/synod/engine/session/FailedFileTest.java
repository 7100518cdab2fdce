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
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.MVStoreException;
import org.junit.jupiter.api.Test;
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

    private static void assertStopped(Connection c, String sql) {
        SQLException e = assertThrows(SQLException.class, () -> run(c, sql), sql);
        assertEquals("08001", e.getSQLState(), sql + ": " + e);
        assertTrue(e.getMessage().contains("no space left"), sql + ": " + e.getMessage());
    }
}
