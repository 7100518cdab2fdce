package io.synod.log;

import io.synod.log.DamagedLogException.Fault;
import io.synod.log.FileReads.Unreadable;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.IntConsumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the files of a log that is open, to find what they no longer hold as it was written, and remembers which segments are
 * damaged until they are given back. Thread-safe; one look at a time.
 *
 * <p>Every batch of a segment must be there, whole, by its checksums; and every run of the index must stand in the batch where
 * the index has it. Of the segment that is being written that holds for what was forced before the look began.
 */
final class LogScrub {
    private static final Logger LOG = LoggerFactory.getLogger(LogScrub.class);
    /** The segment that is written may be another one when it was read; after so many, it waits for the next time. */
    private static final int LOOKS_MAX = 3;

    private final Segments segments;
    private final LogIndex index;
    /** Faults by segment. */
    private final NavigableMap<Integer, List<Fault>> damaged = new ConcurrentSkipListMap<>();

    LogScrub(Segments segments, LogIndex index) {
        this.segments = segments;
        this.index = index;
    }

    /** What the index says of one group, in one batch. */
    record Run(long group, long first, long last, long location) {}

    /**
     * @param manifest what it says at the moment
     * @param durable the last batch that was forced by the moment
     * @param read is told how many bytes were read just now, and takes its time; what it throws ends the look
     */
    synchronized Scrubbed run(Supplier<Manifest> manifest, LongSupplier durable, IntConsumer read) throws IOException {
        long bytes = 0;
        Map<Integer, List<Fault>> faults = new TreeMap<>();
        Set<Integer> checked = new HashSet<>();
        for (int look = 0; look < LOOKS_MAX; look++) {
            // In this order: what is sealed later was forced later.
            long forced = durable.getAsLong();
            Manifest now = manifest.get();
            long next = now.first();
            for (Map.Entry<Integer, Long> segment : now.sealed().entrySet()) {
                int cycle = segment.getKey();
                if (checked.add(cycle)) {
                    List<Fault> here = faults.computeIfAbsent(cycle, c -> new ArrayList<>());
                    bytes += check(cycle, next, segment.getValue(), false, read, here);
                }
                next = segment.getValue() + 1;
            }
            int lastSealed = now.sealed().isEmpty() ? -1 : now.sealed().lastKey();
            List<Fault> here = new ArrayList<>();
            int open = -1;
            if (next <= forced) {
                for (int cycle : segments.list().tailMap(lastSealed + 1).keySet()) {
                    long length = check(cycle, next, forced, true, read, here);
                    if (length > 0) {
                        bytes += length;
                        open = cycle;
                        break;
                    }
                }
            }
            if (manifest.get() == now) {
                faults.put(open, here);
                break;
            }
            // It may not have been the one that it was taken for.
        }
        faults.values().removeIf(List::isEmpty);
        faults.forEach(this::damaged);
        // Given back while it was read. Asked for behind that: what is given back from now on is forgotten by whoever
        // does it.
        Map<Integer, Long> needed = manifest.get().sealed();
        checked.removeIf(needed::containsKey);
        faults.keySet().removeAll(checked);
        damaged.keySet().removeAll(checked);
        List<String> damage = new ArrayList<>();
        faults.values().forEach(found -> found.forEach(fault -> damage.add(fault.toString())));
        return new Scrubbed(bytes, damage);
    }

    /**
     * @param open whether batches may stand behind the last one that is looked at, some of them half written
     * @return bytes read; 0 for a segment that was given back, and is about to be deleted or was just now
     */
    private long check(int cycle, long first, long last, boolean open, IntConsumer read, List<Fault> faults)
            throws IOException {
        Path path = segments.segment(cycle);
        Map<Long, List<Run>> runs = new HashMap<>();
        index.runsIn(
                cycle,
                run -> runs.computeIfAbsent(run.location(), l -> new ArrayList<>(1))
                        .add(run));
        ByteBuffer bytes;
        List<Unreadable> unreadable = new ArrayList<>();
        try {
            bytes = load(path, read, unreadable);
        } catch (FileNotFoundException e) {
            LOG.debug("{} was given back, or deleted, which others find out", path, e);
            return 0;
        }
        long begins = SegmentScan.firstBatch(bytes);
        if (begins > 0 && begins < first) {
            return 0;
        }
        String name = path.getFileName().toString();
        boolean[] broken = {false};
        long[] end = {open ? -1 : Long.MAX_VALUE};
        SegmentScan[] self = {null};
        SegmentScan scan = new SegmentScan(bytes, first, last, new SegmentScan.Sink() {
            @Override
            public void batch(long number, int record, int recordsEnd, ByteBuffer in, int start, int until) {
                List<Run> here = runs.remove(Location.of(cycle, record));
                if (number > last) {
                    return;
                }
                broken[0] = self[0].framingBroken();
                end[0] = Math.max(end[0], record);
                if (here != null) {
                    here.removeIf(run -> holds(in, start, until, run));
                    here.forEach(run -> faults.add(lost(name, run, "the index has them in another place")));
                }
            }

            @Override
            public void fault(long from, long to, int position, ByteBuffer in, int[] trailers, String reason) {
                if (from > last) {
                    return;
                }
                String batches =
                        "batches " + from + " to " + Math.min(to, last) + ": " + reason + Unreadable.told(unreadable);
                boolean told = false;
                for (int tail : trailers) {
                    if (EntryCodec.trailerNumber(in, tail) <= to) {
                        told = true;
                        EntryCodec.runs(
                                in,
                                tail,
                                (group, epoch, entry, count) -> faults.add(new Fault(
                                        name, position, group, entry, count == 0 ? 0 : entry + count - 1, batches)));
                    }
                }
                if (!told) {
                    faults.add(unknown(name, position, batches));
                }
            }
        });
        self[0] = scan;
        scan.run();
        if (faults.isEmpty() && scan.next() <= last) {
            faults.add(unknown(name, scan.tail(), "batches " + scan.next() + " to " + last + " are missing"));
        }
        if (faults.isEmpty() && broken[0]) {
            faults.add(unknown(name, 0, "the queue's own data is damaged, all entries are readable"));
        }
        if (faults.isEmpty()) {
            unreadable.forEach(u -> faults.add(unknown(name, u.from(), u.toString())));
        }
        // What the index has in batches that were not found, unless it was superseded meanwhile.
        runs.values()
                .forEach(lost -> lost.forEach(run -> {
                    if (faults.stream().noneMatch(f -> f.group() == run.group() && f.covers(run.group(), run.first()))
                            && Location.position(run.location()) <= end[0]
                            && index.locationOf(run.group(), run.last()) == run.location()) {
                        faults.add(lost(name, run, "no whole batch is there"));
                    }
                }));
        return bytes.limit();
    }

    private static Fault lost(String name, Run run, String reason) {
        return new Fault(name, Location.position(run.location()), run.group(), run.first(), run.last(), reason);
    }

    private static Fault unknown(String name, long position, String reason) {
        return Fault.unknown(name, position, reason);
    }

    private static boolean holds(ByteBuffer batch, int start, int end, Run run) {
        long[] next = {run.first()};
        EntryCodec.records(batch, start, end, (kind, group, epoch, entryIndex, in, at, length) -> {
            // Within a batch, too, a later record takes the place of earlier ones.
            if (group == run.group()
                    && EntryCodec.isEntry(kind)
                    && entryIndex >= run.first()
                    && entryIndex <= next[0]) {
                next[0] = entryIndex + 1;
            }
        });
        return next[0] > run.last();
    }

    private static ByteBuffer load(Path path, IntConsumer read, List<Unreadable> unreadable) throws IOException {
        try (RandomAccessFile in = new RandomAccessFile(path.toFile(), "r")) {
            byte[] bytes = new byte[Math.toIntExact(in.length())];
            unreadable.addAll(FileReads.whole(path.toFile(), in, bytes, bytes.length, read));
            return ByteBuffer.wrap(bytes);
        }
    }

    /** Somebody could not read an entry. */
    void noticed(DamagedEntryException e) {
        if (!damaged.containsKey(e.segment())) {
            damaged(e.segment(), List.of(e.fault()));
        }
    }

    private void damaged(int cycle, List<Fault> faults) {
        if (damaged.put(cycle, List.copyOf(faults)) == null) {
            LOG.error(
                    "log {}: {} is damaged: {}. It is given back as soon as checkpoints hold all that was in it",
                    segments.directory(),
                    segments.segment(cycle).getFileName(),
                    faults);
        }
    }

    /** The newest damaged segment that is at most this one; −1 for none. */
    int newestUpTo(int cycle) {
        Integer newest = damaged.floorKey(cycle);
        return newest == null ? -1 : newest;
    }

    boolean isDamaged(int cycle) {
        return damaged.containsKey(cycle);
    }

    boolean isEmpty() {
        return damaged.isEmpty();
    }

    /** What is known to be damaged, and is still there. */
    List<String> found() {
        List<String> found = new ArrayList<>();
        damaged.values().forEach(faults -> faults.forEach(fault -> found.add(fault.toString())));
        return found;
    }

    /** Segments up to this one are not needed any more, which is on disk. */
    void gone(int lastGone) {
        for (int cycle : List.copyOf(damaged.headMap(lastGone, true).keySet())) {
            damaged.remove(cycle);
            LOG.warn(
                    "log {}: {}, which is damaged, is not needed any more and goes",
                    segments.directory(),
                    segments.segment(cycle).getFileName());
        }
    }
}
