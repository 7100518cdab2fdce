package io.synod.group;

/**
 * One record of a group's logical log. The payload is shared, never copied: nobody may change it.
 *
 * @param epoch the epoch in which it was first proposed
 * @param index 1, 2, 3 … without holes
 */
public record Entry(long epoch, long index, EntryKind kind, byte[] payload) {
    private static final byte[] NOTHING = new byte[0];

    public Entry {
        Invariant.that(index > 0, "entry index %d, expected 1 or more (epoch %d)", index, epoch);
        Invariant.that(epoch > 0, "entry epoch %d, expected 1 or more (index %d)", epoch, index);
    }

    public static Entry barrier(long epoch, long index) {
        return new Entry(epoch, index, EntryKind.BARRIER, NOTHING);
    }

    /** Bytes that it takes, roughly, in the log and on the wire. */
    public int size() {
        return payload.length + 40;
    }

    @Override
    public String toString() {
        return kind + "#" + index + "@" + Epoch.toString(epoch) + "[" + payload.length + "]";
    }
}
