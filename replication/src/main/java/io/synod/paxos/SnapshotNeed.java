package io.synod.paxos;

import io.synod.group.Base;
import io.synod.group.Invariant;
import io.synod.group.Member;

/**
 * When a member needs a snapshot instead of entries, and what becomes of its place in the protocol when it got one. How the
 * bytes travel is not the protocol's business.
 *
 * <p>A snapshot holds committed entries only. So any member may give one to any other at any time, and to install it is
 * nothing but to learn, all at once, that these entries are committed. It takes away nothing that was promised or
 * acknowledged: what the log had up to its index is in the snapshot, or was never committed.
 */
final class SnapshotNeed {
    private static final long ASK_AGAIN_NANOS = 500_000_000L;

    private final Core core;
    private final GroupState group;
    private long askedAt = Core.NEVER;

    SnapshotNeed(Core core, GroupState group) {
        this.core = core;
        this.group = group;
    }

    /** The state machine is damaged, or an entry that it lacks. Who leads must not go on: it could not serve. */
    void require(long atLeast, long now, Effects out) {
        core.needed = Math.max(core.needed, Math.max(atLeast, core.applied));
        askedAt = Core.NEVER;
        if (core.role != Role.FOLLOWER) {
            group.election.expectLeader(now);
            group.stepDown(now, out);
        }
    }

    /** A snapshot that helps where {@link Core#hollow} covers this index; the one of the very same state does where that is damaged. */
    private long least() {
        return core.needed < 0 ? core.terms.base() : Math.max(core.terms.base(), Math.max(core.applied, core.needed));
    }

    boolean wants(long index, long epoch) {
        if (core.needed >= 0) {
            return index >= least();
        }
        if (index <= core.applied) {
            return false;
        }
        return core.hollow() ? index >= core.terms.base() : core.terms.epochAt(index) != epoch;
    }

    /**
     * The leader sees only the log, which may be whole where the state machine is not. Where nobody leads, it may be because this
     * is the only voter: then a learner can help.
     */
    void tick(long now, Effects out) {
        if (!core.hollow() || core.leaderSlot == core.self || now - askedAt <= ASK_AGAIN_NANOS) {
            return;
        }
        askedAt = now;
        Message.SnapshotRequest question = new Message.SnapshotRequest(least());
        if (core.leaderSlot != 0) {
            out.send(core.leaderSlot, question);
            return;
        }
        for (Member member : core.configurations.latest().all()) {
            if (member.slot() != core.self) {
                out.send(member.slot(), question);
            }
        }
    }

    /** A member that needs one asks: whoever has more may give it. */
    void onRequest(int from, Message.SnapshotRequest m, Effects out) {
        long atLeast = Math.max(core.terms.base(), m.index());
        if (!core.logOnly
                && core.applied >= atLeast
                && core.applied > 0
                && core.configurations.isKnownAt(core.applied)) {
            out.offerSnapshot(from, atLeast);
        }
    }

    void installed(Base base, long knownBy, long now, Effects out) {
        boolean renews = core.needed >= 0 && base.index() == core.applied;
        Invariant.that(
                renews || base.index() > core.applied, "snapshot of %d, applied is %d", base.index(), core.applied);
        Invariant.that(base.epoch() <= knownBy, "snapshot ends in epoch %d, known by %d", base.epoch(), knownBy);
        boolean ahead = knownBy > core.promised;
        Invariant.that(
                core.role != Role.LEADER || ahead || core.holds(base),
                "leader of %d lacks the committed %d",
                core.leaderEpoch,
                base.index());
        core.install(base, now, out);
        if (core.applied >= core.needed) {
            core.needed = -1;
        }
        if (ahead) {
            // An old leader may lack what is in the snapshot, so nothing may be acknowledged to it any more, not even
            // after a restart.
            core.promise(knownBy, now, out);
        }
        core.sawRound(knownBy);
        if (ahead || core.role == Role.PREVOTE || core.role == Role.PREPARE) {
            group.election.expectLeader(now);
            group.stepDown(now, out);
        }
        core.matched = Math.max(core.matched, core.applied);
        if (core.role == Role.LEADER) {
            group.reads.confirmed(group.leadership.confirmedSeq(), now, out);
        }
    }
}
