package io.synod.log;

import io.synod.group.Base;
import io.synod.group.Entry;
import io.synod.group.Epoch;
import io.synod.group.Invariant;
import io.synod.group.Recovered;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongUnaryOperator;

/**
 * What one group has in the log and where: where it begins, runs of entries that stand in one batch, the term history, the
 * greatest promise. Two longs per run, none per entry.
 *
 * <p>{@link #add} is the fold rule: a run voids all that the group had at its first index and above, whatever its epoch.
 * "The last one written per index" would be wrong: after (1,5) (1,6) (1,7) then (3,5) it would bring back 6 and 7 of epoch
 * 1 behind 5 of epoch 3.
 *
 * <p>At the start the log may have lost its oldest segments, on purpose; then the group's first record shows up in the middle,
 * and the record that says where the log begins comes later. Until then the base is {@link #proven} by nothing. Not
 * thread-safe.
 */
final class GroupIndex {
    /** Stands for an epoch that is not known; none is as small. */
    private static final long UNKNOWN_EPOCH = 1;

    private long promised;
    private Base base = Base.NONE;
    /** Whether all entries above the base are here; false between the first record found and the base's own. */
    private boolean proven = true;
    /** The last base that was read where that alone did not prove it. */
    private Base told = Base.NONE;

    private long last;
    private int runs;
    private long[] runFirst = new long[16];
    private long[] runLocation = new long[16];
    private int terms;
    private long[] termEpoch = new long[4];
    private long[] termFirst = new long[4];
    /** The entries of kind CONFIG above the base, ascending; few. */
    private final List<Entry> configurations = new ArrayList<>();

    void promise(long epoch) {
        promised = Math.max(promised, epoch);
    }

    /** Entries {@code first … first + count − 1} of one epoch, in the batch at {@code location}. */
    void add(long epoch, long first, int count, long location) {
        while (runs > 0 && runFirst[runs - 1] >= first) {
            runs--;
        }
        while (terms > 0 && termFirst[terms - 1] >= first) {
            terms--;
        }
        if (!configurations.isEmpty()) {
            configurations.removeIf(entry -> entry.index() >= first);
        }
        if (terms == 0 || termEpoch[terms - 1] != epoch) {
            if (terms == termEpoch.length) {
                termEpoch = Arrays.copyOf(termEpoch, terms * 2);
                termFirst = Arrays.copyOf(termFirst, terms * 2);
            }
            termEpoch[terms] = epoch;
            termFirst[terms++] = first;
        }
        // A run that goes on in the same batch needs no second place.
        if (runs == 0 || runLocation[runs - 1] != location) {
            if (runs == runFirst.length) {
                runFirst = Arrays.copyOf(runFirst, runs * 2);
                runLocation = Arrays.copyOf(runLocation, runs * 2);
            }
            runFirst[runs] = first;
            runLocation[runs++] = location;
        }
        last = first + count - 1;
        promise(epoch);
    }

    /** An entry of kind CONFIG, which was {@link #add added} just now. */
    void configuration(Entry entry) {
        configurations.add(entry);
    }

    /** The log begins behind this entry; with {@code voids} nothing of what it had is left. */
    void base(Base next, boolean voids) {
        promise(next.epoch());
        if (!voids && next.index() <= last && next.index() >= base.index()) {
            cut(next);
        } else if (voids || next.index() > last) {
            runs = 0;
            terms = 0;
            configurations.clear();
            last = next.index();
            base = next;
            proven = true;
        } else {
            told = next;
        }
    }

    private void cut(Base next) {
        int gone = 0;
        while (gone < runs && (gone + 1 < runs ? runFirst[gone + 1] - 1 : last) <= next.index()) {
            gone++;
        }
        runs -= gone;
        System.arraycopy(runFirst, gone, runFirst, 0, runs);
        System.arraycopy(runLocation, gone, runLocation, 0, runs);
        if (runs > 0) {
            runFirst[0] = Math.max(runFirst[0], next.index() + 1);
        }
        gone = 0;
        while (gone < terms && (gone + 1 < terms ? termFirst[gone + 1] - 1 : last) <= next.index()) {
            gone++;
        }
        terms -= gone;
        System.arraycopy(termEpoch, gone, termEpoch, 0, terms);
        System.arraycopy(termFirst, gone, termFirst, 0, terms);
        if (terms > 0) {
            termFirst[0] = Math.max(termFirst[0], next.index() + 1);
        }
        configurations.removeIf(entry -> entry.index() <= next.index());
        base = next;
        proven = true;
    }

    /**
     * What stands before the first record of this group was in segments that are gone: if rightly so, its base says it later.
     */
    void beginsAt(long first) {
        runs = 0;
        terms = 0;
        configurations.clear();
        last = first - 1;
        // A base that was read before tells the epoch, which members that end there are asked for.
        boolean said = last > 0 && told.index() == last;
        base = said ? told : new Base(last, last == 0 ? Epoch.NONE : UNKNOWN_EPOCH, null);
        proven = last == 0 || said;
    }

    /** Whether the group has had no record so far. */
    boolean isEmpty() {
        return last == 0 && base.index() == 0;
    }

    boolean proven() {
        return proven;
    }

    /** The greatest base that was read: everything above it should be here. */
    long toldBase() {
        return Math.max(told.index(), proven ? base.index() : 0);
    }

    Base base() {
        return base;
    }

    long promised() {
        return promised;
    }

    /** What must hold of an entry that is about to be appended behind {@code last} of {@code epochAtLast}. */
    static void check(long last, long epochBefore, long epoch, long index) {
        Invariant.that(index <= last + 1, "entry %d would leave a hole behind %d", index, last);
        Invariant.that(epoch >= epochBefore, "entry of epoch %d would follow one of epoch %d", epoch, epochBefore);
    }

    /** The epoch of the entry at this index, {@link Epoch#NONE} below the base; at most {@link #last}. */
    long epochAt(long index) {
        for (int i = terms - 1; i >= 0; i--) {
            if (termFirst[i] <= index) {
                return termEpoch[i];
            }
        }
        return index == base.index() ? base.epoch() : Epoch.NONE;
    }

    /** First index of the last run of one epoch, the base's where nothing stands above it. */
    long lastEpochFirst() {
        return terms == 0 ? base.index() : termFirst[terms - 1];
    }

    long last() {
        return last;
    }

    /** Where the batch is that holds this index; the index must stand above the base and be at most {@link #last}. */
    long locationOf(long index) {
        return runLocation[runAt(index)];
    }

    /** Where the oldest batch is that is still needed; −1 where none is. */
    long oldestLocation() {
        return runs == 0 ? -1 : runLocation[0];
    }

    /** The last index that stands in a segment before this one; 0 where none does. */
    long lastBefore(long cycle) {
        int run = 0;
        while (run < runs && Location.cycle(runLocation[run]) < cycle) {
            run++;
        }
        return run == 0 ? 0 : run < runs ? runFirst[run] - 1 : last;
    }

    /** The runs that stand in this segment. */
    void runsIn(int cycle, long group, Consumer<LogScrub.Run> to) {
        for (int i = 0; i < runs; i++) {
            if (Location.cycle(runLocation[i]) == cycle) {
                long end = i + 1 < runs ? runFirst[i + 1] - 1 : last;
                to.accept(new LogScrub.Run(group, runFirst[i], end, runLocation[i]));
            }
        }
    }

    /** The last index that is in the same batch as this one and was not superseded from there. */
    long lastInBatchOf(long index) {
        int run = runAt(index);
        return run + 1 < runs ? runFirst[run + 1] - 1 : last;
    }

    private int runAt(long index) {
        int found = Arrays.binarySearch(runFirst, 0, runs, index);
        return found >= 0 ? found : -found - 2;
    }

    void relocate(LongUnaryOperator move) {
        for (int i = 0; i < runs; i++) {
            runLocation[i] = move.applyAsLong(runLocation[i]);
        }
    }

    Recovered recovered() {
        List<Recovered.Term> history = new ArrayList<>(terms);
        for (int i = 0; i < terms; i++) {
            history.add(new Recovered.Term(termEpoch[i], termFirst[i]));
        }
        return new Recovered(promised, base, List.copyOf(history), last, List.copyOf(configurations));
    }
}
