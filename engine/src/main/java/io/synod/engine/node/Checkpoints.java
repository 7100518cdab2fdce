package io.synod.engine.node;

import io.synod.engine.database.HostedDatabase;
import io.synod.engine.session.Sessions;
import io.synod.engine.snapshot.Checkpoint;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
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
    private static final long ENTRIES_MIN = 2_000;
    private static final long BYTES_MIN = 2 << 20;
    /** A database that gets few entries is checkpointed less often. */
    private static final int ROUNDS_MAX = 12;

    private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, task -> {
        Thread thread = new Thread(task, "synod-checkpoint");
        thread.setDaemon(true);
        return thread;
    });
    private final Map<HostedDatabase, ReclaimPolicy> reclaims = new ConcurrentHashMap<>();
    private final Set<HostedDatabase> wanted = ConcurrentHashMap.newKeySet();
    private final List<HostedDatabase> all = new CopyOnWriteArrayList<>();
    /** {@link HostedDatabase#appliedBytes} at the last checkpoint; by the timer's thread only. */
    private final Map<HostedDatabase, Long> bytesAtLast = new ConcurrentHashMap<>();

    private int round;

    void start() {
        timer.scheduleWithFixedDelay(this::run, SECONDS_BETWEEN, SECONDS_BETWEEN, TimeUnit.SECONDS);
    }

    /** @param reclaimPercent space is given back when less of the file is current; 0 for never */
    void add(HostedDatabase database, int reclaimPercent) {
        reclaims.put(database, new ReclaimPolicy(database, reclaimPercent));
        all.add(database);
    }

    /** One checkpoint out of turn, as soon as may be. Thread-safe; does not block. */
    void soon(HostedDatabase database) {
        if (wanted.add(database)) {
            try {
                timer.execute(() -> {
                    wanted.remove(database);
                    take(database);
                });
            } catch (RejectedExecutionException e) {
                LOG.trace("database {}: closing takes a checkpoint anyway", database.name(), e);
            }
        }
    }

    /** One that is being taken is finished first by the store. */
    void remove(HostedDatabase database) {
        all.remove(database);
        reclaims.remove(database);
        bytesAtLast.remove(database);
    }

    private void run() {
        round++;
        all.forEach(Checkpoints::keepHouse);
        all.forEach(database -> {
            long entries = database.appliedIndex() - database.checkpointIndex();
            long bytes = database.appliedBytes();
            boolean due = entries >= ENTRIES_MIN || bytes - bytesAtLast.getOrDefault(database, 0L) >= BYTES_MIN;
            if ((due || round % ROUNDS_MAX == 0) && entries > 0 && take(database)) {
                bytesAtLast.put(database, bytes);
            }
            ReclaimPolicy reclaim = reclaims.get(database);
            if (reclaim != null) {
                reclaim.run(System.currentTimeMillis());
            }
        });
    }

    private static void keepHouse(HostedDatabase database) {
        try {
            database.confirmStatements();
            database.dropUnfinished(Sessions.UNFINISHED);
            database.abandonLeftOvers();
            database.store().freeLobs();
            database.expireCommitIds(System.nanoTime());
        } catch (RuntimeException e) {
            LOG.warn("database {}: housekeeping is left for the next time", database.name(), e);
        }
    }

    /** @return whether one was taken */
    private static boolean take(HostedDatabase database) {
        try {
            Checkpoint.Taken taken = database.checkpoint();
            if (taken != null) {
                LOG.debug("database {}: checkpoint {}", database.name(), taken);
            }
            return taken != null;
        } catch (IOException | RuntimeException e) {
            LOG.warn("database {}: no checkpoint, the last one stands", database.name(), e);
            return false;
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
