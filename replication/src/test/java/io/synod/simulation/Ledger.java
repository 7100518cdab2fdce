package io.synod.simulation;

import io.synod.branch.BranchEntry;
import io.synod.branch.BranchStanding;
import io.synod.branch.BranchState;
import io.synod.branch.Participation;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a member of a group makes of its log: production's {@link Participation}, and a bank with a balance per row. What a branch
 * has written is locked from the entry that prepares it until the one that decides it.
 */
final class Ledger {
    static final int ROWS = 48;
    static final long OPENING = 100;

    /** What a transaction makes of a row, as an image: who does not hold the lock loses another's change. */
    record Change(int row, long before, long after) {
        long amount() {
            return after - before;
        }
    }

    /**
     * What an entry of the log says.
     *
     * @param branch {@code null} for a transaction within the group
     * @param changes of that one, or of a branch that is prepared
     */
    record Logged(BranchEntry branch, List<Change> changes) {}

    final Participation participation;
    private final long[] balances = new long[ROWS];
    private final Map<String, List<Change>> prepared = new LinkedHashMap<>();
    private final Map<Integer, String> locks = new TreeMap<>();

    Ledger(Participation participation) {
        this.participation = participation;
        Arrays.fill(balances, OPENING);
    }

    long balance(int row) {
        return balances[row];
    }

    long sum() {
        return Arrays.stream(balances).sum();
    }

    /** The branch that is prepared and has written the row, {@code null} for none. */
    String lockedBy(int row) {
        return locks.get(row);
    }

    /** What prepared branches have written, by the branches' names. */
    Map<String, List<Change>> prepared() {
        return prepared;
    }

    BranchStanding standing(String gid) {
        return participation.standing(gid);
    }

    /** @return whether it has changed anything */
    boolean apply(Logged logged) {
        if (logged.branch() == null) {
            write(logged.changes());
            return true;
        }
        String gid = logged.branch().gid();
        if (!participation.apply(logged.branch())) {
            return false;
        }
        if (logged.branch() instanceof BranchEntry.Prepared) {
            prepared.put(gid, logged.changes());
            logged.changes().forEach(change -> locks.put(change.row(), gid));
        } else if (standing(gid).state().isDecided() && prepared.containsKey(gid)) {
            List<Change> changes = prepared.remove(gid);
            changes.forEach(change -> locks.remove(change.row(), gid));
            if (standing(gid).state() == BranchState.COMMITTED) {
                write(changes);
            }
        }
        return true;
    }

    private void write(List<Change> changes) {
        changes.forEach(change -> balances[change.row()] = change.after());
    }

    @Override
    public String toString() {
        return Arrays.toString(balances) + " prepared " + prepared.keySet();
    }

    boolean sameAs(Ledger other) {
        return Arrays.equals(balances, other.balances)
                && prepared.equals(other.prepared)
                && participation.all().equals(other.participation.all());
    }
}
