package io.synod.replica;

import io.synod.group.Invariant;
import io.synod.log.EntryLog;
import io.synod.log.EntryLog.Append;
import io.synod.log.LogFullException;
import io.synod.transport.Transport;
import io.synod.transport.VirtualThreads;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who writes the node's log, and when.
 *
 * <p><b>Concurrency.</b> Whoever holds the <em>baton</em> makes one cycle: give the waiting proposals of every group their
 * places, ship them, append all that waits, force once, tell every group. A client that finds the path idle does that
 * itself, as does the thread that read a leader's entries; otherwise the work stays queued for the {@code synod-log}
 * thread. Nobody ever waits for the baton. Steps of a group are made under the group's lock, which is never held during
 * the append and the force.
 *
 * <p><b>Gate.</b> A group's next batch leaves when its last one is committed, or when {@link #CROWD} proposals wait after
 * the own force: smaller batches cost more forces than they save time.
 *
 * <p><b>No wake-up is missed:</b> see {@link Baton}; and a group's commit index moves, then its queue is looked at.
 *
 * <p><b>Full disk.</b> The batch that found no room is held and given again; nothing else leaves meanwhile. To the protocol
 * that is a disk that hangs: what is not forced is not acknowledged, and a leader hands over. Only what groups forget goes
 * ahead, since it makes room.
 *
 * <p><b>Failure.</b> Whatever else is thrown inside a cycle stops the node: what was to be forced may or may not be durable.
 */
final class CommitPath implements Runnable {
    static final int CROWD = 32;
    static final int CROWD_BYTES = 64 << 10;

    private static final Logger LOG = LoggerFactory.getLogger(CommitPath.class);
    private static final long RETRY_NANOS = 200_000_000L;

    private final EntryLog log;
    private final PersistQueue persist;
    private final Transport transport;
    private final Supplier<Replica[]> replicas;
    private final Retention retention;
    private final Consumer<Throwable> failed;

    private final Baton baton = new Baton(this::hasWork, this::guardedCycle, this::unparkLogThread);
    private volatile Thread logThread;
    /** What a full disk refused; written under the baton. */
    private volatile PersistQueue.Batch held;

    private volatile long heldUntil;
    /** How many records are on disk of those that came; written under the baton. */
    private volatile long done;
    /** What a force has taken lately; under the baton. */
    private long forceNanos;
    /** Of the cycle that runs, under the baton. */
    private final List<StepEffects> placed = new ArrayList<>();

    /** @param transport {@code null} for a node without peers */
    CommitPath(
            EntryLog log,
            PersistQueue persist,
            Transport transport,
            Supplier<Replica[]> replicas,
            Retention retention,
            Consumer<Throwable> failed) {
        this.log = log;
        this.persist = persist;
        this.transport = transport;
        this.replicas = replicas;
        this.retention = retention;
        this.failed = failed;
        persist.watchedBy(this::unparkLogThread);
    }

    private boolean hasWork() {
        if (held != null) {
            return System.nanoTime() - heldUntil >= 0;
        }
        if (persist.hasWork() || retention.reclaimDue()) {
            return true;
        }
        for (Replica replica : replicas.get()) {
            if (replica.gateOpen()) {
                return true;
            }
        }
        return false;
    }

    private void unparkLogThread() {
        LockSupport.unpark(logThread);
    }

    /** Makes one cycle on the calling thread if there is work and nobody else is at it. */
    void help() {
        if (VirtualThreads.isCurrent()) {
            baton.wake();
        } else {
            baton.help();
        }
    }

    /**
     * As {@link #help}, but proposals alone are left to the log thread: who reads a follower's acknowledgements must not
     * wait for a force.
     */
    void helpPersist() {
        if (persist.hasWork()) {
            help();
        } else {
            wake();
        }
    }

    /** Sees to it that somebody does what there is to do; to be called after the work was queued. */
    void wake() {
        baton.wake();
    }

    /** The log thread. */
    @Override
    public void run() {
        logThread = Thread.currentThread();
        while (!baton.isClosed()) {
            // Who sleeps until the end of a wait looks again, whatever the clock says by then. What a full disk holds
            // has its own time.
            boolean waits = held == null && persist.isWaiting();
            long wait = waits && !hasWork() ? persist.waitNanos() : 0;
            if (wait > 0) {
                // Not by way of the baton, which whoever brings the siblings takes.
                LockSupport.parkNanos(this, wait);
            } else if (baton.exhaust() && (held != null || !persist.isWaiting())) {
                LockSupport.park(this);
            }
        }
    }

    /** @return whether there was anything to do */
    private boolean guardedCycle() {
        try {
            return cycle();
        } catch (Throwable e) {
            baton.close();
            failed.accept(e);
            return false;
        }
    }

    private boolean cycle() throws IOException {
        if (held != null) {
            return System.nanoTime() - heldUntil >= 0 && tryHeld();
        }
        placeProposals();
        PersistQueue.Batch batch = persist.drain();
        if (batch.isEmpty()) {
            return retention.reclaim();
        }
        try {
            log.append(batch.appends());
        } catch (LogFullException e) {
            LOG.error("nothing is committed on this node until there is room: {}", e.getMessage(), e);
            heldUntil = System.nanoTime() + RETRY_NANOS;
            held = batch;
            return false;
        }
        forced(batch, batch.appends().size());
        retention.reclaim();
        return true;
    }

    /** What several groups ship leaves together: who gets it may force it together. */
    private void placeProposals() {
        for (Replica replica : replicas.get()) {
            if (replica.gateOpen()) {
                StepEffects effects = replica.placeProposals();
                if (effects != null) {
                    placed.add(effects);
                }
            }
        }
        boolean together = transport != null && placed.size() > 1;
        holdData(together);
        try {
            placed.forEach(StepEffects::conclude);
        } finally {
            releaseData(together);
            placed.clear();
        }
    }

    /** What is sent for several groups until it is released reaches each peer in one piece: it reads it once, and forces once. */
    private void holdData(boolean together) {
        if (together) {
            transport.holdData();
        }
    }

    private void releaseData(boolean together) {
        if (together) {
            transport.releaseData();
        }
    }

    private boolean tryHeld() throws IOException {
        PersistQueue.Batch batch = held;
        batch.add(persist.drain());
        Map<Long, Append> bases = batch.bases();
        bases.values().removeIf(base -> logHas(base));
        try {
            if (!bases.isEmpty()) {
                log.appendBases(List.copyOf(bases.values()));
                log.force();
            }
            log.reclaim();
            int size = batch.appends().size();
            List<Append> left = batch.appends().stream()
                    .filter(append -> append.base() == null || append.voids() || !logHas(append))
                    .toList();
            log.append(left);
            LOG.info("the log has room again");
            held = null;
            forced(batch, size);
            return true;
        } catch (LogFullException e) {
            LOG.debug("still no room", e);
            heldUntil = System.nanoTime() + RETRY_NANOS;
            return false;
        }
    }

    private boolean logHas(Append base) {
        return log.recovered(base.group()).base().index() >= base.base().index();
    }

    private void forced(PersistQueue.Batch batch, int size) throws IOException {
        long start = System.nanoTime();
        log.force();
        forceNanos += (System.nanoTime() - start - forceNanos) / 8;
        persist.forceTakes(forceNanos);
        done += size;
        Invariant.that(
                size == batch.owners().size(),
                "%d records forced, %d would be told so",
                size,
                batch.owners().size());
        boolean together = transport != null && batch.isOfSeveral();
        holdData(together);
        try {
            for (Replica replica : replicas.get()) {
                replica.forced(batch);
            }
        } finally {
            releaseData(together);
        }
    }

    /** How many of the records that have come so far are on disk, in the order in which they came. */
    long done() {
        return done;
    }

    /** Whether a full disk keeps a batch from being written. */
    boolean holdsBack() {
        return held != null;
    }

    /** No further cycle begins. */
    void stop() {
        baton.close();
    }

    /** No cycle is running when this returns, nor will one ever be. */
    void close(long timeoutNanos) {
        baton.close();
        long start = System.nanoTime();
        while (!baton.isIdle()) {
            if (System.nanoTime() - start > timeoutNanos) {
                throw new IllegalStateException("the log's force did not return in " + timeoutNanos / 1_000_000
                        + " ms; the log stays open: is the disk hanging?");
            }
            LockSupport.parkNanos(this, 100_000L);
        }
    }
}
