package io.synod.branch;

/**
 * What a group answers to every request about a branch: how it stands after the entry that the request led to was committed in
 * the group. Promise, acknowledgement and refusal are all read from it.
 *
 * @param elected the highest attempt that the group has promised: it takes nothing of a lower one any more
 * @param accepted the attempt whose pre-commit or pre-abort it has taken last; {@link Attempt#NONE} for none
 */
public record BranchStanding(BranchState state, Attempt elected, Attempt accepted) {
    /** Of a branch that the group does not know. */
    public static final BranchStanding UNKNOWN = new BranchStanding(BranchState.UNKNOWN, Attempt.NONE, Attempt.NONE);

    /** @throws IllegalArgumentException for what no group answers */
    public BranchStanding {
        if (accepted.isAbove(elected)) {
            throw new IllegalArgumentException("accepted " + accepted + " without having elected it, but " + elected);
        }
    }

    /** Whether the group has taken this outcome of this attempt, and nothing above it. */
    boolean hasAccepted(Attempt attempt, boolean commit) {
        return state == BranchState.pre(commit) && accepted.equals(attempt);
    }
}
