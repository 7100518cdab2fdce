package io.synod.simulation;

import io.synod.branch.BranchRequest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;

/**
 * One run from one seed: two to four replicated groups on the same three nodes, and global transactions over them, under faults and
 * load; then healed, and judged. Paxos, participants, coordinators and terminations are the production classes.
 */
final class GlobalSimulation {
    private static final long MILLI = Cluster.MILLI;
    private static final int SIZE = 3;

    /** In which everything that can be decided is, after the last fault. */
    private static final long BOUND = 15_000 * MILLI;

    private static final SimulatedNetwork.Weather STORM =
            new SimulatedNetwork.Weather(0.15, 0.15, 0.4, 120 * MILLI, false);

    private final long seed;
    private final GlobalMutant mutant;
    private final Timeline time = new Timeline();
    private final SplittableRandom work;
    private final SplittableRandom chances;
    private final FaultPlan plan;
    private final Map<String, BankGroup> groups = new TreeMap<>();
    private final List<GlobalNode> nodes = new ArrayList<>();
    private final Map<String, Long> silentUntil = new TreeMap<>();
    private final GlobalRules rules = new GlobalRules(groups);
    private final Links links;
    private final Faults faults;
    private final long gap;
    private final long duration;
    private final boolean leavesOneCut;
    private final boolean patient;
    /** Each transaction writes in all groups. */
    private final boolean wide;

    /** Terminations begin early, answers come late: they meet each other, and coordinators that live. */
    private final boolean eager;

    private final boolean duels;
    /** Nothing happens to nodes, only to requests: so more transactions meet what does. */
    private final boolean calm;

    private int begun;
    private int ended;

    GlobalSimulation(long seed, GlobalMutant mutant) {
        this(seed, mutant, drawn -> drawn);
    }

    /** @param change of the plan that the seed draws */
    GlobalSimulation(long seed, GlobalMutant mutant, UnaryOperator<FaultPlan> change) {
        this.seed = seed;
        this.mutant = mutant;
        SplittableRandom random = new SplittableRandom(seed);
        SplittableRandom plans = random.split();
        work = random.split();
        chances = random.split();
        FaultPlan drawn = FaultPlan.of(plans);
        // Mutants are looked for among the runs that they were found in.
        plan = change.apply(mutant == GlobalMutant.NONE ? drawn.shared(new SplittableRandom(~seed)) : drawn);
        List<Cluster> clusters = new ArrayList<>();
        List<Links> all = new ArrayList<>();
        links = new Links(time, SIZE, random.split());
        all.add(links);
        calm = plans.nextInt(4) == 0;
        int count = calm ? 3 : 2 + plans.nextInt(3);
        eager = calm || plans.nextBoolean();
        duels = calm || plans.nextBoolean();
        BankMember.Silence silence = eager
                ? new BankMember.Silence((5 + plans.nextLong(120)) * MILLI, plans.nextLong(20) * MILLI, duels)
                : BankMember.Silence.USUAL;
        for (int i = 0; i < count; i++) {
            Cluster cluster = new Cluster(SIZE, random.split(), Mutant.NONE, time);
            cluster.chunk(plan.chunk());
            cluster.forgets(plan.forgetChance(), plan.forgetsMuch());
            clusters.add(cluster);
            all.add(cluster.network);
            groups.put("d" + i, new BankGroup("d" + i, cluster, mutant, rules, silence));
        }
        faults = new Faults(clusters, all, plan, plans);
        for (int slot = 1; slot <= SIZE; slot++) {
            nodes.add(new GlobalNode(slot, this));
        }
        faults.whenCrashed(slot -> node(slot).crashed());
        gap = calm ? 10 * MILLI : (10 + plans.nextLong(60)) * MILLI;
        duration = 2 * plan.duration() + (plans.nextInt(8) == 0 ? 4_000 * MILLI : 0);
        leavesOneCut = plans.nextInt(3) == 0;
        patient = plans.nextBoolean();
        wide = calm || plans.nextBoolean();
    }

    record Outcome(long traceHash, long begun, long committed, long aborted, long ended, long elections, long nanos) {}

    /** @param lines takes one for each step of a group's member */
    void trace(Consumer<String> lines) {
        if (lines != null) {
            groups.forEach((name, group) -> group.cluster().traceTo(line -> lines.accept(name + " " + line)));
        }
    }

    /** @throws AssertionError naming the seed when anything that must hold does not */
    Outcome run() {
        long elections = 0;
        long trace = 0;
        try {
            groups.values().forEach(group -> group.cluster().startAll());
            if (!calm) {
                faults.begin();
                scheduleDeath();
                scheduleDamage();
            }
            if (eager) {
                links.weather(STORM);
                scheduleSilence();
            }
            scheduleGlobal();
            scheduleTransfer();
            time.runUntil(() -> false, duration);
            faults.end();
            nodes.forEach(node -> node.diesIn = -1);
            awaitDecided();
            if (chances.nextInt(4) == 0) {
                // All is forgotten.
                time.runUntil(() -> false, 6_000 * MILLI);
            }
            nodes.forEach(GlobalNode::stop);
            for (BankGroup group : groups.values()) {
                group.cluster().liveness.awaitSettled(group.cluster());
                elections += group.cluster().liveness.elections();
                trace = trace * 31 + group.cluster().traceHash();
            }
            for (BankGroup group : groups.values()) {
                group.cluster().checkers.settled(group.cluster());
            }
            rules.settled();
        } catch (AssertionError | RuntimeException broken) {
            throw new AssertionError(
                    "seed " + seed + " at " + time.now() / 1000 + " us, " + groups.size() + " groups, " + plan + ": "
                            + broken.getMessage(),
                    broken);
        }
        return new Outcome(trace, begun, rules.committed(), rules.aborted(), ended, elections, time.now());
    }

    /** A group without a majority blocks only what cannot be decided without it. */
    private void awaitDecided() {
        Set<String> reachable = new TreeSet<>(groups.keySet());
        if (leavesOneCut) {
            String cut = "d" + chances.nextInt(groups.size());
            reachable.remove(cut);
            groups.get(cut).cluster().filter((from, to, message) -> true);
            await(reachable);
            groups.get(cut).cluster().filter((from, to, message) -> false);
            reachable.add(cut);
        }
        // The last clients may just be about to commit.
        time.runUntil(() -> false, GlobalSession.LONGEST);
        await(reachable);
    }

    private void await(Set<String> reachable) {
        boolean decided = time.runUntil(() -> rules.undecided(reachable) == null, BOUND);
        Checker.check(decided, "L5: not decided while", reachable, "are reachable:", rules.undecided(reachable));
    }

    // ------------------------------------------------------------------ load

    private void scheduleGlobal() {
        time.after(work.nextLong(2 * gap), () -> {
            if (faults.on()) {
                List<String> databases = new ArrayList<>(groups.keySet());
                Collections.shuffle(databases, new Random(work.nextLong()));
                int count = wide ? groups.size() : 2 + work.nextInt(groups.size() - 1);
                long giveUpAfter = (100 + work.nextLong(1_200)) * MILLI;
                node(1 + work.nextInt(SIZE))
                        .begin(
                                "g" + ++begun,
                                List.copyOf(databases.subList(0, count)),
                                patient && work.nextBoolean(),
                                giveUpAfter);
                scheduleGlobal();
            }
        });
    }

    private void scheduleTransfer() {
        time.after(work.nextLong(gap), () -> {
            if (faults.on()) {
                BankGroup group = groups.get("d" + work.nextInt(groups.size()));
                int from = work.nextInt(Ledger.ROWS);
                int to = work.nextInt(Ledger.ROWS);
                for (SimulatedNode node : group.cluster().nodes()) {
                    if (node.serves()) {
                        node.step("transfer", () -> group.member(node.slot).transfer(from, to, work.nextInt(10)));
                    }
                }
                scheduleTransfer();
            }
        });
    }

    /** Of a coordinator, between any two of its messages. */
    private void scheduleDeath() {
        time.after(chances.nextLong(2 * plan.faultGap()), () -> {
            if (faults.on()) {
                node(1 + chances.nextInt(SIZE)).diesIn = chances.nextInt(30);
                scheduleDeath();
            }
        });
    }

    /** In runs of the unbroken protocol only: mutants are looked for among the runs that they were found in. */
    private void scheduleDamage() {
        if (mutant != GlobalMutant.NONE || !plan.damage()) {
            return;
        }
        SplittableRandom own = new SplittableRandom(Long.rotateLeft(seed, 17) ^ SIZE);
        if (seed % 3 == 1) {
            faults.damage(4 * plan.faultGap(), own);
        } else if (seed % 3 == 2) {
            faults.loseNode(4 * plan.faultGap(), own);
        }
    }

    /** How often each fault has struck. */
    Tally tally() {
        Tally all = new Tally();
        all.add(links.tally);
        groups.values().forEach(group -> all.add(group.cluster().tally()));
        return all;
    }

    /** A group that is there, and answers nobody for a while: who asks the others meanwhile knows less than who asked before. */
    private void scheduleSilence() {
        time.after(chances.nextLong(250 * MILLI), () -> {
            if (faults.on()) {
                silentUntil.put("d" + chances.nextInt(groups.size()), time.now() + chances.nextLong(300 * MILLI));
                scheduleSilence();
            }
        });
    }

    // ------------------------------------------------------------------ what nodes need

    Timeline time() {
        return time;
    }

    GlobalMutant mutant() {
        return mutant;
    }

    GlobalRules rules() {
        return rules;
    }

    Faults faults() {
        return faults;
    }

    Map<String, BankGroup> groups() {
        return groups;
    }

    RandomGenerator random() {
        return chances;
    }

    SplittableRandom work() {
        return work;
    }

    int size() {
        return SIZE;
    }

    GlobalNode node(int slot) {
        return nodes.get(slot - 1);
    }

    /** Whether a coordinator, or a termination, is lost at this message while its node lives: where it hurts most, more often. */
    boolean abandons(BranchRequest request) {
        boolean accept = request instanceof BranchRequest.Accept;
        return eager && faults.on() && chances.nextInt(accept && duels ? 4 : 15) == 0;
    }

    /** Whoever terminated a transaction has found how it ends. */
    void ended() {
        ended++;
    }

    boolean silent(BankGroup group) {
        return faults.on() && time.now() < silentUntil.getOrDefault(group.name(), 0L);
    }

    void carry(int from, int to, Runnable arrives) {
        if (from == to) {
            time.after(1, arrives);
        } else {
            links.carry(from, to, arrives);
        }
    }
}
