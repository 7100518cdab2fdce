package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The calls of H2's full-text search beside a prepared transaction that holds locks on what they read or write. */
@Timeout(240)
class PreparedFullTextTest extends PreparedTransactions {
    private static final String SEARCH = "SELECT COUNT(*) FROM FT_SEARCH('hello', 0, 0)";

    @BeforeEach
    void index() throws Exception {
        try (Connection c = a.connect()) {
            run(
                    c,
                    "CREATE ALIAS IF NOT EXISTS FT_INIT FOR 'org.h2.fulltext.FullText.init'",
                    "CALL FT_INIT()",
                    "CREATE TABLE doc(id INT PRIMARY KEY, text VARCHAR)",
                    "INSERT INTO doc VALUES (1, 'hello world'), (2, 'another one')",
                    "CALL FT_CREATE_INDEX('PUBLIC', 'DOC', NULL)");
        }
    }

    /** From the log alone: the leader of before is not asked. */
    private void moveLeadership() throws Exception {
        restartFollower();
        b.lead();
    }

    @ParameterizedTest
    @CsvSource({
        "UPDATE doc SET text = 'hello again' WHERE id = 2, false",
        "UPDATE doc SET text = 'hello again' WHERE id = 2, true",
        "SELECT * FROM doc WHERE id = 2 FOR UPDATE, false",
        "SELECT * FROM doc WHERE id = 2 FOR UPDATE, true",
    })
    void they_wait_for_it_and_name_it(String sql, boolean moved) throws Exception {
        try (Connection c = a.connect()) {
            c.setAutoCommit(false);
            run(c, "UPDATE t SET x = x WHERE id = 1", sql, "PREPARE COMMIT one");
        }
        if (moved) {
            moveLeadership();
        }
        for (TestNode node : List.of(a, b)) {
            for (String call : List.of("FT_REINDEX()", "FT_DROP_INDEX('PUBLIC', 'DOC')", "FT_DROP_ALL()")) {
                try (Connection c = node.connect()) {
                    run(c, "SET LOCK_TIMEOUT 50");
                    SQLException e = assertThrows(SQLException.class, () -> run(c, "CALL " + call), call);
                    assertEquals("HYT00", e.getSQLState(), call + e);
                    assertTrue(e.getMessage().contains("ROLLBACK TRANSACTION \"ONE\""), call + e);
                }
            }
        }
        boolean changed = sql.startsWith("UPDATE");
        try (Connection c = b.connect()) {
            assertEquals(1, number(c, SEARCH));
            run(c, "COMMIT TRANSACTION one");
            assertEquals(changed ? 2 : 1, number(c, SEARCH));
            run(c, "CALL FT_REINDEX()");
            assertEquals(changed ? 2 : 1, number(c, SEARCH));
        }
        assertEqualMembers();
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "b"})
    void one_that_waits_goes_on_when_it_is_decided(String name) throws Exception {
        try (Connection c = a.connect()) {
            c.setAutoCommit(false);
            run(c, "UPDATE doc SET text = 'hello again' WHERE id = 2", "PREPARE COMMIT one");
        }
        try (Connection waiter = (name.equals("a") ? a : b).connect();
                Connection c = b.connect()) {
            run(waiter, "SET LOCK_TIMEOUT 100000");
            CompletableFuture<Void> reindex = CompletableFuture.runAsync(() -> {
                try {
                    run(waiter, "CALL FT_REINDEX()");
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            while (!isWaiting() && !reindex.isDone()) {
                Thread.onSpinWait();
            }
            assertFalse(reindex.isDone(), "it has not waited");
            run(c, "COMMIT TRANSACTION one");
            reindex.join();
            assertEquals(2, number(c, SEARCH));
        }
        assertEqualMembers();
    }

    private boolean isWaiting() {
        return Arrays.stream(a.database().h2().getSessions(false)).anyMatch(s -> s.getWaitForLock() != null);
    }
}
