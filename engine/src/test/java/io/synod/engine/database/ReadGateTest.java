package io.synod.engine.database;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.snapshot.H2Store;
import io.synod.replica.ReplicatedLog;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.h2.message.DbException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A leader that serves and has not applied yet what is committed: a follower may have shown it already. */
class ReadGateTest {
    private static final long COMMITTED = 5;
    private static final ReadDemand LINEARIZABLE = new ReadDemand(ReadLevel.LINEARIZABLE, 0);

    private final AtomicLong applied = new AtomicLong(3);
    private boolean applies = true;
    private boolean readable;
    private H2Store store;
    private HostedDatabase database;

    @BeforeEach
    void open() throws Exception {
        store = H2Store.openMemory("read_gate", Map.of());
        database = new HostedDatabase("shop", "a", store, 100);
        database.attach((ReplicatedLog) Proxy.newProxyInstance(
                ReplicatedLog.class.getClassLoader(), new Class<?>[] {ReplicatedLog.class}, (proxy, method, args) -> {
                    switch (method.getName()) {
                        case "servingEpoch" -> {
                            return 1L;
                        }
                        case "leaseHolds" -> {
                            return true;
                        }
                        case "commitIndex" -> {
                            return COMMITTED;
                        }
                        case "appliedIndex" -> {
                            return applied.get();
                        }
                        case "awaitApplied" -> {
                            if (applies) {
                                applied.set((long) args[0]);
                            }
                            return applies;
                        }
                        case "awaitReadable" -> {
                            if (readable) {
                                applied.set(COMMITTED);
                            }
                            return readable;
                        }
                        default -> throw new UnsupportedOperationException(method.getName());
                    }
                }));
    }

    @AfterEach
    void close() {
        database.close();
    }

    private long read() {
        return database.reads().read(LINEARIZABLE, new Seen(), applied::get);
    }

    @Test
    void linearizable_read_on_the_leader_waits_until_what_is_committed_is_applied() {
        assertEquals(COMMITTED, read());
    }

    @Test
    void linearizable_read_on_a_leader_that_does_not_apply_in_time_is_confirmed_otherwise_or_fails() {
        applies = false;
        assertEquals(
                "HYT00",
                assertThrows(DbException.class, this::read).getSQLException().getSQLState());
        readable = true;
        assertEquals(COMMITTED, read());
    }

    /** A change that was looked for where another client has been shown the row found none. */
    @Test
    void statement_that_changes_rows_waits_until_what_is_committed_is_applied() {
        Writer writer = database.writer(store.systemSession());
        assertTrue(writer.begin());
        assertEquals(COMMITTED, writer.execute(applied::get));
        writer.rollback();
    }

    @Test
    void statement_that_changes_rows_fails_where_what_is_committed_is_not_applied_in_time() {
        applies = false;
        Writer writer = database.writer(store.systemSession());
        assertTrue(writer.begin());
        assertEquals(
                "HYT00",
                assertThrows(DbException.class, () -> writer.execute(applied::get))
                        .getSQLException()
                        .getSQLState());
        assertTrue(writer.isOpen());
        applies = true;
        assertEquals(COMMITTED, writer.execute(applied::get));
        writer.rollback();
    }
}
