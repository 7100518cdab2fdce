package io.synod.paxos;

import io.synod.group.Base;
import io.synod.group.EntryKind;
import io.synod.group.Epoch;
import io.synod.group.Invariant;
import io.synod.group.Members;
import io.synod.group.Recovered;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * One member of one group: follower, candidate or leader of Multi-Paxos over a log without holes. Each call is one step:
 * it changes this state and says through {@link Effects} what is to be done. Not thread-safe: calls come one at a time,
 * with a happens-before between them.
 *
 * <p>Legal changes of role, one method each:
 *
 * <ul>
 *   <li>FOLLOWER → PREVOTE: silence, or a hint that the leader is gone ({@link #becomePreVote})
 *   <li>PREVOTE → PREPARE: a majority would promise; FOLLOWER → PREPARE: leadership is handed over, or nobody else votes
 *       ({@link #becomePrepare})
 *   <li>PREPARE → LEADER: a majority has promised and the best promised log is adopted ({@link #becomeLeader})
 *   <li>any → FOLLOWER: of a leader that was heard ({@link #follow}); of nobody known: a higher epoch, no majority in time
 *       ({@link #stepDown})
 * </ul>
 *
 * <p>Times are of one monotonic clock ({@code System.nanoTime} in production), in nanoseconds. Broken invariants throw
 * {@link Invariant.Violation}; the state must not be used after that.
 *
 * <p>Sources: Lamport, Paxos Made Simple (2001); Liskov and Cowling, Viewstamped Replication Revisited (2012); Ongaro,
 * Consensus: Bridging Theory and Practice (2014).
 */
public final class GroupState {
    final Core core;
    final Acceptor acceptor;
    final Election election;
    final Preparation preparation;
    final Leadership leadership;
    final ReadIndex reads;
    final SnapshotNeed snapshots;
    private final long originNanos;

    /**
     * @param selfSlot this member's slot
     * @param bootstrap the configuration that holds until a CONFIG entry is in the log: the same on all its members;
     *     {@link Members#NOBODY} on one that was added later, which hears from the others who they are
     * @param recovered what the log holds of this group
     * @param installed the snapshot that the state machine was made from last, {@code null} for none: a crash may have come
     *     before the log heard of it
     * @param applied the index up to which the state machine stands at start; also the lower bound of the commit index. Not
     *     above the log's end: a state machine that runs ahead of this member's own force (the majority may be others) must
     *     not be saved ahead of it. Below the log's base it needs a snapshot: see {@link #hollow}
     * @param priority of this node as leader, greater is preferred
     * @param timing the same on all members: a guard that was given is honoured after a restart by this member's own setting
     * @param random seeded anew at each start: answers to questions from before a restart are told by it
     */
    public GroupState(
            int selfSlot,
            Members bootstrap,
            Recovered recovered,
            Base installed,
            long applied,
            int priority,
            Timing timing,
            RandomGenerator random,
            long nowNanos) {
        this(selfSlot, bootstrap, recovered, installed, applied, priority, timing, random, nowNanos, new SafetyRules());
    }

    GroupState(
            int selfSlot,
            Members bootstrap,
            Recovered recovered,
            Base installed,
            long applied,
            int priority,
            Timing timing,
            RandomGenerator random,
            long nowNanos,
            SafetyRules rules) {
        originNanos = nowNanos;
        core = new Core(selfSlot, bootstrap, recovered, installed, applied, priority, timing, random, rules);
        acceptor = new Acceptor(core, this);
        election = new Election(core, this);
        preparation = new Preparation(core, this);
        leadership = new Leadership(core, this);
        reads = new ReadIndex(core, this);
        snapshots = new SnapshotNeed(core, this);
    }

    /**
     * The group begins with a base that another member brings: as long as this log is empty, it neither stands nor gives a
     * pre-vote to one whose log is empty too. To be called before {@link #start}.
     */
    public void awaitBase() {
        core.awaitsBase = true;
    }

    /**
     * This member keeps the log and has no state machine behind it: whatever its role, it neither stands for election, nor takes over,
     * nor gives a snapshot. To be called before {@link #start}.
     */
    public void keepLogOnly() {
        core.logOnly = true;
    }

    /** To be called first of all, once. */
    public void start(long nowNanos, Effects out) {
        core.settleBase(nowNanos - originNanos, out);
    }

    /** To be called about every 5 ms, and after each long pause. */
    public void tick(long nowNanos, Effects out) {
        long now = nowNanos - originNanos;
        boolean stalled = election.tick(now, out);
        if (core.role == Role.FOLLOWER && core.configurations.hasRemoved(core.self, core.commit)) {
            learnRemoved(core.configurations.latestIndex(), now, out);
        }
        snapshots.tick(now, out);
        switch (core.role) {
            case PREPARE -> preparation.tick(now, out);
            case LEADER -> leadership.tick(stalled, now, out);
            case FOLLOWER, PREVOTE -> reads.tick(now, out);
        }
    }

    public void onMessage(int fromSlot, Message message, long nowNanos, Effects out) {
        long now = nowNanos - originNanos;
        if (message instanceof Message.Accepted m) {
            if (core.role == Role.LEADER) {
                leadership.onAccepted(fromSlot, m, now, out);
            }
        } else if (message instanceof Message.Accept m) {
            acceptor.onAccept(fromSlot, m, now, out);
        } else if (message instanceof Message.Reject m) {
            if (core.role == Role.LEADER) {
                leadership.onReject(fromSlot, m, now, out);
            }
        } else if (message instanceof Message.ReadIndex m) {
            reads.onReadIndex(fromSlot, m, now, out);
        } else if (message instanceof Message.ReadIndexReply m) {
            reads.onReply(m, now, out);
        } else if (message instanceof Message.PreVote m) {
            election.onPreVote(fromSlot, m, now, out);
        } else if (message instanceof Message.PreVoteReply m) {
            election.onPreVoteReply(fromSlot, m, now, out);
        } else if (message instanceof Message.Prepare m) {
            acceptor.onPrepare(fromSlot, m, now, out);
        } else if (message instanceof Message.Promise m) {
            preparation.onPromise(fromSlot, m, now, out);
        } else if (message instanceof Message.Fetch m) {
            acceptor.onFetch(fromSlot, m, out);
        } else if (message instanceof Message.Fetched m) {
            preparation.onFetched(fromSlot, m, now, out);
        } else if (message instanceof Message.TransferNow m) {
            election.onTransferNow(fromSlot, m, now, out);
        } else if (message instanceof Message.Removed m) {
            learnRemoved(m.configuration(), now, out);
        } else if (message instanceof Message.SnapshotRequest m) {
            snapshots.onRequest(fromSlot, m, out);
        }
    }

    /**
     * A snapshot of the state machine is to be had: does it help? It does where the log cannot lead there by itself, or where
     * the state machine lacks what the log has forgotten.
     */
    public boolean wantsSnapshot(long index, long epoch) {
        return snapshots.wants(index, epoch);
    }

    /**
     * The state machine stands where this snapshot was made, and will after a crash. The log is brought there: what it has at
     * and below is forgotten; what it has above stays if it goes on from there, else all of it was never committed.
     *
     * @param knownBy a promised epoch of the member that made the snapshot: leaders of this epoch and higher ones have what
     *     is in it, others must not be obeyed any more
     */
    public void onSnapshotInstalled(Base base, long knownBy, long nowNanos, Effects out) {
        snapshots.installed(base, knownBy, nowNanos - originNanos, out);
    }

    /**
     * Forgets the log up to this index, which the state machine must have beyond a crash, as far as it is known to be applied.
     * Without effect for what is forgotten already.
     */
    public void forget(long index, long nowNanos, Effects out) {
        long cut = Math.min(index, core.applied);
        if (cut > core.terms.base()) {
            core.cut(cut, nowNanos - originNanos, out);
        }
    }

    /**
     * The state machine is not to be relied on any more, or cannot go on: it stands still until a snapshot at this index or a later
     * one has taken its place, from whoever leads. Neither does this member lead until then.
     */
    public void needSnapshot(long atLeast, long nowNanos, Effects out) {
        snapshots.require(atLeast, nowNanos - originNanos, out);
    }

    /** @return whether the asker is no member any more, and was told so */
    boolean tellsRemoved(int slot, Effects out) {
        boolean removed = core.configurations.hasRemoved(slot, core.commit);
        if (removed) {
            out.send(slot, new Message.Removed(core.configurations.latestIndex()));
        }
        return removed;
    }

    private void learnRemoved(long configuration, long now, Effects out) {
        if (core.removed || core.role == Role.LEADER) {
            // A leader has it from its own log, and goes when somebody takes over.
            return;
        }
        core.removed = true;
        if (core.role == Role.PREVOTE || core.role == Role.PREPARE) {
            stepDown(now, out);
        }
        out.removed(configuration);
    }

    /** A connection to this peer was reset or refused: a hint, not a proof. */
    public void onPeerDown(int slot, long nowNanos, Effects out) {
        long now = nowNanos - originNanos;
        switch (core.role) {
            case FOLLOWER -> election.onPeerDown(slot, now, out);
            case PREPARE -> preparation.onPeerDown(slot, now, out);
            case LEADER -> leadership.onPeerDown(slot);
            case PREVOTE -> {}
        }
    }

    /**
     * Appends an entry as leader. A CONFIG entry is refused while another is not committed, and when it changes more than
     * one voter.
     *
     * @return its index, or −1 when this member does not serve as leader or hands leadership over
     */
    public long propose(EntryKind kind, byte[] payload, long nowNanos, Effects out) {
        return core.role == Role.LEADER ? leadership.propose(kind, payload, nowNanos - originNanos, out) : -1;
    }

    /**
     * Appends the next configuration, as leader. One change at a time: the next one is refused until it is committed. A leader that
     * removes itself leads until then, and hands over.
     */
    public MemberChange.Outcome changeMembers(MemberChange change, long nowNanos, Effects out) {
        return core.role == Role.LEADER
                ? leadership.changeMembers(change, nowNanos - originNanos, out)
                : MemberChange.Outcome.refused(MemberChange.Refusal.NOT_LEADING);
    }

    /** Ships what has been proposed since the last call to every peer that streams; once per batch. */
    public void flush(long nowNanos, Effects out) {
        if (core.role == Role.LEADER) {
            leadership.flush(nowNanos - originNanos, out);
        }
    }

    /** The first {@code persisted} persist effects (appends and promises, counted from construction) are durable. */
    public void onForced(long persisted, long nowNanos, Effects out) {
        long now = nowNanos - originNanos;
        boolean durableRose = core.durability.onForced(persisted, now);
        acceptor.onForced(durableRose, now, out);
        if (core.role == Role.LEADER && durableRose) {
            leadership.onForced(now, out);
        } else if (core.role == Role.PREPARE) {
            preparation.onForced(now, out);
        }
    }

    /** The state machine has applied everything up to this index. */
    public void onApplied(long index, long nowNanos, Effects out) {
        Invariant.that(index <= core.commit, "applied %d, committed %d", index, core.commit);
        Invariant.that(index >= core.applied, "applied %d after %d", index, core.applied);
        core.applied = index;
        if (core.role == Role.LEADER) {
            leadership.applied(nowNanos - originNanos, out);
            reads.confirmed(leadership.confirmedSeq(), nowNanos - originNanos, out);
        }
    }

    /**
     * Asks for a linearizable read; answered through {@link Effects#readable} or {@link Effects#notReadable}, at once
     * where a lease holds.
     */
    public void read(long ticket, long nowNanos, Effects out) {
        reads.read(ticket, nowNanos - originNanos, out);
    }

    /**
     * Whether a linearizable read whose snapshot is already taken may be answered from here: serving and under a lease.
     * Counts as a read: leases are asked for while reads come.
     *
     * <p>The snapshot must have been taken while this member was {@link #serving} in the same {@link #leaderEpoch}: one from
     * before the barrier was applied, or from an earlier leadership, is stale though the lease holds now. And it must hold
     * everything up to the {@link #commitIndex} at the start of the read: a follower may already have applied, and shown,
     * what is committed but not yet applied here. Where either is not given, {@link #read} answers at once under a lease,
     * with the index to wait for.
     */
    public boolean leaseHolds(long nowNanos) {
        long now = nowNanos - originNanos;
        if (core.role != Role.LEADER) {
            return false;
        }
        leadership.wantLease(now);
        return leadership.leaseUntil(now) > now;
    }

    /**
     * The clock may have stood still while the machine was suspended, and leases granted before may be over: reads are
     * confirmed by a majority until {@code untilNanos}, which has to be a lease's duration away.
     */
    public void distrustLease(long untilNanos) {
        leadership.distrustLease(untilNanos - originNanos);
    }

    /**
     * For how long from now, in nanoseconds, {@link #leaseHolds} will be true at least, unless this member steps down or
     * hands over; 0 where it is not. Does not count as a read.
     */
    public long leaseLeft(long nowNanos) {
        long now = nowNanos - originNanos;
        return core.role == Role.LEADER ? Math.max(0, leadership.leaseUntil(now) - now) : 0;
    }

    /** Starts a graceful handover of leadership; without effect where this member does not lead. */
    public void transfer(int toSlot, long nowNanos, Effects out) {
        if (core.role == Role.LEADER) {
            out.notice("hands leadership over to slot " + toSlot + ": asked to");
            leadership.transfer(toSlot, nowNanos - originNanos, out);
        }
    }

    /** Nobody waits for the handover any more: from now on no member is told to take over because of it. */
    public void callOffTransfer() {
        if (core.role == Role.LEADER) {
            leadership.callOffTransfer();
        }
    }

    // ------------------------------------------------------------------ changes of role

    void becomePreVote(long now, Effects out) {
        Invariant.that(core.role == Role.FOLLOWER, "pre-vote from another role than follower");
        core.role = Role.PREVOTE;
        core.leaderSlot = 0;
        reads.failAll(out);
        out.roleChanged(Role.PREVOTE, Epoch.NONE, 0);
    }

    /** @param releases the epoch whose leader hands over, or {@link Epoch#NONE} */
    void becomePrepare(long releases, long now, Effects out) {
        Invariant.that(core.role == Role.FOLLOWER || core.role == Role.PREVOTE, "prepare as candidate or leader");
        core.role = Role.PREPARE;
        forgetLeader();
        reads.failAll(out);
        preparation.start(releases, now, out);
        out.roleChanged(Role.PREPARE, core.promised, 0);
    }

    void becomeLeader(long epoch, Map<Integer, Message.Promise> promises, long now, Effects out) {
        Invariant.that(core.role == Role.PREPARE && core.promised == epoch, "leader without an own promise");
        Invariant.that(core.terms.lastEpoch() < epoch, "epoch %d led twice, log has %d", epoch, core.terms.lastEpoch());
        core.role = Role.LEADER;
        core.leaderEpoch = epoch;
        core.leaderSlot = core.self;
        reads.start();
        out.roleChanged(Role.LEADER, epoch, core.self);
        leadership.start(epoch, promises, now, out);
    }

    /** A leader of this epoch was heard. */
    void follow(long epoch, long now, Effects out) {
        Invariant.that(core.role != Role.LEADER || epoch != core.leaderEpoch, "two leaders of one epoch");
        if (epoch != core.leaderEpoch) {
            forgetLeader();
        }
        core.role = Role.FOLLOWER;
        core.leaderEpoch = epoch;
        core.leaderSlot = Epoch.slot(epoch);
        reads.failAll(out);
        out.roleChanged(Role.FOLLOWER, epoch, core.leaderSlot);
    }

    /** Follower of nobody known. */
    void stepDown(long now, Effects out) {
        boolean known = core.role != Role.FOLLOWER || core.leaderSlot != 0;
        core.role = Role.FOLLOWER;
        forgetLeader();
        reads.failAll(out);
        if (known) {
            out.roleChanged(Role.FOLLOWER, Epoch.NONE, 0);
        }
    }

    void forgetLeader() {
        core.leaderEpoch = Epoch.NONE;
        core.leaderSlot = 0;
        core.matched = core.commit;
        acceptor.forgetAcknowledgement();
    }

    // ------------------------------------------------------------------ what is known

    public Role role() {
        return core.role;
    }

    /** Whether this member leads and has its barrier committed and applied. */
    public boolean serving() {
        return core.role == Role.LEADER && leadership.serving();
    }

    /** Whether this member leads and hands leadership over: it takes no proposals meanwhile. */
    public boolean handsOver() {
        return core.role == Role.LEADER && leadership.handsOver();
    }

    /** The epoch of the leader that this member follows or is; {@link Epoch#NONE} if none is known. */
    public long leaderEpoch() {
        return core.leaderSlot == 0 ? Epoch.NONE : core.leaderEpoch;
    }

    public int leaderSlot() {
        return core.leaderSlot;
    }

    /** No leader or candidate of a lower epoch is obeyed. */
    public long promisedEpoch() {
        return core.promised;
    }

    public long lastIndex() {
        return core.terms.last();
    }

    /** The log holds nothing at or below this index. */
    public long baseIndex() {
        return core.terms.base();
    }

    /** Epoch of an entry that the log holds, or of its base; negative for others. */
    public long epochAt(long index) {
        return core.terms.epochAt(index);
    }

    /** Whether the state machine needs a snapshot, and applies nothing until one is installed. */
    public boolean hollow() {
        return core.hollow();
    }

    /**
     * Up to which index the log may be forgotten as far as the other members go: what all have, and what makes it too long, which a
     * member that lacks it gets in a snapshot. Where only the log is kept, no snapshot can be given: a voter that lacks an entry may have
     * nobody else to fetch it from when the leader is gone, so it stays whatever room it takes (braft 321).
     *
     * @param whatever the last index of what is too much
     */
    public long othersNeedAbove(long whatever) {
        return core.logOnly ? allHave() : Math.max(whatever, allHave());
    }

    /** All members have forced everything up to this index, as far as this one has heard. */
    public long allHave() {
        return core.role == Role.LEADER ? leadership.slowest() : core.allHave;
    }

    public long durableIndex() {
        return core.durability.durable();
    }

    public long commitIndex() {
        return core.commit;
    }

    public Members members() {
        return core.configurations.latest();
    }

    /** Those that stay whoever leads next. */
    public Members committedMembers() {
        return core.configurations.inForceAt(core.commit);
    }

    /** Index of the entry that made {@link #members}; 0 where none did that the log still has. */
    public long membersIndex() {
        return core.configurations.latestIndex();
    }

    /**
     * The configuration in force at this index, which is not below {@link #baseIndex}; {@code null} where that is the one that the group
     * was opened with.
     */
    public Members membersAt(long index) {
        return core.configurations.at(index);
    }

    /** Whether this member was, and is committed to be none any more. */
    public boolean isRemoved() {
        return core.removed;
    }

    /** What is known of a follower; {@code null} where this member does not lead, or for one that is not in the group. */
    public PeerView peer(int slot, long nowNanos) {
        return core.role == Role.LEADER ? leadership.view(slot, nowNanos - originNanos) : null;
    }
}
