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
        index.appended(batch, 0);
        for (Append append : batch) {
            if (append.entry() != null) {
                add(entries.computeIfAbsent(append.group(), g -> new ArrayList<>()), append.entry());
            }
        }
    }

    /** A record voids all that has its index or a greater one; without holes, index i is at i − 1. */
    private void add(ArrayList<Entry> log, Entry entry) {
        while (log.size() >= entry.index()) {
            bytes -= log.remove(log.size() - 1).size();
        }
        log.add(entry);
        bytes += entry.size();
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
        long left = maxBytes;
        for (long i = from; i <= to; i++) {
            if (i < 1 || i > log.size()) {
                throw new IOException(
                        "group " + group + " has no entry " + i + " in this log; its last one is " + log.size());
            }
            Entry entry = log.get((int) i - 1);
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
