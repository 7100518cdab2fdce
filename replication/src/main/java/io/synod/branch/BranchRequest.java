package io.synod.branch;

/** What the leader of a participant is asked for. Each is answered with its {@link BranchStanding} after that, and may be sent again. */
public sealed interface BranchRequest {
    /** The name of the global transaction. */
    String gid();

    /** Prepare the branch that is open there, or refuse it. */
    record CanCommit(Branch branch, Attempt attempt) implements BranchRequest {
        @Override
        public String gid() {
            return branch.gid();
        }
    }

    /** Take nothing of a lower attempt, and say how far it has come. */
    record Elect(String gid, Attempt attempt) implements BranchRequest {}

    /** Pre-commit or pre-abort. */
    record Accept(String gid, Attempt attempt, boolean commit) implements BranchRequest {}

    /** Do-commit or do-abort. */
    record Decide(String gid, boolean commit) implements BranchRequest {}
}
