package io.synod.engine.database;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.snapshot.H2Store;
import io.synod.replica.ReplicatedLog;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.function.Supplier;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.h2.result.ResultInterface;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A deposed leader ends the writers that it saw a moment before: they may have gone on since. */
class DeposedWriterTest {
    private static final Supplier<DbException> WHY = () -> Errors.leaderLost(Errors.LEADERSHIP_LOST);

    private H2Store store;
    private HostedDatabase database;
    private Writer writer;

    @BeforeEach
    void open() throws Exception {
        store = H2Store.openMemory("test", Map.of());
        database = new HostedDatabase("shop", "a", store, 1_000);
        database.attach((ReplicatedLog) Proxy.newProxyInstance(
                ReplicatedLog.class.getClassLoader(), new Class<?>[] {ReplicatedLog.class}, (proxy, method, args) -> {
                    switch (method.getName()) {
                        case "servingEpoch" -> {
                            return 1L;
                        }
                        case "commitIndex", "appliedIndex" -> {
                            return 0L;
                        }
                        default -> {}
                    }
                    throw new UnsupportedOperationException(method.getName());
                }));
        writer = database.writer(store.systemSession());
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void a_session_that_was_closed_by_its_client_does_not_stop_the_database() {
        writer.close();
        writer.cancelStatement(WHY);
        assertTrue(writer.tryEnd(WHY));
    }

    @Test
    void a_transaction_that_its_own_statement_has_ended_is_not_ended_again() {
        assertTrue(writer.begin());
        DbException lost = assertThrows(
                DbException.class,
                () -> writer.execute(() -> {
                    writer.cancelStatement(WHY);
                    return null;
                }));
        assertTrue(Errors.isLeaderLost(lost), lost.toString());
        assertTrue(writer.tryEnd(WHY));
        assertTrue(writer.begin(), "the next transaction, when this node leads again");
        writer.rollback();
        assertEquals(0, database.writers().size());
    }

    @Test
    void a_cancel_for_a_statement_that_has_ended_does_not_hit_the_next_read() {
        SessionLocal session = store.systemSession();
        Writer another = database.writer(session);
        assertTrue(another.begin());
        another.rollback();
        another.cancelStatement(WHY);
        session.lock();
        try (ResultInterface rows =
                session.prepareLocal("SELECT SUM(X) FROM SYSTEM_RANGE(1, 1000)").executeQuery(0, 0, false)) {
            assertTrue(rows.next());
        } finally {
            session.unlock();
        }
    }

    @Test
    void a_transaction_that_is_admitted_and_not_begun_is_ended() {
        assertTrue(database.writers().admit(writer, database.log(), 0) != 0);
        assertTrue(writer.tryEnd(WHY));
        assertEquals(0, database.writers().size());
        assertFalse(writer.begin(), "it was ended meanwhile");
    }
}
