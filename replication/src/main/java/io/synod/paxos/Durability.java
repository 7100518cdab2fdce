package io.synod.paxos;

import io.synod.group.Invariant;
import java.util.Arrays;

/**
 * Turns "so many persist effects are forced" into "so much of the log is forced". Appends that are not yet forced are
 * kept as runs: consecutive persist numbers with consecutive indexes.
 */
final class Durability {
    private long[] startNumber = new long[8];
    private long[] startIndex = new long[8];
    private long[] length = new long[8];
    private int runs;

    private long given;
    private long forced;
    private long durable;
    private long pendingSinceNanos;

    Durability(long durable) {
        this.durable = durable;
    }

    /** The last index that is forced as it stands in the log now. Falls when an append voids forced entries. */
    long durable() {
        return durable;
    }

    /** Persist effects given so far. */
    long given() {
        return given;
    }

    long forced() {
        return forced;
    }

    /**
     * How long the oldest effect that is not forced has been waiting, at least since the last force, and since this process
     * last stood still: what the disk did meanwhile is not known.
     */
    long lagNanos(long now) {
        return forced == given ? 0 : now - pendingSinceNanos;
    }

    /** This process stood still until now. */
    void resumed(long now) {
        pendingSinceNanos = now;
    }

    /** @return the number of this persist effect */
    long promise(long now) {
        return next(now);
    }

    /** The log begins behind an earlier entry than before, which changes nothing of what is forced. */
    void cut(long now) {
        next(now);
    }

    /**
     * The log begins anew behind this entry. That much is durable already, in the state machine; the record only repeats it,
     * and goes to disk before any entry behind it.
     */
    void restart(long index, long now) {
        next(now);
        runs = 0;
        durable = index;
    }

    void append(long index, boolean voids, long now) {
        long number = next(now);
        if (voids) {
            voidFrom(index);
        }
        int run = runs - 1;
        if (run >= 0 && startNumber[run] + length[run] == number && startIndex[run] + length[run] == index) {
            length[run]++;
            return;
        }
        if (runs == startNumber.length) {
            startNumber = Arrays.copyOf(startNumber, runs * 2);
            startIndex = Arrays.copyOf(startIndex, runs * 2);
            length = Arrays.copyOf(length, runs * 2);
        }
        startNumber[runs] = number;
        startIndex[runs] = index;
        length[runs++] = 1;
    }

    /** @return whether {@link #durable()} rose */
    boolean onForced(long persisted, long now) {
        Invariant.that(persisted <= given, "%d persist effects forced, %d given", persisted, given);
        if (persisted <= forced) {
            return false;
        }
        forced = persisted;
        pendingSinceNanos = now;
        long before = durable;
        int done = 0;
        for (int run = 0; run < runs && startNumber[run] <= persisted; run++) {
            long count = Math.min(length[run], persisted - startNumber[run] + 1);
            durable = Math.max(durable, startIndex[run] + count - 1);
            if (count == length[run]) {
                done = run + 1;
            }
        }
        if (done > 0) {
            runs -= done;
            System.arraycopy(startNumber, done, startNumber, 0, runs);
            System.arraycopy(startIndex, done, startIndex, 0, runs);
            System.arraycopy(length, done, length, 0, runs);
        }
        return durable > before;
    }

    private long next(long now) {
        if (forced == given) {
            pendingSinceNanos = now;
        }
        return ++given;
    }

    private void voidFrom(long index) {
        durable = Math.min(durable, index - 1);
        while (runs > 0 && startIndex[runs - 1] >= index) {
            runs--;
        }
        if (runs > 0) {
            length[runs - 1] = Math.min(length[runs - 1], index - startIndex[runs - 1]);
        }
    }
}
