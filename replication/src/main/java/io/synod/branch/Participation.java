package io.synod.branch;

import io.synod.group.Invariant;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A group's part in global transactions: the left fold of its log, equal on every member.
 *
 * <pre>
 * UNKNOWN ─prepared→ PREPARED ─accepted→ PRECOMMITTED ⇄ PREABORTED
 *    │                   └──────────────────┴──────────────┴──decided→ COMMITTED, ABORTED ─forgotten→ UNKNOWN
 *    └─refused, or anything else that asks→ ABORTED
 * </pre>
 *
 * No time-out leads out of a state: a participant that gave up by itself could do what the others do not. Not thread-safe.
 *
 * <p>Sources: Skeen, A quorum-based commit protocol (1982); Keidar and Dolev, Increasing the resilience of distributed and
 * replicated database systems (1998), where "elected" and "attempt" are {@link BranchStanding#elected} and {@link BranchStanding#accepted}.
 */
public final class Participation {
    /**
     * What is known of one branch.
     *
     * @param branch {@code null} where it was refused before it was known
     */
    public record Known(Branch branch, BranchStanding standing) {}

    private final CommitRules rules;
    private final Map<String, Known> known = new LinkedHashMap<>();

    /** Nothing is known yet. */
    public Participation() {
        this(new CommitRules());
    }

    Participation(CommitRules rules) {
        this.rules = rules;
    }

    /** What was known of a branch when it was written down: goes on from there. */
    public void restore(String gid, Known before) {
        Invariant.that(known.putIfAbsent(gid, before) == null, "a branch is restored that is known already");
    }

    /** How a branch stands, {@link BranchStanding#UNKNOWN} where it is not known. */
    public BranchStanding standing(String gid) {
        Known branch = known.get(gid);
        return branch == null ? BranchStanding.UNKNOWN : branch.standing();
    }

    /** All that is not forgotten, in the order in which it became known. */
    public Map<String, Known> all() {
        return java.util.Collections.unmodifiableMap(known);
    }

    /**
     * What the leader is to log before it answers.
     *
     * @param able whether the branch, where it is not known yet, can be prepared: it is open here, in this leader's epoch, with
     *     all its locks
     * @return {@code null} to answer at once
     */
    public BranchEntry toLog(BranchRequest request, boolean able) {
        BranchStanding now = standing(request.gid());
        boolean unknown = now.state() == BranchState.UNKNOWN;
        if (now.state().isDecided()) {
            checkAgrees(request, now);
            return null;
        }
        if (request instanceof BranchRequest.CanCommit can) {
            if (!unknown) {
                return null;
            }
            return able ? new BranchEntry.Prepared(can.branch(), can.attempt()) : new BranchEntry.Refused(can.gid());
        }
        if (request instanceof BranchRequest.Decide decide) {
            // It was prepared here, or it would not commit: all have forgotten it, or this leader is deposed and does
            // not know it yet.
            return unknown && decide.commit() ? null : new BranchEntry.Decided(decide.gid(), decide.commit());
        }
        if (unknown) {
            return rules.refusesUnknown() ? new BranchEntry.Refused(request.gid()) : null;
        }
        if (request instanceof BranchRequest.Elect elect) {
            return rules.elects(elect.attempt(), now.elected())
                    ? new BranchEntry.Elected(elect.gid(), elect.attempt())
                    : null;
        }
        BranchRequest.Accept accept = (BranchRequest.Accept) request;
        return rules.accepts(accept.attempt(), now.elected())
                ? new BranchEntry.Accepted(accept.gid(), accept.attempt(), accept.commit())
                : null;
    }

    private static void checkAgrees(BranchRequest request, BranchStanding now) {
        Invariant.that(
                !(request instanceof BranchRequest.Decide decide)
                        || now.state() == BranchState.decided(decide.commit()),
                "a global transaction commits in one participant and aborts in another");
    }

    /**
     * The log has it: changes the state, unless something came before it that makes it void.
     *
     * @return whether it has changed anything
     */
    public boolean apply(BranchEntry entry) {
        String gid = entry.gid();
        Known before = known.get(gid);
        BranchStanding now = standing(gid);
        if (entry instanceof BranchEntry.Forgotten) {
            Invariant.that(before == null || now.state().isDecided(), "a branch is forgotten that is not decided");
            return known.remove(gid) != null;
        }
        if (now.state().isDecided()) {
            Invariant.that(
                    !(entry instanceof BranchEntry.Decided decided)
                            || now.state() == BranchState.decided(decided.commit()),
                    "the log of a participant decides a global transaction twice, and differently");
            return false;
        }
        if (entry instanceof BranchEntry.Prepared prepared) {
            if (before != null) {
                return false;
            }
            known.put(
                    gid,
                    new Known(
                            prepared.branch(),
                            new BranchStanding(BranchState.PREPARED, prepared.attempt(), Attempt.NONE)));
            return true;
        }
        if (before == null) {
            boolean commits = entry instanceof BranchEntry.Decided decided && decided.commit();
            Invariant.that(!commits, "a branch commits that this participant has never prepared");
            known.put(gid, new Known(null, new BranchStanding(BranchState.ABORTED, Attempt.NONE, Attempt.NONE)));
            return true;
        }
        BranchStanding next = after(entry, now);
        known.put(gid, new Known(before.branch(), next));
        return !next.equals(now);
    }

    private BranchStanding after(BranchEntry entry, BranchStanding now) {
        if (entry instanceof BranchEntry.Decided decided) {
            return new BranchStanding(BranchState.decided(decided.commit()), now.elected(), now.accepted());
        }
        if (entry instanceof BranchEntry.Elected elected) {
            return rules.elects(elected.attempt(), now.elected())
                    ? new BranchStanding(now.state(), elected.attempt(), now.accepted())
                    : now;
        }
        if (entry instanceof BranchEntry.Accepted accepted) {
            return rules.accepts(accepted.attempt(), now.elected())
                    ? new BranchStanding(
                            BranchState.pre(accepted.commit()),
                            Attempt.max(now.elected(), accepted.attempt()),
                            accepted.attempt())
                    : now;
        }
        // Refused, after it was prepared: two requests were on their way at once.
        return now;
    }
}
