package io.synod.log;

import io.synod.group.Entry;
import io.synod.group.Recovered;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The log of a node without a disk: the same rules, nothing survives {@link #close}. */
public final class MemoryEntryLog implements EntryLog {
    private final LogIndex index = new LogIndex(0);
    private static final long RECLAIM_UNIT = 1 << 20;

    /** Per group what stands behind its base: without holes, index i is at i − base − 1. */
    private final Map<Long, ArrayList<Entry>> entries = new HashMap<>();

    private long bytes;
    private boolean closed;

    @Override
    public Recovered recovered(long group) {
        return index.recovered(group);
    }

    @Override
    public synchronized void append(List<Append> batch) throws IOException {
        ensureOpen();
        index.check(batch);
        for (Append append : batch) {
            ArrayList<Entry> log = entries.computeIfAbsent(append.group(), g -> new ArrayList<>());
            long base = index.base(append.group());
            index.appended(List.of(append), 0);
            if (append.entry() != null) {
                // A record voids all that has its index or a greater one.
                drop(log, (int) (append.entry().index() - base) - 1, log.size());
                log.add(append.entry());
                bytes += append.entry().size();
            } else if (append.base() != null) {
                drop(log, 0, append.voids() ? log.size() : (int) (append.base().index() - base));
            }
        }
    }

    private void drop(ArrayList<Entry> log, int from, int to) {
        List<Entry> gone = log.subList(from, to);
        gone.forEach(entry -> bytes -= entry.size());
        gone.clear();
    }

    @Override
    public synchronized void force() throws IOException {
        ensureOpen();
    }

    @Override
    public synchronized List<Entry> read(long group, long from, long to, int maxBytes) throws IOException {
        ensureOpen();
        List<Entry> log = entries.getOrDefault(group, new ArrayList<>());
        List<Entry> found = new ArrayList<>();
        long base = index.base(group);
        long left = maxBytes;
        for (long i = from; i <= to; i++) {
            if (i <= base || i > base + log.size()) {
                throw new IOException("group " + group + " has no entry " + i + " in this log, which begins behind "
                        + base + " and ends at " + (base + log.size()));
            }
            Entry entry = log.get((int) (i - base) - 1);
            if (entry.size() > left && !found.isEmpty()) {
                break;
            }
            left -= entry.size();
            found.add(entry);
        }
        return found;
    }

    @Override
    public synchronized long bytes() {
        return bytes;
    }

    /** A base gives its room back at once. */
    @Override
    public boolean reclaim() {
        return false;
    }

    @Override
    public synchronized long lastIndexIn(long group, long oldest) {
        long left = oldest;
        long last = 0;
        for (Entry entry : entries.getOrDefault(group, new ArrayList<>())) {
            left -= entry.size();
            if (left < 0) {
                break;
            }
            last = entry.index();
        }
        return last;
    }

    @Override
    public long reclaimUnit() {
        return RECLAIM_UNIT;
    }

    private void ensureOpen() throws IOException {
        if (closed) {
            throw new IOException("the log is closed");
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
    }
}
