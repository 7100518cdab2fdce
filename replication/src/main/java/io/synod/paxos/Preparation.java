package io.synod.paxos;

import io.synod.group.Entry;
import io.synod.group.Epoch;
import io.synod.group.Invariant;
import io.synod.group.Members;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Phase 1 for the whole log: collect promises, fetch the best suffix that was promised, and lead once a majority <em>of the
 * newest configuration in the adopted log</em> has promised.
 *
 * <p>Order. The own promise is forced before anybody is asked, so that an epoch is started at most once. A suffix is
 * fetched only from a member that promised, whose log therefore stands still. Adopting may bring a newer configuration;
 * then its members are asked as well, until nothing changes any more: a member that was away may hold an old
 * configuration, whose majority alone proves nothing.
 *
 * <p>Failure. A donor that dies is dropped with its promise; the others stay valid. So is one whose log begins behind what is
 * needed: it is asked for a snapshot, which is of committed entries only and so of use whoever wins. Too few promises in
 * time: back off.
 *
 * <p>Sources: Lamport, Paxos Made Simple (2001), section 3; Howard and Mortier, Paxos vs Raft (2020), section 4.
 */
final class Preparation {
    private final Core core;
    private final GroupState group;

    private long epoch;
    /** The latest configuration when this began. */
    private Members known;

    private long releases;
    private long ownPromise;
    private boolean ownForced;
    private long startedAt;
    private long begunAt;
    private long askedAt;
    private final Map<Integer, Message.Promise> promises = new TreeMap<>();
    /** Whose suffix cannot be had: its promise is worth nothing. */
    private final Set<Integer> beyondReach = new TreeSet<>();

    private int donor;
    private long donorEnd;
    private long fetchPrev;
    private long fetchedAt;
    private long fetchProgressAt;
    /** The base of a witness that could not help, as it was told last. */
    private long toldBase = -1;

    Preparation(Core core, GroupState group) {
        this.core = core;
        this.group = group;
    }

    void start(long releasedEpoch, long now, Effects out) {
        epoch = core.nextEpoch();
        releases = releasedEpoch;
        promises.clear();
        beyondReach.clear();
        donor = 0;
        known = core.configurations.latest();
        startedAt = now;
        begunAt = now;
        ownForced = false;
        ownPromise = core.promise(epoch, now, out);
    }

    /** When it began, with its own promise. */
    long startedAt() {
        return begunAt;
    }

    /** Who has handed leadership over to this member; 0 for nobody. */
    int releasedBy() {
        return releases == Epoch.NONE ? 0 : Epoch.slot(releases);
    }

    void onForced(long now, Effects out) {
        if (!ownForced && core.durability.forced() >= ownPromise) {
            ownForced = true;
            ask(now, out);
            proceed(now, out);
        }
    }

    void tick(long now, Effects out) {
        if (now - startedAt > group.election.roundPatience() && donor == 0) {
            group.election.backOff(now);
            group.stepDown(now, out);
            return;
        }
        if (donor != 0 && now - fetchProgressAt > core.timing.electionTimeout()) {
            dropDonor(now, out);
        } else if (donor != 0 && now - fetchedAt > 2 * core.timing.heartbeat()) {
            fetch(now, out);
        }
        if (core.role == Role.PREPARE && ownForced && now - askedAt >= 2 * core.timing.heartbeat()) {
            ask(now, out);
        }
    }

    private void ask(long now, Effects out) {
        askedAt = now;
        Message.Prepare question = new Message.Prepare(epoch, core.commit, releases);
        for (int slot : core.configurations.votersSince(core.commit, core.self)) {
            if (!promises.containsKey(slot)) {
                out.send(slot, question);
            }
        }
    }

    void onPromise(int from, Message.Promise m, long now, Effects out) {
        core.sawRound(m.promised());
        if (core.role != Role.PREPARE || m.epoch() != epoch || !core.configurations.isVoterSince(core.commit, from)) {
            return;
        }
        if (m.ok() && beyondReach.contains(from)) {
            return;
        }
        if (m.ok()) {
            promises.putIfAbsent(from, m);
            proceed(now, out);
        } else if (m.promised() > epoch) {
            group.election.backOff(now);
            group.stepDown(now, out);
        }
    }

    private void proceed(long now, Effects out) {
        if (!ownForced || donor != 0 || !majorityPromised()) {
            return;
        }
        int best = best();
        if (best != 0) {
            startFetch(best, now, out);
            return;
        }
        if (!core.configurations.mayLead(core.self)) {
            group.election.backOff(now);
            group.stepDown(now, out);
            return;
        }
        long commit = core.commit;
        for (Message.Promise promise : promises.values()) {
            commit = Math.max(commit, promise.commit());
        }
        Invariant.that(
                commit <= core.terms.last(), "promised commit %d, adopted log ends at %d", commit, core.terms.last());
        core.advanceCommit(commit, out);
        group.becomeLeader(epoch, promises, now, out);
    }

    private boolean majorityPromised() {
        Members electorate = core.rules.electorate(known, core.configurations.latest());
        int count = 0;
        for (int slot : electorate.voters()) {
            if (slot == core.self || promises.containsKey(slot)) {
                count++;
            }
        }
        return count >= electorate.majority();
    }

    /** The member with the greatest (epoch, index) at its end, if it is greater than this member's; else 0. */
    private int best() {
        int best = 0;
        long bestEpoch = core.terms.lastEpoch();
        long bestIndex = core.terms.last();
        for (Map.Entry<Integer, Message.Promise> entry : promises.entrySet()) {
            Message.Promise p = entry.getValue();
            if (p.lastEpoch() > bestEpoch || p.lastEpoch() == bestEpoch && p.lastIndex() > bestIndex) {
                best = entry.getKey();
                bestEpoch = p.lastEpoch();
                bestIndex = p.lastIndex();
            }
        }
        return best;
    }

    private void startFetch(int from, long now, Effects out) {
        Message.Promise promise = promises.get(from);
        Invariant.that(
                promise.lastIndex() > core.commit,
                "best promise ends at %d, committed is %d",
                promise.lastIndex(),
                core.commit);
        donor = from;
        donorEnd = promise.lastIndex();
        fetchPrev = Math.min(core.terms.last(), donorEnd - 1);
        fetchProgressAt = now;
        fetch(now, out);
    }

    private void fetch(long now, Effects out) {
        fetchedAt = now;
        long prevEpoch = core.terms.epochAt(fetchPrev);
        out.send(donor, new Message.Fetch(epoch, fetchPrev + 1, donorEnd, fetchPrev, prevEpoch));
    }

    void onFetched(int from, Message.Fetched m, long now, Effects out) {
        if (core.role != Role.PREPARE || m.epoch() != epoch || from != donor || m.prevIndex() != fetchPrev) {
            return;
        }
        if (!m.ok() && m.base() > fetchPrev) {
            giveUpDonor(m.base(), now, out);
            return;
        }
        if (!m.ok() || m.entries().isEmpty()) {
            stepBack(m.base(), now, out);
            return;
        }
        fetchProgressAt = now;
        List<Entry> entries = m.entries();
        for (Entry entry : entries) {
            fetchPrev++;
            Invariant.that(entry.index() == fetchPrev, "fetched entry %d at place %d", entry.index(), fetchPrev);
            core.append(entry, now, out);
        }
        if (fetchPrev < donorEnd) {
            fetch(now, out);
            return;
        }
        donor = 0;
        ask(now, out);
        proceed(now, out);
    }

    /** The donor has another entry there: try before the run of epochs that holds it. */
    private void stepBack(long donorBase, long now, Effects out) {
        long floor = Math.max(donorBase, Math.max(core.commit, core.terms.base()));
        if (fetchPrev <= floor) {
            // What is committed here the donor has as well, or something is wrong: asked again it would say the same.
            giveUpDonor(donorBase, now, out);
            return;
        }
        fetchPrev = Math.max(floor, core.terms.firstOfRun(fetchPrev) - 1);
        fetch(now, out);
    }

    /** Its promise is never counted again in this epoch. */
    private void giveUpDonor(long donorBase, long now, Effects out) {
        boolean witness = !core.configurations.mayLead(donor);
        if (witness && donorBase > core.terms.last() && donorBase != toldBase) {
            toldBase = donorBase;
            out.notice("cannot lead: it lacks the entries " + (core.terms.last() + 1) + " to " + donorBase
                    + ", which the log of slot " + donor
                    + " no longer has, and that has no snapshot to give: start a member"
                    + " that has them");
        }
        out.send(donor, new Message.SnapshotRequest(core.applied));
        beyondReach.add(donor);
        dropDonor(now, out);
        if (core.role == Role.PREPARE && donor == 0 && !majorityPromised()) {
            group.election.backOff(now);
            group.stepDown(now, out);
        }
    }

    void onPeerDown(int slot, long now, Effects out) {
        if (slot == donor) {
            dropDonor(now, out);
        }
    }

    private void dropDonor(long now, Effects out) {
        promises.remove(donor);
        donor = 0;
        startedAt = now;
        proceed(now, out);
    }
}
