package io.synod.branch;

/** What a group's log says of a branch. An entry that comes too late is void: {@link Participation} tells. */
public sealed interface BranchEntry {
    /** The name of the global transaction. */
    String gid();

    /**
     * Can commit: its write set and its locks are here.
     *
     * @param attempt the coordinator's
     */
    record Prepared(Branch branch, Attempt attempt) implements BranchEntry {
        @Override
        public String gid() {
            return branch.gid();
        }
    }

    /** Cannot commit, and never will. */
    record Refused(String gid) implements BranchEntry {}

    /** No lower attempt is taken any more. */
    record Elected(String gid, Attempt attempt) implements BranchEntry {}

    /** Pre-commit or pre-abort. */
    record Accepted(String gid, Attempt attempt, boolean commit) implements BranchEntry {}

    /** Do-commit or do-abort: the write set is applied, or dropped, at this place in the log. */
    record Decided(String gid, boolean commit) implements BranchEntry {}

    /**
     * All participants know the decision, and nobody is left who could ask: neither its coordinator, nor a termination on a leader that is
     * deposed and does not know it, nor a request on its way. Whoever asked would be refused, and take that for an abort.
     */
    record Forgotten(String gid) implements BranchEntry {}
}
