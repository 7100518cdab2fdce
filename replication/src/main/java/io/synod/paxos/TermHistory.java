package io.synod.paxos;

import io.synod.group.Epoch;
import io.synod.group.Invariant;
import io.synod.group.Recovered;
import java.util.Arrays;

/**
 * Which epoch each entry of the log has, as runs (epoch, first index); all that the protocol needs to know of the log's
 * content. Comparing two of these finds where two logs part without reading an entry.
 *
 * <p>Fold rule: an append at an index voids whatever stood there and above. It is therefore the only way to shorten the
 * log at its end; at its start {@link #cut} and {@link #restart} do. What stood before the start is not known any more,
 * but for the epoch of the last such entry, without which nobody could be sent the first one that is left.
 */
final class TermHistory {
    /** No entry stands there. */
    static final long ABSENT = -1;
    /** What stood there is not known any more. */
    static final long CUT = -2;

    private long[] epochs = new long[8];
    private long[] firsts = new long[8];
    private int size;
    private long last;
    private long base;
    private long baseEpoch;

    TermHistory(Recovered recovered) {
        base = recovered.base().index();
        baseEpoch = recovered.base().epoch();
        for (Recovered.Term term : recovered.terms()) {
            Invariant.that(
                    size == 0 ? term.epoch() >= baseEpoch : term.epoch() > lastEpoch(),
                    "term %d recovered behind %d",
                    term.epoch(),
                    lastEpoch());
            Invariant.that(
                    size == 0 ? term.firstIndex() == base + 1 : term.firstIndex() > firsts[size - 1],
                    "term %d recovered with first index %d",
                    term.epoch(),
                    term.firstIndex());
            push(term.epoch(), term.firstIndex());
        }
        last = recovered.lastIndex();
        Invariant.that(size == 0 ? last == base : last >= firsts[size - 1], "%d terms end at index %d", size, last);
    }

    long last() {
        return last;
    }

    /** Entries at this index and below are not in the log any more. */
    long base() {
        return base;
    }

    /** {@link Epoch#NONE} where there never was an entry. */
    long lastEpoch() {
        return size == 0 ? baseEpoch : epochs[size - 1];
    }

    /** 0 for index 0 and below, {@link #ABSENT} above the end, {@link #CUT} below the base. */
    long epochAt(long index) {
        if (index > base) {
            return index > last ? ABSENT : epochs[runOf(index)];
        }
        return index <= 0 ? 0 : index == base ? baseEpoch : CUT;
    }

    /** The first index of the run that holds this index; 0 where no entry stands there. */
    long firstOfRun(long index) {
        return index <= base || index > last ? 0 : firsts[runOf(index)];
    }

    /**
     * The greatest index, at most {@code limit}, whose epoch is at most {@code epoch}; 0 where there is none, or none that is
     * known of any more.
     */
    long lastWithEpochAtMost(long epoch, long limit) {
        long end = Math.min(limit, last);
        for (int run = size - 1; run >= 0; run--) {
            if (firsts[run] <= end) {
                if (epochs[run] <= epoch) {
                    return end;
                }
                end = firsts[run] - 1;
            }
        }
        return base <= limit && baseEpoch <= epoch ? base : 0;
    }

    /** The log forgets what stands up to this index. */
    void cut(long index) {
        Invariant.that(index >= base && index <= last, "cut at %d, log ends at %d", index, last);
        baseEpoch = epochAt(index);
        base = index;
        int gone = 0;
        while (gone < size && (gone + 1 < size ? firsts[gone + 1] - 1 : last) <= index) {
            gone++;
        }
        size -= gone;
        System.arraycopy(epochs, gone, epochs, 0, size);
        System.arraycopy(firsts, gone, firsts, 0, size);
        if (size > 0) {
            firsts[0] = Math.max(firsts[0], index + 1);
        }
    }

    /** The log forgets all it has and goes on behind this entry. */
    void restart(long index, long epoch) {
        Invariant.that(index > base, "log restarts behind %d, base is %d", index, base);
        size = 0;
        base = index;
        baseEpoch = epoch;
        last = index;
    }

    void append(long epoch, long index) {
        Invariant.that(index > base && index <= last + 1, "append at %d would leave a hole behind %d", index, last);
        while (size > 0 && firsts[size - 1] >= index) {
            size--;
        }
        last = index;
        long previous = lastEpoch();
        Invariant.that(epoch >= previous, "epoch %d appended behind epoch %d", epoch, previous);
        if (size == 0 || epoch != previous) {
            push(epoch, index);
        }
    }

    private void push(long epoch, long first) {
        if (size == epochs.length) {
            epochs = Arrays.copyOf(epochs, size * 2);
            firsts = Arrays.copyOf(firsts, size * 2);
        }
        epochs[size] = epoch;
        firsts[size++] = first;
    }

    /** Nearly always the newest run, so from the end. */
    private int runOf(long index) {
        int run = size - 1;
        while (firsts[run] > index) {
            run--;
        }
        return run;
    }
}
