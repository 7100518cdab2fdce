package io.synod.log;

import io.synod.group.Entry;
import io.synod.group.Invariant;
import io.synod.group.Recovered;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The log on one Chronicle Queue per directory. Chronicle gives the memory-mapped frames; force, roll, lock, disk space and
 * recovery are done here.
 *
 * <p><b>Start.</b> All segments are read and checked from the plain files before Chronicle sees them. The last one is then
 * written again, into a new segment, and forced: never is anything appended behind what a crash left, and what the page
 * cache shows but the disk may lack is on disk afterwards. The old one is deleted last, so a crash in between repeats it.
 *
 * <p><b>Append.</b> A batch is encoded once into reused memory and copied by Chronicle into the mapped segment. A client
 * that was interrupted may append and force: its flag is taken back for the time and set again.
 *
 * <p><b>Retention.</b> Segments in which nothing is needed any more are deleted, oldest first, by {@link LogReclaim}.
 *
 * <p><b>Failure.</b> A failed force, or an append of which it is not known what it wrote, is final: the cause is thrown by
 * every later call. The kernel marks pages clean after a failed write-back, so a second force would lie (Rebello et al.,
 * Can Applications Recover from fsync Failures?, ATC 2020). So is it when the directory or a file of it was deleted: what is
 * written then is gone when the process ends, or of no use. A full disk is not final: it is found before anything is written.
 */
public final class ChronicleEntryLog implements EntryLog {
    static {
        ChronicleRuntime.ready();
    }

    private static final Logger LOG = LoggerFactory.getLogger(ChronicleEntryLog.class);

    private final LogConfig config;
    private final DirectoryLock lock;
    private final Segments segments;
    private final LogIndex index;
    private final DurableMark mark;
    private final SegmentWriter writer;
    private final BatchEncoder encoder;
    private final SortedMap<Integer, Long> sealed;
    private final StoredEntries stored;
    private final LogReclaim reclaim;
    private final LogScrub scrub;

    private volatile IOException failure;
    private volatile boolean closed;
    /** What {@link #sealed} was when it last changed, for other threads. */
    private volatile Manifest needed;
    /** The directory or a file of it. */
    private volatile boolean deleted;

    /** Batches before this one are not needed. */
    private long firstBatch;

    private long lastBatch;
    private volatile long durableBatch;

    private final TouchedGroups touched = new TouchedGroups();

    /**
     * Whether there is a log in this directory, perhaps one that nothing was written to, with what says how far it goes: without
     * that the log cannot tell that its end, or all of it, is missing.
     */
    public static boolean isIn(Path directory) {
        return DurableMark.isIn(directory);
    }

    /**
     * Opens the log in this directory, or makes one.
     *
     * @throws LogLockedException when another node has it
     * @throws DamagedLogException when something that was forced is missing or damaged
     */
    public static ChronicleEntryLog open(Path directory, LogConfig config) throws IOException {
        Files.createDirectories(directory);
        DirectoryLock lock = DirectoryLock.take(directory, config.node());
        boolean opened = false;
        try {
            ChronicleEntryLog log = new ChronicleEntryLog(directory, config, lock);
            opened = true;
            return log;
        } finally {
            if (!opened) {
                lock.close();
            }
        }
    }

    private ChronicleEntryLog(Path directory, LogConfig config, DirectoryLock lock) throws IOException {
        this.config = config;
        this.lock = lock;
        segments = new Segments(directory, config.segmentBytes());
        index = new LogIndex(config.recentBytes());
        segments.undoCopy();
        Manifest manifest = Manifest.read(directory);
        mark = DurableMark.open(directory);
        segments.forceDirectory();
        LogScan scan = new LogScan(segments, manifest, mark, index);
        scan.run(manifest);
        if (!scan.faults().isEmpty()) {
            throw new DamagedLogException(directory, scan.faults());
        }
        if (!scan.lastWhole()) {
            LOG.info(
                    "log {}: frames of the last segment are broken; all entries are readable and are copied",
                    directory);
        }
        lastBatch = scan.lastBatch();
        durableBatch = lastBatch;
        sealed = new TreeMap<>(scan.ends());
        sealed.remove(scan.lastCycle());
        firstBatch = scan.firstBatch();
        encoder = new BatchEncoder(config);
        stored = new StoredEntries(segments, index);
        writer = rewriteLast(scan);
        index.groups().forEach(group -> index.note(group, mark, durableBatch));
        mark.batch(durableBatch);
        needed = manifest();
        write(needed);
        for (Path leftover : scan.leftovers()) {
            Files.deleteIfExists(leftover);
        }
        scrub = new LogScrub(segments, index);
        reclaim = new LogReclaim(config, segments, index, stored, scrub);
    }

    private Manifest manifest() {
        return new Manifest(false, 0, firstBatch, new TreeMap<>(sealed));
    }

    /**
     * The manifest only repeats what the segments say, and an old one demands nothing that is not true any more: where
     * there is no room for it the log goes on.
     */
    private void write(Manifest manifest) {
        try {
            manifest.write(segments.directory());
            segments.forceDirectory();
        } catch (IOException e) {
            LOG.warn("log {}: manifest not written", segments.directory(), e);
        }
    }

    /** @return a writer whose segment holds the valid part of what was the last one */
    private SegmentWriter rewriteLast(LogScan scan) throws IOException {
        int old = scan.lastCycle();
        int next = old + 1;
        segments.sweep(next);
        segments.prepare(next, 1);
        if (old < 0) {
            return new SegmentWriter(segments, config, next);
        }
        Files.move(segments.segment(old), segments.aside(old));
        segments.forceDirectory();
        SegmentWriter copy = new SegmentWriter(segments, config, next);
        boolean copied = false;
        try {
            int[] from = scan.lastRecords();
            long[] to = new long[from.length];
            RawBatch batch = new RawBatch(scan.lastBytes());
            for (int i = 0; i < from.length; i++) {
                to[i] = copy.write(batch.at(from[i]), true);
            }
            copy.force();
            segments.forceDirectory();
            index.relocate(location -> Location.cycle(location) == old
                    ? to[Arrays.binarySearch(from, (int) Location.position(location))]
                    : location);
            Files.delete(segments.aside(old));
            segments.forceDirectory();
            copied = true;
            return copy;
        } finally {
            if (!copied) {
                copy.close();
            }
        }
    }

    /** Whether nothing was ever written to it, not so much as a promise. */
    public boolean isEmpty() {
        return lastBatch == 0;
    }

    /**
     * Moves a log that no node has, under its lock.
     *
     * @param to does not exist; on the same file system
     * @throws LogLockedException a node has it after all
     */
    public static void moveAway(Path directory, Path to, String node) throws IOException {
        DirectoryLock lock = DirectoryLock.take(directory, node);
        try {
            Files.move(directory, to);
        } finally {
            lock.close();
        }
    }

    @Override
    public Recovered recovered(long group) {
        return index.recovered(group);
    }

    @Override
    public void append(List<Append> batch) throws IOException {
        ensureUsable();
        if (!batch.isEmpty()) {
            append(batch, 0, false);
        }
    }

    @Override
    public void appendBases(List<Append> bases) throws IOException {
        ensureUsable();
        append(bases, 0, true);
    }

    /**
     * @param cut batches before this one are not needed once this one is durable; 0 says nothing
     * @param reserved whether it makes room, and so may use what is kept free for that
     */
    private void append(List<Append> batch, long cut, boolean reserved) throws IOException {
        index.check(batch);
        encoder.encode(batch, cut, lastBatch + 1, durableBatch);
        boolean interrupted = Thread.interrupted();
        try {
            int before = writer.cycle();
            long location = writer.write(encoder, reserved);
            if (writer.cycle() != before && lastBatch > 0) {
                seal(before, lastBatch);
            }
            lastBatch++;
            index.appended(batch, location);
            touched.add(batch);
        } catch (LogFullException e) {
            throw e;
        } catch (IOException | RuntimeException | Error e) {
            throw failed(e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void seal(int segment, long last) {
        if (segment >= 0 && Files.exists(segments.segment(segment))) {
            sealed.put(segment, last);
            Manifest manifest = manifest();
            needed = manifest;
            writer.later(() -> write(manifest));
        }
    }

    @Override
    public void force() throws IOException {
        ensureUsable();
        if (durableBatch == lastBatch) {
            return;
        }
        boolean interrupted = Thread.interrupted();
        try {
            writer.force();
            long forced = lastBatch;
            durableBatch = forced;
            // It is mapped: an error of the JVM where the disk fails.
            touched.drain(group -> index.note(group, mark, forced));
            mark.batch(forced);
        } catch (IOException | RuntimeException | Error e) {
            throw failed(e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public List<Entry> read(long group, long from, long to, int maxBytes) throws IOException {
        ensureOpen();
        while (true) {
            long before = index.superseded();
            try {
                List<Entry> entries = readOnce(group, from, to, maxBytes);
                if (index.superseded() == before) {
                    return entries;
                }
            } catch (IOException | Invariant.Violation e) {
                // Between two looks at the index entries may have been superseded; else it is what it says.
                if (index.superseded() == before) {
                    if (e instanceof DamagedEntryException damaged) {
                        scrub.noticed(damaged);
                    }
                    throw e;
                }
            }
        }
    }

    private List<Entry> readOnce(long group, long from, long to, int maxBytes) throws IOException {
        List<Entry> entries = new ArrayList<>();
        int left = maxBytes;
        long next = from;
        while (next <= to && left >= 0) {
            int had = entries.size();
            left = index.recent(group, next, to, left, entries);
            if (entries.size() == had && left >= 0) {
                left = stored.read(group, next, to, left, entries);
            }
            next = from + entries.size();
        }
        return entries;
    }

    @Override
    public boolean reclaim() throws IOException {
        ensureUsable();
        leaveDamaged();
        LogReclaim.Plan plan = reclaim.plan(sealed, writer.cycle(), true);
        if (plan == null) {
            return false;
        }
        try {
            append(plan.kept(), firstBehind(plan), false);
        } catch (LogFullException e) {
            LOG.debug("log {}: full, only what need not be written again is given back", segments.directory(), e);
            plan = reclaim.plan(sealed, writer.cycle(), false);
            if (plan == null) {
                return false;
            }
            try {
                append(plan.kept(), firstBehind(plan), true);
            } catch (LogFullException again) {
                LOG.warn("log {}: no room to give room back, tried again later", segments.directory(), again);
                return false;
            }
        }
        force();
        long first = firstBehind(plan);
        int lastGone = plan.lastGone();
        firstBatch = first;
        sealed.headMap(lastGone + 1).clear();
        Manifest manifest = manifest();
        needed = manifest;
        // Behind that: whoever hears that the damage is gone looks at what is needed then.
        scrub.gone(lastGone);
        writer.later(() -> reclaim.delete(lastGone, manifest));
        return true;
    }

    /** A segment can go when it is not the one that is written any more. */
    private void leaveDamaged() throws IOException {
        if (scrub.isDamaged(writer.cycle())) {
            writer.leave();
            try {
                append(index.hardState(), firstBatch, false);
            } catch (LogFullException e) {
                LOG.warn("log {}: no room to leave a damaged segment, tried again later", segments.directory(), e);
            }
        }
    }

    private long firstBehind(LogReclaim.Plan plan) {
        return sealed.get(plan.lastGone()) + 1;
    }

    @Override
    public long lastIndexIn(long group, long bytes) {
        return index.lastIndexIn(group, bytes / config.segmentBytes());
    }

    @Override
    public Scrubbed scrub(IntConsumer read) throws IOException {
        ensureUsable();
        return scrub.run(() -> needed, () -> durableBatch, read);
    }

    @Override
    public List<String> damage() {
        return scrub.found();
    }

    @Override
    public long damagedTo(long group) {
        SortedMap<Integer, Long> ended = needed.sealed();
        int newest = ended.isEmpty() ? -1 : scrub.newestUpTo(ended.lastKey());
        return newest < 0 ? 0 : index.lastIn(group, newest);
    }

    @Override
    public long reclaimUnit() {
        return config.segmentBytes();
    }

    private void ensureOpen() throws IOException {
        if (closed) {
            throw new IOException("the log in " + segments.directory() + " is closed");
        }
    }

    private void ensureUsable() throws IOException {
        ensureOpen();
        if (failure != null) {
            throw new IOException(failure.getMessage(), failure);
        }
    }

    private IOException finalBecause(Throwable cause) {
        return new IOException(
                "the log in " + segments.directory() + " has failed and takes nothing more; restart node "
                        + config.node() + ": " + cause,
                cause);
    }

    private IOException failed(Throwable cause) {
        failure = finalBecause(cause);
        LOG.error("{}", failure.getMessage(), cause);
        return failure;
    }

    @Override
    public long bytes() {
        if (!deleted && !closed) {
            Path gone = gone();
            deleted = gone != null;
            if (deleted && failure == null) {
                failure = finalBecause(new IOException(Segments.whenDeleted(gone)));
                LOG.error("{}", failure.getMessage());
            }
        }
        return deleted ? -1 : segments.bytes();
    }

    /**
     * The directory or a file that somebody has deleted: open files would take what is written to them, and it would be gone with
     * the process. {@code null} for none.
     */
    private Path gone() {
        if (Files.notExists(segments.directory())) {
            return segments.directory();
        }
        if (!DurableMark.isIn(segments.directory())) {
            return segments.directory().resolve(DurableMark.FILE);
        }
        for (int cycle : needed.sealed().keySet()) {
            // Looked at again: it may have been given back just now.
            if (Files.notExists(segments.segment(cycle)) && needed.sealed().containsKey(cycle)) {
                return segments.segment(cycle);
            }
        }
        Path current = writer.currentPath();
        return current != null && Files.notExists(current) && current.equals(writer.currentPath()) ? current : null;
    }

    @Override
    public int segments() {
        return segments.count();
    }

    /** For tests that make a force fail. */
    ForcedFile currentFile() {
        return writer.current();
    }

    @Override
    public void close() throws IOException {
        if (closed) {
            return;
        }
        try (lock) {
            closeFiles();
        }
    }

    private void closeFiles() throws IOException {
        boolean clean = false;
        try {
            if (failure == null) {
                force();
                clean = true;
            }
        } finally {
            closed = true;
            writer.close();
        }
        if (clean) {
            write(new Manifest(true, lastBatch, firstBatch, sealed));
        }
    }
}
