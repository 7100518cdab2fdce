package io.synod.engine.node;

import io.synod.engine.database.HostedDatabase;
import java.io.IOException;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens databases of this node again that have stopped because their disk was full, when it has room: as a start of the node
 * does, from the last checkpoint and the log. Thread: {@code synod-reopen}.
 */
final class Reopening implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Reopening.class);

    private static final long LOOK_MILLIS = 1_000;
    private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(2);
    /** A disk that is full again and again: each opening reads the whole file. */
    private static final long PAUSE_MAX_NANOS = TimeUnit.MINUTES.toNanos(1);

    /** What closes a database and opens it again. */
    @FunctionalInterface
    interface Opening {
        void run() throws SQLException;
    }

    /** What is remembered of one database. By the timer's thread only, but for what never changes, and {@link #pending}. */
    private static final class Care {
        final HostedDatabase database;
        final Opening opening;
        /** How long it is left alone after it was opened, or that was tried. */
        long pause = PAUSE_NANOS;

        long triedAt;
        boolean tried;
        boolean told;
        /** It was closed here to be opened again. */
        volatile boolean pending;

        Care(HostedDatabase database, Opening opening) {
            this.database = database;
            this.opening = opening;
        }
    }

    private final BooleanSupplier logLacksRoom;
    private final Map<String, Care> all = new ConcurrentHashMap<>();
    private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, task -> {
        Thread thread = new Thread(task, "synod-reopen");
        thread.setDaemon(true);
        return thread;
    });

    /** @param logLacksRoom whether the node's log cannot be written, without which no database goes on */
    Reopening(BooleanSupplier logLacksRoom) {
        this.logLacksRoom = logLacksRoom;
    }

    void start() {
        timer.scheduleWithFixedDelay(
                () -> Checkpoints.each(all.values(), this::look), LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** A database that was opened, now or again. */
    void add(HostedDatabase database, Opening opening) {
        all.compute(database.name(), (name, before) -> {
            Care care = new Care(database, opening);
            if (before != null && before.tried) {
                care.pause = System.nanoTime() - before.triedAt > 10 * PAUSE_MAX_NANOS
                        ? PAUSE_NANOS
                        : Math.min(2 * before.pause, PAUSE_MAX_NANOS);
                care.triedAt = before.triedAt;
                care.tried = true;
            }
            return care;
        });
    }

    /** One that was closed, and not to be opened again. */
    void remove(HostedDatabase database) {
        all.remove(database.name());
    }

    /**
     * Closes one, which nobody else may open from now on. Not at the same time as {@link #add} and {@link #remove}.
     *
     * @return false where it is not to be opened again: it was closed by others meanwhile, or its file is not to be trusted any more
     */
    boolean closes(HostedDatabase database, Checkpoints checkpoints) {
        Care care = all.get(database.name());
        if (care == null || care.database != database) {
            return false;
        }
        if (!care.pending) {
            checkpoints.remove(database);
            database.log().close();
            Closing.close(database, true);
        }
        try {
            database.store().health().checkWritten();
        } catch (IOException e) {
            database.onStopped(e);
            return false;
        }
        care.pending = true;
        return true;
    }

    boolean isPending(String name) {
        Care care = all.get(name);
        return care != null && care.pending;
    }

    List<HostedDatabase> pending() {
        return all.values().stream()
                .filter(care -> care.pending)
                .map(care -> care.database)
                .toList();
    }

    private void look(Care care) {
        HostedDatabase database = care.database;
        if (!database.lacksSpace()) {
            return;
        }
        if (!care.told) {
            care.told = true;
            LOG.warn(
                    "database {} has stopped on node {} because the disk of its file is full: it goes on by itself when there is"
                            + " room",
                    database.name(),
                    database.node());
        }
        if (care.tried && System.nanoTime() - care.triedAt < care.pause
                || logLacksRoom.getAsBoolean()
                || !database.store().health().hasRoom()) {
            return;
        }
        care.tried = true;
        care.triedAt = System.nanoTime();
        try {
            care.opening.run();
        } catch (SQLException | RuntimeException e) {
            care.pause = Math.min(2 * care.pause, PAUSE_MAX_NANOS);
            LOG.warn("database {} could not be opened again yet: {}", database.name(), e.toString(), e);
        }
    }

    /** What runs comes to its end by itself: it finds that the node is closed, or is waited for by who closes it. */
    @Override
    public void close() {
        timer.shutdown();
    }
}
