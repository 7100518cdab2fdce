package io.synod.replica;

import io.synod.group.Entry;

/**
 * The state machine behind a group's log. Calls come one at a time, with a happens-before between them, by whichever
 * thread holds the apply baton: a client that waits for its own commit, or the apply thread.
 */
public interface Applier {
    /** The index up to which this state machine stands; read once, when the group opens. */
    long appliedIndex();

    /**
     * Applies a committed entry: index by index, without a hole. Must not throw for anything that the entry's author could
     * have caused; what it throws stops the group on this node.
     *
     * @param proposal the proposal that put it into the log, if it was made on this node in the current leadership and
     *     its local work is still open; else {@code null} and the entry's payload is all there is
     */
    void apply(Entry entry, Proposal proposal);

    /**
     * Which entries of other groups are to be forced together with this one, if they come soon. Asked on any thread, about entries that
     * are not committed; must not block, nor throw.
     *
     * @return {@code null} for none
     */
    default Siblings siblings(Entry entry) {
        return null;
    }

    /**
     * This node led and does so no longer: undo all local work that has not been applied, before anything else is applied.
     * Also called with proposals of its own still undecided: those come back through {@link #apply} without a proposal,
     * or never.
     */
    void onDeposed();

    /**
     * The role of this node in the group changed; informational, from any thread, in order, must not block.
     *
     * @param leader name of the leading node, {@code null} where none is known
     * @param serving whether this node leads and takes proposals
     */
    void onRole(String leader, long epoch, boolean serving);

    /** The group has stopped on this node, for ever: a failed force, damage, a broken invariant. */
    void onStopped(Throwable cause);
}
