package io.synod.replica;

import io.synod.group.Entry;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * The end of a group's log that may not be in the {@link io.synod.log.EntryLog} yet: entries are shipped before they are
 * appended. Used under the group's lock.
 */
final class UnforcedTail {
    private final ArrayDeque<Entry> entries = new ArrayDeque<>();
    private long forced;

    void add(Entry entry) {
        while (!entries.isEmpty() && entries.peekLast().index() >= entry.index()) {
            entries.pollLast();
        }
        entries.add(entry);
    }

    /** The log begins behind this index; with {@code voids} nothing of what stood in it is left. */
    void begin(long base, boolean voids) {
        while (!entries.isEmpty() && (voids || entries.peekFirst().index() <= base)) {
            entries.pollFirst();
        }
    }

    /**
     * Takes off what a batch made durable. To be called in the order of {@link #add}, for voided entries as well.
     *
     * @return how many of the group's records, entries and promises, have been forced by now
     */
    long forced(PersistQueue.Batch batch, Replica owner) {
        for (int i = 0; i < batch.owners().size(); i++) {
            if (batch.owners().get(i) == owner) {
                forced++;
                Entry entry = batch.appends().get(i).entry();
                if (entry != null && entries.peekFirst() == entry) {
                    entries.pollFirst();
                }
            }
        }
        return forced;
    }

    /** {@link Long#MAX_VALUE} when the tail is empty. */
    long first() {
        return entries.isEmpty() ? Long.MAX_VALUE : entries.peekFirst().index();
    }

    /** {@code null} when the tail does not hold all of them. */
    List<Entry> range(long from, long to) {
        Entry first = entries.peekFirst();
        if (first == null || first.index() > from || entries.peekLast().index() < to) {
            return null;
        }
        List<Entry> range = new ArrayList<>((int) (to - from + 1));
        for (Entry entry : entries) {
            if (entry.index() >= from && entry.index() <= to) {
                range.add(entry);
            }
        }
        return range;
    }
}
