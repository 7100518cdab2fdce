package io.synod.simulation;

import io.synod.branch.Branch;
import io.synod.branch.BranchMutant;
import io.synod.branch.Participant;
import java.util.List;

/** One way to break global transactions over replicated groups; each must be found by the simulation. */
enum GlobalMutant {
    NONE(BranchMutant.NONE, 1),
    /** Commits as soon as all have prepared. */
    NO_PRE_COMMIT(BranchMutant.NO_PRE_COMMIT, 1),
    ATTEMPTS_NOT_UNIQUE(BranchMutant.ATTEMPTS_NOT_UNIQUE, 31),
    /** Termination without attempt numbers, as Skeen's. */
    ANY_PRE_COMMIT_WINS(BranchMutant.ANY_PRE_COMMIT_WINS, 36),
    ACCEPT_BELOW_ELECTED(BranchMutant.ACCEPT_BELOW_ELECTED, 36),
    ALWAYS_ABORT(BranchMutant.ALWAYS_ABORT, 15),
    PREPARED_IS_ENOUGH(BranchMutant.PREPARED_IS_ENOUGH, 3),
    ABORT_AFTER_PRE_COMMIT(BranchMutant.ABORT_AFTER_PRE_COMMIT, 397),
    PRE_COMMIT_BY_MAJORITY(BranchMutant.PRE_COMMIT_BY_MAJORITY, 1),
    HALF_IS_A_MAJORITY(BranchMutant.HALF_IS_A_MAJORITY, 10),
    UNKNOWN_IS_NOT_REFUSED(BranchMutant.UNKNOWN_IS_NOT_REFUSED, 3),

    // What follows needs groups that are replicated.

    /** A leader answers what its group may lose yet. */
    ANSWER_BEFORE_COMMITTED(BranchMutant.NONE, 1),
    /** The same for the decision only. */
    DECISION_ANSWERED_BEFORE_COMMITTED(BranchMutant.NONE, 1),
    /** Another entry was committed at the place where a deposed leader waits for its own. */
    DEPOSED_LEADER_ANSWERS(BranchMutant.NONE, 64),
    /** What is to commit and is not known here must have been forgotten: says a leader that is deposed and does not know it. */
    UNKNOWN_COMMIT_IS_ACKNOWLEDGED(BranchMutant.NONE, 338),
    /** The leader knows the locks of what was prepared under it, not of what its predecessors prepared. */
    LOCKS_LOST_IN_FAILOVER(BranchMutant.NONE, 1),
    /** Branches that are prepared are not in a snapshot. */
    PREPARED_LOST_IN_SNAPSHOT(BranchMutant.NONE, 1),
    /** Branches that are prepared are not in the checkpoint. */
    PREPARED_LOST_IN_RESTART(BranchMutant.NONE, 1),
    /** A participant that has not prepared forgets that it refused. */
    REFUSED_FORGOTTEN(BranchMutant.NONE, 4),
    /** Whoever decides lets all forget it, some of whom do not know yet. */
    FORGOTTEN_WHEN_DECIDED(BranchMutant.NONE, 1),
    /** It is forgotten as soon as all participants know it, while others may still ask. */
    FORGOTTEN_WHEN_ALL_KNOW(BranchMutant.NONE, 4),
    /** A participant that has pre-committed and hears nothing commits. */
    TIME_OUT_IN_PRE_COMMIT(BranchMutant.NONE, 11),
    /** A participant that has prepared and hears nothing aborts. */
    TIME_OUT_IN_PREPARED(BranchMutant.NONE, 11),
    /** All participants weigh the same. */
    HOME_WEIGHT_IGNORED(BranchMutant.NONE, 27),
    /** A participant votes yes though its leader, with the locks, was lost between write and vote. */
    VOTES_AFTER_LOST_LEADER(BranchMutant.NONE, 1);

    final BranchMutant branch;
    /** A seed that finds it; others do too. */
    final long foundBy;

    GlobalMutant(BranchMutant branch, long foundBy) {
        this.branch = branch;
        this.foundBy = foundBy;
    }

    Branch branch(String gid, String home, List<String> databases) {
        return this == HOME_WEIGHT_IGNORED
                ? new Branch(
                        gid,
                        home,
                        databases.stream().map(name -> new Participant(name, 1)).toList())
                : Branch.of(gid, home, databases);
    }
}
