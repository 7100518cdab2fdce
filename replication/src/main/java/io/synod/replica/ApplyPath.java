package io.synod.replica;

import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.group.Invariant;
import io.synod.log.DamagedEntryException;
import io.synod.log.EntryLog;
import io.synod.paxos.GroupState;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * Applies what is released, in log order, and tells those who proposed it.
 *
 * <p><b>Released</b> means committed <em>and</em> forced here. A leader may know that an entry is committed by two
 * followers before its own force returned; applied already, the entry could get into a checkpoint of the state machine
 * that its own log, after a crash, would not reach.
 *
 * <p><b>Concurrency.</b> Whoever holds the apply baton applies. When entries are released, the owner of the first one that
 * is not applied is woken and applies all that is released, for the others as well; the {@code synod-apply} thread does it
 * where nobody here waits, and steps in when an owner did not. Holder: free, then look; releaser: move {@code released},
 * then look at the baton.
 *
 * <p><b>Decision.</b> Proposals stand in the queue by (epoch, index). The epochs of a log never fall, so an entry of a
 * higher epoch decides that all proposals of lower epochs that are still undecided are lost.
 */
final class ApplyPath implements Runnable {
    private static final int READ_BYTES = 1 << 20;
    private static final long BATON_RETRY_NANOS = 500_000L;

    private final Replica replica;
    private final EntryLog log;
    private final Applier applier;
    private final Signal advanced = new Signal();
    private final AtomicBoolean baton = new AtomicBoolean();
    /** Added under the group's lock, taken under the apply baton. */
    private final ConcurrentLinkedQueue<PendingProposal> pending = new ConcurrentLinkedQueue<>();

    private volatile long released;
    private volatile long applied;
    /** The last epoch that this node led and leads no longer; set before anything of a later epoch is released. */
    private volatile long deposed;
    /** The value of {@link #deposed} that the applier was told of. Under the apply baton. */
    private volatile long toldDeposed;

    private volatile Thread applyThread;
    private volatile boolean closed;
    /** What the watchdog saw last. */
    private long watched = -1;

    ApplyPath(Replica replica, EntryLog log, Applier applier, long applied) {
        this.replica = replica;
        this.log = log;
        this.applier = applier;
        this.applied = applied;
        this.released = applied;
    }

    long applied() {
        return applied;
    }

    Signal advanced() {
        return advanced;
    }

    /** {@code null} for none. */
    Siblings siblings(Entry entry) {
        return entry.kind() == EntryKind.DATA ? applier.siblings(entry) : null;
    }

    /** Under the group's lock: a proposal that has a place. */
    void add(PendingProposal proposal) {
        pending.add(proposal);
    }

    /** Under the group's lock, before {@link #release} of what came after. */
    void depose(long epoch) {
        deposed = epoch;
    }

    /** Under the group's lock. */
    void release(long index) {
        if (index > released) {
            released = index;
        }
    }

    /** Under the group's lock, where a snapshot is waited for. What is being applied just now may still be applied. */
    void retract() {
        released = Math.min(released, applied);
    }

    private boolean hasWork() {
        return (applied < released || toldDeposed < deposed) && !replica.stopped();
    }

    /** Applies on the calling thread what is released by now, unless somebody else is at it. */
    void help() {
        if (hasWork() && baton.compareAndSet(false, true)) {
            try {
                applyReleased();
            } catch (DamagedEntryException e) {
                if (!replica.needSnapshot(e.index())) {
                    replica.stop(e);
                }
            } catch (Throwable e) {
                replica.stop(e);
            } finally {
                baton.set(false);
            }
            wake();
        }
    }

    /** Wakes who is to apply; to be called without locks after {@link #release} or {@link #depose}, and by who leaves. */
    void wake() {
        if (!hasWork() || baton.get()) {
            return;
        }
        PendingProposal first = pending.peek();
        Entry entry = first == null ? null : first.entry();
        Thread owner = entry == null || entry.index() > released ? null : first.waiter();
        // Also when that is the calling thread: it must not park before it has looked again.
        LockSupport.unpark(owner == null ? applyThread : owner);
    }

    /** Called by the timer: an owner that was woken may have died, or given up, or stand in its debugger. */
    void watch() {
        long now = applied;
        if (hasWork() && watched == now && !baton.get()) {
            LockSupport.unpark(applyThread);
        }
        watched = now;
    }

    @Override
    public void run() {
        applyThread = Thread.currentThread();
        while (!closed) {
            help();
            if (!closed && (!hasWork() || baton.get())) {
                LockSupport.park(this);
            }
        }
    }

    void close() {
        closed = true;
        LockSupport.unpark(applyThread);
    }

    private void applyReleased() throws IOException {
        long to = released;
        tellDeposed();
        while (applied < to) {
            List<Entry> entries = readNext(to);
            if (entries == null) {
                continue;
            }
            Invariant.that(!entries.isEmpty(), "no entries from %d to %d in the log", applied + 1, to);
            for (int i = 0; i < entries.size(); i++) {
                apply(entries.get(i));
            }
        }
        advanced.raise();
        replica.applied(to);
    }

    /**
     * @return {@code null} where the next one cannot be read and was passed over: a state machine without a state needs none of them, and with
     *     a snapshot the log would lose what others lack
     */
    private List<Entry> readNext(long to) throws IOException {
        try {
            return log.read(replica.group(), applied + 1, to, READ_BYTES);
        } catch (DamagedEntryException e) {
            if (!replica.retention().logOnly()) {
                throw e;
            }
            Invariant.that(e.index() > applied && e.index() <= to, "entry %d is damaged, read to %d", e.index(), to);
            if (e.index() > applied + 1) {
                // What stands before it is good.
                return readNext(e.index() - 1);
            }
            applied = e.index();
            return null;
        }
    }

    private void apply(Entry entry) {
        Invariant.that(entry.index() == applied + 1, "entry %d to be applied after %d", entry.index(), applied);
        tellDeposed();
        PendingProposal own = null;
        PendingProposal head;
        while ((head = pending.peek()) != null && head.epoch() <= entry.epoch()) {
            if (head.epoch() < entry.epoch()) {
                pending.poll();
                head.decide(Proposal.Outcome.LOST);
            } else {
                Invariant.that(
                        head.entry().index() >= entry.index(),
                        "entry %d applied, proposal of %d undecided",
                        entry.index(),
                        head.entry().index());
                if (head.entry().index() == entry.index()) {
                    own = pending.poll();
                }
                break;
            }
        }
        applier.apply(entry, own == null || own.epoch() <= toldDeposed ? null : own);
        applied = entry.index();
        if (own != null) {
            own.decide(Proposal.Outcome.APPLIED);
        }
    }

    /** What puts a snapshot in the place of the state machine's state. */
    interface Installation {
        void run() throws IOException;
    }

    /**
     * Waits until nothing is being applied, and goes on behind the snapshot.
     *
     * @param noted tells the protocol; before anything further is applied
     * @return false when the state machine has come as far by itself
     */
    boolean install(long index, long epoch, Installation installation, Runnable noted) throws IOException {
        while (!baton.compareAndSet(false, true)) {
            if (replica.stopped()) {
                return false;
            }
            LockSupport.parkNanos(this, BATON_RETRY_NANOS);
        }
        try {
            boolean renews = index == applied && replica.inspect(GroupState::hollow);
            if (index < applied || index == applied && !renews || replica.stopped()) {
                return false;
            }
            tellDeposed();
            installation.run();
            decideBehind(index, epoch);
            applied = index;
            noted.run();
            advanced.raise();
        } finally {
            baton.set(false);
        }
        wake();
        return true;
    }

    /** Whether a proposal is among the entries that the snapshot stands for cannot be seen from here. */
    private void decideBehind(long index, long epoch) {
        PendingProposal head;
        while ((head = pending.peek()) != null) {
            if (head.entry().index() <= index) {
                pending.poll();
                head.decide(Proposal.Outcome.UNKNOWN);
            } else if (head.epoch() < epoch) {
                pending.poll();
                head.decide(Proposal.Outcome.LOST);
            } else {
                return;
            }
        }
    }

    private void tellDeposed() {
        long epoch = deposed;
        if (toldDeposed < epoch) {
            applier.onDeposed();
            toldDeposed = epoch;
        }
    }

    /** The group has stopped: those who wait look for themselves. */
    void wakeAll() {
        for (PendingProposal proposal : pending) {
            proposal.wake();
        }
        advanced.raise();
    }
}
