package io.synod.log;

import io.synod.group.Entry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which segments can go, and how they go.
 *
 * <p><b>Order.</b> First one batch is forced that has everything the segments to be deleted are still needed for: of every
 * group its promise and its base, and the entries of groups that are so idle that their few entries would pin a segment for
 * ever. The batch also says which is the first batch that is needed. Then the manifest says so, forced. Only then are files
 * deleted, the oldest first. A death before the last file is gone leaves files of which the next start knows that they are
 * not needed.
 *
 * <p>Without its manifest the log still knows by that batch that it may begin in the middle. So where there is no room for a
 * new manifest the old one, which demands what is to be deleted, is deleted first, and a new one is written into the room
 * that was won.
 */
final class LogReclaim {
    private static final Logger LOG = LoggerFactory.getLogger(LogReclaim.class);

    /** A group with more entries than this is not written again: a checkpoint of its state machine sets it free. */
    private static final long MOVED_ENTRIES_MAX = 4096;
    /** Entries in the newest segments are left where they are: soon their group needs them no longer. */
    private static final int NEWEST = 2;

    private final Segments segments;
    private final LogIndex index;
    private final StoredEntries stored;
    private final LogScrub scrub;
    private final int movedBytesMax;
    /** The group that was warned of last. */
    private long unreadable = -1;

    LogReclaim(LogConfig config, Segments segments, LogIndex index, StoredEntries stored, LogScrub scrub) {
        this.segments = segments;
        this.index = index;
        this.stored = stored;
        this.scrub = scrub;
        this.movedBytesMax = config.segmentBytes() / 8;
    }

    /**
     * @param lastGone segments up to this one can go
     * @param kept what has to be written again before
     */
    record Plan(int lastGone, List<EntryLog.Append> kept) {}

    /**
     * @param sealed last batch by segment, of those that may go
     * @param current the segment that is being written
     * @param moves whether there is room to write entries again
     * @return {@code null} when none can go
     */
    Plan plan(SortedMap<Integer, Long> sealed, int current, boolean moves) {
        if (sealed.isEmpty()) {
            return null;
        }
        List<LogIndex.Need> needs = index.needs();
        needs.sort(Comparator.comparingInt(LogIndex.Need::oldest));
        List<EntryLog.Append> kept = index.hardState();
        int until = current;
        int room = movedBytesMax;
        for (LogIndex.Need need : needs) {
            if (need.oldest() >= until) {
                break;
            }
            List<Entry> moved = !moves || need.oldest() > current - NEWEST ? null : all(need, room);
            if (moved == null) {
                until = need.oldest();
                break;
            }
            for (Entry entry : moved) {
                room -= entry.size();
                kept.add(EntryLog.Append.entry(need.group(), entry));
            }
        }
        SortedMap<Integer, Long> gone = sealed.headMap(until);
        return gone.isEmpty() ? null : new Plan(gone.lastKey(), kept);
    }

    /** {@code null} when they are more than {@code room} bytes, or cannot be read: then they stay where they are. */
    private List<Entry> all(LogIndex.Need need, int room) {
        try {
            return read(need, room);
        } catch (IOException e) {
            if (e instanceof DamagedEntryException damaged) {
                scrub.noticed(damaged);
            }
            if (need.group() != unreadable) {
                unreadable = need.group();
                LOG.warn(
                        "log {}: the entries of group {} cannot be read, and so nothing from segment {} on is given back: {}",
                        segments.directory(),
                        need.group(),
                        segments.segment(need.oldest()),
                        e.getMessage(),
                        e);
            }
            return null;
        }
    }

    private List<Entry> read(LogIndex.Need need, int room) throws IOException {
        if (need.last() - need.first() >= MOVED_ENTRIES_MAX) {
            return null;
        }
        List<Entry> entries = new ArrayList<>();
        int left = room;
        for (long next = need.first(); next <= need.last(); next = need.first() + entries.size()) {
            left = stored.read(need.group(), next, need.last(), left, entries);
            if (left < 0) {
                return null;
            }
        }
        return entries.stream().mapToLong(Entry::size).sum() <= room ? entries : null;
    }

    /** On the thread of the log's files. What fails is left for the next time. */
    void delete(int lastGone, Manifest manifest) {
        try {
            boolean told = write(manifest);
            if (!told) {
                Manifest.delete(segments.directory());
                segments.forceDirectory();
            }
            for (Path file : segments.list().headMap(lastGone + 1).values()) {
                Files.delete(file);
            }
            segments.forceDirectory();
            if (!told) {
                write(manifest);
            }
        } catch (IOException e) {
            LOG.warn("log {}: segments that are not needed any more are still there", segments.directory(), e);
        }
    }

    private boolean write(Manifest manifest) throws IOException {
        try {
            manifest.write(segments.directory());
        } catch (IOException e) {
            LOG.warn("log {}: no room for the manifest", segments.directory(), e);
            return false;
        }
        segments.forceDirectory();
        return true;
    }
}
