package io.synod.paxos;

import io.synod.group.Epoch;
import java.util.ArrayList;
import java.util.List;

/**
 * When to look for another leader, and whether it is worth it: silence, hints and pre-votes. Nothing here is persisted and
 * nothing here is needed for safety.
 *
 * <p>A pre-vote is never a question of the candidate's log (any member may win, it fetches what it lacks); it asks whether
 * a majority would promise. Every answer names the promised epoch, so a member that fell behind jumps up at once: this is
 * what keeps {longest log, highest epoch} on two members from blocking each other.
 *
 * <p>Sources: Ongaro (2014), section 9.6; Lianza and Snook, A Byzantine failure in the real world (2020).
 */
final class Election {
    private static final long MAX_PATIENCE_NANOS = 2_000_000_000L;
    private static final long FIRST_WAIT_NANOS = 150_000_000L;
    private static final long YIELD_NANOS = 30_000_000L;
    private static final long FAR_AHEAD_ENTRIES = 1000;
    private static final int MAX_BACKOFF_DOUBLINGS = 3;
    /** With more than this to apply, somebody else is the better leader. */
    private static final long BACKLOG_ENTRIES = 256;

    private final Core core;
    private final GroupState group;
    private final Pauses pauses;
    private final HeartbeatGap gap;

    private long lastHeard = Core.NEVER;
    /** The connection to the leader broke, or its own quorum did. */
    private boolean leaderLost;

    private long deadline;
    private int failures;

    private long appliedSeen;
    /** When the state machine moved last, or had nothing to do. */
    private long movedAt;

    private long nextEpoch;
    private final List<Integer> granted = new ArrayList<>();
    private boolean betterCandidate;
    private long startedAt;
    private long askedAt = Core.NEVER;

    Election(Core core, GroupState group) {
        this.core = core;
        this.group = group;
        this.pauses = new Pauses(core.timing);
        this.gap = new HeartbeatGap(core.timing);
        // There is no leader yet whose silence would be worth more patience; where there is one, its members grant
        // nothing.
        this.deadline = Math.min(timeout(), FIRST_WAIT_NANOS + random(FIRST_WAIT_NANOS / 3));
    }

    /** Silence of the leader that this member bears, randomised so that not all start at once. */
    private long timeout() {
        return silence(gap.high()) + random(core.timing.electionTimeout() / 3);
    }

    /** How long to bear that nothing is heard of whom one mostly hears of within {@code usualGap}. */
    long silence(long usualGap) {
        return Math.max(core.timing.silence(), patience(usualGap));
    }

    /**
     * How long to wait for what mostly comes within {@code usualGap}. The members of a group do the same work, often on like
     * machines: where this process stands still for some time now and then, others do so too.
     */
    long patience(long usualGap) {
        long observed = Math.max(6 * usualGap, 2 * pauses.worst());
        return Math.max(core.timing.electionTimeout(), Math.min(observed, MAX_PATIENCE_NANOS));
    }

    /** How long a candidate waits for answers, which members that are as busy as this one give as late as it would. */
    long roundPatience() {
        return patience(gap.high());
    }

    private long random(long bound) {
        return bound <= 0 ? 0 : core.random.nextLong(bound);
    }

    void heardLeader(long now) {
        if (lastHeard > Core.NEVER && !leaderLost) {
            gap.observe(now - lastHeard);
        }
        lastHeard = now;
        leaderLost = false;
        failures = 0;
        deadline = now + timeout();
    }

    /** Somebody was promised an epoch: give it time to lead. */
    void expectLeader(long now) {
        deadline = now + timeout();
    }

    /** This member led, or tried to, and does so no longer. */
    void backOff(long now) {
        int doublings = Math.min(failures++, MAX_BACKOFF_DOUBLINGS);
        long base = core.timing.electionTimeout();
        deadline = now + base / 2 + random(base << doublings);
        leaderLost = true;
    }

    void onPeerDown(int slot, long now, Effects out) {
        if (core.role == Role.FOLLOWER && slot == core.leaderSlot) {
            leaderLost = true;
            // Sooner, never later: whoever dials a leader that is gone is told so again and again.
            deadline = Math.min(deadline, now + random(core.timing.heartbeat() / 4));
            if (!mayCampaign(now)) {
                return;
            }
            considerCampaign(now, out);
        }
    }

    private boolean mayCampaign(long now) {
        // Without a state machine it could lead, but never serve.
        return core.configurations.mayLead(core.self)
                && !core.logOnly
                && !core.removed
                && !core.hollow()
                && !core.lacksBase()
                && group.acceptor.guardLeft(now) <= 0;
    }

    /** @return whether this member was stalled since the last tick, so that silence proves nothing */
    boolean tick(long now, Effects out) {
        boolean stalled = pauses.tick(now);
        if (stalled) {
            core.durability.resumed(now);
        }
        if (stalled && !leaderLost) {
            deadline = Math.max(deadline, now + core.timing.electionTimeout() / 2 + random(core.timing.heartbeat()));
        }
        if (stalled || core.applied == core.commit || core.applied != appliedSeen) {
            appliedSeen = core.applied;
            movedAt = now;
        }
        if (core.role == Role.FOLLOWER) {
            considerCampaign(now, out);
            askWhetherMember(now, out);
        } else if (core.role == Role.PREVOTE) {
            continuePreVote(now, out);
        }
        return stalled;
    }

    private void considerCampaign(long now, Effects out) {
        boolean sole = core.configurations.voters().length == 1;
        long courtesy = servesLate(now) ? 2 * core.timing.electionTimeout() : 0;
        if ((now >= deadline + courtesy || sole) && mayCampaign(now)) {
            if (core.leaderSlot != 0) {
                out.notice("looks for another leader than slot " + core.leaderSlot + ": "
                        + (leaderLost
                                ? "the connection to it was lost"
                                : "it has been silent for " + (now - lastHeard) / 1_000_000 + " ms"));
            }
            if (sole) {
                group.becomePrepare(Epoch.NONE, now, out);
            } else {
                group.becomePreVote(now, out);
                startedAt = now;
                ask(now, out);
            }
        }
    }

    /**
     * One that does not stand for election would never hear that it was removed while it was away: no leader speaks to it. It
     * asks for an epoch that nobody grants.
     */
    private void askWhetherMember(long now, Effects out) {
        boolean waits = !core.configurations.mayLead(core.self) && !core.removed && now >= deadline;
        if (waits && now - askedAt > MAX_PATIENCE_NANOS) {
            askedAt = now;
            Message.PreVote question = new Message.PreVote(
                    Epoch.NONE,
                    core.terms.lastEpoch(),
                    core.terms.last(),
                    core.priority,
                    lastHeard == Core.NEVER ? now : now - lastHeard);
            for (int slot : core.configurations.voters()) {
                out.send(slot, question);
            }
        }
    }

    /** A leader serves when it has applied its log: somebody else may be sooner there. */
    private boolean servesLate(long now) {
        return core.terms.last() - core.applied > BACKLOG_ENTRIES || now - movedAt > core.timing.electionTimeout();
    }

    private void ask(long now, Effects out) {
        nextEpoch = core.nextEpoch();
        granted.clear();
        granted.add(core.self);
        betterCandidate = false;
        askAgain(now, out);
    }

    private void askAgain(long now, Effects out) {
        askedAt = now;
        long silent = lastHeard == Core.NEVER ? now : now - lastHeard;
        Message.PreVote question =
                new Message.PreVote(nextEpoch, core.terms.lastEpoch(), core.terms.last(), core.priority, silent);
        for (int slot : core.configurations.voters()) {
            if (!granted.contains(slot)) {
                out.send(slot, question);
            }
        }
    }

    private void continuePreVote(long now, Effects out) {
        if (now - startedAt > roundPatience()) {
            backOff(now);
            group.stepDown(now, out);
        } else if (!concludePreVote(now, out) && now - askedAt >= core.timing.heartbeat()) {
            askAgain(now, out);
        }
    }

    void onPreVote(int from, Message.PreVote m, long now, Effects out) {
        if (group.tellsRemoved(from, out)) {
            return;
        }
        long guardLeft = Math.max(0, group.acceptor.guardLeft(now));
        boolean hasBase = !core.lacksBase() || m.lastIndex() > 0;
        boolean grants = m.nextEpoch() > core.promised && guardLeft == 0 && hearsNoLeader(now) && hasBase;
        out.send(
                from,
                new Message.PreVoteReply(
                        m.nextEpoch(),
                        grants,
                        core.promised,
                        core.terms.lastEpoch(),
                        core.terms.last(),
                        core.priority,
                        guardLeft));
    }

    void onTransferNow(int from, Message.TransferNow m, long now, Effects out) {
        boolean fromLeader = core.role == Role.FOLLOWER
                && m.epoch() == core.leaderEpoch
                && m.epoch() == core.promised
                && from == Epoch.slot(m.epoch());
        // Behind it in the log: the leader has given the handover up since, and gone on.
        boolean late = core.terms.last() != m.lastIndex();
        if (fromLeader && !late && core.configurations.mayLead(core.self) && !core.logOnly && !core.hollow()) {
            out.notice("takes over from slot " + from + ", which hands over");
            group.becomePrepare(m.epoch(), now, out);
        }
    }

    private boolean hearsNoLeader(long now) {
        return core.role != Role.LEADER && (leaderLost || now - lastHeard > core.timing.electionTimeout());
    }

    void onPreVoteReply(int from, Message.PreVoteReply m, long now, Effects out) {
        core.sawRound(m.promised());
        if (core.role == Role.LEADER) {
            group.leadership.toldPriority(from, m.priority());
        }
        if (core.role != Role.PREVOTE || m.nextEpoch() != nextEpoch) {
            return;
        }
        if (!m.granted()) {
            if (m.promised() >= nextEpoch) {
                ask(now, out);
            } else if (m.guardLeftNanos() > 0) {
                askedAt = Math.min(askedAt, now + m.guardLeftNanos() - core.timing.heartbeat());
            }
            return;
        }
        if (core.configurations.isVoter(from) && !granted.contains(from)) {
            granted.add(from);
            boolean better = m.priority() > core.priority
                    || m.priority() == core.priority && m.lastIndex() > core.terms.last() + FAR_AHEAD_ENTRIES;
            betterCandidate |= better && core.configurations.mayLead(from);
        }
        concludePreVote(now, out);
    }

    private boolean concludePreVote(long now, Effects out) {
        boolean won = granted.size() >= core.configurations.majority();
        boolean yields = betterCandidate && now - startedAt < YIELD_NANOS;
        if (won && !yields) {
            group.becomePrepare(Epoch.NONE, now, out);
            return true;
        }
        return false;
    }
}
