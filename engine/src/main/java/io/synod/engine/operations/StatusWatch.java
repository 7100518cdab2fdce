package io.synod.engine.operations;

import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks a cluster for its status again and again, so that whoever shows it never waits for an answer. Owns the thread {@code
 * status-watch}.
 */
public final class StatusWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StatusWatch.class);
    private static final long PAUSE_MILLIS = 100;

    private static final long FRESH_NANOS = TimeUnit.SECONDS.toNanos(1);

    private record Answer(ClusterStatus status, long askedNanos) {}

    private final ConnectionOptions database;
    private final Thread thread;
    private volatile Answer last = new Answer(ClusterStatus.UNKNOWN, System.nanoTime());

    public StatusWatch(String url, String user) {
        this.database = new ConnectionOptions(url, user, "");
        this.thread = new Thread(this::run, "status-watch");
        thread.setDaemon(true);
        thread.start();
    }

    private void run() {
        try (StatusReader reader = new StatusReader(database)) {
            while (true) {
                try {
                    long askedNanos = System.nanoTime();
                    last = new Answer(reader.read(), askedNanos);
                } catch (SQLException e) {
                    // A cluster between two leaders does not answer; the next round asks again.
                    LOG.debug("no status", e);
                }
                Thread.sleep(PAUSE_MILLIS);
            }
        } catch (InterruptedException e) {
            LOG.debug("closed");
        }
    }

    /** The last answer; no members when it is not of the last moments. */
    ClusterStatus latest() {
        Answer answer = last;
        return System.nanoTime() - answer.askedNanos() < FRESH_NANOS ? answer.status() : ClusterStatus.UNKNOWN;
    }

    /**
     * Waits until a member leads, as far as the last answer knows.
     *
     * @return its name
     * @throws IllegalStateException when none does within the limit
     */
    public String awaitLeader(Duration limit) throws InterruptedException {
        return await("a leader", status -> status.leader().isPresent(), limit)
                .leader()
                .orElseThrow()
                .name();
    }

    /** Waits until that member leads; fails as {@link #awaitLeader(Duration)} does. */
    void awaitLeader(String name, Duration limit) throws InterruptedException {
        await(
                "leader " + name,
                status -> status.leader()
                        .filter(leader -> leader.name().equals(name))
                        .isPresent(),
                limit);
    }

    /**
     * Waits until all members are there, and have applied all that is committed, but for so many entries: under load there are
     * always some on their way.
     *
     * @throws IllegalStateException when that is not so within the limit
     */
    public void awaitCaughtUp(int members, long entries, Duration limit) throws InterruptedException {
        await(
                members + " members that have applied all but " + entries + " entries",
                status -> status.members().size() == members && status.allCaughtUp(entries),
                limit);
    }

    private ClusterStatus await(String what, Predicate<ClusterStatus> condition, Duration limit)
            throws InterruptedException {
        long deadlineNanos = System.nanoTime() + limit.toNanos();
        while (true) {
            ClusterStatus status = latest();
            if (condition.test(status)) {
                return status;
            }
            if (System.nanoTime() - deadlineNanos > 0) {
                throw new IllegalStateException("not within " + limit.toSeconds() + " s: " + what
                        + "; the cluster's last word: " + status.members());
            }
            Thread.sleep(10);
        }
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
