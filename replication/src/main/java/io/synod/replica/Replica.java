package io.synod.replica;

import io.synod.group.Base;
import io.synod.group.Entry;
import io.synod.group.Epoch;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.log.EntryLog;
import io.synod.paxos.GroupState;
import io.synod.paxos.Message;
import io.synod.paxos.Role;
import io.synod.transport.Envelope;
import io.synod.transport.VirtualThreads;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One group on this node: its state machine of the protocol, and what its steps cause.
 *
 * <p><b>Concurrency.</b> A step is made under {@link #lock} by whichever thread has the input (client, reader, timer, log
 * or apply thread) and is short: no append, no force, no call of the {@link Applier}. What others need to know of the state
 * is published in volatile fields at the end of each step. Order of locks: apply baton, group lock, persist queue.
 */
final class Replica implements ReplicatedLog {
    private static final Logger LOG = LoggerFactory.getLogger(Replica.class);

    /** What a closing group waits for a snapshot that is being put in place. */
    private static final long INSTALL_NANOS = 10_000_000_000L;

    /** A step of the protocol. */
    interface Step {
        void run(GroupState state, long nowNanos, StepEffects out);
    }

    private final ReplicaNode node;
    private final long group;
    private final int selfSlot;
    private final Applier applier;
    private final ReentrantLock lock = new ReentrantLock();
    private final GroupState state;
    private final Members bootstrap;
    /** {@code null}: the log is kept whole. */
    private final Snapshots snapshots;

    private final Pins pins = new Pins();
    private final SnapshotExchange exchange;
    private boolean started;
    private final UnforcedTail tail = new UnforcedTail();
    private final Map<Integer, PeerOutbox> outboxes = new HashMap<>();
    private final ProposalQueue proposals = new ProposalQueue();
    private final ApplyPath apply;
    private final RoleNews roles;
    private final LinearizableReads reads;
    private final LeaderTransfer transfer;
    private final Copies copies;

    /** The epoch that this node leads, 0 for none. Under the lock. */
    private long leading;

    private volatile long servingEpoch;
    private volatile long leaderEpoch;
    private volatile int leaderSlot;
    private volatile long commitIndex;
    private volatile long durableIndex;
    private volatile Throwable stopped;

    Replica(
            ReplicaNode node,
            long group,
            Members bootstrap,
            int selfSlot,
            int priority,
            Applier applier,
            Snapshots snapshots) {
        this.node = node;
        this.group = group;
        this.selfSlot = selfSlot;
        this.applier = applier;
        this.bootstrap = bootstrap;
        this.snapshots = snapshots;
        this.exchange = new SnapshotExchange(this, node, snapshots, pins);
        this.roles = new RoleNews(applier);
        this.reads = new LinearizableReads(this, roles.changed());
        this.transfer = new LeaderTransfer(this, node, roles.changed());
        this.copies = new Copies(this, selfSlot, node.transport());
        EntryLog log = node.log();
        long applied = applier.appliedIndex();
        this.state = new GroupState(
                selfSlot,
                bootstrap,
                log.recovered(group),
                snapshots == null || snapshots.installed() == null ? null : baseOf(snapshots.installed()),
                applied,
                priority,
                node.timing(),
                node.splitRandom(),
                node.nanoClock().getAsLong());
        if (snapshots != null && snapshots.awaitsBase()) {
            state.awaitBase();
        }
        if (state.hollow() && (snapshots == null || bootstrap.all().size() == 1)) {
            throw new IllegalStateException("the state of group " + group + " stands at index " + applied
                    + ", but its log begins behind " + state.baseIndex()
                    + " and there is nobody to get a snapshot from: restore this node's directory from a backup");
        }
        this.apply = new ApplyPath(this, log, applier, applied);
        this.commitIndex = state.commitIndex();
        this.durableIndex = state.durableIndex();
        if (node.transport() != null) {
            for (Member member : bootstrap.all()) {
                if (member.slot() != selfSlot) {
                    outboxes.put(member.slot(), new PeerOutbox(this, member.slot(), node.transport(), node.feeder()));
                }
            }
        }
    }

    // ------------------------------------------------------------------ steps

    private StepEffects step(Step step) {
        StepEffects out = new StepEffects(this, node.persist());
        Throwable failure = null;
        lock.lock();
        try {
            if (stopped != null) {
                return null;
            }
            if (!started) {
                started = true;
                state.start(node.nanoClock().getAsLong(), out);
            }
            step.run(state, node.nanoClock().getAsLong(), out);
            publish();
        } catch (Throwable e) {
            failure = e;
        } finally {
            lock.unlock();
        }
        if (failure != null) {
            node.fail(failure);
            return null;
        }
        return out;
    }

    private void publish() {
        boolean leads = state.role() == Role.LEADER;
        long epoch = state.leaderEpoch();
        long served = servingEpoch;
        if (leading != 0 && (!leads || epoch != leading)) {
            // First: nobody may begin local work under an epoch whose local work is being undone.
            servingEpoch = 0;
            apply.depose(leading);
            transfer.over();
        }
        if (leads && epoch != leading) {
            proposals.leads(state.lastIndex());
        }
        leading = leads ? epoch : 0;
        commitIndex = state.commitIndex();
        durableIndex = state.durableIndex();
        if (!state.hollow()) {
            apply.release(Math.min(state.commitIndex(), state.durableIndex()));
        }
        long serving = leads && state.serving() ? epoch : 0;
        if (serving != served || epoch != leaderEpoch || state.leaderSlot() != leaderSlot) {
            servingEpoch = serving;
            leaderEpoch = epoch;
            leaderSlot = state.leaderSlot();
            roles.add(leader(), epoch, serving != 0);
        }
    }

    /** Carries out what a step wants, and wakes who has to do something because of it. */
    private void conclude(StepEffects out, Map<Integer, List<Envelope>> collected) {
        if (out == null) {
            return;
        }
        out.carryOut(node.transport(), collected);
        apply.wake();
        copies.stepped();
        tellRole();
        node.commitPath().wake();
    }

    private void tellRole() {
        try {
            roles.tell();
        } catch (RuntimeException | Error e) {
            stop(e);
        }
    }

    /** Makes a step on the calling thread and carries out what it wants. Without locks. */
    void submit(Step step) {
        conclude(step(step), null);
    }

    /** Looks at the state under the group's lock. */
    <T> T inspect(Function<GroupState, T> look) {
        lock.lock();
        try {
            return look.apply(state);
        } finally {
            lock.unlock();
        }
    }

    void tick(Map<Integer, List<Envelope>> collected) {
        conclude(step(GroupState::tick), collected);
        apply.watch();
        exchange.tick();
    }

    void onMessage(int fromSlot, Message message) {
        if (exchange.takes(fromSlot, message)) {
            return;
        }
        submit((s, now, out) -> s.onMessage(fromSlot, message, now, out));
    }

    /** As {@link #onMessage}, but what is to be forced is left to the caller. */
    void onData(int fromSlot, Message message) {
        StepEffects out = step((s, now, fx) -> s.onMessage(fromSlot, message, now, fx));
        if (out != null) {
            out.carryOut(node.transport(), null);
            apply.wake();
            copies.stepped();
            tellRole();
        }
    }

    void onPeerDown(int slot) {
        submit((s, now, out) -> s.onPeerDown(slot, now, out));
    }

    // ------------------------------------------------------------------ under the baton

    /** Whether the next batch of proposals may leave. */
    boolean gateOpen() {
        return stopped == null && proposals.mayLeave(servingEpoch != 0, commitIndex);
    }

    /** Gives the waiting proposals their places in the log and ships them. */
    void placeProposals() {
        submit((s, now, out) -> proposals.place(s, now, out, apply));
    }

    /** This batch of the node's log is durable. */
    void forced(PersistQueue.Batch batch) {
        if (batch.owners().contains(this)) {
            submit((s, now, out) -> s.onForced(tail.forced(batch, this), now, out));
        }
    }

    // ------------------------------------------------------------------ for the parts of this package

    long group() {
        return group;
    }

    /** Under the group's lock. */
    UnforcedTail tail() {
        return tail;
    }

    PeerOutbox outbox(int slot) {
        return outboxes.get(slot);
    }

    ApplyPath applyPath() {
        return apply;
    }

    /** 0 where none is known. */
    int leaderSlot() {
        return leaderSlot;
    }

    boolean stopped() {
        return stopped != null;
    }

    Copies copies() {
        return copies;
    }

    /** What a waiting client can do for its own proposal, and for those of others. */
    void help() {
        if (VirtualThreads.isCurrent()) {
            node.commitPath().wake();
            return;
        }
        apply.help();
        if (gateOpen()) {
            node.commitPath().help();
            apply.help();
        }
    }

    /** A client that may have been woken to do something for others stops waiting. */
    void leave() {
        apply.wake();
    }

    /** Under the apply baton. */
    void applied(long index) {
        submit((s, now, out) -> s.onApplied(index, now, out));
    }

    SnapshotExchange exchange() {
        return exchange;
    }

    /** Whether the log begins behind this entry by now. */
    boolean forgot(long index) {
        return inspect(GroupState::baseIndex) >= index;
    }

    /** The configuration counts only where it is another one than the group was opened with: addresses may have changed. */
    Base baseOf(Snapshots.Header h) {
        return new Base(h.index(), h.epoch(), sameMembers(h.members(), bootstrap) ? null : h.members());
    }

    private static boolean sameMembers(Members a, Members b) {
        return a.all().size() == b.all().size()
                && a.all().stream().allMatch(m -> {
                    Member other = b.bySlot(m.slot());
                    return other != null && other.name().equals(m.name()) && other.role() == m.role();
                });
    }

    /**
     * Has the log forget what nobody needs.
     *
     * @param bytesTooMany the log should be smaller by so much, whatever members lack; 0 where it should not
     * @param checkpoint where only the state machine's last checkpoint is in the way, it is asked for another one
     * @return whether it forgot anything
     */
    boolean forget(long bytesTooMany, boolean checkpoint) {
        if (snapshots == null || stopped != null) {
            return false;
        }
        long restart = snapshots.restartIndex();
        long whatever = bytesTooMany == 0 ? 0 : node.log().lastIndexIn(group, bytesTooMany);
        if (checkpoint && restart < apply.applied()) {
            snapshots.checkpointSoon();
        }
        boolean forgets = inspect(s -> mayForget(s, restart, whatever) > s.baseIndex());
        if (forgets) {
            submit((s, now, out) -> s.forget(mayForget(s, restart, whatever), now, out));
        }
        return forgets;
    }

    private long mayForget(GroupState s, long restart, long whatever) {
        return Math.min(Math.min(restart, pins.lowest(node.nanoClock().getAsLong())), Math.max(whatever, s.allHave()));
    }

    void answered(long ticket, long index) {
        reads.answer(ticket, index);
    }

    /**
     * Entries of this group wherever they are: in the log, or still on their way there.
     *
     * @return not all of them where they are many, at least one
     */
    List<Entry> read(long from, long to, int maxBytes) throws IOException {
        long end = to;
        lock.lock();
        try {
            long firstUnforced = tail.first();
            if (from >= firstUnforced) {
                List<Entry> entries = tail.range(from, to);
                if (entries != null) {
                    return entries;
                }
            } else {
                end = Math.min(to, firstUnforced - 1);
            }
        } finally {
            lock.unlock();
        }
        return node.log().read(group, from, end, maxBytes);
    }

    /** Whether entries that were read from the log just now may be sent under this header. */
    boolean mayStillSend(Message header) {
        lock.lock();
        try {
            if (header instanceof Message.Accept accept) {
                return state.role() == Role.LEADER && state.leaderEpoch() == accept.epoch();
            }
            Message.Fetched fetched = (Message.Fetched) header;
            return state.promisedEpoch() == fetched.epoch() && state.leaderEpoch() != fetched.epoch();
        } finally {
            lock.unlock();
        }
    }

    /** The group stops on this node, for ever. The first cause counts. */
    void stop(Throwable cause) {
        if (halt(cause)) {
            if (node.failure() == null) {
                LOG.error("group {} has stopped on this node", group, cause);
            }
            apply.close();
            applier.onStopped(cause);
        }
    }

    /** @return whether it was running */
    boolean halt(Throwable cause) {
        lock.lock();
        try {
            if (stopped != null) {
                return false;
            }
            stopped = cause;
            servingEpoch = 0;
            leaderSlot = 0;
            leaderEpoch = Epoch.NONE;
        } finally {
            lock.unlock();
        }
        exchange.close();
        proposals.loseAll();
        apply.wakeAll();
        roles.changed().raise();
        reads.wakeAll();
        copies.stepped();
        return true;
    }

    // ------------------------------------------------------------------ ReplicatedLog

    @Override
    public Proposal propose(byte[] payload, long epoch, Object attachment) {
        PendingProposal proposal = new PendingProposal(this, payload, epoch, attachment);
        if (epoch == 0 || epoch != servingEpoch || transfer.isRunning() || proposals.isFull()) {
            proposal.decide(Proposal.Outcome.LOST);
            return proposal;
        }
        proposals.offer(proposal);
        if (stopped != null) {
            proposals.loseAll();
        }
        return proposal;
    }

    @Override
    public long servingEpoch() {
        return transfer.isRunning() ? 0 : servingEpoch;
    }

    @Override
    public String leader() {
        int slot = leaderSlot;
        Member member = slot == 0 ? null : members().bySlot(slot);
        return member == null ? null : member.name();
    }

    @Override
    public String awaitLeader(long timeoutNanos) {
        roles.changed()
                .await(
                        () -> stopped != null || leaderSlot != 0 && (leaderSlot != selfSlot || servingEpoch() != 0),
                        timeoutNanos);
        return leader();
    }

    @Override
    public boolean awaitReadable(long timeoutNanos) {
        return reads.awaitReadable(timeoutNanos);
    }

    @Override
    public boolean awaitFresh(long maxAgeNanos, long timeoutNanos) {
        return reads.awaitFresh(maxAgeNanos, timeoutNanos);
    }

    @Override
    public long ageNanos() {
        return leaseHolds() ? 0 : reads.ageNanos();
    }

    /** Asks the protocol at which index may be read; it answers with {@link #answered}, at once or later. */
    void askRead(long ticket) {
        submit((s, now, out) -> {
            checkClock();
            s.read(ticket, now, out);
        });
    }

    /** Under the lock, before a lease is relied on. */
    private void checkClock() {
        SuspendCheck suspends = node.suspends();
        if (suspends.distrusts()) {
            state.distrustLease(suspends.distrustUntil());
        }
    }

    @Override
    public boolean leaseHolds() {
        if (servingEpoch == 0) {
            return false;
        }
        lock.lock();
        try {
            checkClock();
            return stopped == null && state.leaseHolds(node.nanoClock().getAsLong());
        } finally {
            lock.unlock();
        }
    }

    @Override
    public boolean awaitApplied(long index, long timeoutNanos) {
        apply.advanced().await(() -> apply.applied() >= index || stopped != null, timeoutNanos);
        return apply.applied() >= index;
    }

    @Override
    public List<String> awaitEverywhere(long index, long timeoutNanos) {
        return copies.awaitEverywhere(index, timeoutNanos);
    }

    @Override
    public long appliedIndex() {
        return apply.applied();
    }

    @Override
    public long commitIndex() {
        return commitIndex;
    }

    @Override
    public long durableIndex() {
        return durableIndex;
    }

    @Override
    public Members members() {
        return inspect(GroupState::members);
    }

    @Override
    public String clientAddress(String member) {
        Member known = members().byName(member);
        return known == null || node.transport() == null ? "" : node.transport().clientAddress(known.slot());
    }

    @Override
    public List<MemberStatus> status() {
        // Lists files: not under the lock.
        long bytes = node.log().bytes();
        lock.lock();
        try {
            return new GroupStatus(
                            state,
                            selfSlot,
                            apply.applied(),
                            stopped != null,
                            bytes,
                            exchange,
                            node.transport(),
                            node.nanoClock().getAsLong())
                    .all();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public boolean transferAway(long timeoutNanos) {
        return transfer.toAny(timeoutNanos);
    }

    @Override
    public boolean transferTo(String member, long timeoutNanos) {
        Member target = members().byName(member);
        if (target == null || !members().isVoter(target.slot())) {
            throw new IllegalArgumentException("no voting member " + member + " in " + members());
        }
        return target.slot() == selfSlot ? leadsNow() : transfer.to(target.slot(), timeoutNanos);
    }

    boolean leadsNow() {
        return stopped == null && leaderSlot == selfSlot;
    }

    /** Closes this group only; it no longer votes on this node. */
    @Override
    public void close() {
        halt(new IllegalStateException("the group was closed on this node"));
        apply.close();
        exchange.join(INSTALL_NANOS);
        node.closed(this);
    }
}
