package io.synod.branch;

import java.util.Comparator;

/**
 * A try to decide a global transaction. No two are equal: whoever makes one takes a number above all that it has seen, and what
 * makes it its own. Numbers that two share let them decide differently (Keidar and Dolev (1998) get unique ones from an election).
 *
 * @param number 1 is the coordinator's own
 * @param slot of the member that makes it, within the cluster
 * @param serial never used twice by that member, whatever happens to it
 */
public record Attempt(long number, int slot, long serial) implements Comparable<Attempt> {
    /** Below every attempt. */
    public static final Attempt NONE = new Attempt(0, 0, 0);

    private static final Comparator<Attempt> ORDER = Comparator.comparingLong(Attempt::number)
            .thenComparingInt(Attempt::slot)
            .thenComparingLong(Attempt::serial);

    /** @throws IllegalArgumentException for numbers that cannot be */
    public Attempt {
        if (number < 0 || slot < 0 || serial < 0) {
            throw new IllegalArgumentException(
                    "attempt (" + number + ", " + slot + ", " + serial + "), expected no negative number");
        }
    }

    @Override
    public int compareTo(Attempt other) {
        return ORDER.compare(this, other);
    }

    boolean isAbove(Attempt other) {
        return compareTo(other) > 0;
    }

    static Attempt max(Attempt one, Attempt other) {
        return one.isAbove(other) ? one : other;
    }
}
