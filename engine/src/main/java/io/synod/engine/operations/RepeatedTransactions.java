package io.synod.engine.operations;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import javax.sql.DataSource;

/**
 * Runs transactions of clients as an application would: each until it is answered as committed, or its commit has ended
 * without an answer. Thread-safe.
 */
final class RepeatedTransactions {
    /** SQLState of a transaction that was rolled back and may be run again. */
    private static final String RETRY = "40001";
    /** SQLStates that say before a commit that nothing happened: no lock in time, no node reached. */
    private static final List<String> NOT_DONE = List.of("HYT00", "08001", "08003", "08006");

    private final DataSource database;
    private final AtomicLong acknowledged = new AtomicLong();

    /** @param database a pool whose connections do not commit by themselves and are rolled back when they are given back */
    RepeatedTransactions(DataSource database) {
        this.database = database;
    }

    /** What happens before the commit. */
    @FunctionalInterface
    interface Body {
        void run(Connection connection) throws SQLException;
    }

    /** Of all clients so far. */
    long acknowledged() {
        return acknowledged.get();
    }

    /**
     * Runs one, under the same key as often as is needed.
     *
     * @param log where the order of that key is noted
     * @param giveUpNanos when a cluster that still does not answer is an error, by {@link System#nanoTime()}
     */
    void run(long key, int lines, Body body, OrderEntry.Log log, long giveUpNanos)
            throws SQLException, InterruptedException {
        while (true) {
            boolean committing = false;
            try (Connection connection = database.getConnection()) {
                body.run(connection);
                committing = true;
                connection.commit();
                log.acknowledged().add(new OrderEntry.Acknowledged(key, lines, System.nanoTime()));
                acknowledged.incrementAndGet();
                return;
            } catch (SQLException e) {
                if (wasAcknowledged(log, key)) {
                    return;
                }
                boolean surelyNotDone = RETRY.equals(e.getSQLState())
                        || !committing && NOT_DONE.contains(String.valueOf(e.getSQLState()))
                        || !committing && e instanceof java.sql.SQLTransientException;
                if (committing && !surelyNotDone) {
                    log.unknown().add(key);
                    return;
                }
                if (!surelyNotDone || System.nanoTime() > giveUpNanos) {
                    throw e;
                }
                log.retries().merge(String.valueOf(e.getSQLState()), 1, Integer::sum);
                Thread.sleep(5);
            }
        }
    }

    // Giving the connection back can fail after the commit was acknowledged; that is no failure of the order.
    private static boolean wasAcknowledged(OrderEntry.Log log, long key) {
        List<OrderEntry.Acknowledged> done = log.acknowledged();
        return !done.isEmpty() && done.get(done.size() - 1).orderKey() == key;
    }
}
