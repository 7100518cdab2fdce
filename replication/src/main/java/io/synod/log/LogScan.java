package io.synod.log;

import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.log.DamagedLogException.Fault;
import io.synod.log.FileReads.Unreadable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the whole log at the start, before Chronicle sees it: builds the index, finds the end, names what is damaged.
 *
 * <p>What is missing is known by three independent witnesses: the batch numbers, which have no holes; the trailers, which
 * list what their batches held; the mark, which says what was forced.
 */
final class LogScan {
    private static final Logger LOG = LoggerFactory.getLogger(LogScan.class);

    /** Kind of an entry of which only the trailer speaks. */
    private static final byte DAMAGED = -1;

    private final Segments segments;
    private final LogIndex index;
    private final DurableMark mark;
    private final long durableBatch;
    private final List<Fault> faults = new ArrayList<>();

    /** What stands before this batch is not needed. */
    private long firstBatch;
    /** Whether something in the log has to confirm that. */
    private boolean firstUnproven;

    private final List<Path> leftovers = new ArrayList<>();
    private final SortedMap<Integer, Long> ends = new TreeMap<>();
    private long nextBatch = 1;
    private long lastTrailed;
    /** Batches of which nothing is left to say what they held: first number, where; 0 for none. */
    private long untoldFrom;

    private Fault untold;

    private boolean gapNamed;
    private final Set<Long> seenSinceLoss = new HashSet<>();

    private int lastCycle = -1;
    private ByteBuffer lastBytes;
    private int[] lastRecords = new int[64];
    private int lastCount;
    private boolean lastWhole = true;

    LogScan(Segments segments, Manifest manifest, DurableMark mark, LogIndex index) {
        this.segments = segments;
        this.index = index;
        this.mark = mark;
        this.durableBatch = Math.max(mark.batch(), manifest.durableBatch());
    }

    /**
     * Fills the index. Damage is told by {@link #faults}, not thrown.
     *
     * @throws IOException a segment cannot be read, or another release wrote it in a way that this one does not know
     */
    void run(Manifest manifest) throws IOException {
        SortedMap<Integer, Path> files = segments.list();
        firstBatch = manifest.knowsFirst() ? manifest.first() : 1;
        firstUnproven = !manifest.knowsFirst();
        nextBatch = firstBatch;
        for (Map.Entry<Integer, Path> file : files.entrySet()) {
            boolean last = file.getKey().equals(files.lastKey());
            long known = last ? durableBatch : manifest.sealed().getOrDefault(file.getKey(), 0L);
            scan(file.getKey(), file.getValue(), known, last);
        }
        if (nextBatch <= durableBatch) {
            missing(nextBatch, durableBatch, "no segment", 0, "the segment is gone");
        }
        if (firstUnproven && firstBatch > 1) {
            missing(1, firstBatch - 1, "no segment", 0, "nothing says that they are not needed");
        }
        for (long[] missing : index.unproven()) {
            String reason = "missing before the oldest segment";
            faults.add(new Fault("no segment", 0, missing[0], missing[1], missing[2], reason));
        }
        if (manifest.isDamaged() && mark.batch() < nextBatch - 1) {
            // Where the mark is old as well, a tail may be gone of which nothing is left to tell.
            faults.add(Fault.unknown("MANIFEST", 0, "it is damaged, and the durable mark is not of the last batch"));
        }
        nameUntold();
        // What is damaged below a base is missed by nobody.
        faults.removeIf(
                f -> f.toIndex() > 0 && f.group() != Fault.UNKNOWN_GROUP && f.toIndex() <= index.toldBase(f.group()));
    }

    private void scan(int cycle, Path path, long known, boolean last) throws IOException {
        lastCycle = cycle;
        List<Unreadable> unreadable = new ArrayList<>();
        lastBytes = read(path, unreadable);
        lastCount = 0;
        long begins = SegmentScan.firstBatch(lastBytes);
        if (begins > 0 && begins < firstBatch) {
            leftovers.add(path);
            return;
        }
        if (firstUnproven && ends.isEmpty() && begins > firstBatch) {
            // Without a manifest the log has to say itself that it may begin here.
            firstBatch = begins;
            nextBatch = begins;
        }
        String name = path.getFileName().toString();
        SegmentScan scan = new SegmentScan(lastBytes, nextBatch, known, new SegmentScan.Sink() {
            @Override
            public void batch(long number, int record, int recordsEnd, ByteBuffer bytes, int start, int end) {
                if (lastCount == lastRecords.length) {
                    lastRecords = Arrays.copyOf(lastRecords, lastCount * 2);
                }
                lastRecords[lastCount++] = record;
                long location = Location.of(cycle, record);
                EntryCodec.records(bytes, start, end, (kind, group, epoch, entryIndex, in, at, length) -> {
                    switch (kind) {
                        case EntryCodec.BASE ->
                            index.foundBase(EntryCodec.baseOf(group, epoch, entryIndex, in, at, length));
                        case EntryCodec.CUT -> firstUnproven &= entryIndex < firstBatch;
                        default -> {
                            boolean counts = fold(name, record, kind, group, epoch, entryIndex, location);
                            if (counts && kind == EntryKind.CONFIG.code()) {
                                byte[] payload = new byte[length];
                                in.get(at, payload);
                                Entry entry = new Entry(epoch, entryIndex, EntryKind.CONFIG, payload);
                                index.foundConfiguration(group, entry);
                            }
                        }
                    }
                });
            }

            @Override
            public void fault(long from, long to, int position, ByteBuffer bytes, int[] trailers, String reason) {
                damaged(from, to, name, position, bytes, trailers, reason + Unreadable.told(unreadable));
            }
        });
        scan.run();
        if (scan.otherVersion() != 0) {
            // Not damage: after that the node would set the log aside, or drop its end.
            throw new IOException("segment " + path + " has records of version " + scan.otherVersion()
                    + "; this release of Synod reads version " + EntryCodec.VERSION
                    + ": start this node with the release that wrote it, or a newer one. Nothing was changed");
        }
        nextBatch = scan.next();
        ends.put(cycle, nextBatch - 1);
        lastWhole = !scan.framingBroken();
        if (scan.torn()) {
            LOG.info("{}: batch {} at byte {} was never forced and is dropped", path, nextBatch, scan.tail());
        }
        if (!last && scan.framingBroken()) {
            faults.add(Fault.unknown(name, scan.tail(), "the queue's own data is damaged, all entries are readable"));
        }
        if (last || known == 0 || nextBatch <= known) {
            // What cannot be read may have been the segment's end: nothing else says where that is.
            unreadable.forEach(u -> faults.add(Fault.unknown(name, u.from(), u.toString())));
        } else if (!unreadable.isEmpty()) {
            LOG.warn("{}: {}", path, unreadable);
        }
    }

    /** @return whether it is one that the log still has */
    private boolean fold(String file, int position, byte kind, long group, long epoch, long entryIndex, long location) {
        if (kind != EntryCodec.PROMISE) {
            if (firstBatch > 1 && !index.arrives(group, entryIndex)) {
                return false;
            }
            // What was lost may have superseded any suffix.
            boolean firstSinceLoss = untold != null && seenSinceLoss.add(group);
            long proven = firstSinceLoss
                    ? index.provenBefore(group, epoch, entryIndex)
                    : Math.min(index.last(group), entryIndex - 1);
            if (proven < entryIndex - 1) {
                faults.add(new Fault(file, position, group, proven + 1, entryIndex - 1, "missing before this place"));
                gapNamed |= firstSinceLoss;
            }
        }
        index.found(kind, group, epoch, entryIndex, location);
        return true;
    }

    private void damaged(
            long from, long to, String file, int position, ByteBuffer bytes, int[] trailers, String reason) {
        lastTrailed = from - 1;
        for (int tail : trailers) {
            long number = EntryCodec.trailerNumber(bytes, tail);
            if (number > to) {
                continue;
            }
            if (number > lastTrailed + 1) {
                missing(lastTrailed + 1, number - 1, file, position, reason);
            }
            lastTrailed = Math.max(lastTrailed, number);
            EntryCodec.runs(bytes, tail, (group, epoch, first, count) -> {
                faults.add(new Fault(file, position, group, first, count == 0 ? 0 : first + count - 1, reason));
                for (int i = 0; i < count; i++) {
                    // They void what they would have voided.
                    fold(file, position, DAMAGED, group, epoch, first + i, Location.of(lastCycle, position));
                }
            });
        }
        if (lastTrailed < to) {
            missing(lastTrailed + 1, to, file, position, reason);
        }
        nextBatch = to + 1;
    }

    private void missing(long from, long to, String file, int position, String reason) {
        seenSinceLoss.clear();
        if (untold == null) {
            untoldFrom = from;
            untold = Fault.unknown(file, position, "batches " + from + " to " + to + ": " + reason);
        }
    }

    /** What the mark remembers of batches that left no trace; the gaps in the indices were named while folding. */
    private void nameUntold() {
        if (untold == null) {
            return;
        }
        int named = faults.size();
        mark.groups().forEach((group, noted) -> {
            if (noted.batch() >= untoldFrom) {
                long from = index.divergence(group, noted);
                long to = noted.lastIndex();
                // Nothing but a promise can have been lost where the log goes on to what was noted.
                faults.add(new Fault(
                        untold.file(),
                        untold.position(),
                        group,
                        from > to ? 0 : from,
                        from > to ? 0 : to,
                        untold.reason()));
            }
        });
        if (faults.size() == named && !gapNamed) {
            faults.add(untold);
        }
    }

    private ByteBuffer read(Path path, List<Unreadable> unreadable) throws IOException {
        try (RandomAccessFile in = new RandomAccessFile(path.toFile(), "r")) {
            if (in.length() > Integer.MAX_VALUE - 8) {
                throw new IOException(
                        "segment " + path + " has " + in.length() + " bytes, more than this version writes");
            }
            int size = (int) in.length();
            byte[] bytes = lastBytes != null && lastBytes.capacity() == size ? lastBytes.array() : new byte[size];
            unreadable.addAll(FileReads.whole(path.toFile(), in, bytes, size, read -> {}));
            return ByteBuffer.wrap(bytes);
        }
    }

    /** Segments that a crash kept from being deleted. */
    List<Path> leftovers() {
        return leftovers;
    }

    long firstBatch() {
        return firstBatch;
    }

    /** Last batch by segment. */
    SortedMap<Integer, Long> ends() {
        return ends;
    }

    List<Fault> faults() {
        return faults;
    }

    long lastBatch() {
        return nextBatch - 1;
    }

    /** The last segment, −1 when there is none. */
    int lastCycle() {
        return lastCycle;
    }

    /** Whether the frames of the last segment are as they should be. */
    boolean lastWhole() {
        return lastWhole;
    }

    /** Content of the last segment. */
    ByteBuffer lastBytes() {
        return lastBytes;
    }

    /** First record of each whole batch in {@link #lastBytes}. */
    int[] lastRecords() {
        return Arrays.copyOf(lastRecords, lastCount);
    }
}
