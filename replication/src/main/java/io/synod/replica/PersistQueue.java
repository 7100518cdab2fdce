package io.synod.replica;

import io.synod.log.EntryLog.Append;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongPredicate;
import java.util.function.LongSupplier;

/**
 * What the groups of a node want written, in an order that keeps that of each group: records are added under the group's
 * lock. The monitor is a leaf, held for no longer than it takes to add to a list.
 *
 * <p>Where a force takes long, entries whose {@link Siblings} are on their way from another leader wait for them, for as long as a force
 * takes: one force then covers all of them. It pays where they come in that time. Where they do not, their transaction waits for them anyway, and longer than
 * that. Anything else that comes into the queue ends the wait.
 */
final class PersistQueue {
    /** Records and, at the same place, whose they are. */
    static final class Batch {
        private final List<Append> appends = new ArrayList<>();
        private final List<Replica> owners = new ArrayList<>();

        List<Append> appends() {
            return appends;
        }

        List<Replica> owners() {
            return owners;
        }

        boolean isEmpty() {
            return appends.isEmpty();
        }

        boolean isOfSeveral() {
            for (int i = 1; i < owners.size(); i++) {
                if (owners.get(i) != owners.get(0)) {
                    return true;
                }
            }
            return false;
        }

        /** By who has both alone. */
        void add(Batch later) {
            appends.addAll(later.appends);
            owners.addAll(later.owners);
        }

        /**
         * By group what its log forgets last, of groups whose log does not begin anew. Such a base speaks only of entries that
         * were applied, and so forced: it may go ahead of whatever stands before it here.
         */
        Map<Long, Append> bases() {
            Map<Long, Append> bases = new TreeMap<>();
            for (Append append : appends) {
                if (append.base() != null && !append.voids()) {
                    bases.put(append.group(), append);
                }
            }
            appends.stream().filter(Append::voids).forEach(append -> bases.remove(append.group()));
            return bases;
        }
    }

    private static final Batch NOTHING = new Batch();

    /** Where a force takes longer than that, the disk is in trouble. */
    private static final long WAIT_MAX_NANOS = 5_000_000;
    /** Where it takes less, a sibling's way here is as long as another force: waiting costs more than it saves. */
    private static final long WAIT_MIN_NANOS = 2_000_000;

    private final LongSupplier nanoClock;
    private final SiblingWait siblings;
    private volatile Runnable waitBegins = () -> {};
    private volatile long forceNanos;

    private Batch filling = new Batch();
    private long added;
    private volatile boolean work;
    /** All that there is waits for siblings, until {@link #waitEnds}. */
    private volatile boolean waiting;

    private volatile long waitEnds;

    /** @param hosted groups of this node */
    PersistQueue(LongSupplier nanoClock, LongPredicate hosted) {
        this.nanoClock = nanoClock;
        this.siblings = new SiblingWait(hosted);
    }

    /** @param watcher is told when a wait begins: to come back after {@link #waitNanos} at the latest */
    void watchedBy(Runnable watcher) {
        waitBegins = watcher;
    }

    /** What a force takes these days; where that is little, nothing waits. */
    void forceTakes(long nanos) {
        forceNanos = nanos < WAIT_MIN_NANOS ? 0 : Math.min(nanos, WAIT_MAX_NANOS);
    }

    /** Whether anything waits for its siblings these days: nobody needs to know of them else. */
    boolean waits() {
        return forceNanos > 0;
    }

    void add(Replica owner, Append append) {
        add(owner, append, null);
    }

    /** @param entry {@code null} where it has no siblings */
    void add(Replica owner, Append append, Siblings entry) {
        if (offer(owner, append, entry)) {
            waitBegins.run();
        }
    }

    /** @return whether a wait has begun */
    private synchronized boolean offer(Replica owner, Append append, Siblings entry) {
        filling.appends.add(append);
        filling.owners.add(owner);
        added++;
        boolean lacksAny = entry != null && siblings.lacksAny(append.group(), entry);
        boolean begins = lacksAny && !work && waits();
        if (begins) {
            waitEnds = nanoClock.getAsLong() + forceNanos;
        }
        waiting = lacksAny && (begins || waiting);
        work = true;
        return begins;
    }

    /** How many records have come so far. */
    synchronized long added() {
        return added;
    }

    /** Whether there is something that is to be written now. */
    boolean hasWork() {
        return work && (!waiting || nanoClock.getAsLong() - waitEnds >= 0);
    }

    /** Whether all that there is waits for siblings, or did so until its time was over, and nobody has taken it since. */
    boolean isWaiting() {
        return work && waiting;
    }

    /** For how long all that there is waits for siblings, unless they come sooner; 0 where nothing waits. */
    long waitNanos() {
        return isWaiting() ? Math.max(0, waitEnds - nanoClock.getAsLong()) : 0;
    }

    /** Whoever gets a batch has it alone: it grows only by its hand. */
    synchronized Batch drain() {
        if (!hasWork()) {
            return NOTHING;
        }
        Batch drained = filling;
        filling = new Batch();
        work = false;
        waiting = false;
        return drained;
    }
}
