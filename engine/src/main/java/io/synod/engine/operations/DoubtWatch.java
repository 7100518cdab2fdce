package io.synod.engine.operations;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How long transactions over several databases stay undecided after a fault, by what each node knows by itself: nothing that it is
 * asked waits for a leader, or for those transactions. Its connections are made before the fault, so that they cost no time after it.
 * Used by one thread at a time.
 */
final class DoubtWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DoubtWatch.class);
    private static final long PAUSE_MILLIS = 10;

    private final List<Connection> copies = new ArrayList<>();

    /** @param urls each of a database at one node */
    DoubtWatch(List<String> urls, String user) throws SQLException {
        try {
            for (String url : urls) {
                copies.add(new ConnectionOptions(url, user, "").locally().connect());
            }
        } catch (SQLException e) {
            close();
            throw e;
        }
    }

    /**
     * What became of those that were on their way at a fault.
     *
     * @param led milliseconds after the fault at which all databases had leaders again
     * @param decided the same for when all of them were decided in all copies
     */
    record Doubt(long led, long decided) {
        /** Milliseconds in doubt although there were leaders. */
        long afterLeaders() {
            return Math.max(0, decided - led);
        }
    }

    /**
     * Asks until nothing is undecided that was prepared before the fault.
     *
     * @param faultNanos by {@link System#nanoTime()}
     * @throws IllegalStateException when that is not so within the limit
     */
    Doubt await(long faultNanos, Duration limit) throws SQLException, InterruptedException {
        long led = -1;
        long decided = -1;
        while (true) {
            if (led < 0 && haveLeaders()) {
                led = millisSince(faultNanos);
            }
            long undecided = decided < 0 ? undecided(millisSince(faultNanos)) : 0;
            long now = millisSince(faultNanos);
            decided = decided < 0 && undecided == 0 ? now : decided;
            if (led >= 0 && decided >= 0) {
                return new Doubt(led, decided);
            }
            if (now > limit.toMillis()) {
                throw new IllegalStateException(undecided + " transactions are still not decided " + now
                        + " ms after the fault, or a database has no leader");
            }
            Thread.sleep(PAUSE_MILLIS);
        }
    }

    /** By what the leaders say of themselves: others may not have heard that theirs is lost. */
    private boolean haveLeaders() throws SQLException {
        Set<String> all = new HashSet<>();
        Set<String> led = new HashSet<>();
        for (Connection copy : copies) {
            ClusterStatus status = ClusterStatus.read(copy);
            all.add(status.database());
            if (status.leader()
                    .filter(leader -> leader.name().equals(status.answeredBy()))
                    .isPresent()) {
                led.add(status.database());
            }
        }
        return led.equals(all);
    }

    private static long millisSince(long nanos) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - nanos);
    }

    private long undecided(long olderThanMillis) throws SQLException {
        long undecided = 0;
        for (Connection copy : copies) {
            try (Statement statement = copy.createStatement();
                    ResultSet rows = statement.executeQuery("SELECT COUNT(*) FROM SYNOD.GLOBAL_TRANSACTIONS WHERE STATE"
                            + " NOT IN ('COMMITTED', 'ABORTED') AND AGE_MILLIS > " + olderThanMillis)) {
                rows.next();
                undecided += rows.getLong(1);
            }
        }
        return undecided;
    }

    @Override
    public void close() {
        copies.forEach(DoubtWatch::closeQuietly);
    }

    private static void closeQuietly(Connection connection) {
        try {
            connection.close();
        } catch (SQLException e) {
            LOG.debug("closing a connection that may be broken", e);
        }
    }
}
