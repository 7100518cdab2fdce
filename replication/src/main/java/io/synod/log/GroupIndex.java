package io.synod.log;

import io.synod.group.Epoch;
import io.synod.group.Invariant;
import io.synod.group.Recovered;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongUnaryOperator;

/**
 * What one group has in the log and where: runs of entries that stand in one batch, the term history, the greatest
 * promise. Two longs per run, none per entry.
 *
 * <p>{@link #add} is the fold rule: a run voids all that the group had at its first index and above, whatever its epoch.
 * "The last one written per index" would be wrong: after (1,5) (1,6) (1,7) then (3,5) it would bring back 6 and 7 of epoch
 * 1 behind 5 of epoch 3. Not thread-safe.
 */
final class GroupIndex {
    private long promised;
    private long last;
    private int runs;
    private long[] runFirst = new long[16];
    private long[] runLocation = new long[16];
    private int terms;
    private long[] termEpoch = new long[4];
    private long[] termFirst = new long[4];

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

    /** What must hold of an entry that is about to be appended behind {@code last} of {@code epochAtLast}. */
    static void check(long last, long epochBefore, long epoch, long index) {
        Invariant.that(index <= last + 1, "entry %d would leave a hole behind %d", index, last);
        Invariant.that(epoch >= epochBefore, "entry of epoch %d would follow one of epoch %d", epoch, epochBefore);
    }

    /** The epoch of the entry at this index, {@link Epoch#NONE} for index 0; the index must be at most {@link #last}. */
    long epochAt(long index) {
        for (int i = terms - 1; i >= 0; i--) {
            if (termFirst[i] <= index) {
                return termEpoch[i];
            }
        }
        return Epoch.NONE;
    }

    /** First index of the last run of one epoch, 0 for an empty log. */
    long lastEpochFirst() {
        return terms == 0 ? 0 : termFirst[terms - 1];
    }

    long last() {
        return last;
    }

    /** Where the batch is that holds this index; the index must be 1 … {@link #last}. */
    long locationOf(long index) {
        return runLocation[runAt(index)];
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
        return new Recovered(promised, List.copyOf(history), last);
    }
}
