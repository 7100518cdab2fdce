package io.synod.log;

import io.synod.group.Entry;
import java.util.HashMap;
import java.util.Map;

/**
 * The newest entries of all groups, by reference, bounded by their bytes; the oldest goes first, whatever its group. Not
 * thread-safe.
 */
final class RecentEntries {
    private static final int MIN_ENTRY_BYTES = 40;

    private final long maxBytes;
    /** More turns than entries can fit: the rest are left behind by superseded ones. */
    private final long maxOrder;

    private final Map<Long, Window> windows = new HashMap<>();

    /** Groups in the order in which their entries came: who has to give one up next. */
    private long[] order = new long[1024];

    private int orderHead;
    private int orderSize;
    private long bytes;

    private static final class Window {
        private Entry[] entries = new Entry[64];
        /** Index of the oldest one kept; the window is empty when it is {@code end}. */
        private long first;

        private long end;

        private int slot(long index) {
            return (int) (index & entries.length - 1);
        }
    }

    RecentEntries(long maxBytes) {
        this.maxBytes = maxBytes;
        this.maxOrder = maxBytes / MIN_ENTRY_BYTES + 1024;
    }

    void add(long group, Entry entry) {
        Window window = windows.computeIfAbsent(group, g -> new Window());
        long index = entry.index();
        while (window.end > index && window.end > window.first) {
            forget(window, --window.end);
        }
        if (window.first == window.end) {
            window.first = index;
            window.end = index;
        }
        if (window.end - window.first == window.entries.length) {
            grow(window);
        }
        window.entries[window.slot(index)] = entry;
        window.end = index + 1;
        bytes += entry.size();
        remember(group);
        while (orderSize > 0 && (bytes > maxBytes || orderSize > maxOrder)) {
            evictOldest();
        }
    }

    /** {@code null} when it is not kept. */
    Entry get(long group, long index) {
        Window window = windows.get(group);
        return window == null || index < window.first || index >= window.end
                ? null
                : window.entries[window.slot(index)];
    }

    long bytes() {
        return bytes;
    }

    private void forget(Window window, long index) {
        int slot = window.slot(index);
        bytes -= window.entries[slot].size();
        window.entries[slot] = null;
    }

    /** A superseded entry leaves its turn behind, so a group may be asked once too often, never too seldom. */
    private void evictOldest() {
        long group = order[orderHead];
        orderHead = orderHead + 1 & order.length - 1;
        orderSize--;
        Window window = windows.get(group);
        if (window.first < window.end) {
            forget(window, window.first++);
        }
    }

    private void remember(long group) {
        if (orderSize == order.length) {
            long[] larger = new long[order.length * 2];
            for (int i = 0; i < orderSize; i++) {
                larger[i] = order[orderHead + i & order.length - 1];
            }
            order = larger;
            orderHead = 0;
        }
        order[orderHead + orderSize & order.length - 1] = group;
        orderSize++;
    }

    private static void grow(Window window) {
        Entry[] old = window.entries;
        window.entries = new Entry[old.length * 2];
        for (long i = window.first; i < window.end; i++) {
            window.entries[window.slot(i)] = old[(int) (i & old.length - 1)];
        }
    }
}
