package io.synod.branch;

import java.util.Collection;
import java.util.Set;

/**
 * The conditions that atomicity across groups hangs on, in one place, each with what it prevents. Production uses them as they
 * stand; tests override one at a time to show that the simulator finds what goes wrong.
 */
class CommitRules {
    /** An attempt may choose by what it was told only if nothing below it is accepted afterwards. */
    boolean elects(Attempt attempt, Attempt elected) {
        return attempt.isAbove(elected);
    }

    /** See {@link #elects}. */
    boolean accepts(Attempt attempt, Attempt elected) {
        return !elected.isAbove(attempt);
    }

    /** Otherwise a group could prepare, and vote yes, after somebody has aborted because it had not. */
    boolean refusesUnknown() {
        return true;
    }

    /** A group that has not prepared could not commit. */
    boolean mayPreCommit(Branch branch, Set<String> prepared) {
        return prepared.size() == branch.participants().size();
    }

    /** Once a pre-commit is out, somebody may have decided to commit by it. */
    boolean mayAbort(boolean preCommitSent) {
        return !preCommitSent;
    }

    /** Any two of them have a participant in common, who has logged the lower attempt before it was asked for the higher one. */
    boolean isMajority(Branch branch, Set<String> participants) {
        int weight = 0;
        int all = 0;
        for (Participant participant : branch.participants()) {
            all += participant.weight();
            weight += participants.contains(participant.database()) ? participant.weight() : 0;
        }
        return 2 * weight > all;
    }

    /** What may have been decided by the highest attempt before is carried on; otherwise nothing has been, and abort is always right. */
    boolean choice(Collection<BranchStanding> promises) {
        BranchStanding highest = BranchStanding.UNKNOWN;
        for (BranchStanding promise : promises) {
            if (promise.accepted().isAbove(highest.accepted())) {
                highest = promise;
            }
        }
        return highest.state() == BranchState.PRECOMMITTED;
    }

    /** An attempt that is not above all others would be refused, or be another's. */
    Attempt next(Attempt seen, int slot, long serial) {
        return new Attempt(seen.number() + 1, slot, serial);
    }
}
