package io.synod.engine.writeset;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A waiter gets HYT00 after LOCK_TIMEOUT without burning a core, whatever its blocker went through. */
class LockWaitsTest {
    /** So long that what a statement costs by itself is little of it. */
    private static final int LOCK_TIMEOUT_MILLIS = 1_000;

    /** So long that nothing in a test ends by it. */
    private static final int PATIENT_MILLIS = 60_000;

    /** How a wait ended. */
    private record Wait(String sqlState, long millis, long cpuMillis) {}

    private final Member member = Member.inMemory();
    private final Connection blocker = member.connect();
    private final ExecutorService waiters = Executors.newCachedThreadPool();

    LockWaitsTest() throws SQLException {}

    @BeforeEach
    void createRows() throws SQLException {
        member.ddl("CREATE TABLE T(ID INT PRIMARY KEY, V INT UNIQUE)");
        Member.execute(blocker, "INSERT INTO T VALUES(1, 1), (2, 2), (3, 3)");
        member.commit(blocker);
    }

    @AfterEach
    void close() {
        waiters.shutdownNow();
        member.close();
    }

    private CompletableFuture<Wait> startWaiter(String sql) throws SQLException {
        return startWaiter(sql, LOCK_TIMEOUT_MILLIS);
    }

    private CompletableFuture<Wait> startWaiter(String sql, int lockTimeoutMillis) throws SQLException {
        Connection connection = member.connect();
        Member.execute(connection, "SET LOCK_TIMEOUT " + lockTimeoutMillis);
        ThreadMXBean cpu = ManagementFactory.getThreadMXBean();
        return CompletableFuture.supplyAsync(
                () -> {
                    long start = System.nanoTime();
                    long cpuStart = cpu.getCurrentThreadCpuTime();
                    String state = "00000";
                    try {
                        Member.execute(connection, sql);
                    } catch (SQLException e) {
                        state = e.getSQLState();
                    }
                    return new Wait(
                            state,
                            TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start),
                            TimeUnit.NANOSECONDS.toMillis(cpu.getCurrentThreadCpuTime() - cpuStart));
                },
                waiters);
    }

    private static void assertTimedOut(Wait wait) {
        assertEquals("HYT00", wait.sqlState, wait.toString());
        assertTrue(wait.millis >= LOCK_TIMEOUT_MILLIS && wait.millis < 10 * LOCK_TIMEOUT_MILLIS, wait.toString());
        assertTrue(wait.cpuMillis < wait.millis / 4, wait.toString());
    }

    private void failAStatement() {
        assertThrows(SQLException.class, () -> Member.execute(blocker, "INSERT INTO T VALUES(9, 9), (8, 2)"));
        LockWaits.settle(Member.session(blocker));
    }

    private void awaitBlocked(CompletableFuture<Wait> waiter) {
        int id = Member.session(blocker).getId();
        while (!waiter.isDone()
                && member.store.database().getStore().getTransactionStore().getOpenTransactions().stream()
                        .noneMatch(t -> t.getBlockerId() == id)) {
            Thread.onSpinWait();
        }
    }

    @Test
    void behind_a_blocker_that_had_a_failed_statement() throws Exception {
        Member.execute(blocker, "UPDATE T SET V = 10 WHERE ID = 1");
        failAStatement();
        assertTimedOut(startWaiter("UPDATE T SET V = 11 WHERE ID = 1").get(60, TimeUnit.SECONDS));
    }

    @Test
    void behind_a_blocker_that_rolled_back_to_a_savepoint_before_it_changed_the_row() throws Exception {
        Savepoint savepoint = blocker.setSavepoint();
        Member.execute(blocker, "UPDATE T SET V = 30 WHERE ID = 3");
        blocker.rollback(savepoint);
        LockWaits.settle(Member.session(blocker)); // nothing is held: nothing to settle yet
        Member.execute(blocker, "UPDATE T SET V = 10 WHERE ID = 1");
        LockWaits.settle(Member.session(blocker));
        assertTimedOut(startWaiter("UPDATE T SET V = 11 WHERE ID = 1").get(60, TimeUnit.SECONDS));
    }

    @Test
    void when_the_blocker_fails_while_others_wait_already() throws Exception {
        Member.execute(blocker, "UPDATE T SET V = 10 WHERE ID = 1");
        CompletableFuture<Wait> first = startWaiter("UPDATE T SET V = 11 WHERE ID = 1");
        CompletableFuture<Wait> second = startWaiter("DELETE FROM T WHERE ID = 1");
        awaitBlocked(first);
        failAStatement();
        assertTimedOut(first.get(60, TimeUnit.SECONDS));
        assertTimedOut(second.get(60, TimeUnit.SECONDS));
    }

    @Test
    void a_row_that_a_savepoint_rollback_frees_goes_to_its_waiter_at_once() throws Exception {
        Member.execute(blocker, "UPDATE T SET V = 10 WHERE ID = 1");
        Savepoint savepoint = blocker.setSavepoint();
        Member.execute(blocker, "UPDATE T SET V = 20 WHERE ID = 2");
        CompletableFuture<Wait> waiter = startWaiter("UPDATE T SET V = 21 WHERE ID = 2", PATIENT_MILLIS);
        awaitBlocked(waiter);
        assertFalse(waiter.isDone());
        blocker.rollback(savepoint);
        LockWaits.settle(Member.session(blocker));
        assertEquals("00000", waiter.get(60, TimeUnit.SECONDS).sqlState);
    }

    @Test
    void a_waiter_gets_the_row_when_the_settled_blocker_ends() throws Exception {
        Member.execute(blocker, "UPDATE T SET V = 10 WHERE ID = 1");
        failAStatement();
        CompletableFuture<Wait> waiter = startWaiter("UPDATE T SET V = 11 WHERE ID = 1", PATIENT_MILLIS);
        awaitBlocked(waiter);
        member.commit(blocker);
        assertEquals("00000", waiter.get(60, TimeUnit.SECONDS).sqlState);
    }
}
