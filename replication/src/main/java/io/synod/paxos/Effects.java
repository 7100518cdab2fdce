package io.synod.paxos;

import io.synod.group.Base;
import io.synod.group.Entry;

/**
 * What a step of {@link GroupState} wants done, in this order. Production ({@code io.synod.replica}) and the simulator
 * each implement it; the state never learns which.
 *
 * <p>{@link #append}, {@link #promise} and {@link #base} are <em>persist effects</em>: they are carried out in the order in which they
 * were given, and once a force covered them the runner calls {@link GroupState#onForced} with the number of persist
 * effects of this group that are durable. Sends may be carried out before that, and may be lost.
 */
public interface Effects {
    /** Write this entry; it voids whatever the group has at its index and above. */
    void append(Entry entry);

    /** Write the promise of this epoch. */
    void promise(long epoch);

    /**
     * Write that the group's log begins behind {@code base}. With {@code voids} it has nothing of the group any more; without, all
     * that stands above stays. A persist effect as well.
     */
    void base(Base base, boolean voids);

    /**
     * See to it that this member gets a snapshot of the state machine that covers at least this index. Asked again while it is
     * needed; nothing is promised.
     */
    void offerSnapshot(int toSlot, long atLeast);

    /** Control traffic: never waits behind entries. */
    void send(int toSlot, Message message);

    /**
     * Data traffic: send {@code accept} (whose entries are empty) with the entries {@code from … to} of the log put in;
     * split into several messages, each with its own previous index, where they are many.
     */
    void ship(int toSlot, Message.Accept accept, long from, long to);

    /** Data traffic: answer a fetch with the entries {@code from … to}, cut short after a bounded number of bytes. */
    void donate(int toSlot, Message.Fetched header, long from, long to);

    /** Data traffic: the acknowledgement of entries. */
    void accepted(int toSlot, Message.Accepted accepted);

    /** The commit index has moved to this index. */
    void committed(long index);

    /** The role or the known leader has changed; {@code leaderSlot} is 0 where none is known. */
    void roleChanged(Role role, long epoch, int leaderSlot);

    /**
     * This member is committed to be none any more, by the configuration at this index or an earlier one: it does not stand, and
     * nobody counts it. Said once.
     */
    void removed(long configuration);

    /** Why leadership moves, or somebody stands for it, and how long that took; for people, in one line. */
    default void notice(String what) {}

    /** A linearizable read that was asked for under this ticket may be made once {@code index} is applied here. */
    void readable(long ticket, long index);

    /** The read cannot be confirmed now: ask again, the leader may be {@code leaderHint} (0: unknown). */
    void notReadable(long ticket, int leaderHint);
}
