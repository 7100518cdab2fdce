package io.synod.replica;

import io.synod.group.Base;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.log.EntryLog;
import io.synod.paxos.GroupState;
import io.synod.paxos.MemberChange;
import io.synod.paxos.Message;
import io.synod.transport.Envelope;
import io.synod.transport.VirtualThreads;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One group on this node: has the protocol make a step for whatever happens to it, and carries out what the step wants.
 *
 * <p><b>Concurrency.</b> A step is made under the group's lock ({@link LockedState}) by whichever thread has the input
 * (client, reader, timer, log or apply thread) and is short: no append, no force, no call of the {@link Applier}. What others
 * need to know of the state is published at the end of each step ({@link Standing}). Order of locks: apply baton, group lock,
 * persist queue.
 */
final class Replica implements ReplicatedLog {
    private static final Logger LOG = LoggerFactory.getLogger(Replica.class);

    /** What a closing group waits for a snapshot that is being put in place. */
    private static final long INSTALL_NANOS = 10_000_000_000L;

    private final ReplicaNode node;
    private final long group;
    private final int selfSlot;
    private final Applier applier;
    private final Members bootstrap;
    private final GroupRetention retention;
    private final SnapshotExchange exchange;
    private final UnforcedTail tail = new UnforcedTail();
    private final PeerOutboxes outboxes;
    private final ProposalQueue proposals = new ProposalQueue();
    private final ApplyPath apply;
    private final RoleNews roles;
    private final LinearizableReads reads;
    private final LeaderTransfer transfer;
    private final Standing standing;
    private final LockedState state;
    private final Copies copies;
    /** The configuration that the node's peers were last compared with. */
    private volatile Members peersOf;
    /** After the stop: the state machine knows why. */
    private volatile boolean letGo;

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
        this.retention = new GroupRetention(this, node, applier, snapshots);
        this.exchange = new SnapshotExchange(this, node, snapshots, retention.pins());
        this.roles = new RoleNews(applier);
        this.reads = new LinearizableReads(this, roles.changed(), node.suspends());
        this.transfer = new LeaderTransfer(this, node, roles.changed());
        EntryLog log = node.log();
        long applied = applier.appliedIndex();
        GroupState recovered = new GroupState(
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
            recovered.awaitBase();
        }
        if (snapshots != null && snapshots.logOnly()) {
            recovered.keepLogOnly();
        }
        if (recovered.hollow() && (snapshots == null || bootstrap.all().size() == 1)) {
            throw new IllegalStateException("the state of group " + group + " stands at index " + applied
                    + ", but its log begins behind " + recovered.baseIndex()
                    + " and there is nobody to get a snapshot from: restore this node's directory from a backup");
        }
        this.apply = new ApplyPath(this, log, applier, applied);
        this.standing = new Standing(recovered, apply, proposals, roles, transfer);
        this.state = new LockedState(recovered, standing, node.nanoClock(), node.suspends());
        this.copies = new Copies(state, selfSlot, node.transport());
        this.outboxes = new PeerOutboxes(state, tail, group, node);
    }

    // ------------------------------------------------------------------ steps

    private StepEffects step(LockedState.Step step) {
        StepEffects out = new StepEffects(this, node.persist());
        try {
            return state.step(step, out) ? out : null;
        } catch (Throwable e) {
            node.fail(e);
            return null;
        }
    }

    /** Carries out what a step wants, and wakes who has to do something because of it. */
    private void conclude(StepEffects out, Map<Integer, List<Envelope>> collected) {
        if (out != null) {
            carryOut(out, collected);
            node.commitPath().wake();
        }
    }

    private void carryOut(StepEffects out, Map<Integer, List<Envelope>> collected) {
        Members latest = standing.members();
        if (latest != peersOf) {
            // First: what is to be sent may be for one that has just come.
            peersOf = latest;
            if (node.lostPlace(this, latest.bySlot(selfSlot))) {
                return;
            }
        }
        out.carryOut(node.transport(), collected);
        apply.wake();
        copies.stepped();
        tellRole();
    }

    private void tellRole() {
        try {
            roles.tell();
        } catch (RuntimeException | Error e) {
            stop(e);
        }
    }

    /** Makes a step on the calling thread and carries out what it wants. Without locks. */
    void submit(LockedState.Step step) {
        conclude(step(step), null);
    }

    /** Looks at the state under the group's lock. */
    <T> T inspect(Function<GroupState, T> look) {
        return state.inspect(look);
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
            carryOut(out, null);
        }
    }

    void onPeerDown(int slot) {
        submit((s, now, out) -> s.onPeerDown(slot, now, out));
    }

    // ------------------------------------------------------------------ under the baton

    /** Whether the next batch of proposals may leave. */
    boolean gateOpen() {
        return !stopped() && proposals.mayLeave(standing.serves(), standing.commitIndex());
    }

    /**
     * Gives the waiting proposals their places in the log.
     *
     * @return what ships them when it is concluded; {@code null} when the group has stopped
     */
    StepEffects placeProposals() {
        return step((s, now, out) -> proposals.place(s, now, out, apply));
    }

    void conclude(StepEffects out) {
        conclude(out, null);
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

    /** Under the group's lock; {@code null} on a node without peers. */
    PeerOutbox outbox(int slot) {
        return outboxes.to(slot);
    }

    ApplyPath applyPath() {
        return apply;
    }

    /** 0 where none is known. */
    int leaderSlot() {
        return standing.leaderSlot();
    }

    /** Whether no step is made any more. */
    boolean stopped() {
        return state.isStopped();
    }

    /** Whether nobody waits here any more; whoever does not, can say why. */
    boolean hasLetGo() {
        return letGo;
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

    GroupRetention retention() {
        return retention;
    }

    SnapshotExchange exchange() {
        return exchange;
    }

    /** The configuration counts only where it is another one than the group was opened with: addresses may have changed. */
    Base baseOf(Snapshots.Header h) {
        return new Base(h.index(), h.epoch(), h.members().isSameButForAddresses(bootstrap) ? null : h.members());
    }

    void answered(long ticket, long index) {
        reads.answer(ticket, index);
    }

    /** The group stops on this node, for ever. The first cause counts. */
    void stop(Throwable cause) {
        if (!state.stop(cause)) {
            return;
        }
        if (node.failure() == null && !(cause instanceof RemovedMemberException)) {
            LOG.error("group {} has stopped on this node", group, cause);
        }
        try {
            // First: whoever waits and is let go says why, and so does who finds no leader here.
            applier.onStopped(cause);
        } finally {
            apply.close();
            letGo();
        }
    }

    /** This node is not one of the group any more. */
    void removed(long configuration) {
        stop(new RemovedMemberException(group, configuration));
    }

    private void halt(Throwable cause) {
        if (state.stop(cause)) {
            letGo();
        }
    }

    private void letGo() {
        standing.stopped();
        letGo = true;
        exchange.close();
        proposals.loseAll();
        apply.wakeAll();
        roles.changed().raise();
        reads.wakeAll();
        copies.stepped();
    }

    // ------------------------------------------------------------------ ReplicatedLog

    @Override
    public Proposal propose(byte[] payload, long epoch, Object attachment) {
        PendingProposal proposal = new PendingProposal(this, payload, epoch, attachment);
        if (epoch == 0 || epoch != servingEpoch() || proposals.isFull()) {
            proposal.decide(Proposal.Outcome.LOST);
            return proposal;
        }
        proposals.offer(proposal);
        if (hasLetGo()) {
            proposals.loseAll();
        }
        return proposal;
    }

    @Override
    public long servingEpoch() {
        return standing.servingEpoch();
    }

    @Override
    public String leader() {
        int slot = leaderSlot();
        Member member = slot == 0 ? null : members().bySlot(slot);
        return member == null ? null : member.name();
    }

    @Override
    public String awaitLeader(long timeoutNanos) {
        String[] found = {null};
        roles.changed()
                .await(
                        () -> {
                            int slot = leaderSlot();
                            boolean known = slot != 0 && (slot != selfSlot || servingEpoch() != 0);
                            found[0] = known ? leader() : null;
                            return hasLetGo() || found[0] != null;
                        },
                        timeoutNanos);
        return found[0];
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
        submit((s, now, out) -> s.read(ticket, now, out));
    }

    @Override
    public boolean leaseHolds() {
        return standing.serves() && state.leaseHolds();
    }

    @Override
    public boolean awaitApplied(long index, long timeoutNanos) {
        apply.advanced().await(() -> apply.applied() >= index || hasLetGo(), timeoutNanos);
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
        return standing.commitIndex();
    }

    @Override
    public long durableIndex() {
        return standing.durableIndex();
    }

    @Override
    public Members members() {
        return standing.members();
    }

    @Override
    public Members committedMembers() {
        return inspect(GroupState::committedMembers);
    }

    @Override
    public MemberChange.Outcome changeMembers(MemberChange change, long timeoutNanos) {
        return new RequestedChange(this, change).make(timeoutNanos);
    }

    @Override
    public String clientAddress(String member) {
        Member known = members().byName(member);
        return known == null || node.transport() == null ? "" : node.transport().clientAddress(known.slot());
    }

    @Override
    public List<MemberStatus> status() {
        return GroupStatus.of(this, node, selfSlot);
    }

    @Override
    public int segments() {
        return node.log().segments();
    }

    @Override
    public List<String> damage() {
        return node.log().damage();
    }

    @Override
    public boolean needSnapshot(long atLeast) {
        if (!exchange.receives() || members().all().size() == 1) {
            return false;
        }
        submit((s, now, out) -> {
            s.needSnapshot(atLeast, now, out);
            apply.retract();
        });
        return true;
    }

    @Override
    public boolean transferAway(long timeoutNanos) {
        return transfer.toAny(timeoutNanos);
    }

    @Override
    public boolean transferTo(String member, long timeoutNanos) {
        Member target = members().byName(member);
        if (target == null || !members().mayLead(target.slot())) {
            throw new IllegalArgumentException("no voting member " + member + " in " + members());
        }
        return target.slot() == selfSlot ? leadsNow() : transfer.to(target.slot(), timeoutNanos);
    }

    /** Whether there is a successor to hand over to. */
    boolean mayTransfer() {
        return transfer.isPossible();
    }

    boolean leadsNow() {
        return !stopped() && leaderSlot() == selfSlot;
    }

    /**
     * Closes this group only; it no longer votes on this node.
     */
    @Override
    public void close() {
        retention.close();
        end();
    }

    /** As {@link #close}, with the node: the log stays as it is. */
    void end() {
        retention.end();
        halt(new IllegalStateException("the group was closed on this node"));
        apply.close();
        exchange.join(INSTALL_NANOS);
        node.closed(this);
    }
}
