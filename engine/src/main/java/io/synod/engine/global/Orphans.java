package io.synod.engine.global;

import io.synod.branch.Branch;
import io.synod.branch.Participant;
import io.synod.engine.database.BranchVotes;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.IntPredicate;
import java.util.function.Supplier;

/**
 * When the leader of a participant begins to end a transaction: soon after the connection to the node that was last at work on it
 * is lost, or when nothing was heard of it for a while. Both are hints, and needed for no decision: an attempt that comes too early
 * costs time. Without a clock of its own; not thread-safe but
 * for what tests set.
 */
final class Orphans {
    /** How long nothing need be heard about a prepared branch, by the leader of its home group. */
    static final long SILENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    /** How much later each of the others begins. */
    static final long STAGGER_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    /** A connection that broke though both nodes live is mostly there again by then. */
    static final long LOST_NANOS = TimeUnit.MILLISECONDS.toNanos(40);

    /**
     * How much later each of the others begins then: mostly the lost node led the home group, too, and that has elected its next
     * leader by then, which was promised an attempt. Two that begin at once hold each other up.
     */
    static final long LOST_STAGGER_NANOS = TimeUnit.MILLISECONDS.toNanos(150);

    /** What is decided and was not forgotten: not all may know. */
    static final long UNFORGOTTEN_NANOS = TimeUnit.SECONDS.toNanos(12);

    private final int self;
    private final Supplier<? extends Collection<Integer>> others;
    private final IntPredicate reaches;
    private final Map<Integer, Long> lostAt = new HashMap<>();
    private volatile long silenceNanos = SILENCE_NANOS;
    private volatile long unforgottenNanos = UNFORGOTTEN_NANOS;

    /**
     * @param others slots of the other nodes, as they are by now
     * @param reaches whether there is a connection to that one
     */
    Orphans(int self, Supplier<? extends Collection<Integer>> others, IntPredicate reaches) {
        this.self = self;
        this.others = others;
        this.reaches = reaches;
    }

    void setSilence(long nanos) {
        silenceNanos = nanos;
    }

    void setUnforgotten(long nanos) {
        unforgottenNanos = nanos;
    }

    /** To be called often: a connection that is there only between two calls was never there. */
    void look(long now) {
        for (int slot : others.get()) {
            if (reaches.test(slot)) {
                lostAt.remove(slot);
            } else {
                lostAt.putIfAbsent(slot, now);
            }
        }
    }

    /** Whether this node, as the leader of that participant, is to begin now. */
    boolean isDue(BranchVotes.Global global, String database, long now) {
        int place = place(global.branch(), database);
        if (global.standing().state().isDecided()) {
            return global.silentNanos() > unforgottenNanos + place * STAGGER_NANOS;
        }
        return isLost(global.standing().elected().slot(), LOST_NANOS + place * LOST_STAGGER_NANOS, now)
                || global.silentNanos() > silenceNanos + place * STAGGER_NANOS;
    }

    /** Whose it was is not known here, and never will be; the others hear from those that know it. */
    boolean isToBeForgotten(BranchVotes.Global global) {
        return global.branch() == null && global.silentNanos() > unforgottenNanos;
    }

    private boolean isLost(int slot, long forNanos, long now) {
        if (slot == self) {
            // What this node has forgotten with its process is not told from what it is at: silence tells.
            return false;
        }
        Long since = lostAt.get(slot);
        return since == null ? !others.get().contains(slot) : now - since > forNanos;
    }

    /** 0 for the home group, whose promise counts most. */
    private static int place(Branch branch, String database) {
        int place = 0;
        if (!database.equals(branch.home())) {
            for (Participant participant : branch.participants()) {
                place += participant.database().equals(branch.home()) ? 0 : 1;
                if (participant.database().equals(database)) {
                    break;
                }
            }
        }
        return place;
    }
}
