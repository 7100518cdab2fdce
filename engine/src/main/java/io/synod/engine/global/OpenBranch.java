package io.synod.engine.global;

import io.synod.branch.BranchRequest;

/** A transaction that is open in a session, here or through it on the leader of its database. */
public interface OpenBranch {
    /** Whether another node leads its database: who prepares it waits for that node's answer all the time. */
    boolean isElsewhere();

    /**
     * Prepares it. Called once, on the thread that commits or on another one while that one waits.
     *
     * @param meanwhile is run while the log is waited for, or not at all
     * @return an index in the log of its database up to which it is to be seen; 0 where not known
     * @throws org.h2.message.DbException it is not prepared, or that is not known
     */
    long canCommit(BranchRequest.CanCommit request, Runnable meanwhile);
}
