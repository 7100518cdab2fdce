package io.synod.bench.failover;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** Inserts one row after the other, each a commit, and remembers when each was acknowledged. Owns its thread. */
final class CommitClient {
    private static final int RECONNECT_PAUSE_MILLIS = 5;
    private static final int STOP_LIMIT_MILLIS = 60_000;

    private final int id;
    private final String url;
    private final Thread thread;
    /** Guarded by itself. */
    private final List<Long> acknowledgedAtNanos = new ArrayList<>();

    // Looked at while it still runs where it is stuck.
    private final Set<Long> acknowledged = ConcurrentHashMap.newKeySet();
    private final Set<Long> unknown = ConcurrentHashMap.newKeySet();
    private final Map<String, Integer> errors = new ConcurrentHashMap<>();
    private volatile boolean stopped;
    private volatile long lastAtNanos;
    private volatile long current;
    private volatile SQLException lastError;
    private volatile SQLException failure;

    CommitClient(int id, String url) {
        this.id = id;
        this.url = url;
        this.thread = new Thread(this::run, "commit-client-" + id);
        thread.setDaemon(true);
        thread.start();
    }

    private void run() {
        Connection connection = null;
        for (long n = 0; !stopped; ) {
            current = n;
            try {
                if (connection == null) {
                    connection = DriverManager.getConnection(url, "sa", "");
                }
                insert(connection, n);
                lastAtNanos = System.nanoTime();
                synchronized (acknowledgedAtNanos) {
                    acknowledgedAtNanos.add(lastAtNanos);
                }
                acknowledged.add(n);
                n++;
            } catch (SQLException e) {
                String state = String.valueOf(e.getSQLState());
                errors.merge(state, 1, Integer::sum);
                lastError = e;
                if (state.equals("40001") || state.equals("HYT00")) {
                    continue;
                }
                if (!state.startsWith("08")) {
                    failure = e;
                    return;
                }
                if (connection != null) {
                    // It was on its way: it may be there or not, and its number is not used again.
                    unknown.add(n);
                    n++;
                    close(connection);
                    connection = null;
                }
                pause();
            }
        }
        if (connection != null) {
            close(connection);
        }
    }

    private void insert(Connection connection, long n) throws SQLException {
        try (PreparedStatement insert =
                connection.prepareStatement("INSERT INTO FAILOVER_EVENT(CLIENT, NUMBER) VALUES (?, ?)")) {
            insert.setInt(1, id);
            insert.setLong(2, n);
            insert.executeUpdate();
        }
    }

    private void close(Connection connection) {
        try {
            connection.close();
        } catch (SQLException e) {
            errors.merge("close " + e.getSQLState(), 1, Integer::sum);
        }
    }

    private void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(RECONNECT_PAUSE_MILLIS);
        } catch (InterruptedException e) {
            stopped = true;
        }
    }

    /** When the last commit was acknowledged, by {@link System#nanoTime()}. */
    long lastAtNanos() throws SQLException {
        if (failure != null) {
            throw failure;
        }
        return lastAtNanos;
    }

    /** To end after the operation that runs. */
    void ask() {
        stopped = true;
    }

    /**
     * Ends after the operation that runs; what it remembers may be read then.
     *
     * @throws IllegalStateException that operation does not end
     */
    void stop() throws InterruptedException, SQLException {
        stopped = true;
        thread.join(STOP_LIMIT_MILLIS);
        if (thread.isAlive()) {
            IllegalStateException stuck = new IllegalStateException(
                    "client " + id + " is in one operation for " + STOP_LIMIT_MILLIS + " ms; where, says the trace");
            stuck.setStackTrace(thread.getStackTrace());
            throw stuck;
        }
        lastAtNanos();
    }

    int id() {
        return id;
    }

    /** A copy; also while it runs. */
    long[] acknowledgedAtNanos() {
        synchronized (acknowledgedAtNanos) {
            return acknowledgedAtNanos.stream().mapToLong(Long::longValue).toArray();
        }
    }

    Set<Long> acknowledged() {
        return acknowledged;
    }

    /** Numbers of rows that may be there or not. */
    Set<Long> unknown() {
        return unknown;
    }

    /** Whether that row may be there though it was not acknowledged: as for its answer, or as it is on its way. */
    boolean mayBeThere(long number) {
        return unknown.contains(number) || number == current;
    }

    /** What it does, and when it last got what it wanted, for a record. */
    String state() {
        return "client " + id + ": " + (thread.isAlive() ? "runs" : "has ended") + ", last acknowledged "
                + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - lastAtNanos) + " ms ago, at row " + current
                + ", errors " + errors + ", the last one " + lastError;
    }

    Map<String, Integer> errors() {
        return errors;
    }
}
