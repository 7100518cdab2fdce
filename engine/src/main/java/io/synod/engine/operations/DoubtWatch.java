package io.synod.engine.operations;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How long transactions over several databases stay undecided after a fault. Stateless. */
final class DoubtWatch {
    private static final Logger LOG = LoggerFactory.getLogger(DoubtWatch.class);
    private static final long PAUSE_MILLIS = 10;

    private DoubtWatch() {}

    /**
     * What became of those that were on their way at a fault.
     *
     * @param answered milliseconds after the fault at which all databases had leaders again
     * @param decided the same for when all of them were decided
     */
    record Doubt(long answered, long decided) {
        /** Milliseconds in doubt although there were leaders. */
        long afterLeaders() {
            return decided - answered;
        }
    }

    /**
     * Asks until nothing is undecided that was prepared before the fault.
     *
     * @param urls each of a database at all nodes or at one
     * @param faultNanos by {@link System#nanoTime()}
     * @throws IllegalStateException when that is not so within the limit
     */
    static Doubt await(List<String> urls, String user, long faultNanos, Duration limit)
            throws SQLException, InterruptedException {
        List<Connection> connections = new ArrayList<>();
        try {
            for (String url : urls) {
                connections.add(DriverManager.getConnection(url, user, ""));
            }
            long answered = -1;
            while (true) {
                long since = millisSince(faultNanos);
                long undecided = 0;
                for (Connection connection : connections) {
                    undecided += undecided(connection, since);
                }
                long now = millisSince(faultNanos);
                answered = answered < 0 ? now : answered;
                if (undecided == 0) {
                    return new Doubt(answered, now);
                }
                if (now > limit.toMillis()) {
                    throw new IllegalStateException(
                            undecided + " transactions are still not decided " + now + " ms after the fault");
                }
                Thread.sleep(PAUSE_MILLIS);
            }
        } finally {
            connections.forEach(DoubtWatch::closeQuietly);
        }
    }

    private static long millisSince(long nanos) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - nanos);
    }

    private static long undecided(Connection connection, long olderThanMillis) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT COUNT(*) FROM SYNOD.GLOBAL_TRANSACTIONS WHERE STATE"
                        + " NOT IN ('COMMITTED', 'ABORTED') AND AGE_MILLIS > " + olderThanMillis)) {
            rows.next();
            return rows.getLong(1);
        }
    }

    private static void closeQuietly(Connection connection) {
        try {
            connection.close();
        } catch (SQLException e) {
            LOG.debug("closing a connection that may be broken", e);
        }
    }
}
