package io.synod.simulation;

import io.synod.group.Entry;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.paxos.Message;
import io.synod.paxos.Timing;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * A group of simulated members on one event queue in virtual time, watched by all checkers. One seed, split per concern,
 * so that a change in one kind of chance does not shift the others.
 */
final class Cluster {
    static final long MILLI = 1_000_000L;

    private static final long TICK = 5 * MILLI;

    /** Loses a message on purpose. */
    interface Filter {
        boolean drops(int from, int to, Message message);
    }

    /** Less patient than by default: so more happens in a run. */
    private Timing timing = Timing.patient(150);

    private boolean ranked;
    final Mutant mutant;
    final SplittableRandom disks;
    /** Of snapshots, state machines and records that a crash tears. */
    final SplittableRandom damage;

    /** Whether snapshots rot, on disks and on their way. */
    private boolean damages;

    final SimulatedNetwork network;
    final ReadsLinearizable reads = new ReadsLinearizable();
    final CommittedNeverLost chosen;
    final Liveness liveness = new Liveness();
    final OnlyTheSilentReplaced silent;

    private final SplittableRandom clocks;
    private final Timeline time;
    final Checkers checkers;
    private final SimulatedNode[] nodes;
    private final int spares;
    /** The slot of the node that is to come as a witness; 0 for none. */
    private int witness;

    private Filter filter = (from, to, message) -> false;
    private long value;
    private long trace = 1469598103934665603L;
    /** {@code null} where nobody reads along. */
    private Consumer<String> lines;

    /** The longest force, in nanoseconds; 0 for the usual. */
    private final long[] slowForce;

    /** Until when there is no room; 0 for there is. */
    private final long[] fullUntil;

    private int chunk = Integer.MAX_VALUE;
    private double checkpointChance = 0.3;
    long installed;
    private Consumer<SimulatedNode> afterCrashInStep = node -> {};
    private double forgetChance;
    private boolean forgetsWhatOthersLack;
    private final List<SimulatedSnapshots.Snapshot> snapshots = new ArrayList<>();

    Cluster(int size, SplittableRandom random, Mutant mutant) {
        this(size, random, mutant, new Timeline());
    }

    /** One of several groups in the same time. */
    Cluster(int size, SplittableRandom random, Mutant mutant, Timeline time) {
        this(size, 0, random, mutant, time);
    }

    /** With so many nodes more that are no members, and may become some. */
    Cluster(int members, int spares, SplittableRandom random, Mutant mutant, Timeline time) {
        int size = members + spares;
        this.spares = spares;
        this.mutant = mutant;
        this.time = time;
        disks = random.split();
        clocks = random.split();
        network = new SimulatedNetwork(this, time, size, random.split());
        // Last, so that the others are what they were without it.
        damage = random.split();
        slowForce = new long[size + 1];
        fullUntil = new long[size + 1];
        Members first = members(members);
        chosen = new CommittedNeverLost(first);
        silent = new OnlyTheSilentReplaced(this, size);
        checkers = new Checkers(List.of(
                new OneLeaderPerEpoch(),
                new PromiseNeverDecreases(size),
                new LogPrefixesAgree(),
                chosen,
                new AppliedAgree(),
                new LeaseExclusive(this),
                reads,
                new AcknowledgedSurvives(),
                new AcknowledgementsTrue(this),
                new WitnessKeeps(this, chosen),
                silent,
                liveness));
        nodes = new SimulatedNode[size];
        for (int i = 0; i < size; i++) {
            double drift = (clocks.nextDouble() * 2 - 1) * timing.maxDriftPercent() / 100.0;
            Members known = i < members ? first : Members.NOBODY;
            SimulatedClock clock = new SimulatedClock(time, clocks.nextLong(1L << 40), 1 + drift);
            nodes[i] = new SimulatedNode(i + 1, known, this, mutant, clock);
        }
    }

    /** The first of the spare nodes is one that has the log only: to be called before they start. */
    void withWitness() {
        witness = nodes.length - spares + 1;
    }

    boolean isWitness(int slot) {
        return slot == witness;
    }

    /** The higher the slot, the rather it is to lead, and soon: to be called before they start. */
    void rank() {
        ranked = true;
        settlesSoon();
    }

    /** Nobody is waited for as long as on real networks: to be called before they start. */
    void settlesSoon() {
        timing = new Timing(
                timing.heartbeat(),
                timing.electionTimeout(),
                timing.lease(),
                timing.maxDriftPercent(),
                300 * MILLI,
                timing.silence());
    }

    /** As patient as nodes are by default: to be called before they start. */
    void patient() {
        timing = new Timing(
                timing.heartbeat(),
                timing.electionTimeout(),
                timing.lease(),
                timing.maxDriftPercent(),
                timing.settled(),
                Timing.standard().silence());
    }

    boolean isRanked() {
        return ranked;
    }

    int priority(int slot) {
        return ranked ? slot : 0;
    }

    static Members members(int size) {
        List<Member> members = new ArrayList<>();
        for (int slot = 1; slot <= size; slot++) {
            members.add(new Member(slot, name(slot), new UUID(0, slot), Member.Role.VOTER, name(slot) + ":1"));
        }
        return new Members(members);
    }

    static String name(int slot) {
        return String.valueOf((char) ('a' + slot - 1));
    }

    /** Those that are members by the newest committed configuration. */
    List<SimulatedNode> members() {
        return chosen.configuration().all().stream()
                .map(member -> node(member.slot()))
                .toList();
    }

    /**
     * Whether the group can go on without what is on this member's disk: all know of the same members, of whose voters a majority
     * is left, and two members besides have all of the state. What others have besides is theirs to lose.
     */
    boolean mayLose(SimulatedNode node) {
        Members now = chosen.configuration();
        if (spares == 0 || now.bySlot(node.slot) == null || node.isLost()) {
            return false;
        }
        int voters = 0;
        int whole = 0;
        for (SimulatedNode other : nodes) {
            boolean there = !other.isLost() && now.bySlot(other.slot) != null;
            if (there && !other.configuration().equals(now)) {
                return false;
            }
            boolean left = there && other != node;
            voters += left && now.isVoter(other.slot) ? 1 : 0;
            whole += left && !other.isWitness() && other.whole() && other.checkpoint >= node.disk.base() ? 1 : 0;
        }
        return voters >= now.majority() && whole >= 2;
    }

    /** Whether the others, of whom none may come, are a majority that has all of the state. */
    boolean canDoWithout(SimulatedNode node) {
        int whole = 0;
        for (SimulatedNode other : nodes) {
            whole += other != node && other.whole() && other.checkpoint >= node.disk.base() ? 1 : 0;
        }
        return whole == nodes.length - 1 && !node.isLost();
    }

    void startAll() {
        for (SimulatedNode node : nodes) {
            if (!node.up() && !node.isLost()) {
                node.start();
            }
        }
    }

    // ------------------------------------------------------------------ time

    long now() {
        return time.now();
    }

    void after(long delay, Runnable run) {
        time.after(delay, run);
    }

    void runFor(long nanos) {
        time.runUntil(() -> false, nanos);
    }

    /** @return whether it became true in time */
    boolean runUntil(BooleanSupplier condition, long nanos) {
        return time.runUntil(condition, nanos);
    }

    // ------------------------------------------------------------------ chances

    void damages(boolean from) {
        damages = from;
    }

    /** Once in so many times, while there is damage. */
    boolean spoils(int times) {
        return damages && damage.nextInt(times) == 0;
    }

    Tally tally() {
        return network.tally;
    }

    long tickGap() {
        return TICK - MILLI / 2 + clocks.nextLong(MILLI);
    }

    long jitter() {
        return clocks.nextLong(MILLI);
    }

    long forceTime(int slot) {
        long usual = MILLI / 10 + disks.nextLong(MILLI);
        return slowForce[slot] == 0 ? usual : disks.nextLong(slowForce[slot]);
    }

    Timing timing() {
        return timing;
    }

    /** Before anything starts. */
    void withoutLeases() {
        timing = new Timing(
                timing.heartbeat(),
                timing.electionTimeout(),
                0,
                timing.maxDriftPercent(),
                timing.settled(),
                timing.silence());
    }

    /** @return after how long the node is to look for room on its disk again; 0 where there is room */
    long fullFor(int slot) {
        return now() < fullUntil[slot] ? 20 * MILLI : 0;
    }

    void full(int slot, long until) {
        fullUntil[slot] = until;
    }

    long applyTime() {
        return disks.nextLong(MILLI);
    }

    boolean checkpointNow() {
        return disks.nextDouble() < checkpointChance;
    }

    void afterCrashInStep(Consumer<SimulatedNode> then) {
        afterCrashInStep = then;
    }

    void crashedInStep(SimulatedNode node) {
        afterCrashInStep.accept(node);
    }

    void forgets(double chance, boolean whatOthersLack) {
        forgetChance = chance;
        forgetsWhatOthersLack = whatOthersLack;
    }

    boolean forgetsNow() {
        return forgetChance > 0 && disks.nextDouble() < forgetChance;
    }

    boolean forgetsWhatOthersLack() {
        return forgetsWhatOthersLack && disks.nextBoolean();
    }

    SimulatedSnapshots.Snapshot snapshot(List<Entry> state) {
        snapshots.add(new SimulatedSnapshots.Snapshot(snapshots.size(), List.copyOf(state)));
        return snapshots.get(snapshots.size() - 1);
    }

    SimulatedSnapshots.Snapshot snapshot(long id) {
        return snapshots.get((int) id);
    }

    int snapshotChunk() {
        return 1 + disks.nextInt(64);
    }

    int chunk() {
        return chunk == Integer.MAX_VALUE ? chunk : 1 + disks.nextInt(chunk);
    }

    void chunk(int entries) {
        chunk = entries;
    }

    void slowForce(int slot, long nanos) {
        slowForce[slot] = nanos;
    }

    void checkpointChance(double chance) {
        checkpointChance = chance;
    }

    long nextValue() {
        return ++value;
    }

    // ------------------------------------------------------------------ nodes

    int size() {
        return nodes.length;
    }

    /** Whether its members may change. */
    boolean hasSpares() {
        return spares > 0;
    }

    SimulatedNode node(int slot) {
        return nodes[slot - 1];
    }

    SimulatedNode[] nodes() {
        return nodes;
    }

    /** The serving leader of the highest epoch, or null. */
    SimulatedNode leader() {
        SimulatedNode leader = null;
        for (SimulatedNode node : nodes) {
            if (node.serves() && (leader == null || node.state.leaderEpoch() > leader.state.leaderEpoch())) {
                leader = node;
            }
        }
        return leader;
    }

    /** Peers see a reset connection, each with some chance. */
    void crashed(SimulatedNode dead) {
        trace(dead.slot, "crash");
        for (SimulatedNode node : nodes) {
            if (node != dead && clocks.nextInt(4) != 0) {
                after(
                        clocks.nextLong(3 * MILLI),
                        () -> node.step("peer down", () -> node.state.onPeerDown(dead.slot, node.clock(), node)));
            }
        }
    }

    void filter(Filter drops) {
        filter = drops;
    }

    boolean dropped(int from, int to, Message message) {
        return filter.drops(from, to, message);
    }

    void isolate(int slot) {
        network.isolate(slot);
    }

    // ------------------------------------------------------------------ watching

    void watch(Checker checker) {
        checkers.add(checker);
    }

    void trace(int slot, String name) {
        trace = (trace ^ now()) * 1099511628211L;
        trace = (trace ^ slot * 31L + name.hashCode()) * 1099511628211L;
        if (lines != null) {
            lines.accept(now() / 1000 + " us " + name(slot) + " " + name);
        }
    }

    void traceTo(Consumer<String> takes) {
        lines = takes;
    }

    /** What a member is told, where somebody reads along. */
    void told(int from, int to, Message message) {
        if (lines != null) {
            // An array's text is another one in each run.
            String text = message.toString().replaceAll("\\[B@[0-9a-f]+", "bytes");
            lines.accept("    from " + name(from) + " to " + name(to) + ": " + text);
        }
    }

    /** What happens to a node, where somebody reads along. */
    void suffers(int slot, FaultPlan.Fault fault) {
        if (lines != null) {
            lines.accept(now() / 1000 + " us fault " + fault + " for " + name(slot) + ", or where it strikes");
        }
    }

    /** Equal for two runs only if they went the same way. */
    long traceHash() {
        long hash = trace;
        for (SimulatedNode node : nodes) {
            for (long i = node.disk.base() + 1; i <= node.disk.last(); i++) {
                Entry entry = node.disk.entry(i);
                hash = (hash ^ entry.epoch() * 31 + entry.index()) * 1099511628211L;
            }
        }
        return hash;
    }
}
