package io.synod.simulation;

import java.util.SplittableRandom;

/**
 * One run from one seed: a cluster under faults and load, then healed, then judged. Each seed switches on its own subset
 * of the faults.
 */
final class Simulation {
    private static final long MILLI = Cluster.MILLI;

    private static final long LONGEST_PAUSE = 500 * MILLI;

    private final long seed;
    private final Cluster cluster;
    private final SplittableRandom faults;
    private final SplittableRandom work;
    private final FaultPlan plan;
    private boolean faulty = true;
    /** Were all lost, nobody could help. */
    private boolean lostOne;

    Simulation(long seed, Mutant mutant) {
        this.seed = seed;
        SplittableRandom random = new SplittableRandom(seed);
        faults = random.split();
        work = random.split();
        plan = FaultPlan.of(faults);
        cluster = new Cluster(faults.nextInt(4) == 0 ? 5 : 3, random, mutant);
    }

    /** @throws AssertionError naming the seed when anything that must hold does not */
    Outcome run() {
        try {
            cluster.chunk(plan.chunk());
            cluster.afterCrashInStep(this::restartLater);
            cluster.forgets(plan.forgetChance(), plan.forgetsMuch());
            cluster.network.weather(plan.weather());
            cluster.startAll();
            scheduleFault();
            scheduleProposal();
            scheduleRead();
            cluster.runFor(plan.duration());
            heal();
            cluster.liveness.awaitSettled(cluster);
            cluster.checkers(c -> c.settled(cluster));
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
                cluster.installed);
    }

    record Outcome(long traceHash, long committed, long reads, long elections, long snapshots) {}

    private void heal() {
        faulty = false;
        cluster.network.weather(SimulatedNetwork.Weather.FINE);
        cluster.network.mendAll();
        for (SimulatedNode node : cluster.nodes()) {
            cluster.slowForce(node.slot, 0);
            node.crashIn = -1;
            node.crashInInstall = -1;
        }
        cluster.startAll();
        if (plan.faults().contains(FaultPlan.Fault.PAUSE)) {
            cluster.runFor(LONGEST_PAUSE);
        }
    }

    private SimulatedNode any(SplittableRandom random) {
        return cluster.node(1 + random.nextInt(cluster.size()));
    }

    // ------------------------------------------------------------------ load

    private void scheduleProposal() {
        cluster.after(work.nextLong(plan.proposalGap()), () -> {
            if (faulty) {
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
            if (faulty) {
                SimulatedNode node = any(work);
                boolean byLease = plan.leases() && work.nextBoolean();
                node.read(byLease, byLease && work.nextInt(4) == 0 ? work.nextLong(200 * MILLI) : 0);
                scheduleRead();
            }
        });
    }

    // ------------------------------------------------------------------ faults

    private void scheduleFault() {
        cluster.after(faults.nextLong(plan.faultGap()), () -> {
            if (faulty) {
                inject(plan.pick(faults));
                scheduleFault();
            }
        });
    }

    private void inject(FaultPlan.Fault fault) {
        SimulatedNode node = faults.nextInt(3) == 0 && cluster.leader() != null ? cluster.leader() : any(faults);
        switch (fault) {
            case CRASH -> {
                node.crash();
                restartLater(node);
            }
            case CRASH_IN_STEP -> {
                if (node.up()) {
                    node.crashIn = faults.nextInt(30);
                }
            }
            case POWER_CUT -> {
                for (SimulatedNode each : cluster.nodes()) {
                    each.crash();
                    restartLater(each);
                }
            }
            case ISOLATE -> {
                cluster.isolate(node.slot);
                mendLater();
            }
            case CUT_ONE_WAY -> {
                SimulatedNode other = any(faults);
                cluster.network.cut(node.slot, other.slot);
                mendLater();
            }
            case SPLIT -> {
                int side = 1 + faults.nextInt((1 << cluster.size()) - 2);
                for (SimulatedNode a : cluster.nodes()) {
                    for (SimulatedNode b : cluster.nodes()) {
                        if ((side >> a.slot - 1 & 1) != (side >> b.slot - 1 & 1)) {
                            cluster.network.cut(a.slot, b.slot);
                        }
                    }
                }
                mendLater();
            }
            case PAUSE -> node.pausedUntil = cluster.now() + faults.nextLong(LONGEST_PAUSE);
            case SLOW_DISK -> {
                cluster.slowForce(node.slot, faults.nextLong(1, 300 * MILLI));
                cluster.after(faults.nextLong(400 * MILLI), () -> cluster.slowForce(node.slot, 0));
            }
            case TRANSFER -> {
                SimulatedNode from = cluster.leader() == null ? node : cluster.leader();
                int target = any(faults).slot;
                from.step("transfer", () -> from.state.transfer(target, from.clock(), from));
                if (faults.nextInt(3) == 0) {
                    // So that the old leader does not hear of the new one while it may still think it has a lease.
                    cluster.after(faults.nextLong(4 * MILLI), () -> {
                        if (faulty) {
                            cluster.isolate(from.slot);
                            mendLater();
                        }
                    });
                }
            }
            case CRASH_IN_INSTALL -> node.crashInInstall = faults.nextInt(8);
            case LOSE_STATE_MACHINE -> {
                boolean othersWhole = true;
                for (SimulatedNode each : cluster.nodes()) {
                    othersWhole &= each == node || each.whole();
                }
                if (othersWhole && !lostOne) {
                    lostOne = true;
                    node.loseMachine();
                    restartLater(node);
                }
            }
            case FALSE_HINT -> {
                int suspect = any(faults).slot;
                node.step("hint", () -> node.state.onPeerDown(suspect, node.clock(), node));
            }
        }
    }

    private void restartLater(SimulatedNode node) {
        cluster.after(faults.nextLong(300 * MILLI), () -> {
            if (faulty) {
                node.crash();
                node.start();
            }
        });
    }

    private void mendLater() {
        cluster.after(faults.nextLong(600 * MILLI), cluster.network::mendAll);
    }
}
