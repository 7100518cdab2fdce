package io.synod.engine.isolation;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** One of the sessions of a history: a transaction that ends with its first error. */
final class Party implements AutoCloseable {
    private final Connection connection;
    private final ExecutorService thread = Executors.newSingleThreadExecutor();
    private Future<?> pending;
    private boolean failed;

    Party(String url, int level) throws SQLException {
        connection = DriverManager.getConnection(url, "sa", "secret");
        connection.setTransactionIsolation(level);
        try (Statement s = connection.createStatement()) {
            s.execute("SET LOCK_TIMEOUT 10000");
        }
        // Not before: in H2 any statement begins a transaction, and takes its snapshot.
        connection.setAutoCommit(false);
    }

    /** All values of the first column, in order; {@code null} once the transaction has failed. */
    List<Integer> read(String sql) throws Exception {
        join();
        if (failed) {
            return List.of();
        }
        try (Statement s = connection.createStatement();
                ResultSet rows = s.executeQuery(sql)) {
            List<Integer> values = new ArrayList<>();
            while (rows.next()) {
                values.add(rows.getInt(1));
            }
            return values;
        } catch (SQLException e) {
            fail(e);
            return List.of();
        }
    }

    /** Value of the row with this id. */
    List<Integer> value(int id) throws Exception {
        return read("SELECT v FROM test WHERE id = " + id);
    }

    void write(String sql) throws Exception {
        start(sql);
        join();
    }

    /** Begins to write; goes on when it waits for a row of another party. */
    void start(String sql) throws Exception {
        join();
        if (failed) {
            return;
        }
        pending = thread.submit(() -> {
            try (Statement s = connection.createStatement()) {
                s.executeUpdate(sql);
            } catch (SQLException e) {
                fail(e);
            }
            return null;
        });
    }

    private void fail(SQLException e) throws SQLException {
        if (!"40001".equals(e.getSQLState()) && !"HYT00".equals(e.getSQLState())) {
            throw e;
        }
        failed = true;
        connection.rollback();
    }

    private void join() throws Exception {
        if (pending != null) {
            try {
                pending.get(60, TimeUnit.SECONDS);
            } catch (ExecutionException e) {
                throw new AssertionError(e.getCause());
            } finally {
                pending = null;
            }
        }
    }

    /** @return whether all that it did is committed */
    boolean commit() throws Exception {
        join();
        if (failed) {
            return false;
        }
        try {
            connection.commit();
            return true;
        } catch (SQLException e) {
            fail(e);
            return false;
        }
    }

    void rollback() throws Exception {
        join();
        connection.rollback();
    }

    @Override
    public void close() throws SQLException {
        thread.shutdownNow();
        connection.close();
    }
}
