package io.synod.paxos;

import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.group.Invariant;
import io.synod.group.Member;
import io.synod.group.Members;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Phase 2: a leader of one epoch ships entries, counts acknowledgements, and proves again and again that a majority still
 * obeys it.
 *
 * <p>Order. The barrier is the first entry of the epoch; only what stands at or above it commits by counting, all below
 * commits with it. A follower is probed with one message at a time until it acknowledges, then everything is streamed.
 * What is lost is found out by silence and sent again from the last acknowledged entry. Heartbeats name the last entry
 * that a follower is known to have, so they are never refused for being early. A follower whose next entry this log has
 * already forgotten is offered a snapshot, and streams again once it acknowledges an entry of this log.
 *
 * <p>Failure. No majority of answers within {@link Timing#silence}, or within what members that stand still now and then
 * need: step down, in the same epoch. An own disk that hangs while others force, or an own state machine that stands still
 * before this member serves: hand over.
 */
final class Leadership {
    private static final List<Entry> NOTHING = List.of();

    private final Core core;
    private final GroupState group;
    private final LeaderLease lease;
    private final Handover handover;
    private final LeaderFitness fitness;
    private final Reconfiguration reconfiguration;
    private HeartbeatGap quorumGap;

    private long epoch;
    private long barrier;
    private long startedAt;
    /** Whether it has been said that it serves. */
    private boolean said;

    private Progress[] peers = new Progress[0];
    private long[] scratch = new long[8];
    private long seq;
    private long heartbeatAt;
    /** Whom the change that is not committed yet removes; 0 for nobody. */
    private int leaving;
    /** What all were known to have when this leader proposed the latest change; nothing, where another one did. */
    private long allHadBeforeChange;
    /** After a stall of this process, silence counts from here. */
    private long resumedAt;

    Leadership(Core core, GroupState group) {
        this.core = core;
        this.group = group;
        this.lease = new LeaderLease(core.timing);
        this.handover = new Handover(core, lease);
        this.fitness = new LeaderFitness(core);
        this.reconfiguration = new Reconfiguration(core);
    }

    void start(long newEpoch, Map<Integer, Message.Promise> promises, long now, Effects out) {
        epoch = newEpoch;
        startedAt = now;
        said = false;
        resumedAt = now;
        heartbeatAt = Core.NEVER;
        seq = 0;
        lease.start();
        handover.start();
        leaving = 0;
        allHadBeforeChange = 0;
        fitness.start(group.preparation.releasedBy(), now);
        quorumGap = new HeartbeatGap(core.timing);
        long end = core.terms.last();
        barrier = end + 1;
        peers = new Progress[0];
        listPeers(barrier);
        for (Progress peer : peers) {
            Message.Promise promise = promises.get(peer.slot);
            if (promise != null) {
                peer.rejected(1 + agreesUpTo(promise.lastEpoch(), promise.lastIndex()));
            }
        }
        core.append(Entry.barrier(epoch, barrier), now, out);
        flush(now, out);
        heartbeat(now, out);
    }

    /** The last index that a log ending so can have in common with this one. */
    private long agreesUpTo(long lastEpoch, long lastIndex) {
        return core.terms.lastWithEpochAtMost(lastEpoch, lastIndex);
    }

    /** Follows the latest configuration, keeping what is known of those that stay; others are first probed at {@code next}. */
    private void listPeers(long next) {
        Members members = core.configurations.latest();
        Progress[] listed = new Progress[members.all().size() + peers.length];
        int count = 0;
        for (Member member : members.all()) {
            if (member.slot() != core.self) {
                Progress known = peer(member.slot());
                Progress progress = known != null ? known : new Progress(member.slot(), next, core.timing);
                progress.voter = core.rules.counts(members, member.slot());
                listed[count++] = progress;
            }
        }
        for (Progress peer : peers) {
            if (core.rules.countsRemoved() && members.bySlot(peer.slot) == null) {
                listed[count++] = peer;
            }
        }
        peers = Arrays.copyOf(listed, count);
        scratch = new long[count + 1];
    }

    private Progress peer(int slot) {
        for (Progress peer : peers) {
            if (peer.slot == slot) {
                return peer;
            }
        }
        return null;
    }

    // ------------------------------------------------------------------ proposing and shipping

    boolean serving() {
        return core.rules.serves(barrier, core.commit, core.applied);
    }

    /** The state machine has come further: says how long each phase took, once it serves. */
    void applied(long now, Effects out) {
        if (!said && serving()) {
            said = true;
            long prepared = startedAt - group.preparation.startedAt();
            out.notice("serves, " + (now - startedAt + prepared) / 1_000_000 + " ms after it stood for election: "
                    + prepared / 1_000_000
                    + " ms for promises and what it lacked, the rest until its first entry was applied");
        }
    }

    boolean handsOver() {
        return handover.holdsProposals();
    }

    long propose(EntryKind kind, byte[] payload, long now, Effects out) {
        boolean may = kind == EntryKind.CONFIG ? reconfiguration.isSafe(Members.decode(payload), barrier) : serving();
        if (!may || handover.holdsProposals()) {
            return -1;
        }
        long index = core.terms.last() + 1;
        if (kind == EntryKind.CONFIG) {
            allHadBeforeChange = slowest();
        }
        core.append(new Entry(epoch, index, kind, payload), now, out);
        if (kind == EntryKind.CONFIG) {
            for (Progress peer : peers) {
                if (core.configurations.latest().bySlot(peer.slot) == null) {
                    leaving = peer.slot;
                }
            }
            listPeers(index);
            group.reads.membersChanged();
        }
        return index;
    }

    MemberChange.Outcome changeMembers(MemberChange change, long now, Effects out) {
        if (handover.holdsProposals()) {
            return MemberChange.Outcome.refused(MemberChange.Refusal.NOT_LEADING);
        }
        MemberChange.Refusal refusal = reconfiguration.refusal(change, barrier, peers, startedAt, now);
        if (refusal != null) {
            return MemberChange.Outcome.refused(refusal);
        }
        Members next = change.appliedTo(core.configurations.latest());
        return new MemberChange.Outcome(propose(EntryKind.CONFIG, next.encode(), now, out), null);
    }

    void flush(long now, Effects out) {
        for (Progress peer : peers) {
            ship(peer, now, out);
        }
    }

    private void ship(Progress peer, long now, Effects out) {
        if (peer.next <= core.terms.base()) {
            peer.needsSnapshot();
        }
        if (peer.offers(now)) {
            out.offerSnapshot(peer.slot, core.terms.base());
        }
        long to = peer.sendableTo(core.terms.last());
        if (to >= peer.next) {
            long from = peer.next;
            Message.Accept header = header(peer, from - 1, now);
            peer.sent(to, seq, now);
            out.ship(peer.slot, header, from, to);
        }
    }

    private Message.Accept header(Progress peer, long prev, long now) {
        seq++;
        long quorumAge = now - quorumAt(now);
        long leaseNanos = lease.ask(seq, quorumAge, now);
        peer.commitSent = Math.max(peer.commitSent, core.commit);
        return new Message.Accept(
                epoch,
                prev,
                core.terms.epochAt(prev),
                NOTHING,
                core.commit,
                now,
                seq,
                leaseNanos,
                quorumAge,
                slowest());
    }

    /**
     * What all members are known to have on their disks. This one may be the last: the others are a majority without it. Whom a change
     * removes is a member until that is committed: who has not heard of it may elect him, and a witness then be all that is left to fetch from.
     */
    long slowest() {
        long least = core.durability.durable();
        if (core.commit < core.configurations.latestIndex()) {
            least = Math.min(least, allHadBeforeChange);
        }
        for (Progress peer : peers) {
            least = Math.min(least, peer.match);
        }
        return least;
    }

    /** @return the least sequence number that the answers to this round can have */
    long heartbeat(long now, Effects out) {
        heartbeatAt = now;
        long first = seq + 1;
        for (Progress peer : peers) {
            heartbeat(peer, now, out);
        }
        return first;
    }

    /** The number of the next message. */
    long nextSeq() {
        return seq + 1;
    }

    private void heartbeat(Progress peer, long now, Effects out) {
        out.send(peer.slot, header(peer, lastKnownAs(peer), now));
    }

    /**
     * Below the base nobody knows the epochs any more; that of index 0 everybody does. One that gets no entries because they are
     * forgotten here may have them all the same, not known to be the same yet: then it has no use for a snapshot, and learns
     * from the base that it can go on.
     */
    private long lastKnownAs(Progress peer) {
        if (peer.match >= core.terms.base()) {
            return peer.match;
        }
        return peer.mode == Progress.Mode.SNAPSHOT ? core.terms.base() : 0;
    }

    /** So that a follower that was told to read at the commit index need not wait for the next heartbeat. */
    void tellCommit(int slot, long now, Effects out) {
        Progress peer = peer(slot);
        if (peer != null && peer.commitSent < core.commit) {
            heartbeat(peer, now, out);
        }
    }

    // ------------------------------------------------------------------ answers

    void onAccepted(int from, Message.Accepted m, long now, Effects out) {
        Progress peer = core.rules.isAnswerTo(m.epoch(), epoch) ? peer(from) : null;
        if (peer == null) {
            return;
        }
        Invariant.that(
                m.durable() <= core.terms.last(), "acknowledged %d, log ends at %d", m.durable(), core.terms.last());
        heard(peer, m.echoSentAtNanos(), m.echoSeq(), now);
        peer.applied = Math.max(peer.applied, m.applied());
        peer.diskLagNanos = m.diskLagNanos();
        if (peer.acknowledged(m.durable(), now)) {
            commitByCounting(now, out);
            ship(peer, now, out);
        }
        handover.proceed(epoch, peer(handover.target()), now, out);
        group.reads.confirmed(confirmedSeq(), now, out);
    }

    private void heard(Progress peer, long sentAt, long echoSeq, long now) {
        long before = quorumAt(now);
        peer.heard(sentAt, echoSeq, lease.fromSeq());
        long after = quorumAt(now);
        if (after > before) {
            quorumGap.observe(after - before);
        }
    }

    void onReject(int from, Message.Reject m, long now, Effects out) {
        if (m.promised() > epoch) {
            out.notice("leads no longer: slot " + from + " has promised epoch " + m.promised());
            core.sawRound(m.promised());
            group.election.backOff(now);
            group.stepDown(now, out);
            return;
        }
        Progress peer = core.rules.isAnswerTo(m.epoch(), epoch) ? peer(from) : null;
        if (peer == null) {
            return;
        }
        heard(peer, m.echoSentAtNanos(), m.echoSeq(), now);
        if (peer.heeds(m.echoSeq())) {
            peer.rejected(agreesUpTo(m, peer.next - 1) + 1);
            ship(peer, now, out);
        }
        group.reads.confirmed(confirmedSeq(), now, out);
    }

    /** Where the follower's log, which differs before {@code next}, can at the latest have parted from this one. */
    private long agreesUpTo(Message.Reject m, long prev) {
        long theirs = m.epochAtPrev() > 0 ? m.epochAtPrev() : m.lastEpoch();
        long point = core.terms.lastWithEpochAtMost(theirs, Math.min(m.lastIndex(), prev));
        if (m.epochAtPrev() > 0 && core.terms.epochAt(point) < theirs) {
            point = Math.min(point, m.firstIndexOfEpochAtPrev() - 1);
        }
        return Math.max(point, Math.min(m.commit(), core.terms.last()));
    }

    void onForced(long now, Effects out) {
        commitByCounting(now, out);
    }

    private void commitByCounting(long now, Effects out) {
        int count = 0;
        if (core.configurations.isVoter(core.self)) {
            scratch[count++] = core.durability.durable();
        }
        for (Progress peer : peers) {
            if (peer.voter) {
                scratch[count++] = peer.match;
            }
        }
        long index = Quorum.reachedBy(core.configurations.majority(), scratch, count);
        if (index > core.commit && core.rules.commitsByCounting(core.terms.epochAt(index), epoch)) {
            core.advanceCommit(index, out);
            if (leaving != 0 && core.configurations.latestIndex() <= core.commit) {
                // It would find out by itself; this is only sooner.
                out.send(leaving, new Message.Removed(core.configurations.latestIndex()));
                leaving = 0;
            }
            handover.proceed(epoch, peer(handover.target()), now, out);
        }
    }

    // ------------------------------------------------------------------ quorum, lease, time

    /** The latest time at which a majority, this member included, had still to obey this epoch. */
    private long quorumAt(long now) {
        int count = 0;
        if (core.configurations.isVoter(core.self)) {
            scratch[count++] = now;
        }
        for (Progress peer : peers) {
            if (peer.voter) {
                scratch[count++] = Math.max(peer.echoSentAt, startedAt);
            }
        }
        return Quorum.reachedBy(core.configurations.majority(), scratch, count);
    }

    /** A majority has answered a message with this number or a later one. */
    long confirmedSeq() {
        int count = 0;
        if (core.configurations.isVoter(core.self)) {
            scratch[count++] = Long.MAX_VALUE;
        }
        for (Progress peer : peers) {
            if (peer.voter) {
                scratch[count++] = peer.echoSeq;
            }
        }
        return Quorum.reachedBy(core.configurations.majority(), scratch, count);
    }

    /** Whether everything is confirmed at once because nobody else votes. */
    private boolean alone() {
        return core.configurations.majority() == 1 && core.configurations.isVoter(core.self);
    }

    /** Until when no other member can have been promised a higher epoch; {@link Core#NEVER} when that is not known. */
    long leaseUntil(long now) {
        // Once it is not one of those who elect any more, others do so without it.
        if (!serving() || lease.released() || !core.configurations.isVoter(core.self)) {
            return Core.NEVER;
        }
        if (alone()) {
            return Long.MAX_VALUE / 4;
        }
        if (lease.distrusted(now)) {
            return Core.NEVER;
        }
        int count = 0;
        scratch[count++] = now;
        for (Progress peer : peers) {
            if (peer.voter) {
                scratch[count++] = peer.leaseSentAt;
            }
        }
        return lease.until(Quorum.reachedBy(core.configurations.majority(), scratch, count));
    }

    void distrustLease(long until) {
        lease.distrust(until);
    }

    void wantLease(long now) {
        lease.wanted(now);
    }

    void tick(boolean stalled, long now, Effects out) {
        if (stalled) {
            resumedAt = now;
            heartbeat(now, out);
        }
        long silent = now - Math.max(quorumAt(now), resumedAt);
        if (silent > group.election.silence(quorumGap.high())) {
            out.notice("leads no longer: no majority has answered for " + silent / 1_000_000 + " ms");
            group.election.backOff(now);
            group.stepDown(now, out);
            return;
        }
        for (Progress peer : peers) {
            if (peer.overdue(now)) {
                peer.retry();
            }
            ship(peer, now, out);
        }
        if (now - heartbeatAt >= core.timing.heartbeat()) {
            heartbeat(now, out);
        } else {
            for (Progress peer : peers) {
                if (peer.commitSent < Math.min(core.commit, peer.match)) {
                    heartbeat(peer, now, out);
                }
            }
        }
        handover.tick(epoch, peer(handover.target()), now, out);
        giveWay(now, out);
    }

    private long patience() {
        return group.election.patience(quorumGap.high());
    }

    private void giveWay(long now, Effects out) {
        if (fitness.overstays(now)) {
            out.notice("leads no longer: this node is no voting member any more, and nobody has taken over");
            group.stepDown(now, out);
            return;
        }
        if (handover.holdsProposals()) {
            return;
        }
        long runningSince = Math.max(startedAt, resumedAt);
        int successor = fitness.successor(peers, barrier, serving(), runningSince, patience(), now, out);
        if (successor == 0 && serving()) {
            successor = fitness.preferred(peers, now, out);
        }
        if (successor != 0) {
            transfer(successor, now, out);
        }
    }

    void toldPriority(int slot, int priority) {
        Progress peer = peer(slot);
        if (peer != null) {
            peer.priority = priority;
        }
    }

    void transfer(int toSlot, long now, Effects out) {
        if (toSlot != core.self && core.configurations.mayLead(toSlot) && peer(toSlot) != null) {
            handover.begin(toSlot, now);
            handover.proceed(epoch, peer(toSlot), now, out);
        }
    }

    void callOffTransfer() {
        handover.callOff();
    }

    void onPeerDown(int slot) {
        Progress peer = peer(slot);
        if (peer != null && peer.mode == Progress.Mode.STREAM) {
            peer.retry();
        }
    }

    PeerView view(int slot, long now) {
        Progress peer = peer(slot);
        return peer == null ? null : new PeerView(peer.match, peer.applied, now - Math.max(peer.echoSentAt, startedAt));
    }
}
