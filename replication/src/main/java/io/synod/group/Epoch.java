package io.synod.group;

/**
 * The Paxos ballot as one number that only grows: a round (40 bits) made total by the slot of the node that started it
 * (24 bits). Kept as a plain {@code long}, because epochs are compared on the commit path.
 *
 * <p>Source: Lamport, Paxos Made Simple (2001), section 2.2: proposal numbers are disjoint per proposer.
 */
public final class Epoch {
    /** Before any election: smaller than every epoch. */
    public static final long NONE = 0;

    private static final int SLOT_BITS = 24;
    private static final long SLOT_MASK = (1L << SLOT_BITS) - 1;

    /** No member has a greater one. */
    public static final int SLOT_MAX = (int) SLOT_MASK;

    private static final long MAX_ROUND = (1L << 39) - 1;

    private Epoch() {}

    /**
     * @param round 1 or more
     * @param slot the slot of the starting member, 1 or more
     */
    public static long of(long round, int slot) {
        Invariant.that(round > 0 && round <= MAX_ROUND, "round %d out of range, limit %d", round, MAX_ROUND);
        Invariant.that(slot > 0 && slot <= SLOT_MAX, "slot %d out of range, limit %d", slot, SLOT_MAX);
        return round << SLOT_BITS | slot;
    }

    public static long round(long epoch) {
        return epoch >>> SLOT_BITS;
    }

    public static int slot(long epoch) {
        return (int) (epoch & SLOT_MASK);
    }

    /** {@code round.slot}, for messages. */
    public static String toString(long epoch) {
        return epoch == NONE ? "none" : round(epoch) + "." + slot(epoch);
    }
}
