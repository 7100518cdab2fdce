package io.synod.simulation;

import io.synod.group.Base;
import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.group.Epoch;
import io.synod.group.Members;
import io.synod.group.Recovered;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * A member's log: physical records, of which those that were forced survive a crash, and of the others a prefix. Its
 * content is the fold of the records. Old records are deleted once a base says that they are not needed.
 */
final class SimulatedDisk {
    /** An entry, or a base, or a promise where both are null. */
    private record Written(Entry entry, Base base, boolean voids, long promise, boolean torn) {
        Written(Entry entry, Base base, boolean voids, long promise) {
            this(entry, base, voids, promise, false);
        }
    }

    private final Mutant mutant;
    private final List<Written> records = new ArrayList<>();
    private int forced;
    /** How many records have been deleted; {@link #written} counts them as well. */
    private int deleted;

    private Base base = Base.NONE;
    /** What stands behind the base. */
    private final List<Entry> content = new ArrayList<>();
    /** For each entry of the content, the number of records up to and including its own. */
    private final List<Integer> position = new ArrayList<>();
    /** The same for the base. */
    private int basePosition;

    private boolean damaged;
    /** {@code null} where it has to be looked for. */
    private Optional<Members> configuration;

    private final RandomGenerator tears;
    private final Tally tally;

    /** @param tears of what was being written at a crash */
    SimulatedDisk(Mutant mutant, RandomGenerator tears, Tally tally) {
        this.mutant = mutant;
        this.tears = tears;
        this.tally = tally;
    }

    /** While it is down, some record turns that was forced; whoever opens the log finds that by its checksum. */
    void rot(RandomGenerator random) {
        if (records.isEmpty()) {
            return;
        }
        if (mutant == Mutant.LOG_IS_CUT_AT_DAMAGE) {
            records.subList(random.nextInt(records.size()), records.size()).clear();
            forced = Math.min(forced, written());
            crash(random);
        } else {
            damaged = true;
        }
    }

    boolean isDamaged() {
        return damaged;
    }

    void wipe() {
        records.clear();
        forced = 0;
        deleted = 0;
        fold(Base.NONE, true, 0);
    }

    void append(Entry entry) {
        records.add(new Written(entry, null, false, 0));
        fold(entry, written());
    }

    void promise(long epoch) {
        if (mutant != Mutant.FORGET_TO_FORCE_PROMISE) {
            records.add(new Written(null, null, false, epoch));
        }
    }

    void base(Base next, boolean voids) {
        records.add(new Written(null, next, voids, 0));
        fold(next, voids, written());
    }

    private void fold(Entry entry, int at) {
        if (entry.index() <= last() || entry.kind() == EntryKind.CONFIG) {
            configuration = null;
        }
        truncate(entry.index());
        content.add(entry);
        position.add(at);
    }

    private void truncate(long from) {
        while (last() >= from && !content.isEmpty()) {
            content.remove(content.size() - 1);
            position.remove(position.size() - 1);
        }
    }

    private void fold(Base next, boolean voids, int at) {
        configuration = null;
        int gone = voids ? content.size() : (int) Math.min(content.size(), next.index() - base.index());
        content.subList(0, gone).clear();
        position.subList(0, gone).clear();
        base = next;
        basePosition = at;
    }

    int written() {
        return deleted + records.size();
    }

    void forcedTo(int count) {
        forced = Math.max(forced, count);
    }

    long base() {
        return base.index();
    }

    /**
     * The newest, wherever that stands in the protocol.
     *
     * @param first that the group was opened with
     */
    Members newestConfiguration(Members first) {
        // Asked for at each commit.
        if (configuration == null) {
            int at = content.size() - 1;
            while (at >= 0 && content.get(at).kind() != EntryKind.CONFIG) {
                at--;
            }
            configuration = at < 0
                    ? Optional.ofNullable(base.members())
                    : Optional.of(Members.decode(content.get(at).payload()));
        }
        return configuration.orElse(first);
    }

    boolean baseIsForced() {
        return basePosition <= forced;
    }

    long last() {
        return base.index() + content.size();
    }

    /** {@code null} where there is none, or none any more. */
    Entry entry(long index) {
        long at = index - base.index() - 1;
        return at < 0 || at >= content.size() ? null : content.get((int) at);
    }

    /** 0 before the first entry, −1 where it is not known. */
    long epochAt(long index) {
        Entry entry = entry(index);
        return entry != null ? entry.epoch() : index == base.index() ? base.epoch() : index == 0 ? 0 : -1;
    }

    /** What is in the state machine for good needs no log. */
    boolean isForced(long index) {
        return index <= base.index() || index <= last() && position.get((int) (index - base.index()) - 1) <= forced;
    }

    List<Entry> read(long from, long to) {
        return List.copyOf(content.subList((int) (from - base.index()) - 1, (int) (to - base.index())));
    }

    /** Deletes the oldest records that are not needed, where the base that says so is forced. */
    void reclaim() {
        int needed = basePosition;
        for (int at : position) {
            needed = Math.min(needed, at);
        }
        int count = needed - 1 - deleted;
        // Neither the base may be lost any more, nor an entry that voids one which is deleted.
        boolean told = written() == forced || mutant == Mutant.RECLAIM_BEFORE_BASE_IS_FORCED;
        if (!told || count <= 0) {
            return;
        }
        long promised = 0;
        for (Written record : records.subList(0, count)) {
            promised = Math.max(promised, promisedBy(record));
        }
        records.subList(0, count).clear();
        deleted += count;
        if (mutant != Mutant.FORGET_PROMISES_OF_DELETED_SEGMENTS) {
            // It was forced at another place before they were deleted.
            records.set(0, withPromise(records.get(0), promised));
        }
    }

    private static Written withPromise(Written record, long promised) {
        return new Written(record.entry, record.base, record.voids, Math.max(record.promise, promised));
    }

    private static long promisedBy(Written record) {
        long promised = record.promise;
        promised = Math.max(promised, record.entry == null ? 0 : record.entry.epoch());
        return Math.max(promised, record.base == null ? 0 : record.base.epoch());
    }

    /** Loses what was not forced, but for a random prefix of it. */
    void crash(RandomGenerator random) {
        if (mutant == Mutant.FORCE_LIES) {
            // What came last is not on it, whatever it said.
            forced = Math.max(deleted, forced - random.nextInt(8));
        }
        int unforced = written() - forced;
        int kept = forced + (unforced == 0 ? 0 : random.nextInt(unforced + 1)) - deleted;
        tear(records.subList(kept, records.size()));
        cutAtTear();
        forced = written();
        content.clear();
        position.clear();
        configuration = null;
        base = Base.NONE;
        basePosition = 0;
        if (mutant == Mutant.LAST_RECORD_PER_INDEX && deleted == 0) {
            foldByIndex();
            return;
        }
        boolean begun = false;
        for (int i = 0; i < records.size(); i++) {
            Written record = records.get(i);
            int at = deleted + i + 1;
            if (record.entry != null) {
                if (!begun || record.entry.index() <= base.index()) {
                    // Until its base comes, what was deleted before it is taken to be rightly so.
                    content.clear();
                    position.clear();
                    base = new Base(record.entry.index() - 1, record.entry.index() == 1 ? 0 : 1, null);
                    begun = true;
                }
                fold(record.entry, at);
            } else if (record.base != null && record.base.index() >= base.index()) {
                begun = true;
                boolean voids = record.voids && mutant != Mutant.VOIDED_ENTRIES_COME_BACK;
                fold(record.base, voids || record.base.index() > last(), at);
            }
        }
        if (mutant == Mutant.FORGET_EPOCH_OF_BASE && base.index() > 0) {
            base = new Base(base.index(), Epoch.of(1, 1), base.members());
        }
    }

    /** Pages go to the disk in any order: of what was not forced the first record may be there in part, and some behind it wholly. */
    private void tear(List<Written> unforced) {
        if (unforced.isEmpty()) {
            return;
        }
        tally.add(Tally.Event.UNFORCED_LOST);
        int there = tears.nextBoolean() ? 0 : 1 + tears.nextInt(unforced.size());
        unforced.subList(there, unforced.size()).clear();
        if (there > 0) {
            Written whole = unforced.get(0);
            unforced.set(0, new Written(whole.entry, whole.base, whole.voids, whole.promise, true));
            tally.add(Tally.Event.RECORD_TORN);
        }
        if (there > 1) {
            tally.add(Tally.Event.TORN_IN_THE_MIDDLE);
        }
    }

    /** Whoever opens the log: behind what was forced, the first record without its checksum is the end. */
    private void cutAtTear() {
        int at = 0;
        while (at < records.size() && !records.get(at).torn) {
            at++;
        }
        if (at == records.size()) {
            return;
        }
        Written torn = records.get(at);
        if (mutant == Mutant.WHAT_FOLLOWS_A_TEAR_IS_READ) {
            records.remove(at);
        } else if (mutant == Mutant.TORN_RECORD_IS_BELIEVED && torn.entry != null) {
            byte[] half = Arrays.copyOf(torn.entry.payload(), torn.entry.payload().length / 2);
            Entry entry = new Entry(torn.entry.epoch(), torn.entry.index(), torn.entry.kind(), half);
            records.subList(at, records.size()).clear();
            records.add(new Written(entry, null, false, torn.promise));
        } else {
            records.subList(at, records.size()).clear();
        }
    }

    private void foldByIndex() {
        for (int i = 0; i < records.size(); i++) {
            Entry entry = records.get(i).entry;
            if (records.get(i).base != null) {
                fold(records.get(i).base, records.get(i).voids, i + 1);
            } else if (entry != null && entry.index() <= last()) {
                content.set((int) (entry.index() - base.index()) - 1, entry);
                position.set((int) (entry.index() - base.index()) - 1, i + 1);
            } else if (entry != null) {
                content.add(entry);
                position.add(i + 1);
            }
        }
    }

    Recovered recovered() {
        long promised = 0;
        for (Written record : records) {
            promised = Math.max(promised, promisedBy(record));
        }
        List<Recovered.Term> terms = new ArrayList<>();
        long epoch = 0;
        for (Entry entry : content) {
            // The sabotaged fold is not ascending; hide that from the state, which would refuse to start.
            if (entry.epoch() > epoch) {
                epoch = entry.epoch();
                terms.add(new Recovered.Term(epoch, entry.index()));
            }
        }
        List<Entry> configurations = new ArrayList<>();
        if (mutant != Mutant.RESTART_FORGETS_CONFIGURATION) {
            content.stream().filter(entry -> entry.kind() == EntryKind.CONFIG).forEach(configurations::add);
        }
        return new Recovered(promised, base, terms, last(), configurations);
    }
}
