package io.synod.replica;

import io.synod.log.EntryLog.Append;
import java.util.ArrayList;
import java.util.List;

/**
 * What the groups of a node want written, in an order that keeps that of each group: records are added under the group's
 * lock. The monitor is a leaf, held for no longer than it takes to add to a list.
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
    }

    private static final Batch NOTHING = new Batch();

    private Batch filling = new Batch();
    private volatile boolean work;

    synchronized void add(Replica owner, Append append) {
        filling.appends.add(append);
        filling.owners.add(owner);
        work = true;
    }

    boolean hasWork() {
        return work;
    }

    /** Whoever gets a batch has it alone: it never grows. */
    synchronized Batch drain() {
        if (!work) {
            return NOTHING;
        }
        Batch drained = filling;
        filling = new Batch();
        work = false;
        return drained;
    }
}
