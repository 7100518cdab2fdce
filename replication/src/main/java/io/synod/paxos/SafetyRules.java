package io.synod.paxos;

import io.synod.group.Members;

/**
 * The conditions that safety hangs on, in one place, each with the loss that it prevents. Production uses them as they
 * stand; tests override one at a time to show that the simulator finds the loss.
 */
class SafetyRules {
    /**
     * A promise closes the group to all lower epochs. Otherwise an old leader could still commit what the new one, whose
     * phase 1 is over, does not know. Lamport (2001), section 2.2, P1a.
     */
    boolean accepts(long epoch, long promised) {
        return epoch >= promised;
    }

    /**
     * What a follower may acknowledge: forced, and proven equal to the leader's log. A divergent tail is forced as well,
     * so a heartbeat that names an early entry proves nothing about it (Ratis 1519).
     */
    long acknowledges(long durable, long matched) {
        return Math.min(durable, matched);
    }

    /**
     * Only an entry of the leader's own epoch commits by counting: a copy of an older one on a majority can still be voided
     * by a leader of an epoch in between. Ongaro (2014), section 3.6.2 and figure 3.7.
     */
    boolean commitsByCounting(long entryEpoch, long leaderEpoch) {
        return entryEpoch == leaderEpoch;
    }

    /**
     * Only an answer to the leader of this epoch tells what a member has of this leader's log. A late one, to the same
     * member when it led before, may tell of entries that were voided since (Aeron 2147).
     */
    boolean isAnswerTo(long answerEpoch, long leaderEpoch) {
        return answerEpoch == leaderEpoch;
    }

    /**
     * A new leader knows what is committed, and shows it, only behind its own barrier (etcd 7331, MySQL WL#11123).
     */
    boolean serves(long barrier, long commit, long applied) {
        return commit >= barrier && applied >= barrier;
    }

    /**
     * One configuration at a time, and none before the barrier: two leaders could otherwise each build another successor
     * of one configuration, with majorities that do not meet (Ongaro, raft-dev, 2015).
     */
    boolean mayChangeMembers(long barrier, long latestConfiguration, long commit) {
        return commit >= barrier && commit >= latestConfiguration;
    }

    /**
     * Whose acknowledgements count. A learner may be anywhere in the log, or be gone for good: a majority that needs it, or
     * is made of it, is none (etcd 21694).
     */
    boolean counts(Members members, int slot) {
        return members.isVoter(slot);
    }

    /**
     * Whose promises make a leader: a majority of the newest configuration in the adopted log, not of the one that the candidate
     * knew when it began. Any member may win here, so it may have missed several changes, and the majority that it knew need
     * not meet the one that commits now.
     */
    Members electorate(Members known, Members adopted) {
        return adopted;
    }

    /**
     * A removed member counts no more from the moment its removal is in the log, as everybody else takes it: a leader that went
     * on counting it would commit what the new majority need not have.
     */
    boolean countsRemoved() {
        return false;
    }

    /**
     * Which slots a member that comes may have. One that was given before is another member's for ever: its epochs, its promises and
     * what it has acknowledged would pass for those of the new one.
     */
    boolean isFree(Members now, int slot) {
        return slot >= now.nextSlot();
    }

    /**
     * Whose place another directory may take: only that of one which is gone, as far as anybody can tell. One that is heard has what it
     * has promised and accepted, and would be a member less for a mistake in a name.
     *
     * @param silentNanos since the leader asked it what it has answered last, or since it leads
     */
    boolean isGone(long silentNanos, long neededNanos) {
        return silentNanos >= neededNanos;
    }
}
