package io.synod.simulation;

import io.synod.group.Base;
import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.group.Members;
import io.synod.paxos.Effects;
import io.synod.paxos.GroupState;
import io.synod.paxos.MemberChange;
import io.synod.paxos.Message;
import io.synod.paxos.Role;
import io.synod.replica.SuspendWatch;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.random.RandomGenerator;

/**
 * One member: the production {@link GroupState} with a simulated disk and clock, a state machine that is the list of what
 * was applied, its snapshots, and clients. Can crash between any two effects.
 */
final class SimulatedNode implements Effects {
    /** Ends a step in its middle. */
    private static final class Crash extends RuntimeException {
        static final Crash NOW = new Crash();

        private Crash() {
            super("crash", null, false, false);
        }
    }

    final int slot;
    final SimulatedDisk disk;
    private final Cluster cluster;
    private final Members members;
    final SimulatedClock clock;
    private SuspendWatch suspends;

    GroupState state;
    int life;
    long pausedUntil;
    /** So many effects from now, or from the beginning of the next installation of a snapshot, it crashes; negative for never. */
    int crashIn = -1;

    int crashInInstall = -1;

    /** The state machine: what was applied, of which the first {@link #checkpoint} outlive a crash. */
    private final List<Entry> machine = new ArrayList<>();

    long checkpoint;
    /** What the state machine was made from last; outlives a crash. */
    private Base installed;

    private final SimulatedSnapshots snapshots;

    long applied;
    long commit;
    private boolean applying;
    /** The state machine stands still. */
    private boolean holdsApply;

    final SimulatedForces forces;
    private boolean gone;
    private boolean rotten;

    private final Map<Long, Entry> proposals = new TreeMap<>();
    private final SimulatedReads reads;

    SimulatedNode(int slot, Members members, Cluster cluster, Mutant mutant, SimulatedClock clock) {
        this.slot = slot;
        this.members = members;
        this.cluster = cluster;
        this.disk = new SimulatedDisk(mutant, cluster.damage, cluster.tally());
        this.snapshots = new SimulatedSnapshots(this, cluster, members);
        this.reads = new SimulatedReads(this, cluster);
        this.forces = new SimulatedForces(this, cluster);
        this.clock = clock;
    }

    long clock() {
        return clock.nanos();
    }

    boolean up() {
        return state != null;
    }

    boolean serves() {
        return up() && state.serving();
    }

    // ------------------------------------------------------------------ life

    void start() {
        if (isLost()) {
            return;
        }
        life++;
        if (isWitness()) {
            checkpoint = disk.base();
            machine.subList((int) checkpoint, machine.size()).clear();
        }
        if (rotten && cluster.mutant != Mutant.ROTTEN_STATE_IS_OPENED) {
            // It does not have its checksum.
            loseMachine();
        }
        rotten = false;
        applied = checkpoint;
        commit = Math.max(checkpoint, disk.base());
        applying = false;
        forces.start();
        crashIn = -1;
        pausedUntil = 0;
        state = cluster.mutant.sabotage.groupState(
                slot,
                members,
                disk.recovered(),
                installed,
                checkpoint,
                cluster.priority(slot),
                cluster.timing(),
                cluster.disks.split(),
                clock());
        if (isWitness()) {
            state.keepLogOnly();
        }
        suspends = new SuspendWatch(
                this::clock, clock::wallMillis, cluster.timing().lease());
        cluster.checkers.restarted(this);
        step("start", () -> state.start(clock(), this));
        scheduleTick();
    }

    List<Entry> machine() {
        return machine;
    }

    /** It has the log only. What is in {@link #machine} is the observers', and begins anew with the log's base. */
    boolean isWitness() {
        return cluster.isWitness(slot);
    }

    /** The state machine's file is lost: all that is left is the log. */
    void loseMachine() {
        crash();
        if (isWitness()) {
            return;
        }
        machine.clear();
        checkpoint = 0;
        installed = null;
    }

    /** While it is down, something turns in what it has of its state; whoever opens the file finds that by its checksum. */
    void rotState(RandomGenerator random) {
        if (!isWitness() && checkpoint > 0) {
            int at = random.nextInt((int) checkpoint);
            machine.set(at, SimulatedSnapshots.spoilt(machine.get(at)));
            rotten = true;
            cluster.tally().add(Tally.Event.STATE_SPOILT);
        }
    }

    /** Its disk is lost, with all that was on it: it never comes back as the member that it was. */
    void loseDisk() {
        crash();
        gone = cluster.mutant != Mutant.LOST_DISK_COMES_BACK_EMPTY;
        if (!gone) {
            disk.wipe();
            loseMachine();
        }
    }

    /** It never runs again: what is left of its log is not what it has told others of. */
    boolean isLost() {
        return gone || disk.isDamaged();
    }

    /** Whatever was to happen to it does not. */
    void mend() {
        crashIn = -1;
        crashInInstall = -1;
        forces.fail(false);
        clock.runs(1);
    }

    /** Before each step, as production does. */
    private void checkClock() {
        if (suspends.distrusts() && cluster.mutant != Mutant.SUSPENSION_IS_NOT_NOTICED) {
            state.distrustLease(suspends.distrustUntil());
        }
    }

    /** Whether, if it crashed now, it could go on by itself. */
    boolean whole() {
        return checkpoint >= disk.base() && !isLost();
    }

    void crash() {
        if (up()) {
            state = null;
            disk.crash(cluster.disks);
            machine.subList((int) checkpoint, machine.size()).clear();
            snapshots.crashed();
            proposals.clear();
            reads.crashed();
            cluster.crashed(this);
        }
    }

    private void scheduleTick() {
        int born = life;
        cluster.after(cluster.tickGap(), () -> {
            if (life == born && up()) {
                step("tick", () -> {
                    suspends.tick();
                    state.tick(clock(), this);
                    forget();
                });
                scheduleTick();
            }
        });
    }

    /** One input; later if this node is paused, never if it is down. */
    void step(String name, Runnable input) {
        if (!up()) {
            return;
        }
        if (cluster.now() < pausedUntil) {
            int born = life;
            cluster.after(pausedUntil - cluster.now() + cluster.jitter(), () -> {
                if (life == born) {
                    step(name, input);
                }
            });
            return;
        }
        cluster.trace(slot, name);
        checkClock();
        try {
            input.run();
        } catch (Crash now) {
            boolean installs = name.equals("install");
            cluster.tally().add(installs ? FaultPlan.Fault.CRASH_IN_INSTALL : FaultPlan.Fault.CRASH_IN_STEP);
            crash();
            cluster.crashedInStep(this);
            return;
        }
        cluster.checkers.stepped(this);
    }

    private void effect() {
        if (crashIn >= 0 && crashIn-- == 0) {
            throw Crash.NOW;
        }
    }

    void receive(int from, Message message) {
        step(message.getClass().getSimpleName(), () -> {
            cluster.told(from, slot, message);
            cluster.silent.receives(this, from, message);
            if (!snapshots.takes(from, message)) {
                state.onMessage(from, message, clock(), this);
            }
        });
    }

    // ------------------------------------------------------------------ clients

    void propose(int count) {
        step("propose", () -> {
            for (int i = 0; i < count; i++) {
                propose(ByteBuffer.allocate(8).putLong(cluster.nextValue()).array());
            }
            flush();
        });
    }

    /**
     * In a step, which is to flush what was proposed.
     *
     * @return {@code null} when this member takes no proposals
     */
    Entry propose(byte[] payload) {
        long index = state.propose(EntryKind.DATA, payload, clock(), this);
        if (index <= 0) {
            return null;
        }
        Entry entry = disk.entry(index);
        proposals.put(index, entry);
        cluster.checkers.proposed(this, entry);
        return entry;
    }

    /** Ends a step in which something was proposed. */
    void flush() {
        state.flush(clock(), this);
    }

    /** @param wanted chosen when it gets to it, which is later if it is paused: among the members of that moment */
    void change(Function<Members, MemberChange> wanted) {
        step("change", () -> {
            Members before = state.members();
            MemberChange change = wanted.apply(before);
            MemberChange.Outcome outcome = state.changeMembers(change, clock(), this);
            if (change.kind() == MemberChange.Kind.REPLACE && outcome.refusal() == null) {
                cluster.silent.replaced(this, before.byName(change.name()).slot());
            }
            state.flush(clock(), this);
        });
    }

    /** The newest in the log, wherever that stands in the protocol. */
    Members configuration() {
        return disk.newestConfiguration(members);
    }

    void read(boolean byLease, long pause) {
        reads.read(byLease, pause);
    }

    // ------------------------------------------------------------------ effects

    @Override
    public void append(Entry entry) {
        effect();
        cluster.checkers.appending(this, entry);
        disk.append(entry);
        forces.due();
    }

    @Override
    public void promise(long epoch) {
        effect();
        disk.promise(epoch);
        forces.due();
    }

    @Override
    public void base(Base base, boolean voids) {
        effect();
        cluster.checkers.rebasing(this, base, voids);
        disk.base(base, voids);
        forces.due();
    }

    @Override
    public void offerSnapshot(int toSlot, long atLeast) {
        effect();
        snapshots.offer(toSlot, atLeast);
    }

    /** One atomic step of the state machine, then the protocol; a crash may come in between. */
    void install(List<Entry> received, Base base, long knownBy) {
        if (crashInInstall >= 0) {
            crashIn = crashInInstall;
            crashInInstall = -1;
        }
        effect();
        machine.clear();
        machine.addAll(received);
        checkpoint = machine.size();
        if (cluster.mutant == Mutant.INSTALL_IN_TWO_STEPS) {
            effect();
        }
        installed = isWitness() ? null : base;
        effect();
        applied = checkpoint;
        commit = Math.max(commit, applied);
        proposals.keySet().removeIf(index -> index <= applied);
        cluster.installed++;
        cluster.checkers.installed(this);
        state.onSnapshotInstalled(base, knownBy, clock(), this);
        reads.applied();
        scheduleApply();
    }

    void forced(long count) {
        step("forced", () -> state.onForced(count, clock(), this));
    }

    @Override
    public void send(int toSlot, Message message) {
        effect();
        cluster.checkers.sent(this, message);
        cluster.network.send(slot, toSlot, message);
    }

    @Override
    public void ship(int toSlot, Message.Accept accept, long from, long to) {
        effect();
        long at = from;
        while (at <= to) {
            long end = Math.min(to, at + cluster.chunk() - 1);
            long prev = at - 1;
            long prevEpoch = disk.epochAt(prev);
            Message.Accept part = new Message.Accept(
                    accept.epoch(),
                    prev,
                    prevEpoch,
                    disk.read(at, end),
                    accept.commit(),
                    accept.sentAtNanos(),
                    accept.seq(),
                    accept.leaseNanos(),
                    accept.quorumAgeNanos(),
                    accept.allHave());
            cluster.network.send(slot, toSlot, part);
            at = end + 1;
        }
    }

    @Override
    public void donate(int toSlot, Message.Fetched header, long from, long to) {
        effect();
        long end = Math.min(to, from + cluster.chunk() - 1);
        cluster.network.send(
                slot,
                toSlot,
                new Message.Fetched(
                        header.epoch(),
                        header.ok(),
                        header.prevIndex(),
                        header.prevEpoch(),
                        disk.read(from, end),
                        header.base()));
    }

    @Override
    public void accepted(int toSlot, Message.Accepted accepted) {
        send(toSlot, accepted);
    }

    @Override
    public void committed(long index) {
        effect();
        long from = commit + 1;
        commit = index;
        cluster.checkers.committed(this, from, index);
        scheduleApply();
    }

    private void scheduleApply() {
        if (applying || holdsApply || applied >= commit || state.hollow()) {
            return;
        }
        applying = true;
        int born = life;
        cluster.after(cluster.applyTime(), () -> {
            if (life == born) {
                step("apply", () -> {
                    applying = false;
                    if (!holdsApply) {
                        applyAll();
                    }
                });
            }
        });
    }

    /** The state machine stands still from now on, or goes on. */
    void holdApply(boolean holds) {
        holdsApply = holds;
        if (up()) {
            scheduleApply();
        }
    }

    private void applyAll() {
        while (applied < commit && !state.hollow()) {
            Entry entry = disk.entry(applied + 1);
            cluster.checkers.applied(this, entry);
            applied++;
            machine.add(entry);
            Entry proposed = proposals.remove(entry.index());
            if (proposed == entry && state.role() == Role.LEADER && state.leaderEpoch() == entry.epoch()) {
                cluster.checkers.acknowledged(this, entry);
            }
        }
        if (cluster.checkpointNow() && disk.isForced(applied) || isWitness()) {
            checkpoint = applied;
        }
        reads.applied();
        state.onApplied(applied, clock(), this);
        scheduleApply();
    }

    /** Retention: by chance as if the log were too large for those that are behind. */
    private void forget() {
        if (cluster.forgetsNow()) {
            long durable = cluster.mutant == Mutant.FORGET_BEFORE_CHECKPOINT ? applied : checkpoint;
            long index = Math.min(durable, snapshots.pinned());
            long whatever = cluster.forgetsWhatOthersLack() ? index : 0;
            long others = cluster.mutant == Mutant.WITNESS_FORGETS_WHAT_OTHERS_LACK
                    ? Math.max(whatever, state.allHave())
                    : state.othersNeedAbove(whatever);
            state.forget(Math.min(index, others), clock(), this);
            disk.reclaim();
        }
    }

    @Override
    public void roleChanged(Role role, long epoch, int leaderSlot) {
        effect();
        if (role == Role.LEADER) {
            cluster.checkers.led(this, epoch);
        } else {
            proposals.clear();
        }
    }

    @Override
    public void removed(long configuration) {
        effect();
        cluster.checkers.removed(this);
    }

    @Override
    public void readable(long ticket, long index) {
        effect();
        reads.readable(ticket, index);
    }

    @Override
    public void notReadable(long ticket, int leaderHint) {
        effect();
        reads.notReadable(ticket);
    }

    @Override
    public String toString() {
        return "node " + slot + " (life " + life + (isLost() ? ", lost)" : ")");
    }
}
