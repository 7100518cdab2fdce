package io.synod.engine.across;

import io.synod.engine.Sql;
import io.synod.engine.failover.Await;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** A client with one connection and one thread, whose statements may wait for each other's. */
final class Contender implements AutoCloseable {
    /** So long that nothing in a test ends by it. */
    static final int LOCK_TIMEOUT_MILLIS = 60_000;

    private final Connection connection;
    private final ExecutorService thread = Executors.newSingleThreadExecutor();

    Contender(String url) throws SQLException {
        connection = DriverManager.getConnection(url, "sa", "secret");
        connection.setAutoCommit(false);
        Sql.run(connection, "SET LOCK_TIMEOUT " + LOCK_TIMEOUT_MILLIS);
        connection.commit();
    }

    Connection connection() {
        return connection;
    }

    /** Changes the row of its own table in a database. */
    static String change(String database) {
        return "UPDATE " + database + ".public.t SET n = n + 1";
    }

    void run(String sql) throws SQLException {
        Sql.run(connection, sql);
    }

    /** @return the error; {@code null} for none */
    SQLException commit() {
        try {
            connection.commit();
            return null;
        } catch (SQLException e) {
            return e;
        }
    }

    /** @return of the future: the error, {@code null} for none */
    Future<SQLException> begin(String sql) {
        return beginWork(() -> run(sql));
    }

    /** What a client does. */
    interface Work {
        void run() throws SQLException;
    }

    Future<SQLException> beginWork(Work work) {
        return thread.submit(() -> {
            try {
                work.run();
                return null;
            } catch (SQLException e) {
                return e;
            }
        });
    }

    /** How it has ended, which has to be long before LOCK_TIMEOUT. */
    static SQLException endOf(Future<SQLException> statement) throws Exception {
        Await.until("the statement has ended", statement::isDone);
        try {
            return statement.get(0, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() throws SQLException {
        thread.shutdown();
        connection.close();
    }
}
