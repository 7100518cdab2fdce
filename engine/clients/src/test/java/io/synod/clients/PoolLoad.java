package io.synod.clients;

import static org.junit.jupiter.api.Assertions.assertEquals;

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
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;

/** Workers that commit row after row through a pool, and count what they see. */
final class PoolLoad {
    private static final long PAUSE_NANOS = 10_000_000;

    private final String name;
    private final DataSource pool;
    private final int workers;
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicLong acknowledged = new AtomicLong();
    private final TreeMap<String, Integer> errors = new TreeMap<>();
    private final Set<Connection> connections = Collections.newSetFromMap(new IdentityHashMap<>());
    private volatile boolean stopped;

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
                c.setAutoCommit(false);
                try {
                    insert(c, worker, n);
                    c.commit();
                    acknowledged.incrementAndGet();
                    n++;
                } catch (SQLException e) {
                    c.rollback();
                    throw e;
                }
                if (c.getWarnings() != null) {
                    note(c.getWarnings());
                }
            } catch (SQLException e) {
                note(e);
            }
            // Three nodes share the machine with this.
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    private void insert(Connection c, int worker, int n) throws SQLException {
        try (PreparedStatement insert = c.prepareStatement("INSERT INTO ROW_OF_POOL VALUES (?, ?, ?)")) {
            insert.setString(1, name);
            insert.setInt(2, worker);
            insert.setInt(3, n);
            assertEquals(1, insert.executeUpdate());
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
        for (Thread thread : threads) {
            thread.join();
        }
    }

    /** @return how many connections of the driver were seen behind the pool's own */
    synchronized int connections() {
        return connections.size();
    }

    synchronized int retried() {
        return errors.getOrDefault("40001", 0);
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
