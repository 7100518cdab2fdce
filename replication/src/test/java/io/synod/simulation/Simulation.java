package io.synod.simulation;

import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * One run from one seed: a cluster under faults and load, then healed, then judged. Each seed switches on its own subset
 * of the faults.
 */
final class Simulation {
    private static final long MILLI = Cluster.MILLI;

    /** A run takes a fifth longer with it. */
    private static final long REGISTER_EVERY = 4;

    private static final long CLIENT_PATIENCE = 10_000 * MILLI;

    private final long seed;
    private static final int RANKED_EVERY = 5;
    private static final int PATIENT_EVERY = 3;
    /** Snapshots and state machines rot. */
    private static final int DAMAGED_EVERY = 3;

    private final Cluster cluster;
    private final SplittableRandom faults;
    private final SplittableRandom work;
    private final FaultPlan plan;
    private final Faults trouble;
    private final MemberChanges changes;
    /** {@code null} for none. */
    private SimulatedClients clients;
    /** {@code null} where none is kept. */
    private RegisterHistory register;

    Simulation(long seed, Mutant mutant) {
        this(seed, mutant, plan -> plan);
    }

    /** @param change of the plan that the seed draws */
    Simulation(long seed, Mutant mutant, UnaryOperator<FaultPlan> change) {
        this.seed = seed;
        SplittableRandom random = new SplittableRandom(seed);
        faults = random.split();
        work = random.split();
        plan = change.apply(FaultPlan.whole(faults));
        int size = faults.nextInt(4) == 0 ? 5 : 3;
        changes = new MemberChanges(seed, plan);
        cluster = changes.cluster(size, random, mutant);
        if (mutant == Mutant.NONE && seed % RANKED_EVERY == RANKED_EVERY - 1) {
            cluster.rank();
        }
        if (mutant == Mutant.NONE && seed % PATIENT_EVERY == 0) {
            cluster.patient();
        }
        if (seed % REGISTER_EVERY == 0) {
            register = new RegisterHistory(cluster);
            cluster.watch(register);
        }
        trouble = new Faults(List.of(cluster), List.of(cluster.network), plan, faults);
        if (plan.clients() && seed / 2 % 2 == 0) {
            clients = new SimulatedClients(seed, cluster, trouble);
        }
    }

    /** How often each fault has struck. */
    Tally tally() {
        return cluster.tally();
    }

    /** @param lines takes one for each step of a member */
    void trace(Consumer<String> lines) {
        cluster.traceTo(lines);
    }

    /** @throws AssertionError naming the seed when anything that must hold does not */
    Outcome run() {
        try {
            cluster.chunk(plan.chunk());
            cluster.forgets(plan.forgetChance(), plan.forgetsMuch());
            if (plan.withoutLeases()) {
                cluster.withoutLeases();
            }
            cluster.startAll();
            trouble.begin();
            scheduleProposal();
            scheduleRead();
            changes.begin(cluster, trouble);
            if (plan.damage() && seed % DAMAGED_EVERY == 1 && cluster.mutant.bearsDamage()) {
                trouble.damage(4 * plan.faultGap(), new SplittableRandom(Long.rotateLeft(seed, 17) ^ DAMAGED_EVERY));
            }
            if (clients != null) {
                clients.begin();
            }
            cluster.runFor(plan.duration());
            trouble.end();
            changes.replaceLost();
            cluster.liveness.awaitSettled(cluster);
            cluster.runUntil(() -> clients == null || clients.idle(), CLIENT_PATIENCE);
            cluster.checkers.settled(cluster);
        } catch (AssertionError | RuntimeException broken) {
            throw new AssertionError(
                    "seed " + seed + " at " + cluster.now() / 1000 + " us, " + plan + ": " + broken.getMessage(),
                    broken);
        }
        return new Outcome(
                cluster.traceHash(),
                cluster.chosen.all().size(),
                cluster.reads.done(),
                cluster.liveness.elections(),
                cluster.installed,
                cluster.chosen.changes(),
                cluster.now(),
                register == null || register.judged() ? 0 : 1,
                clients == null ? 0 : clients.committed(),
                clients == null ? 0 : clients.resolved(),
                clients == null ? 0 : clients.voids(),
                Stream.of(cluster.nodes()).filter(SimulatedNode::isLost).count(),
                cluster.chosen.witnessed() ? 1 : 0,
                cluster.silent.places());
    }

    /**
     * @param changes of the members
     * @param nanos of virtual time
     * @param unjudged histories of the register
     * @param transactions of clients, acknowledged
     * @param resolved commits whose clients had to ask what became of them
     * @param voids commits that came after their fence
     * @param lost disks
     * @param witnesses that came
     * @param places that leaders gave to other directories
     */
    record Outcome(
            long traceHash,
            long committed,
            long reads,
            long elections,
            long snapshots,
            long changes,
            long nanos,
            long unjudged,
            long transactions,
            long resolved,
            long voids,
            long lost,
            long witnesses,
            long places) {}

    private SimulatedNode any(SplittableRandom random) {
        return cluster.node(1 + random.nextInt(cluster.size()));
    }

    // ------------------------------------------------------------------ load

    private void scheduleProposal() {
        cluster.after(work.nextLong(plan.proposalGap()), () -> {
            if (trouble.on()) {
                // Nearly always where it can succeed; a deposed leader that thinks it serves is among them.
                SimulatedNode node = any(work);
                for (int i = 0; i < cluster.size() && !node.serves(); i++) {
                    node = cluster.node(1 + node.slot % cluster.size());
                }
                node.propose(work.nextInt(8) == 0 ? 1 + work.nextInt(20) : 1);
                scheduleProposal();
            }
        });
    }

    private void scheduleRead() {
        cluster.after(work.nextLong(plan.readGap()), () -> {
            if (trouble.on()) {
                SimulatedNode node = any(work);
                boolean byLease = plan.leases() && work.nextBoolean();
                node.read(byLease, byLease && work.nextInt(4) == 0 ? work.nextLong(200 * MILLI) : 0);
                scheduleRead();
            }
        });
    }
}
