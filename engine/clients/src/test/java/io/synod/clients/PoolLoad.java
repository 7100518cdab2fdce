package io.synod.clients;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.jdbc.SynodConnection;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;

/**
 * Workers that commit row after row through a pool, half of them in auto-commit mode, and count what they see. A worker goes on
 * to its next row when this one is acknowledged: a row that was committed without being acknowledged is met again as 23505.
 */
final class PoolLoad {
    private static final long PAUSE_NANOS = 30_000_000;

    private final String name;
    private final DataSource pool;
    private final int workers;
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicLong acknowledged = new AtomicLong();
    private final TreeMap<String, Integer> errors = new TreeMap<>();
    private final Set<Connection> connections = Collections.newSetFromMap(new IdentityHashMap<>());
    private final AtomicReference<Held> wanted = new AtomicReference<>();
    private volatile boolean stopped;

    /** A transaction that stands between its INSERT and its COMMIT until it may go on. */
    private static final class Held {
        private static final String COMMITTED = "committed";

        private final CountDownLatch inserted = new CountDownLatch(1);
        private final CountDownLatch mayCommit = new CountDownLatch(1);
        private volatile String end;

        void commit(Connection c) throws SQLException {
            inserted.countDown();
            try {
                mayCommit.await();
                c.commit();
                end = COMMITTED;
            } catch (SQLException e) {
                end = e.getSQLState();
                throw e;
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private Held held = new Held();

    PoolLoad(String name, DataSource pool, int workers) {
        this.name = name;
        this.pool = pool;
        this.workers = workers;
    }

    void start() {
        for (int i = 0; i < workers; i++) {
            int worker = i;
            Thread thread = new Thread(() -> work(worker), name + "-" + worker);
            threads.add(thread);
            thread.start();
        }
    }

    private void work(int worker) {
        for (int n = 0; !stopped; ) {
            try (Connection c = pool.getConnection()) {
                note(c);
                if (worker % 2 == 0) {
                    inTransaction(c, worker, n);
                } else {
                    insert(c, worker, n);
                }
                acknowledged.incrementAndGet();
                n++;
                if (c.getWarnings() != null) {
                    note(c.getWarnings());
                }
            } catch (SQLException e) {
                note(e);
            } catch (RuntimeException | AssertionError e) {
                note(new SQLException(e));
            }
            // Three nodes share the machine with this.
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    private void inTransaction(Connection c, int worker, int n) throws SQLException {
        c.setAutoCommit(false);
        try {
            insert(c, worker, n);
            Held stop = wanted.getAndSet(null);
            if (stop == null) {
                c.commit();
            } else {
                stop.commit(c);
            }
        } catch (SQLException e) {
            c.rollback();
            throw e;
        }
    }

    private void insert(Connection c, int worker, int n) throws SQLException {
        try (PreparedStatement insert = c.prepareStatement("INSERT INTO ROW_OF_POOL VALUES (?, ?, ?)")) {
            insert.setString(1, name);
            insert.setInt(2, worker);
            insert.setInt(3, n);
            int count = insert.executeUpdate();
            // In auto-commit mode the driver knows that a lost answer was a commit, not how many rows it was.
            assertTrue(count == 1 || count == Statement.SUCCESS_NO_INFO, "update count " + count);
        }
    }

    /** Returns when a transaction has inserted its row; it does not commit before {@link #assertHeldIsLost}. */
    void holdTransaction() throws Exception {
        held = new Held();
        wanted.set(held);
        Await.until("a transaction of " + name + " that has inserted", () -> held.inserted.getCount() == 0);
    }

    /** Its leader has been killed in between. */
    void assertHeldIsLost() throws Exception {
        held.mayCommit.countDown();
        Await.until("the end of a transaction of " + name, () -> held.end != null);
        assertEquals("40001", held.end, name);
    }

    /** Takes all connections of the pool at a time, those that nobody uses too, and reads with each. */
    void useAll(int size) throws SQLException {
        List<Connection> taken = new ArrayList<>();
        try {
            for (int i = 0; i < size; i++) {
                taken.add(pool.getConnection());
            }
            for (Connection c : taken) {
                note(c);
                assertTrue(c.isValid((int) Await.LIMIT.toSeconds()), name);
                try (Statement s = c.createStatement()) {
                    s.execute("SELECT 1");
                }
            }
        } finally {
            for (Connection c : taken) {
                c.close();
            }
        }
    }

    private synchronized void note(Connection c) throws SQLException {
        connections.add(c.unwrap(SynodConnection.class));
    }

    private synchronized void note(SQLException e) {
        errors.merge(e.getSQLState() == null ? e.toString() : e.getSQLState(), 1, Integer::sum);
    }

    void awaitProgress(int commits) throws Exception {
        long target = acknowledged.get() + commits;
        Await.until(commits + " more commits than " + this, () -> acknowledged.get() >= target);
    }

    void stop() throws InterruptedException {
        stopped = true;
        wanted.set(null);
        held.mayCommit.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
    }

    /** @return how many connections of the driver were seen behind the pool's own */
    synchronized int connections() {
        return connections.size();
    }

    synchronized void assertExactlyOnce() throws SQLException {
        assertEquals(Set.of(), others(), toString());
        try (Connection c = pool.getConnection();
                Statement s = c.createStatement();
                ResultSet rows = s.executeQuery("SELECT COUNT(*) FROM ROW_OF_POOL WHERE POOL = '" + name + "'")) {
            rows.next();
            assertEquals(acknowledged.get(), rows.getLong(1), toString());
        }
    }

    private Set<String> others() {
        TreeMap<String, Integer> others = new TreeMap<>(errors);
        others.remove("40001");
        return others.keySet();
    }

    @Override
    public synchronized String toString() {
        return name + ": " + acknowledged + " commits on " + connections.size() + " connections, SQLStates seen "
                + errors;
    }
}
