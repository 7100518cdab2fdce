package io.synod.log;

import io.synod.group.Entry;
import java.util.HashMap;
import java.util.Map;

/**
 * The newest entries of all groups, by reference, bounded by their bytes; the oldest goes first, whatever its group. Not
 * thread-safe.
 */
final class RecentEntries {
    private final long maxBytes;
    private final Map<Long, Window> windows = new HashMap<>();
    private final Turns turns = new Turns();
    private long serials;
    private long bytes;
    private int count;

    /** Consecutive entries of one group. */
    private static final class Window {
        private Entry[] entries = new Entry[64];
        private long[] serial = new long[64];
        /** Index of the oldest one kept; the window is empty when it is {@code end}. */
        private long first;

        private long end;

        private int slot(long index) {
            return (int) (index & entries.length - 1);
        }

        private boolean has(long index) {
            return first <= index && index < end;
        }

        private void grow() {
            Entry[] oldEntries = entries;
            long[] oldSerial = serial;
            entries = new Entry[oldEntries.length * 2];
            serial = new long[entries.length];
            for (long i = first; i < end; i++) {
                int from = (int) (i & oldEntries.length - 1);
                entries[slot(i)] = oldEntries[from];
                serial[slot(i)] = oldSerial[from];
            }
        }
    }

    /** Which entry goes next: group, index and serial number of each, oldest first. */
    private static final class Turns {
        private static final int STRIDE = 3;

        private long[] ring = new long[1024 * STRIDE];
        private int head;
        private int size;

        private void add(long group, long index, long serial) {
            if (size * STRIDE == ring.length) {
                long[] larger = new long[ring.length * 2];
                System.arraycopy(ring, head, larger, 0, ring.length - head);
                System.arraycopy(ring, 0, larger, ring.length - head, head);
                ring = larger;
                head = 0;
            }
            int at = (head + size * STRIDE) % ring.length;
            ring[at] = group;
            ring[at + 1] = index;
            ring[at + 2] = serial;
            size++;
        }

        private void drop() {
            head = (head + STRIDE) % ring.length;
            size--;
        }
    }

    RecentEntries(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    void add(long group, Entry entry) {
        Window window = windows.get(group);
        if (window == null) {
            window = new Window();
            windows.put(group, window);
        }
        long index = entry.index();
        while (window.end > index && window.end > window.first) {
            forget(window, --window.end);
        }
        if (window.first == window.end) {
            window.first = index;
            window.end = index;
        }
        if (window.end - window.first == window.entries.length) {
            window.grow();
        }
        int slot = window.slot(index);
        window.entries[slot] = entry;
        window.serial[slot] = ++serials;
        window.end = index + 1;
        bytes += entry.size();
        count++;
        turns.add(group, index, serials);
        while (bytes > maxBytes) {
            takeTurn(true);
        }
        if (turns.size > 2 * count + 1024) {
            dropTurnsOfSuperseded();
        }
    }

    /** Nothing of this group is kept any more. */
    void drop(long group) {
        Window window = windows.get(group);
        while (window != null && window.end > window.first) {
            forget(window, --window.end);
        }
    }

    /** {@code null} when it is not kept. */
    Entry get(long group, long index) {
        Window window = windows.get(group);
        return window == null || !window.has(index) ? null : window.entries[window.slot(index)];
    }

    long bytes() {
        return bytes;
    }

    private void forget(Window window, long index) {
        int slot = window.slot(index);
        bytes -= window.entries[slot].size();
        window.entries[slot] = null;
        count--;
    }

    /** The oldest turn ends: its entry goes, or (not {@code evict}) waits for another turn; a superseded one is gone. */
    private void takeTurn(boolean evict) {
        long group = turns.ring[turns.head];
        long index = turns.ring[turns.head + 1];
        long serial = turns.ring[turns.head + 2];
        turns.drop();
        Window window = windows.get(group);
        if (window.has(index) && window.serial[window.slot(index)] == serial) {
            if (evict) {
                // Older ones of its group had their turn before.
                forget(window, window.first++);
            } else {
                turns.add(group, index, serial);
            }
        }
    }

    private void dropTurnsOfSuperseded() {
        for (int i = turns.size; i > 0; i--) {
            takeTurn(false);
        }
    }
}
