package io.synod.group;

/**
 * Where a group's log begins: what stood at this index and below is no longer in it, but in the state machine. The epoch is
 * kept because the entry behind it names the one before.
 *
 * @param index 0 where the log begins with the first entry
 * @param epoch of the entry at that index
 * @param members the configuration in force there; {@code null} where that is still the one the group was opened with
 */
public record Base(long index, long epoch, Members members) {
    public static final Base NONE = new Base(0, Epoch.NONE, null);

    public Base {
        Invariant.that(index >= 0, "a log begins behind index %d of epoch %d", index, epoch);
        Invariant.that(index == 0 == (epoch == Epoch.NONE), "a log begins behind index %d of epoch %d", index, epoch);
    }

    @Override
    public String toString() {
        return "base #" + index + "@" + Epoch.toString(epoch);
    }
}
