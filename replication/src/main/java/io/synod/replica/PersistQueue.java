package io.synod.replica;

import io.synod.log.EntryLog.Append;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

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

    /** Whoever gets a batch has it alone: it grows only by its hand. */
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
