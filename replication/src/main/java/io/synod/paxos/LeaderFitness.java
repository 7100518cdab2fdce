package io.synod.paxos;

import io.synod.group.Epoch;

/**
 * When a leader should give way of its own accord, and to whom: its disk hangs, it is no member any more, it does not come to
 * serve, or a member of higher {@link Core#priority} is there.
 *
 * <p>A disk on which little is written looks well: so leadership goes back to whom it came from only where there is nobody else,
 * and less and less often.
 *
 * <p>Priorities are asked for, with a pre-vote for an epoch that nobody grants: members of every release answer it with theirs. A
 * member is preferred when it has been well for {@link Timing#settled} without a break, in the eyes of this leader: it
 * answers, has all but a few entries, forced and applied, and its disk does not lag. And this leader has to have led for
 * three times as long: whatever else moves leadership (a person, space to be reclaimed, a disk that is full now and then), priorities
 * move it back at most so often. What is not on the disk there is not acknowledged, so a member whose disk is full is not well as
 * soon as anything is committed, the barrier of the next leader at the latest.
 */
final class LeaderFitness {
    static final int UNKNOWN = -1;

    static final long GRAY_DISK_NANOS = 250_000_000L;
    /**
     * A leader that has handed over because of its disk, and leads again not longer ago than the last of these, leads for so long before
     * it does so again, twice as long each time: where all disks are slow, leadership must not go round and round.
     */
    private static final long GRAY_HOLD_NANOS = 2_000_000_000L;

    private static final int GRAY_HOLD_DOUBLINGS = 4;
    /** Between two attempts of one leadership, each of which holds proposals. */
    private static final long GRAY_AGAIN_NANOS = 1_000_000_000L;

    /** A leader that is not a member any more goes after so many election timeouts, also where nobody takes over. */
    private static final long REMOVED_LEADS_TIMEOUTS = 3;
    /** So far behind is who keeps up under load. */
    private static final long UNDER_WAY_ENTRIES = 256;
    /** Within the time after which one is preferred it is asked so many times: answers may be lost. */
    private static final long QUESTIONS = 5;

    private final Core core;
    private long startedAt;
    private long askedAt;
    private long movedAt;
    /** Whose disk may be no better: who has handed over to this one; 0 for nobody. */
    private int predecessor;
    /** How often in a row this member came to lead again after it had handed over because of its disk. */
    private int returns;
    /** When it last tried to. */
    private long grayAt = Core.NEVER;
    /** Since when it is committed that this leader is no voter any more. */
    private long removedSince = Core.NEVER;

    LeaderFitness(Core core) {
        this.core = core;
    }

    /** @param handedOver who handed leadership over to this member; 0 for nobody */
    void start(int handedOver, long now) {
        predecessor = handedOver;
        returns = now - grayAt > GRAY_HOLD_NANOS << GRAY_HOLD_DOUBLINGS ? 0 : returns + 1;
        startedAt = now;
        askedAt = now;
        movedAt = now;
        removedSince = Core.NEVER;
    }

    /** Whether it leads without being a member for too long, because nobody has taken over. */
    boolean overstays(long now) {
        boolean removed = removed();
        removedSince = !removed ? Core.NEVER : removedSince == Core.NEVER ? now : removedSince;
        return removed && now - removedSince > REMOVED_LEADS_TIMEOUTS * core.timing.electionTimeout();
    }

    private boolean removed() {
        return core.configurations.latestIndex() <= core.commit && !core.configurations.mayLead(core.self);
    }

    /**
     * @param barrier that the successor has to have applied where this member does not come to it
     * @param serving whether this member has applied it
     * @param runningSince since when this process has run without a standstill, as a leader
     * @param patience silence that a majority is allowed
     * @return whom leadership should go to; 0 for nobody
     */
    int successor(
            Progress[] peers, long barrier, boolean serving, long runningSince, long patience, long now, Effects out) {
        boolean gray = core.durability.lagNanos(now) > Math.max(GRAY_DISK_NANOS, patience)
                && now - startedAt >= grayHold()
                && now - grayAt >= GRAY_AGAIN_NANOS;
        boolean removed = removed();
        boolean late = !serving && now - runningSince > core.timing.electionTimeout() / 2;
        if (!gray && !removed && !late) {
            return 0;
        }
        long atLeast = gray || removed ? 0 : barrier;
        Progress best = null;
        for (Progress peer : peers) {
            if (fit(peer, now) && peer.applied >= atLeast && (best == null || isBetter(peer, best, gray))) {
                best = peer;
            }
        }
        if (best == null) {
            return 0;
        }
        String why;
        if (gray) {
            why = "the log's disk here has not answered for " + core.durability.lagNanos(now) / 1_000_000 + " ms";
            grayAt = now;
        } else if (removed) {
            why = "this node is no voting member any more";
        } else {
            why = "what is committed is not applied here for " + (now - runningSince) / 1_000_000
                    + " ms, and is over there";
        }
        out.notice("hands leadership over to slot " + best.slot + ": " + why);
        return best.slot;
    }

    private boolean isBetter(Progress peer, Progress best, boolean gray) {
        boolean comesBack = gray && peer.slot == predecessor;
        boolean bestComesBack = gray && best.slot == predecessor;
        return comesBack != bestComesBack ? bestComesBack : peer.match > best.match;
    }

    private long grayHold() {
        return returns == 0 ? 0 : GRAY_HOLD_NANOS << Math.min(returns - 1, GRAY_HOLD_DOUBLINGS);
    }

    private boolean fit(Progress peer, long now) {
        return core.configurations.mayLead(peer.slot)
                && peer.diskLagNanos < GRAY_DISK_NANOS
                && now - peer.echoSentAt < core.timing.electionTimeout();
    }

    // ------------------------------------------------------------------ priorities

    /**
     * Asks for priorities when it is time to.
     *
     * @return who is preferred to this leader and can lead; 0 for nobody
     */
    int preferred(Progress[] peers, long now, Effects out) {
        Progress best = null;
        boolean asks = now - askedAt >= core.timing.settled() / QUESTIONS;
        for (Progress peer : peers) {
            if (!well(peer, now) || peer.wellSince == Core.NEVER) {
                peer.wellSince = now;
            }
            if (asks) {
                out.send(
                        peer.slot,
                        new Message.PreVote(Epoch.NONE, core.terms.lastEpoch(), core.terms.last(), core.priority, 0));
            }
            boolean better = peer.priority > core.priority && now - peer.wellSince >= core.timing.settled();
            if (better && (best == null || peer.priority > best.priority)) {
                best = peer;
            }
        }
        askedAt = asks ? now : askedAt;
        // Also after an attempt that came to nothing.
        if (best == null || now - movedAt < Timing.SETTLED_LEADS * core.timing.settled()) {
            return 0;
        }
        movedAt = now;
        out.notice("hands leadership over to slot " + best.slot + ": its priority is " + best.priority
                + ", that of this node " + core.priority);
        return best.slot;
    }

    private boolean well(Progress peer, long now) {
        return fit(peer, now)
                && peer.match >= core.terms.last() - UNDER_WAY_ENTRIES
                && peer.applied >= core.commit - UNDER_WAY_ENTRIES;
    }
}
