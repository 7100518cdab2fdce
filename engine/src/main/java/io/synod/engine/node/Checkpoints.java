package io.synod.engine.node;

import io.synod.engine.database.HostedDatabase;
import io.synod.engine.session.Sessions;
import io.synod.engine.snapshot.Checkpoint;
import java.io.IOException;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a node does for its databases from time to time. Checkpoints: they bound what is replayed at the next start, nothing
 * else depends on them. The ids of old commits are forgotten, and members that stay behind are named. Thread: {@code synod-checkpoint}.
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
    private final Map<HostedDatabase, Care> all = new ConcurrentHashMap<>();
    private final Set<HostedDatabase> wanted = ConcurrentHashMap.newKeySet();
    private final Consumer<String> notices;

    private int round;

    /** What is remembered of one database, and forgotten with it. By the timer's thread only. */
    private static final class Care {
        final ReclaimPolicy reclaim;
        final LaggingMembers lagging;
        /** {@link HostedDatabase#appliedBytes} at the last checkpoint. */
        long bytesAtLast;

        Care(ReclaimPolicy reclaim, LaggingMembers lagging) {
            this.reclaim = reclaim;
            this.lagging = lagging;
        }

        @Override
        public String toString() {
            return "checkpoints";
        }
    }

    Checkpoints() {
        this(LOG::warn);
    }

    /** @param notices is given what somebody should know */
    Checkpoints(Consumer<String> notices) {
        this.notices = notices;
    }

    void start() {
        timer.scheduleWithFixedDelay(this::run, SECONDS_BETWEEN, SECONDS_BETWEEN, TimeUnit.SECONDS);
    }

    /** @param reclaimPercent space is given back when less of the file is current; 0 for never */
    void add(HostedDatabase database, int reclaimPercent) {
        all.put(
                database,
                new Care(new ReclaimPolicy(database, reclaimPercent), new LaggingMembers(database.name(), notices)));
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
    }

    /** One round for all; what fails for one database is reported and tried again in the next round. */
    void run() {
        run(System.nanoTime());
    }

    /** @param nanoTime by the clock of {@link System#nanoTime()} */
    void run(long nanoTime) {
        round++;
        // First: a checkpoint may take long.
        each(all.entrySet(), entry -> entry.getValue().lagging.look(entry.getKey(), nanoTime));
        each(all.keySet(), Checkpoints::keepHouse);
        each(all.entrySet(), entry -> checkpointAndReclaim(entry.getKey(), entry.getValue()));
    }

    /** Does the work for each, whatever happens to others: thrown on, an error would end the timer's rounds for all. */
    static <T> void each(Collection<T> databases, Consumer<T> work) {
        for (T database : databases) {
            try {
                work.accept(database);
            } catch (RuntimeException | Error e) {
                LOG.warn("{}: housekeeping is left for the next time", database, e);
            }
        }
    }

    private void checkpointAndReclaim(HostedDatabase database, Care care) {
        long entries = database.appliedIndex() - database.storage().checkpointIndex();
        long bytes = database.appliedBytes();
        boolean due = entries >= ENTRIES_MIN || bytes - care.bytesAtLast >= BYTES_MIN;
        if ((due || round % ROUNDS_MAX == 0) && entries > 0 && take(database)) {
            care.bytesAtLast = bytes;
        }
        care.reclaim.run(System.currentTimeMillis(), System.nanoTime());
    }

    private static void keepHouse(HostedDatabase database) {
        database.upkeep().stopWhereFailed();
        database.administration().repair().proceed();
        database.upkeep().confirmStatements();
        database.upkeep().dropUnfinished(Sessions.UNFINISHED);
        database.upkeep().abandonLeftOvers();
        database.store().freeLobs();
        database.upkeep().expireCommitIds(System.nanoTime());
    }

    /** @return whether one was taken */
    static boolean take(HostedDatabase database) {
        try {
            Checkpoint.Taken taken = database.storage().checkpoint();
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
