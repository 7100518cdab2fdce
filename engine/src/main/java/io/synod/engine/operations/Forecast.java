package io.synod.engine.operations;

import io.synod.branch.Branch;
import io.synod.branch.BranchState;
import io.synod.branch.Participant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * What the databases of a global transaction will do with it, by what each of them knows: as {@link io.synod.branch.Termination} does.
 *
 * @param text for the user
 * @param waits whether it cannot go on before some database has a leader again
 */
record Forecast(String text, boolean waits) {
    /**
     * @param states by database; {@code null} for one that has no leader
     * @throws IllegalArgumentException when that is not all participants
     */
    static Forecast of(Branch branch, Map<String, BranchState> states) {
        for (Participant participant : branch.participants()) {
            if (!states.containsKey(participant.database())) {
                throw new IllegalArgumentException("nothing is said of " + participant.database());
            }
        }
        List<String> silent = those(branch, states, state -> state == null);
        String without = silent.isEmpty() ? "" : "; " + names(silent) + ": as soon as there is a leader";
        List<String> undecided = those(branch, states, state -> state != null && !state.isDecided());
        for (BranchState end : List.of(BranchState.COMMITTED, BranchState.ABORTED)) {
            List<String> ended = those(branch, states, state -> state == end);
            if (!ended.isEmpty()) {
                String how = end == BranchState.COMMITTED ? "commits" : "is rolled back";
                return new Forecast(
                        how + " in " + names(undecided.isEmpty() ? silent : undecided) + ": it is decided in "
                                + names(ended) + (undecided.isEmpty() ? "" : without),
                        !silent.isEmpty());
            }
        }
        if (!isMajority(branch, states, state -> state != null)) {
            return new Forecast("waits for a majority of its databases: " + names(silent) + " without a leader", true);
        }
        List<String> unknown = those(branch, states, state -> state == BranchState.UNKNOWN);
        if (!unknown.isEmpty()) {
            return new Forecast(
                    "is rolled back, unless its coordinator goes on: it is not prepared in " + names(unknown) + without,
                    false);
        }
        return new Forecast(undecided(branch, states) + without, false);
    }

    private static String undecided(Branch branch, Map<String, BranchState> states) {
        List<String> commit = those(branch, states, state -> state == BranchState.PRECOMMITTED);
        List<String> abort = those(branch, states, state -> state == BranchState.PREABORTED);
        if (!commit.isEmpty() && !abort.isEmpty()) {
            return "ends as its latest attempt wanted to, of which the databases know";
        } else if (isMajority(branch, states, state -> state == BranchState.PRECOMMITTED)) {
            return "commits: a majority has pre-committed";
        } else if (!commit.isEmpty()) {
            return "commits, unless a majority without " + names(commit) + " answers first: then it is rolled back";
        }
        return abort.isEmpty()
                ? "is rolled back, unless its coordinator goes on: none of its databases is known to have pre-committed"
                : "is rolled back: " + names(abort) + " has pre-aborted";
    }

    private static boolean isMajority(Branch branch, Map<String, BranchState> states, Predicate<BranchState> of) {
        int weight = 0;
        int all = 0;
        for (Participant participant : branch.participants()) {
            all += participant.weight();
            weight += of.test(states.get(participant.database())) ? participant.weight() : 0;
        }
        return 2 * weight > all;
    }

    private static List<String> those(Branch branch, Map<String, BranchState> states, Predicate<BranchState> of) {
        List<String> found = new ArrayList<>();
        for (Participant participant : branch.participants()) {
            if (of.test(states.get(participant.database()))) {
                found.add(participant.database());
            }
        }
        return found;
    }

    private static String names(List<String> names) {
        return String.join(", ", names);
    }
}
