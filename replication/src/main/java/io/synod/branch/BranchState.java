package io.synod.branch;

/** Where a branch stands in its group; the letters are Skeen's. */
public enum BranchState {
    /** q: the group knows nothing of it, or has forgotten what all know. */
    UNKNOWN,
    /** w: its write set and its locks are durable, it can commit and can abort. */
    PREPARED,
    /** pc: an attempt to commit has been here. */
    PRECOMMITTED,
    /** pa: an attempt to abort has been here. */
    PREABORTED,
    /** c: for good. */
    COMMITTED,
    /** a: for good; also of a branch that was refused before it was prepared. */
    ABORTED;

    /** Whether it ends here. */
    public boolean isDecided() {
        return this == COMMITTED || this == ABORTED;
    }

    static BranchState pre(boolean commit) {
        return commit ? PRECOMMITTED : PREABORTED;
    }

    /** How a branch stands whose transaction has ended so. */
    public static BranchState decided(boolean commit) {
        return commit ? COMMITTED : ABORTED;
    }
}
