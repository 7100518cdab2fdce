package io.synod.engine.global;

import io.synod.branch.BranchRequest;

/** A transaction that is open in a session, here or through it on the leader of its database. */
@FunctionalInterface
public interface OpenBranch {
    /**
     * Prepares it. Called once, on another thread than the session's, which waits meanwhile.
     *
     * @return an index in the log of its database up to which it is to be seen; 0 where not known
     * @throws org.h2.message.DbException it is not prepared, or that is not known
     */
    long canCommit(BranchRequest.CanCommit request);
}
