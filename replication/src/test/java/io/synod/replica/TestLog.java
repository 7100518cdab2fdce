package io.synod.replica;

import io.synod.group.Base;
import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.group.Recovered;
import io.synod.log.EntryLog;
import io.synod.log.LogFullException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/** A log in memory whose force takes a given time or fails; what was not forced is gone after a restart. */
final class TestLog implements EntryLog {
    private final Map<Long, List<Entry>> entries = new HashMap<>();
    private final Map<Long, Base> bases = new HashMap<>();
    private final Map<Long, Long> promises = new HashMap<>();
    private final List<Append> unforced = new ArrayList<>();
    private final List<Append> disk;
    private volatile long forceNanos;
    private volatile IOException failure;
    private volatile int forces;
    private volatile boolean full;

    TestLog() {
        this(new ArrayList<>());
    }

    /** The log as it is found after a crash of the node that wrote it. */
    TestLog(List<Append> disk) {
        this.disk = disk;
        disk.forEach(this::fold);
    }

    synchronized List<Append> disk() {
        return new ArrayList<>(disk);
    }

    void forceTakes(long nanos) {
        forceNanos = nanos;
    }

    void failForces(IOException with) {
        failure = with;
    }

    /** No batch finds room any more, or again. */
    void full(boolean now) {
        full = now;
    }

    int forces() {
        return forces;
    }

    private void fold(Append append) {
        List<Entry> log = entries.computeIfAbsent(append.group(), g -> new ArrayList<>());
        long base = base(append.group()).index();
        if (append.entry() != null) {
            log.subList((int) (append.entry().index() - base) - 1, log.size()).clear();
            log.add(append.entry());
        } else if (append.base() != null) {
            log.subList(0, append.voids() ? log.size() : (int) (append.base().index() - base))
                    .clear();
            bases.put(append.group(), append.base());
        } else {
            promises.merge(append.group(), append.promise(), Math::max);
        }
    }

    private Base base(long group) {
        return bases.getOrDefault(group, Base.NONE);
    }

    @Override
    public synchronized Recovered recovered(long group) {
        List<Recovered.Term> terms = new ArrayList<>();
        long epoch = 0;
        List<Entry> log = entries.getOrDefault(group, List.of());
        for (Entry entry : log) {
            if (entry.epoch() != epoch) {
                epoch = entry.epoch();
                terms.add(new Recovered.Term(epoch, entry.index()));
            }
        }
        Base base = base(group);
        long promised = Math.max(Math.max(epoch, base.epoch()), promises.getOrDefault(group, 0L));
        List<Entry> configurations =
                log.stream().filter(entry -> entry.kind() == EntryKind.CONFIG).toList();
        return new Recovered(promised, base, terms, base.index() + log.size(), configurations);
    }

    @Override
    public synchronized void append(List<Append> batch) throws LogFullException {
        if (full) {
            throw new LogFullException("no room in this test", new IOException("full"));
        }
        appendBases(batch);
    }

    @Override
    public synchronized void appendBases(List<Append> batch) {
        batch.forEach(this::fold);
        unforced.addAll(batch);
    }

    @Override
    public void force() throws IOException {
        long start = System.nanoTime();
        while (System.nanoTime() - start < forceNanos) {
            LockSupport.parkNanos(Math.min(forceNanos, 10_000_000L));
        }
        if (failure != null) {
            throw failure;
        }
        synchronized (this) {
            disk.addAll(unforced);
            unforced.clear();
            forces++;
        }
    }

    @Override
    public synchronized List<Entry> read(long group, long from, long to, int maxBytes) throws IOException {
        List<Entry> log = entries.getOrDefault(group, List.of());
        long base = base(group).index();
        if (from <= base || to > base + log.size()) {
            throw new IOException("no entries " + from + " to " + to + " behind " + base + " in " + log.size());
        }
        List<Entry> read = new ArrayList<>();
        int bytes = 0;
        for (long i = from; i <= to && (read.isEmpty() || bytes < maxBytes); i++) {
            read.add(log.get((int) (i - base) - 1));
            bytes += log.get((int) (i - base) - 1).size();
        }
        return read;
    }

    @Override
    public synchronized long bytes() {
        long bytes = 0;
        for (List<Entry> log : entries.values()) {
            for (Entry entry : log) {
                bytes += entry.size();
            }
        }
        return bytes;
    }

    @Override
    public boolean reclaim() {
        return false;
    }

    @Override
    public synchronized long lastIndexIn(long group, long oldest) {
        long left = oldest;
        long last = 0;
        for (Entry entry : entries.getOrDefault(group, List.of())) {
            left -= entry.size();
            last = left < 0 ? last : entry.index();
        }
        return last;
    }

    @Override
    public long reclaimUnit() {
        return 1000;
    }

    @Override
    public void close() {}
}
