package io.synod.engine.node;

import io.synod.engine.database.HostedDatabase;
import io.synod.engine.snapshot.Checkpoint;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a node does for its databases from time to time. Checkpoints: they bound what is replayed at the next start, nothing
 * else depends on them. And the ids of old commits are forgotten. Thread: {@code synod-checkpoint}.
 */
final class Checkpoints implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Checkpoints.class);
    private static final long SECONDS_BETWEEN = 5;
    private static final long ENTRIES_MIN = 10_000;
    /** A database that gets few entries is checkpointed less often. */
    private static final int ROUNDS_MAX = 12;

    private final Map<HostedDatabase, Checkpoint> databases = new ConcurrentHashMap<>();
    private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, task -> {
        Thread thread = new Thread(task, "synod-checkpoint");
        thread.setDaemon(true);
        return thread;
    });
    private final List<HostedDatabase> all = new CopyOnWriteArrayList<>();
    private int round;

    void start() {
        timer.scheduleWithFixedDelay(this::run, SECONDS_BETWEEN, SECONDS_BETWEEN, TimeUnit.SECONDS);
    }

    /** @param checkpoint {@code null} for a database in memory */
    void add(HostedDatabase database, Checkpoint checkpoint) {
        all.add(database);
        if (checkpoint != null) {
            databases.put(database, checkpoint);
        }
    }

    private void run() {
        round++;
        all.forEach(Checkpoints::expireCommitIds);
        databases.forEach((database, checkpoint) -> {
            long entries = database.appliedIndex() - checkpoint.last().applied();
            if (entries >= ENTRIES_MIN || entries > 0 && round % ROUNDS_MAX == 0) {
                take(database, checkpoint);
            }
        });
    }

    private static void expireCommitIds(HostedDatabase database) {
        try {
            database.expireCommitIds(System.nanoTime());
        } catch (RuntimeException e) {
            LOG.warn("database {}: the ids of old commits are kept", database.name(), e);
        }
    }

    private static void take(HostedDatabase database, Checkpoint checkpoint) {
        try {
            Checkpoint.Taken taken = checkpoint.take();
            if (taken != null) {
                LOG.debug("database {}: checkpoint {}", database.name(), taken);
            }
        } catch (IOException | RuntimeException e) {
            LOG.warn("database {}: no checkpoint, the last one stands", database.name(), e);
        }
    }

    @Override
    public void close() {
        timer.shutdown();
        try {
            if (!timer.awaitTermination(10, TimeUnit.SECONDS)) {
                timer.shutdownNow();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
