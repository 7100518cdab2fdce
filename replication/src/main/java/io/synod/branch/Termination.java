package io.synod.branch;

import io.synod.group.Invariant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/**
 * Ends a global transaction whose coordinator is lost, or has lost its way: finds what may have been decided, or decides, and
 * tells all participants. Any node may run one at any time, several at once too. It needs a majority of the participants' weight,
 * and never a clock for what it decides.
 *
 * <pre>
 * ELECTING ─majority promised→ PROPOSING ─majority accepted→ SPREADING ─all know→ DONE
 *    ↑  └──── refused: wait ────┘                              ↑
 *    └──────────┘            one has decided already ──────────┘
 * </pre>
 *
 * This is Paxos for one value, with the participants' groups as acceptors. Not thread-safe.
 *
 * <p>Source: Keidar and Dolev (1998), section 5, E3PC; majorities are of weights, and attempts are unique by themselves.
 */
public final class Termination {
    /** What a termination, or a coordinator, wants to have done. */
    public interface Effects {
        /** Sends to the leader of that database's group; may be lost. */
        void send(String database, BranchRequest request);

        /** How the transaction ends; called once by each that finds out. */
        void decided(boolean commit);
    }

    /**
     * In nanoseconds.
     *
     * @param resend after which a request without an answer is sent again
     * @param backOff how long at most to wait, at first, for another one that was elected
     */
    public record Timing(long resend, long backOff) {}

    enum Phase {
        IDLE,
        ELECTING,
        PROPOSING,
        WAITING,
        SPREADING,
        DONE
    }

    private static final int MAX_DOUBLINGS = 6;

    private final Branch branch;
    private final int slot;
    private final LongSupplier serials;
    private final Timing timing;
    private final RandomGenerator random;
    private final CommitRules rules;
    private final Effects effects;

    private Phase phase = Phase.IDLE;
    private Attempt seen = Attempt.NONE;
    private Attempt attempt = Attempt.NONE;
    /** Of the present attempt. */
    private final Map<String, BranchStanding> promises = new HashMap<>();
    /** Those that have accepted the present attempt, or know the decision. */
    private final Set<String> done = new HashSet<>();

    private boolean commit;
    private long deadline = Long.MAX_VALUE;
    private int refusals;

    /**
     * @param slot of this member
     * @param serials each value once, over restarts too
     * @param random for how long to wait for another one
     */
    public Termination(
            Branch branch, int slot, LongSupplier serials, Timing timing, RandomGenerator random, Effects effects) {
        this(branch, slot, serials, timing, random, effects, new CommitRules());
    }

    Termination(
            Branch branch,
            int slot,
            LongSupplier serials,
            Timing timing,
            RandomGenerator random,
            Effects effects,
            CommitRules rules) {
        this.branch = branch;
        this.slot = slot;
        this.serials = serials;
        this.timing = timing;
        this.random = random;
        this.rules = rules;
        this.effects = effects;
    }

    /** Whether it knows how the transaction ends. */
    public boolean isDecided() {
        return phase == Phase.SPREADING || phase == Phase.DONE;
    }

    /** Whether all participants know it too. */
    public boolean isDone() {
        return phase == Phase.DONE;
    }

    /** When {@link #tick} is to be called; {@link Long#MAX_VALUE} for never. */
    public long deadline() {
        return deadline;
    }

    /** Asks all participants for their promise; of no effect once it is decided. */
    public void start(long now) {
        if (isDecided()) {
            return;
        }
        phase = Phase.ELECTING;
        attempt = rules.next(seen, slot, serials.getAsLong());
        seen = Attempt.max(seen, attempt);
        promises.clear();
        done.clear();
        sendAll(now);
    }

    /** The decision is known: tells the others. */
    void spread(boolean toCommit, long now) {
        Invariant.that(!isDecided() || commit == toCommit, "a global transaction is decided twice, and differently");
        if (isDecided()) {
            return;
        }
        commit = toCommit;
        phase = Phase.SPREADING;
        done.clear();
        effects.decided(toCommit);
        sendAll(now);
    }

    /** A participant has answered a request of this termination, or of the coordinator's; answers may come late and twice. */
    public void answered(String database, BranchStanding standing, long now) {
        seen = Attempt.max(seen, standing.elected());
        if (standing.state().isDecided()) {
            spread(standing.state() == BranchState.COMMITTED, now);
            knows(database);
            return;
        }
        switch (phase) {
            case ELECTING -> {
                if (standing.elected().equals(attempt)) {
                    promises.put(database, standing);
                    if (rules.isMajority(branch, promises.keySet())) {
                        propose(now);
                    }
                } else if (standing.elected().isAbove(attempt)) {
                    refused(now);
                }
            }
            case PROPOSING -> {
                if (standing.hasAccepted(attempt, commit)) {
                    done.add(database);
                    if (rules.isMajority(branch, done)) {
                        spread(commit, now);
                    }
                } else if (standing.elected().isAbove(attempt)) {
                    refused(now);
                }
            }
            default -> {
                // It does not know yet, or another one is waited for.
            }
        }
    }

    private void knows(String database) {
        done.add(database);
        if (phase == Phase.SPREADING && done.size() == branch.participants().size()) {
            phase = Phase.DONE;
            deadline = Long.MAX_VALUE;
        }
    }

    private void propose(long now) {
        phase = Phase.PROPOSING;
        commit = rules.choice(promises.values());
        done.clear();
        sendAll(now);
    }

    /** Another one was elected: it shall have time to end. */
    private void refused(long now) {
        phase = Phase.WAITING;
        long most = timing.backOff() << Math.min(refusals++, MAX_DOUBLINGS);
        deadline = now + 1 + random.nextLong(most);
    }

    /** Time has passed. */
    public void tick(long now) {
        if (now < deadline) {
            return;
        }
        if (phase == Phase.WAITING) {
            start(now);
        } else {
            sendAll(now);
        }
    }

    private void sendAll(long now) {
        deadline = now + timing.resend();
        for (Participant participant : branch.participants()) {
            String database = participant.database();
            switch (phase) {
                case ELECTING -> {
                    if (!promises.containsKey(database)) {
                        effects.send(database, new BranchRequest.Elect(branch.gid(), attempt));
                    }
                }
                case PROPOSING -> {
                    if (!done.contains(database)) {
                        effects.send(database, new BranchRequest.Accept(branch.gid(), attempt, commit));
                    }
                }
                case SPREADING -> {
                    if (!done.contains(database)) {
                        effects.send(database, new BranchRequest.Decide(branch.gid(), commit));
                    }
                }
                default -> throw new IllegalStateException("nothing to send in phase " + phase);
            }
        }
    }
}
