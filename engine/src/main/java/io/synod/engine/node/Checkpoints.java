package io.synod.engine.node;

import io.synod.engine.database.HostedDatabase;
import io.synod.engine.snapshot.Checkpoint;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the checkpoints of a node's databases from time to time: they bound what is replayed at the next start, nothing
 * else depends on them. Thread: {@code synod-checkpoint}.
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
    private int round;

    void start() {
        timer.scheduleWithFixedDelay(this::run, SECONDS_BETWEEN, SECONDS_BETWEEN, TimeUnit.SECONDS);
    }

    void add(HostedDatabase database, Checkpoint checkpoint) {
        databases.put(database, checkpoint);
    }

    private void run() {
        round++;
        databases.forEach((database, checkpoint) -> {
            long entries = database.appliedIndex() - checkpoint.last().applied();
            if (entries >= ENTRIES_MIN || entries > 0 && round % ROUNDS_MAX == 0) {
                take(database, checkpoint);
            }
        });
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
