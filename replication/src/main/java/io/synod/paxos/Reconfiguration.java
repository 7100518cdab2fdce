package io.synod.paxos;

import io.synod.group.Epoch;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.paxos.MemberChange.Refusal;
import java.util.Arrays;

/**
 * When a leader may change the members. That two majorities meet is a matter of safety; that the next one is alive, and has what
 * is committed, is one of sense: a voter that never comes costs the group the next failure, or at once everything.
 *
 * <p>Sources: Ongaro (2014), sections 4.1 and 4.2.1 to 4.2.3; what went wrong without: etcd 11640, pd 11236.
 */
final class Reconfiguration {
    /** A member has caught up when it lacks at most so many committed entries. */
    static final long CAUGHT_UP_ENTRIES = 512;

    private final Core core;

    Reconfiguration(Core core) {
        this.core = core;
    }

    /** What each next configuration must fulfil, wherever it comes from. */
    boolean isSafe(Members next, long barrier) {
        Members now = core.configurations.latest();
        return core.rules.mayChangeMembers(barrier, core.configurations.latestIndex(), core.commit)
                && now.votersNotShared(next) <= 1
                && next.nextSlot() >= now.nextSlot()
                && next.voters().length > 0;
    }

    /**
     * {@code null} where the change may be made now.
     *
     * @param leadsSince before that it heard nobody
     */
    Refusal refusal(MemberChange change, long barrier, Progress[] peers, long leadsSince, long now) {
        Members members = core.configurations.latest();
        Refusal senseless = change.refusedBy(members);
        if (senseless != null) {
            return senseless;
        }
        if (change.brings() && change.slotIn(members) >= Epoch.SLOT_MAX) {
            // The configuration names the next one, too, which no epoch would have room for.
            return Refusal.NO_SLOT_LEFT;
        }
        if (change.brings() && !core.rules.isFree(members, change.slotIn(members))) {
            return Refusal.SLOT_GIVEN;
        }
        if (change.kind() == MemberChange.Kind.REPLACE
                && !isSilent(members.byName(change.name()).slot(), peers, leadsSince, now)) {
            return Refusal.STILL_THERE;
        }
        Members next = change.appliedTo(members);
        if (!keepsLeaders(change, members, next)) {
            return Refusal.TOO_FEW_VOTERS;
        }
        if (!isSafe(next, barrier)) {
            return Refusal.TOO_EARLY;
        }
        if (change.kind() == MemberChange.Kind.ADD || change.kind() == MemberChange.Kind.MOVE) {
            return null;
        }
        if (change.kind() == MemberChange.Kind.PROMOTE
                && !isSound(members.byName(change.name()), hasAtLeast(next), barrier, peers, now)) {
            return Refusal.LEARNER_IS_BEHIND;
        }
        int sound = 0;
        for (Member member : next.all()) {
            if (member.role().votes() && isSound(member, 0, barrier, peers, now)) {
                sound++;
            }
        }
        return sound >= next.majority() ? null : Refusal.MAJORITY_OUT_OF_REACH;
    }

    private boolean isSilent(int slot, Progress[] peers, long leadsSince, long now) {
        for (Progress peer : peers) {
            if (peer.slot == slot) {
                return core.rules.isGone(now - Math.max(peer.echoSentAt, leadsSince), core.timing.absence());
            }
        }
        return false;
    }

    /**
     * Only one with a state machine can lead; witnesses alone must never be a majority, nor hold the only copy. Where a lost voter is
     * replaced, one beside a witness is enough: these two commit and elect as they do while the lost one is a member, and else it would
     * never come back. Until it votes again, what changes no voter is as possible as before.
     */
    private static boolean keepsLeaders(MemberChange change, Members now, Members next) {
        int witnesses = 0;
        int full = 0;
        for (Member member : next.all()) {
            witnesses += member.role() == Member.Role.WITNESS ? 1 : 0;
            full += member.role() == Member.Role.VOTER ? 1 : 0;
        }
        boolean sameVoters = Arrays.equals(now.voters(), next.voters());
        int needed = witnesses == 0 || sameVoters || change.kind() == MemberChange.Kind.REPLACE ? 1 : 2;
        return full >= needed && witnesses < next.majority();
    }

    /**
     * What a learner that is to vote must have in any case. Beside a witness all that was there before it came: it may soon be all that
     * there is with the witness, which has forgotten of that what all others had, and gives no snapshot (braft 321). From then on the
     * witness keeps what the learner lacks.
     */
    private long hasAtLeast(Members next) {
        boolean witness = next.all().stream().anyMatch(member -> member.role() == Member.Role.WITNESS);
        return witness ? Math.max(core.configurations.latestIndex(), core.terms.base()) : 0;
    }

    /** Whether it answers, has nearly everything, and has a state machine that moves: the log alone is no copy of the state. */
    private boolean isSound(Member member, long hasAtLeast, long barrier, Progress[] peers, long now) {
        if (member.slot() == core.self) {
            return true;
        }
        for (Progress peer : peers) {
            if (peer.slot == member.slot()) {
                boolean answers = now - peer.echoSentAt < core.timing.electionTimeout();
                boolean has = peer.match >= hasAtLeast && peer.match + CAUGHT_UP_ENTRIES >= core.commit;
                boolean applies = member.role() == Member.Role.WITNESS || peer.applied >= barrier;
                return answers && has && applies;
            }
        }
        return false;
    }
}
