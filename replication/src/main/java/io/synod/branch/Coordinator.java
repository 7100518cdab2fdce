package io.synod.branch;

import io.synod.group.Invariant;
import java.util.HashSet;
import java.util.Set;

/**
 * Commits a global transaction in three phases, on the node of its session, and may be lost at any moment: then a {@link
 * Termination} on whichever node does the rest.
 *
 * <pre>
 * CAN_COMMIT ─all prepared→ PRE_COMMIT ─majority accepted→ decided: commit
 *     │                         └─ refused, or no majority in time → Termination
 *     └─ one refused, or not all in time → decided: abort
 * </pre>
 *
 * Not thread-safe.
 *
 * <p>Sources: Skeen, Nonblocking commit protocols (1981); Keidar and Dolev (1998).
 */
public final class Coordinator {
    private enum Phase {
        CAN_COMMIT,
        PRE_COMMIT,
        OVER
    }

    private final Branch branch;
    private final Attempt attempt;
    private final Termination termination;
    private final CommitRules rules;
    private final Termination.Timing timing;
    private final Termination.Effects effects;
    private final long giveUp;

    private Phase phase = Phase.CAN_COMMIT;
    private final Set<String> prepared = new HashSet<>();
    private final Set<String> accepted = new HashSet<>();
    private long resendAt;

    /**
     * Asks all participants whether they can commit.
     *
     * @param attempt with number 1, of this member and used by nobody else
     * @param termination of the same transaction, for the end of it
     * @param giveUpAfter in nanoseconds, after which a phase is not waited for any longer
     */
    public Coordinator(
            Branch branch,
            Attempt attempt,
            Termination termination,
            Termination.Timing timing,
            Termination.Effects effects,
            long now,
            long giveUpAfter) {
        this(branch, attempt, termination, timing, effects, now, giveUpAfter, new CommitRules());
    }

    Coordinator(
            Branch branch,
            Attempt attempt,
            Termination termination,
            Termination.Timing timing,
            Termination.Effects effects,
            long now,
            long giveUpAfter,
            CommitRules rules) {
        this.branch = branch;
        this.attempt = attempt;
        this.termination = termination;
        this.timing = timing;
        this.effects = effects;
        this.giveUp = now + giveUpAfter;
        this.rules = rules;
        sendAll(now);
    }

    /** When {@link #tick} is to be called; {@link Long#MAX_VALUE} for never. */
    public long deadline() {
        return phase == Phase.OVER ? termination.deadline() : Math.min(resendAt, giveUp);
    }

    /** A participant has answered; answers may come late and twice. */
    public void answered(String database, BranchStanding standing, long now) {
        if (phase == Phase.OVER) {
            termination.answered(database, standing, now);
            return;
        }
        switch (standing.state()) {
            case COMMITTED, ABORTED -> {
                Invariant.that(
                        standing.state() == BranchState.ABORTED || phase == Phase.PRE_COMMIT,
                        "a global transaction was committed before its coordinator let it be");
                over();
                termination.answered(database, standing, now);
            }
            case PREPARED, PRECOMMITTED, PREABORTED -> {
                if (phase == Phase.CAN_COMMIT) {
                    prepared.add(database);
                    if (rules.mayPreCommit(branch, prepared)) {
                        phase = Phase.PRE_COMMIT;
                        sendAll(now);
                    }
                } else if (standing.hasAccepted(attempt, true)) {
                    accepted.add(database);
                    if (rules.isMajority(branch, accepted)) {
                        over();
                        termination.spread(true, now);
                    }
                } else if (standing.elected().isAbove(attempt)) {
                    over();
                    termination.answered(database, standing, now);
                    termination.start(now);
                }
            }
            case UNKNOWN ->
                throw new IllegalStateException("a participant has answered without deciding whether it can commit");
        }
    }

    private void over() {
        phase = Phase.OVER;
    }

    /** Time has passed. */
    public void tick(long now) {
        if (phase == Phase.OVER) {
            termination.tick(now);
        } else if (now >= giveUp) {
            boolean abort = rules.mayAbort(phase == Phase.PRE_COMMIT);
            over();
            if (abort) {
                termination.spread(false, now);
            } else {
                termination.start(now);
            }
        } else if (now >= resendAt) {
            sendAll(now);
        }
    }

    private void sendAll(long now) {
        resendAt = now + timing.resend();
        for (Participant participant : branch.participants()) {
            String database = participant.database();
            if (phase == Phase.CAN_COMMIT && !prepared.contains(database)) {
                effects.send(database, new BranchRequest.CanCommit(branch, attempt));
            } else if (phase == Phase.PRE_COMMIT && !accepted.contains(database)) {
                effects.send(database, new BranchRequest.Accept(branch.gid(), attempt, true));
            }
        }
    }
}
