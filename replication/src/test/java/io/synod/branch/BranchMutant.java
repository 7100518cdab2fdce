package io.synod.branch;

import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/** One way to break three-phase commit; each must be found by the simulation. */
public enum BranchMutant {
    NONE(new CommitRules()),
    /** Two-phase commit by another name: whoever terminates cannot know that it was decided. */
    NO_PRE_COMMIT(new CommitRules()),
    /** A group answers what its log may lose. */
    ANSWER_BEFORE_COMMITTED(new CommitRules()),
    /** A new leader does not know the last entry of its group. */
    STATE_LOST_IN_FAILOVER(new CommitRules()),
    /** Numbers that two terminations may share. */
    ATTEMPTS_NOT_UNIQUE(new CommitRules()),
    /** Terminations do not take a number above what they have seen. */
    ATTEMPTS_DO_NOT_GROW(new CommitRules() {
        @Override
        Attempt next(Attempt seen, int slot, long serial) {
            return new Attempt(2, slot, serial);
        }
    }),
    /** An attempt is accepted after a higher one was promised. */
    ACCEPT_BELOW_ELECTED(new CommitRules() {
        @Override
        boolean accepts(Attempt attempt, Attempt elected) {
            return true;
        }
    }),
    /** Whatever was accepted before, abort is safe. */
    ALWAYS_ABORT(new CommitRules() {
        @Override
        boolean choice(Collection<BranchStanding> promises) {
            return false;
        }
    }),
    /** One pre-commit among the answers is enough to commit, whatever a higher attempt has accepted: Skeen without attempt numbers. */
    ANY_PRE_COMMIT_WINS(new CommitRules() {
        @Override
        boolean choice(Collection<BranchStanding> promises) {
            return promises.stream().anyMatch(promise -> promise.state() == BranchState.PRECOMMITTED);
        }
    }),
    /** All that answer have prepared: so commit. */
    PREPARED_IS_ENOUGH(new CommitRules() {
        @Override
        boolean choice(Collection<BranchStanding> promises) {
            return promises.stream().noneMatch(promise -> promise.state() == BranchState.PREABORTED);
        }
    }),
    /** The coordinator aborts when its pre-commit is not answered in time. */
    ABORT_AFTER_PRE_COMMIT(new CommitRules() {
        @Override
        boolean mayAbort(boolean preCommitSent) {
            return true;
        }
    }),
    /** A majority that has prepared is taken for all. */
    PRE_COMMIT_BY_MAJORITY(new CommitRules() {
        @Override
        boolean mayPreCommit(Branch branch, Set<String> prepared) {
            return isMajority(branch, prepared);
        }
    }),
    /** Half of the weight is taken for a majority. */
    HALF_IS_A_MAJORITY(new CommitRules() {
        @Override
        boolean isMajority(Branch branch, Set<String> participants) {
            return 2 * participants.size() >= branch.participants().size();
        }
    }),
    /** A group that does not know the branch says so and forgets that it was asked. */
    UNKNOWN_IS_NOT_REFUSED(new CommitRules() {
        @Override
        boolean refusesUnknown() {
            return false;
        }
    });

    final CommitRules rules;

    BranchMutant(CommitRules rules) {
        this.rules = rules;
    }

    public Participation participation() {
        return new Participation(rules);
    }

    public Termination termination(
            Branch branch,
            int slot,
            LongSupplier serials,
            Termination.Timing timing,
            RandomGenerator random,
            Termination.Effects effects) {
        return new Termination(branch, slot(slot), () -> serial(serials.getAsLong()), timing, random, effects, rules);
    }

    public Coordinator coordinator(
            Branch branch,
            Attempt attempt,
            Termination termination,
            Termination.Timing timing,
            Termination.Effects effects,
            long now,
            long giveUpAfter) {
        return new Coordinator(branch, attempt, termination, timing, effects, now, giveUpAfter, rules);
    }

    /** Commits without a majority that has accepted it, whatever the coordinator thinks. */
    public static void commitAtOnce(Termination termination, long now) {
        termination.spread(true, now);
    }

    int slot(int slot) {
        return this == ATTEMPTS_NOT_UNIQUE ? 0 : slot;
    }

    long serial(long serial) {
        return this == ATTEMPTS_NOT_UNIQUE ? 0 : serial;
    }

    Branch branch(String gid, String home, List<String> databases) {
        return Branch.of(gid, home, databases);
    }

    /** What a group logs for a request. */
    BranchEntry entry(BranchEntry right, BranchRequest request, boolean able) {
        return right;
    }
}
