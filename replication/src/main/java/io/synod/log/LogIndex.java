package io.synod.log;

import io.synod.group.Base;
import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.group.Epoch;
import io.synod.group.Invariant;
import io.synod.group.Recovered;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongUnaryOperator;

/**
 * All groups of the log in memory: where their entries are, and the newest entries themselves. One writer at a time, readers
 * from any thread; every method takes the lock only for as long as it copies references.
 */
final class LogIndex {
    private final Map<Long, GroupIndex> groups = new HashMap<>();
    private final RecentEntries recent;

    /** Grows whenever entries are superseded: a reader who saw it change starts again. */
    private long superseded;

    LogIndex(long recentBytes) {
        recent = new RecentEntries(recentBytes);
    }

    synchronized Recovered recovered(long group) {
        GroupIndex index = groups.get(group);
        return index == null ? Recovered.NOTHING : index.recovered();
    }

    synchronized long last(long group) {
        GroupIndex index = groups.get(group);
        return index == null ? 0 : index.last();
    }

    synchronized long superseded() {
        return superseded;
    }

    /** Location of the batch that holds this entry, or −1 when there is no such entry. */
    synchronized long locationOf(long group, long index) {
        GroupIndex found = groups.get(group);
        return found == null || index <= found.base().index() || index > found.last() ? -1 : found.locationOf(index);
    }

    /** The group's log begins behind this index. */
    synchronized long base(long group) {
        GroupIndex found = groups.get(group);
        return found == null ? 0 : found.base().index();
    }

    /** The last index of this group that stands in one of that many oldest segments; 0 where none does. */
    synchronized long lastIndexIn(long group, long segments) {
        GroupIndex index = groups.get(group);
        long oldest = Long.MAX_VALUE;
        for (GroupIndex each : groups.values()) {
            if (each.oldestLocation() >= 0) {
                oldest = Math.min(oldest, Location.cycle(each.oldestLocation()));
            }
        }
        return index == null || oldest == Long.MAX_VALUE ? 0 : index.lastBefore(oldest + segments);
    }

    /** The last index of this group that stands in this segment or an older one; 0 where none does. */
    synchronized long lastIn(long group, int cycle) {
        GroupIndex index = groups.get(group);
        return index == null ? 0 : index.lastBefore(cycle + 1L);
    }

    /** What the groups have in this segment. */
    synchronized void runsIn(int cycle, Consumer<LogScrub.Run> to) {
        groups.forEach((group, index) -> index.runsIn(cycle, group, to));
    }

    /**
     * What a group still needs.
     *
     * @param oldest segment of its first entry
     * @param first its index
     */
    record Need(long group, int oldest, long first, long last) {}

    /** Of every group that has entries. */
    synchronized List<Need> needs() {
        List<Need> needs = new ArrayList<>();
        groups.forEach((group, index) -> {
            if (index.oldestLocation() >= 0) {
                int cycle = Location.cycle(index.oldestLocation());
                needs.add(new Need(group, cycle, index.base().index() + 1, index.last()));
            }
        });
        return needs;
    }

    /** Of every group what it has besides entries. */
    synchronized List<EntryLog.Append> hardState() {
        List<EntryLog.Append> records = new ArrayList<>();
        groups.forEach((group, index) -> {
            if (index.promised() > 0) {
                records.add(EntryLog.Append.promise(group, index.promised()));
            }
            if (index.base().index() > 0) {
                records.add(EntryLog.Append.base(group, index.base(), false));
            }
        });
        return records;
    }

    synchronized long lastInBatchOf(long group, long index) {
        return groups.get(group).lastInBatchOf(index);
    }

    /**
     * Puts entries from memory into {@code to}, from {@code from} on for as long as they are there.
     *
     * @return bytes left of {@code maxBytes}, negative when there is no room for a next one
     */
    synchronized int recent(long group, long from, long to, int maxBytes, List<Entry> into) {
        int left = maxBytes;
        for (long index = from; index <= to; index++) {
            Entry entry = recent.get(group, index);
            if (entry == null) {
                break;
            }
            if (entry.size() > left && !into.isEmpty()) {
                return -1;
            }
            left -= Math.min(left, entry.size());
            into.add(entry);
        }
        return left;
    }

    /** What must hold before a batch may be written; throws {@link io.synod.group.Invariant.Violation} otherwise. */
    synchronized void check(List<EntryLog.Append> batch) {
        Tail tail = null;
        Map<Long, Tail> tails = null;
        for (int i = 0; i < batch.size(); i++) {
            EntryLog.Append append = batch.get(i);
            if (append.entry() == null && append.base() == null) {
                continue;
            }
            if (tail == null || tail.group != append.group()) {
                if (tail != null) {
                    tails = tails == null ? new HashMap<>() : tails;
                    tails.put(tail.group, tail);
                }
                Tail known = tails == null ? null : tails.get(append.group());
                tail = known == null ? new Tail(append.group()) : known;
            }
            if (append.entry() != null) {
                tail.follow(append.entry());
            } else {
                tail.beginBehind(append.base(), append.voids());
            }
        }
    }

    /** A group's end as it is while a batch is being checked. */
    private final class Tail {
        private final long group;
        /** Below it the index is right, above it the batch has its own. */
        private long first = Long.MAX_VALUE;

        private long base;
        private long last;
        private long lastEpoch;

        Tail(long group) {
            this.group = group;
            base = base(group);
            last = last(group);
            lastEpoch = epochAt(group, last);
        }

        void beginBehind(Base next, boolean voids) {
            Invariant.that(next.index() >= base, "base %d after %d", next.index(), base);
            Invariant.that(voids || next.index() <= last, "base %d, the log ends at %d", next.index(), last);
            base = next.index();
            if (voids) {
                first = base;
                last = base;
                lastEpoch = next.epoch();
            }
        }

        void follow(Entry entry) {
            long index = entry.index();
            Invariant.that(index > base, "entry %d, the log begins behind %d", index, base);
            if (index <= last) {
                // Within the batch what stands before a superseded entry was checked when it came.
                lastEpoch = index <= first ? epochAt(group, index - 1) : Epoch.NONE;
            }
            GroupIndex.check(last, lastEpoch, entry.epoch(), index);
            first = Math.min(first, index);
            last = index;
            lastEpoch = entry.epoch();
        }
    }

    private long epochAt(long group, long index) {
        GroupIndex found = groups.get(group);
        return found == null ? Epoch.NONE : found.epochAt(index);
    }

    /** The batch is in the log, at this location. */
    synchronized void appended(List<EntryLog.Append> batch, long location) {
        GroupIndex index = null;
        long group = 0;
        for (int i = 0; i < batch.size(); i++) {
            EntryLog.Append append = batch.get(i);
            if (index == null || group != append.group()) {
                group = append.group();
                index = group(group);
            }
            Entry entry = append.entry();
            if (append.base() != null) {
                superseded++;
                index.base(append.base(), append.voids());
                if (append.voids()) {
                    recent.drop(group);
                }
            } else if (entry == null) {
                index.promise(append.promise());
            } else {
                if (entry.index() <= index.last()) {
                    superseded++;
                }
                index.add(entry.epoch(), entry.index(), 1, location);
                if (entry.kind() == EntryKind.CONFIG) {
                    index.configuration(entry);
                }
                recent.add(group, entry);
            }
        }
    }

    /** A promise or an entry that was found at the start. */
    synchronized void found(byte kind, long group, long epoch, long index, long location) {
        if (kind == EntryCodec.PROMISE) {
            group(group).promise(epoch);
        } else {
            group(group).add(epoch, index, 1, location);
        }
    }

    /** An entry of kind CONFIG, which was {@link #found} just now. */
    synchronized void foundConfiguration(long group, Entry entry) {
        group(group).configuration(entry);
    }

    synchronized void foundBase(EntryLog.Append base) {
        group(base.group()).base(base.base(), base.voids());
    }

    /**
     * An entry was found at the start, in a log that lost its oldest segments: it may be the first one that is left of its
     * group.
     *
     * @return whether it is of use; false where the group's log is known to begin behind it
     */
    synchronized boolean arrives(long group, long index) {
        GroupIndex found = group(group);
        if (found.isEmpty() ? index > 1 : index <= found.base().index() && !found.proven()) {
            found.beginsAt(index);
        }
        return index > found.base().index();
    }

    /** The greatest base of this group that a record tells of. */
    synchronized long toldBase(long group) {
        GroupIndex found = groups.get(group);
        return found == null ? 0 : found.toldBase();
    }

    /**
     * Of groups of which no record says that their first entries are rightly gone: what is missing, as {group, first index, last
     * index}.
     */
    synchronized List<long[]> unproven() {
        List<long[]> missing = new ArrayList<>();
        groups.forEach((group, index) -> {
            if (!index.proven()) {
                missing.add(
                        new long[] {group, index.toldBase() + 1, index.base().index()});
            }
        });
        return missing;
    }

    synchronized void relocate(LongUnaryOperator move) {
        groups.values().forEach(g -> g.relocate(move));
    }

    /**
     * Up to which index, below this entry's, this log surely is what stood before the entry when it was written. Two logs
     * that have an entry of the same epoch and index are equal up to it; where they have none, nothing is known.
     */
    synchronized long provenBefore(long group, long epoch, long entryIndex) {
        long before = Math.min(last(group), entryIndex - 1);
        return before == 0 || epochAt(group, before) == epoch ? before : 0;
    }

    /** Notes that all that this group has is durable. */
    synchronized void note(long group, DurableMark mark, long batch) {
        GroupIndex index = group(group);
        mark.group(group, batch, index.last(), index.epochAt(index.last()), index.lastEpochFirst());
    }

    /**
     * The first index from which this log cannot be trusted to be what was noted.
     */
    synchronized long divergence(long group, DurableMark.Mark noted) {
        GroupIndex index = groups.get(group);
        boolean agrees = noted.lastEpochFirst() == 0
                || index != null && index.base().index() >= noted.lastEpochFirst()
                || index != null
                        && index.last() >= noted.lastEpochFirst()
                        && index.epochAt(noted.lastEpochFirst()) == noted.lastEpoch();
        return agrees ? last(group) + 1 : 1;
    }

    synchronized List<Long> groups() {
        return new ArrayList<>(groups.keySet());
    }

    private GroupIndex group(long group) {
        GroupIndex index = groups.get(group);
        if (index == null) {
            index = new GroupIndex();
            groups.put(group, index);
        }
        return index;
    }
}
