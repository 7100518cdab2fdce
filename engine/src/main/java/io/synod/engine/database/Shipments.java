package io.synod.engine.database;

import io.synod.engine.writeset.LargeCapture;
import io.synod.engine.writeset.Spool;
import io.synod.engine.writeset.WriteSetCapture;
import io.synod.replica.Proposal;
import io.synod.replica.ReplicatedLog;
import java.util.ArrayDeque;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * The write sets that are too large for one entry, on their way into the log from this node.
 *
 * <p>Their parts are proposed one behind the other, a few at a time, while other transactions' commits go in between; the
 * transaction stays open meanwhile and holds its row locks. When all are applied here, a record commits them. What never
 * gets there is given up: by a record as long as this node leads, by the next leadership's beginning otherwise.
 *
 * <p>Thread-safe; a {@link Shipment} belongs to its session's thread.
 */
final class Shipments {
    /** What one entry may hold: less than what followers take at once, and than what a checkpoint would notice. */
    static final WriteSetCapture.Budget ONE_ENTRY = new WriteSetCapture.Budget(16_384, 1 << 20);

    /** Parts of one write set that are proposed and not applied yet. */
    private static final int WINDOW = 4;
    /** Of all write sets together: what they cost in memory. */
    private static final int WINDOW_ALL = 16;

    private final HostedDatabase database;
    private final Semaphore window = new Semaphore(WINDOW_ALL, true);
    private final AtomicLong serial = new AtomicLong();
    private final Set<String> underWay = ConcurrentHashMap.newKeySet();

    Shipments(HostedDatabase database) {
        this.database = database;
    }

    Shipment begin(long epoch, LargeCapture capture) {
        return new Shipment(epoch, capture);
    }

    /** While this node leads, gives up what it began under this leadership and no session works on any more. */
    void abandonLeftOvers(ReplicatedLog log, Spool spool) {
        long epoch = log.servingEpoch();
        if (epoch == 0) {
            return;
        }
        for (Spool.Item item : spool.items()) {
            if (item.status() == Spool.Status.OPEN
                    && item.key().startsWith(prefix(epoch))
                    && !underWay.contains(item.key())) {
                log.propose(new LogRecord.Abandon(item.key()).encode(), epoch, null);
            }
        }
    }

    private static String prefix(long epoch) {
        return "t." + Long.toHexString(epoch) + '.';
    }

    /** One write set. */
    final class Shipment implements AutoCloseable {
        private final long epoch;
        private final LargeCapture capture;
        private final String key;
        private final ArrayDeque<Proposal> proposed = new ArrayDeque<>();
        private long parts;

        private Shipment(long epoch, LargeCapture capture) {
            this.epoch = epoch;
            this.capture = capture;
            this.key = prefix(epoch) + serial.incrementAndGet();
            underWay.add(key);
        }

        /**
         * Brings all parts into the log and waits until they are applied here. No lock may be held.
         *
         * @param exclusively runs what reads the transaction, with it open and its session held
         * @throws org.h2.message.DbException 40001 when it surely will not commit
         */
        void ship(java.util.function.Function<Supplier<byte[]>, byte[]> exclusively) {
            while (true) {
                await(WINDOW - 1);
                if (!window.tryAcquire()) {
                    // Nobody waits for a place while holding some: those who do would wait for each other.
                    await(0);
                    window.acquireUninterruptibly();
                }
                boolean sent = false;
                try {
                    byte[] part = exclusively.apply(capture::next);
                    if (part == null) {
                        break;
                    }
                    byte[] record = new LogRecord.Part(key, parts, part).encode();
                    proposed.add(database.log().propose(record, epoch, null));
                    parts++;
                    sent = true;
                } finally {
                    if (!sent) {
                        window.release();
                    }
                }
            }
            await(0);
        }

        private void await(int left) {
            while (proposed.size() > left) {
                Proposal.Outcome outcome =
                        proposed.peek().await(TimeUnit.MILLISECONDS.toNanos(database.timeoutMillis()));
                if (outcome == Proposal.Outcome.LOST) {
                    throw Errors.leaderLost(Errors.LEADERSHIP_LOST + " in the middle of a large transaction");
                }
                if (outcome == Proposal.Outcome.UNKNOWN) {
                    throw Errors.retry("no majority of the nodes of database " + database.name() + " answered within "
                            + database.timeoutMillis() + " ms in the middle of a large transaction");
                }
                proposed.poll();
                window.release();
            }
        }

        /**
         * What commits the parts, with the session held.
         *
         * @return {@code null} when no replicated row was changed
         */
        LogRecord record(CommitId id) {
            byte[] head = capture.head(database.copy().marks());
            return head == null ? null : new LogRecord.Spooled(id, key, parts, head);
        }

        /** It will not be committed. */
        void abandon() {
            if (parts > 0) {
                database.log().propose(new LogRecord.Abandon(key).encode(), epoch, null);
            }
        }

        /** Its outcome is known, or somebody else's business. */
        @Override
        public void close() {
            window.release(proposed.size());
            proposed.clear();
            underWay.remove(key);
            capture.close();
        }
    }
}
