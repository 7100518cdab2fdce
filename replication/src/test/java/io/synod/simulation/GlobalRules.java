package io.synod.simulation;

import io.synod.branch.Attempt;
import io.synod.branch.Branch;
import io.synod.branch.BranchEntry;
import io.synod.branch.BranchState;
import io.synod.branch.Participant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What must hold across groups, judged by what their logs have committed: I25 (nobody ends otherwise than another), I26 (one outcome per
 * attempt; a pre-commit, or a commit, only where all have prepared), I27 (nothing below what was elected), prepared rows are
 * nobody else's, what clients were told is so, and the bank's sum.
 */
final class GlobalRules {
    /** What is known of one global transaction; never forgotten. */
    private static final class Fate {
        Branch branch;
        /** The sum of what is prepared. */
        long amount;

        final Set<String> prepared = new TreeSet<>();
        final Map<String, Boolean> decided = new TreeMap<>();
        final Map<Attempt, Boolean> kinds = new HashMap<>();
        Boolean told;

        @Override
        public String toString() {
            return "prepared in " + prepared + ", decided " + decided + ", told " + told + ", of " + branch;
        }
    }

    private final Map<String, BankGroup> groups;
    private final Map<String, Fate> fates = new TreeMap<>();
    /** Committed in some groups and not yet in others. */
    private final Set<String> between = new TreeSet<>();

    private int committed;
    private int aborted;

    GlobalRules(Map<String, BankGroup> groups) {
        this.groups = groups;
    }

    int committed() {
        return committed;
    }

    int aborted() {
        return aborted;
    }

    private Fate fate(String gid) {
        return fates.computeIfAbsent(gid, name -> new Fate());
    }

    /** A group has committed an entry; {@code before} is what its log led to until then. */
    void logged(BankGroup group, Ledger before, Ledger.Logged logged) {
        BranchEntry entry = logged.branch();
        boolean isNew = entry == null
                || entry instanceof BranchEntry.Prepared
                        && before.standing(entry.gid()).state() == BranchState.UNKNOWN;
        if (isNew) {
            for (Ledger.Change change : logged.changes()) {
                String holder = before.lockedBy(change.row());
                String what = (entry == null ? "a transaction" : entry.gid()) + " in " + group.name();
                Checker.check(holder == null, what, "changes row", change.row(), "that is locked by", holder);
                Checker.check(
                        before.balance(change.row()) == change.before(),
                        what,
                        "loses what another has done to row",
                        change.row());
            }
        }
        if (entry instanceof BranchEntry.Accepted accepted) {
            accepted(group, before, accepted);
        }
    }

    private void accepted(BankGroup group, Ledger before, BranchEntry.Accepted accepted) {
        Attempt elected = before.standing(accepted.gid()).elected();
        BranchState state = before.standing(accepted.gid()).state();
        if (state.isDecided() || state == BranchState.UNKNOWN || elected.compareTo(accepted.attempt()) > 0) {
            return;
        }
        Fate fate = fate(accepted.gid());
        Boolean other = fate.kinds.put(accepted.attempt(), accepted.commit());
        Checker.check(other == null || other == accepted.commit(), "I26: both outcomes in", accepted.attempt(), fate);
        Checker.check(!accepted.commit() || allPrepared(fate), "I26: pre-commit in", group.name(), fate);
    }

    private static boolean allPrepared(Fate fate) {
        return fate.branch != null
                && fate.prepared.size() == fate.branch.participants().size();
    }

    /** The group stands like this now. */
    void changed(BankGroup group, Ledger.Logged logged) {
        if (logged.branch() != null) {
            Fate fate = fate(logged.branch().gid());
            BranchState state = group.truth().standing(logged.branch().gid()).state();
            if (logged.branch() instanceof BranchEntry.Prepared prepared) {
                boolean equal = fate.branch == null || fate.branch.equals(prepared.branch());
                Checker.check(equal, "branches of one transaction differ:", prepared.branch(), fate);
                fate.branch = prepared.branch();
                fate.prepared.add(group.name());
                fate.amount += logged.changes().stream()
                        .mapToLong(Ledger.Change::amount)
                        .sum();
            }
            if (state.isDecided()) {
                decided(logged.branch().gid(), fate, group.name(), state == BranchState.COMMITTED);
            }
        }
        if (between.isEmpty()) {
            checkSum();
        }
    }

    private void decided(String gid, Fate fate, String group, boolean commit) {
        fate.decided.put(group, commit);
        Checker.check(!fate.decided.containsValue(!commit), "I25:", gid, fate);
        Checker.check(fate.told == null || fate.told == commit, "I25: the client of", gid, fate);
        if (commit) {
            Checker.check(allPrepared(fate) && fate.amount == 0, "I26: commit of", gid, fate);
            if (fate.decided.size() < fate.branch.participants().size()) {
                between.add(gid);
            } else {
                between.remove(gid);
            }
        }
    }

    private void checkSum() {
        long sum = groups.values().stream().mapToLong(g -> g.truth().sum()).sum();
        long expected = groups.size() * Ledger.ROWS * Ledger.OPENING;
        Checker.check(sum == expected, "I29: the bank has", sum, "of", expected);
    }

    /** A client, or whoever ends it, was told the outcome. */
    void told(String gid, boolean commit) {
        Fate fate = fate(gid);
        Checker.check(fate.told == null || fate.told == commit, "I25: told", commit, gid, fate);
        Checker.check(!fate.decided.containsValue(!commit), "I25: told", commit, gid, fate);
        Checker.check(!commit || allPrepared(fate), "I26: told commit", gid, fate);
        if (fate.told == null) {
            committed += commit ? 1 : 0;
            aborted += commit ? 0 : 1;
        }
        fate.told = commit;
    }

    /** All participants have acknowledged the outcome. */
    void toldThatAllKnow(String gid, Branch branch, boolean commit) {
        Fate fate = fate(gid);
        for (Participant participant : branch.participants()) {
            Boolean there = fate.decided.get(participant.database());
            Checker.check(
                    there != null && there == commit, participant.database(), "has acknowledged", commit, gid, fate);
        }
    }

    /** What a group whose participants are all reachable but a minority has not decided, {@code null} for nothing. */
    String undecided(Set<String> reachable) {
        for (BankGroup group : groups.values()) {
            for (String gid : group.truth().prepared().keySet()) {
                Branch branch = fate(gid).branch;
                if (reachable.contains(group.name()) && isMajority(branch, reachable)) {
                    return gid + " in " + group.name() + ": " + fate(gid);
                }
            }
        }
        return null;
    }

    /** By what it should weigh. */
    private static boolean isMajority(Branch branch, Set<String> reachable) {
        List<String> names =
                branch.participants().stream().map(Participant::database).toList();
        int all = 0;
        int there = 0;
        for (Participant participant :
                Branch.of(branch.gid(), branch.home(), names).participants()) {
            all += participant.weight();
            there += reachable.contains(participant.database()) ? participant.weight() : 0;
        }
        return 2 * there > all;
    }

    /** When all is over. */
    void settled() {
        fates.forEach((gid, fate) -> {
            boolean commit = fate.decided.containsValue(true) || Boolean.TRUE.equals(fate.told);
            if (commit) {
                Checker.check(fate.decided.size() == fate.branch.participants().size(), "not everywhere:", gid, fate);
            }
            Checker.check(fate.decided.keySet().containsAll(fate.prepared), "not decided:", gid, fate);
        });
        checkSum();
    }
}
