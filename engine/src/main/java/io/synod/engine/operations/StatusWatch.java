package io.synod.engine.operations;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks a cluster for its status again and again, so that whoever shows it never waits for an answer. Owns the thread {@code
 * status-watch}.
 */
public final class StatusWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StatusWatch.class);
    private static final long PAUSE_MILLIS = 100;

    private final String url;
    private final String user;
    private final Thread thread;
    private volatile ClusterStatus latest = new ClusterStatus(java.util.List.of());

    public StatusWatch(String url, String user) {
        this.url = url;
        this.user = user;
        this.thread = new Thread(this::run, "status-watch");
        thread.setDaemon(true);
        thread.start();
    }

    private void run() {
        while (!Thread.currentThread().isInterrupted()) {
            try (Connection connection = DriverManager.getConnection(url, user, "")) {
                while (true) {
                    latest = ClusterStatus.read(connection);
                    Thread.sleep(PAUSE_MILLIS);
                }
            } catch (SQLException e) {
                // A cluster between two leaders does not answer; the next round asks again.
                LOG.debug("no status", e);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /** The last answer; no members before the first. */
    ClusterStatus latest() {
        return latest;
    }

    /**
     * Waits until a member leads, as far as the last answer knows.
     *
     * @return its name
     */
    public String awaitLeader(Duration limit) throws InterruptedException {
        long deadlineNanos = System.nanoTime() + limit.toNanos();
        while (true) {
            String name = latest.leader().map(MemberStatus::name).orElse(null);
            if (name != null) {
                return name;
            }
            if (System.nanoTime() - deadlineNanos > 0) {
                throw new IllegalStateException("no leader within " + limit.toSeconds() + " s");
            }
            Thread.sleep(10);
        }
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
