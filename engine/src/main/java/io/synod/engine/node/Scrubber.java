package io.synod.engine.node;

import io.synod.engine.database.HostedDatabase;
import io.synod.engine.session.ScrubCommands;
import io.synod.engine.snapshot.DamagedStoreException;
import io.synod.log.EntryLog;
import io.synod.replica.Patience;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import org.h2.api.ErrorCode;
import org.h2.message.DbException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads what the node has on its disk, slowly and from time to time, or at once where somebody asks for it, to find what is
 * damaged before it is needed. The log and the databases repair themselves then ({@link EntryLog#damage}, {@link
 * io.synod.engine.database.CopyRepair}).
 *
 * <p>What the system has in its cache is not read from the disk: damage under it is found when it was dropped.
 *
 * <p>Thread: {@code synod-scrub}, unless it is switched off.
 */
final class Scrubber implements ScrubCommands, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Scrubber.class);

    private static final long SLOWLY = 8L << 20;
    private static final long AT_ONCE = 64L << 20;
    /** How long who asks waits for the repair. */
    private static final long REPAIR_NANOS = TimeUnit.SECONDS.toNanos(10);

    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final String LOG_FILE = "log";
    private static final String FILE = ".mv.db";

    private final String node;
    private final EntryLog log;
    private final Supplier<Collection<HostedDatabase>> databases;
    private final long betweenNanos;
    /** One round at a time. */
    private final ReentrantLock round = new ReentrantLock();

    private final Thread thread = new Thread(this::run, "synod-scrub");
    private volatile boolean closed;

    /** @param betweenNanos from the start, and from the end of a round, to the next; 0 for never */
    Scrubber(String node, EntryLog log, Supplier<Collection<HostedDatabase>> databases, long betweenNanos) {
        this.node = node;
        this.log = log;
        this.databases = databases;
        this.betweenNanos = betweenNanos;
        thread.setDaemon(true);
    }

    void start() {
        if (betweenNanos > 0) {
            thread.start();
        }
    }

    private void run() {
        // All files were read when they were opened.
        while (!closed) {
            long start = System.nanoTime();
            await(betweenNanos, () -> closed);
            if (closed || System.nanoTime() - start < betweenNanos) {
                continue;
            }
            try {
                long bytes = 0;
                for (Scrubbed each : round(new Pace(SLOWLY, () -> {
                    if (closed) {
                        throw new CancellationException("the node closes");
                    }
                }))) {
                    bytes += each.bytes();
                }
                LOG.info("node {}: {} bytes were read and compared with their checksums", node, bytes);
            } catch (CancellationException e) {
                LOG.debug("the node closes", e);
            } catch (IOException | RuntimeException | Error e) {
                if (!closed) {
                    LOG.warn("node {}: its files could not be read to the end, tried again later", node, e);
                }
            }
        }
    }

    private static void await(long nanos, BooleanSupplier condition) {
        long start = System.nanoTime();
        for (long left = nanos; left > 0 && !condition.getAsBoolean(); left = nanos - (System.nanoTime() - start)) {
            LockSupport.parkNanos(left);
        }
    }

    @Override
    public List<Scrubbed> scrub() {
        try {
            return round(new Pace(AT_ONCE, Scrubber::checkPatience)).stream()
                    .map(this::afterRepair)
                    .toList();
        } catch (IOException e) {
            throw DbException.convertIOException(e, "the log of node " + node);
        }
    }

    private static void checkPatience() {
        if (Patience.isOver() || Thread.currentThread().isInterrupted()) {
            throw DbException.get(ErrorCode.STATEMENT_WAS_CANCELED);
        }
    }

    private List<Scrubbed> round(IntConsumer pace) throws IOException {
        awaitTurn(pace);
        try {
            List<Scrubbed> all = new ArrayList<>();
            io.synod.log.Scrubbed found = log.scrub(pace);
            List<String> damage = found.damage();
            all.add(new Scrubbed(
                    node, LOG_FILE, found.bytes(), damage.isEmpty() ? null : named(String.join("; ", damage)), null));
            for (HostedDatabase database : databases.get()) {
                if (!database.isClosed()) {
                    all.add(scrub(database, pace));
                }
            }
            return all;
        } finally {
            round.unlock();
        }
    }

    /** Another round may take hours: who must not wait for it any more says so. */
    private void awaitTurn(IntConsumer pace) {
        try {
            while (!round.tryLock(LOOK_NANOS, TimeUnit.NANOSECONDS)) {
                pace.accept(0);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw DbException.get(ErrorCode.STATEMENT_WAS_CANCELED);
        }
    }

    /** The log knows groups by their numbers only. */
    private String named(String text) {
        String named = text;
        for (HostedDatabase database : databases.get()) {
            named = named.replace(
                    "group " + HostedDatabase.groupId(database.name()) + " ", "database " + database.name() + " ");
        }
        return named;
    }

    private Scrubbed scrub(HostedDatabase database, IntConsumer pace) throws IOException {
        String file = database.name() + FILE;
        try {
            long bytes = database.storage().verify(pace);
            return new Scrubbed(node, file, bytes, null, null);
        } catch (DamagedStoreException e) {
            return new Scrubbed(
                    node,
                    file,
                    database.store().space().bytes(),
                    e.getMessage(),
                    database.administration().repair().proceed());
        }
    }

    /** Most damage is repaired in a moment. */
    private Scrubbed afterRepair(Scrubbed before) {
        if (before.damage() == null) {
            return before;
        }
        HostedDatabase database = database(before.file());
        boolean waits = database == null || database.log().members().all().size() > 1;
        long start = System.nanoTime();
        while (waits && !isRepaired(database) && System.nanoTime() - start < REPAIR_NANOS) {
            checkPatience();
            LockSupport.parkNanos(LOOK_NANOS);
        }
        String done;
        if (isRepaired(database)) {
            done = database == null
                    ? "repaired: nothing in it is needed any more, and it is given back"
                    : "repaired: rebuilt from another node";
        } else if (database == null) {
            done =
                    "it is given back as soon as checkpoints hold all that was in it: a database that is not open here, or has"
                            + " stopped, keeps it";
        } else {
            done = before.done();
        }
        return new Scrubbed(before.node(), before.file(), before.bytes(), before.damage(), done);
    }

    private boolean isRepaired(HostedDatabase database) {
        return database == null
                ? log.damage().isEmpty()
                : database.administration().repair().damage() == null;
    }

    /** {@code null} for the log. */
    private HostedDatabase database(String file) {
        return databases.get().stream()
                .filter(each -> file.equals(each.name() + FILE))
                .findFirst()
                .orElse(null);
    }

    /** What is being read is left; who waits for a round of its own ends by itself. */
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
        try {
            thread.join(TimeUnit.SECONDS.toMillis(10));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Not faster than so many bytes a second. By one thread. */
    private static final class Pace implements IntConsumer {
        private final long bytesPerSecond;
        private final Runnable check;
        private long start;
        private long bytes;

        Pace(long bytesPerSecond, Runnable check) {
            this.bytesPerSecond = bytesPerSecond;
            this.check = check;
        }

        @Override
        public void accept(int read) {
            if (bytes == 0) {
                // What was waited for another round is not made up for.
                start = System.nanoTime();
            }
            bytes += read;
            long until = (long) ((double) bytes / bytesPerSecond * 1e9);
            check.run();
            for (long left = until - (System.nanoTime() - start);
                    left > 0;
                    left = until - (System.nanoTime() - start)) {
                LockSupport.parkNanos(left);
                check.run();
            }
        }
    }
}
