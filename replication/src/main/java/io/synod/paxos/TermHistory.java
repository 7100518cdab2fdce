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
 * log.
 */
final class TermHistory {
    private long[] epochs = new long[8];
    private long[] firsts = new long[8];
    private int size;
    private long last;

    TermHistory(Recovered recovered) {
        for (Recovered.Term term : recovered.terms()) {
            Invariant.that(term.epoch() > lastEpoch(), "term %d recovered behind %d", term.epoch(), lastEpoch());
            Invariant.that(
                    size == 0 ? term.firstIndex() == 1 : term.firstIndex() > firsts[size - 1],
                    "term %d recovered with first index %d",
                    term.epoch(),
                    term.firstIndex());
            push(term.epoch(), term.firstIndex());
        }
        last = recovered.lastIndex();
        Invariant.that(size == 0 ? last == 0 : last >= firsts[size - 1], "%d terms end at index %d", size, last);
    }

    long last() {
        return last;
    }

    /** {@link Epoch#NONE} for an empty log. */
    long lastEpoch() {
        return size == 0 ? Epoch.NONE : epochs[size - 1];
    }

    /** 0 for index 0 and below, −1 above the end. */
    long epochAt(long index) {
        if (index <= 0) {
            return 0;
        }
        return index > last ? -1 : epochs[runOf(index)];
    }

    /** The first index of the run that holds this index; 0 where no entry stands there. */
    long firstOfRun(long index) {
        return index <= 0 || index > last ? 0 : firsts[runOf(index)];
    }

    /** The greatest index, at most {@code limit}, whose epoch is at most {@code epoch}; 0 if there is none. */
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
        return 0;
    }

    void append(long epoch, long index) {
        Invariant.that(index >= 1 && index <= last + 1, "append at %d would leave a hole behind %d", index, last);
        while (size > 0 && firsts[size - 1] >= index) {
            size--;
        }
        last = index;
        long previous = lastEpoch();
        Invariant.that(epoch >= previous, "epoch %d appended behind epoch %d", epoch, previous);
        if (epoch != previous) {
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
