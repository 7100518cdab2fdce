package io.synod.simulation;

import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntConsumer;

/** Injects the faults of a plan into nodes, each of which has a member of every group. */
final class Faults {
    private static final long MILLI = Cluster.MILLI;
    private static final long LONGEST_PAUSE = 500 * MILLI;

    private final List<Cluster> groups;
    private final List<? extends Links> links;
    private final FaultPlan plan;
    private final SplittableRandom random;
    /** Of nodes that die in the middle of something. */
    private final SplittableRandom deaths;

    private final int size;
    private boolean on = true;
    /** Were all lost, nobody could help. */
    private boolean lostOne;

    private IntConsumer crashed = slot -> {};

    Faults(List<Cluster> groups, List<? extends Links> links, FaultPlan plan, SplittableRandom random) {
        this.groups = groups;
        this.links = links;
        this.plan = plan;
        this.random = random;
        this.deaths = random.split();
        this.size = groups.get(0).size();
    }

    /** What else is lost with a node. */
    void whenCrashed(IntConsumer then) {
        crashed = then;
    }

    boolean on() {
        return on;
    }

    void begin() {
        for (Cluster group : groups) {
            group.afterCrashInStep(node -> {
                crash(node.slot);
                restartLater(node.slot, deaths);
            });
        }
        links.forEach(each -> each.weather(plan.weather()));
        schedule();
    }

    /** Everything is mended, and everybody starts again. */
    void end() {
        on = false;
        groups.forEach(group -> group.damages(false));
        links.forEach(each -> each.weather(SimulatedNetwork.Weather.FINE));
        mendAll();
        for (Cluster group : groups) {
            for (SimulatedNode node : group.nodes()) {
                group.slowForce(node.slot, 0);
                group.full(node.slot, 0);
                node.mend();
            }
            group.startAll();
        }
        if (plan.faults().contains(FaultPlan.Fault.PAUSE) || plan.faults().contains(FaultPlan.Fault.SUSPEND)) {
            groups.get(0).runFor(LONGEST_PAUSE);
        }
    }

    /** Snapshots, on their way and on disk, and the files of state machines. */
    void damage(long gap, SplittableRandom rot) {
        groups.forEach(group -> group.damages(true));
        rotState(gap, rot);
    }

    private void rotState(long gap, SplittableRandom rot) {
        after(rot.nextLong(gap), () -> {
            Cluster group = group(rot);
            SimulatedNode node = group.node(any(rot));
            if (mayLoseState(group, node)) {
                lostOne = true;
                crash(node.slot);
                node.rotState(rot);
                restartLater(node.slot, rot);
            }
            rotState(gap, rot);
        });
    }

    /** A node with members of several groups, none of which gets another in its place: the others go on. */
    void loseNode(long gap, SplittableRandom loss) {
        after(loss.nextLong(gap), () -> {
            int slot = any(loss);
            boolean spared = groups.stream().allMatch(each -> each.canDoWithout(each.node(slot)));
            if (!spared || lostOne) {
                loseNode(gap, loss);
                return;
            }
            lostOne = true;
            crash(slot);
            boolean rots = loss.nextBoolean();
            for (Cluster each : groups) {
                if (rots) {
                    each.node(slot).disk.rot(loss);
                }
                if (!each.node(slot).isLost()) {
                    each.node(slot).loseDisk();
                }
            }
            groups.get(0).tally().add(Tally.Event.NODE_LOST);
        });
    }

    private boolean mayLoseState(Cluster group, SimulatedNode node) {
        int whole = 0;
        for (SimulatedNode each : group.members()) {
            // A learner may be far behind all that is left of the log.
            boolean helps = !group.hasSpares() || each.checkpoint >= node.disk.base();
            whole += each != node && !each.isWitness() && each.whole() && helps ? 1 : 0;
        }
        // One of them may be on its way out.
        return whole >= (group.hasSpares() ? 2 : size - 1) && !lostOne;
    }

    private void schedule() {
        after(random.nextLong(plan.faultGap()), () -> {
            FaultPlan.Fault fault = plan.pick(random);
            // Its own, so that what comes later is the same without it.
            SplittableRandom own = random.split();
            if (fault != null) {
                inject(fault, own);
            }
            schedule();
        });
    }

    private void after(long delay, Runnable run) {
        groups.get(0).after(delay, () -> {
            if (on) {
                run.run();
            }
        });
    }

    private Cluster group(SplittableRandom random) {
        return groups.get(groups.size() == 1 ? 0 : random.nextInt(groups.size()));
    }

    private int any(SplittableRandom random) {
        return 1 + random.nextInt(size);
    }

    private void inject(FaultPlan.Fault fault, SplittableRandom random) {
        Cluster group = group(random);
        SimulatedNode leader = group.leader();
        SimulatedNode node = random.nextInt(3) == 0 && leader != null ? leader : group.node(any(random));
        int slot = node.slot;
        group.suffers(slot, fault);
        if (!FaultPlan.Fault.BY_CHANCE.contains(fault)) {
            group.tally().add(fault);
        }
        switch (fault) {
            case CRASH -> {
                crash(slot);
                restartLater(slot, random);
            }
            case CRASH_IN_STEP -> {
                if (node.up()) {
                    node.crashIn = random.nextInt(30);
                }
            }
            case POWER_CUT -> {
                for (int each = 1; each <= size; each++) {
                    crash(each);
                    restartLater(each, random);
                }
            }
            case ISOLATE -> {
                links.forEach(each -> each.isolate(slot));
                mendLater(random);
            }
            case CUT_ONE_WAY -> {
                cut(slot, any(random));
                mendLater(random);
            }
            case SPLIT -> {
                int side = 1 + random.nextInt((1 << size) - 2);
                for (int a = 1; a <= size; a++) {
                    for (int b = 1; b <= size; b++) {
                        if ((side >> a - 1 & 1) != (side >> b - 1 & 1)) {
                            cut(a, b);
                        }
                    }
                }
                mendLater(random);
            }
            case PAUSE -> {
                long until = group.now() + random.nextLong(LONGEST_PAUSE);
                groups.forEach(each -> each.node(slot).pausedUntil = until);
            }
            case SLOW_DISK -> {
                long slow = random.nextLong(1, 300 * MILLI);
                groups.forEach(each -> each.slowForce(slot, slow));
                after(random.nextLong(400 * MILLI), () -> groups.forEach(each -> each.slowForce(slot, 0)));
            }
            case TRANSFER -> {
                SimulatedNode from = leader == null ? node : leader;
                int target = any(random);
                from.step("transfer", () -> from.state.transfer(target, from.clock(), from));
                if (random.nextInt(3) == 0) {
                    // So that the old leader does not hear of the new one while it may still think it has a lease.
                    after(random.nextLong(4 * MILLI), () -> {
                        links.forEach(each -> each.isolate(from.slot));
                        mendLater(random);
                    });
                }
            }
            case CRASH_IN_INSTALL -> node.crashInInstall = random.nextInt(8);
            case LOSE_STATE_MACHINE -> {
                if (mayLoseState(group, node)) {
                    lostOne = true;
                    group.tally().add(fault);
                    node.loseMachine();
                    crash(slot);
                    restartLater(slot, random);
                }
            }
            case FORCE_FAILS -> node.forces.fail(true);
            case FULL_DISK -> {
                long until = group.now() + random.nextLong(1_500 * MILLI);
                groups.forEach(each -> each.full(slot, until));
            }
            case FLAP -> flap(slot, 1 + random.nextInt(12), (2 + random.nextLong(120)) * MILLI, random);
            case ROT, LOSE_DISK -> {
                if (!group.mayLose(node)) {
                    crash(slot);
                    restartLater(slot, random);
                    return;
                }
                lostOne = true;
                group.tally().add(fault);
                if (node.isWitness()) {
                    group.tally().add(Tally.Event.WITNESS_LOST);
                }
                crash(slot);
                if (fault == FaultPlan.Fault.ROT) {
                    node.disk.rot(random);
                } else {
                    node.loseDisk();
                }
                restartLater(slot, random);
            }
            case SUSPEND -> {
                long nanos = random.nextLong(LONGEST_PAUSE);
                for (Cluster each : groups) {
                    SimulatedNode there = each.node(slot);
                    there.pausedUntil = Math.max(there.pausedUntil, each.now() + nanos);
                    there.clock.sleeps(nanos);
                }
            }
            case SET_WALL_CLOCK -> {
                long by = random.nextLong(-10_000, 10_000) * MILLI;
                groups.forEach(each -> each.node(slot).clock.setWall(by));
            }
            case CLOCK_RUNS_WILD -> {
                if (!plan.leases() || group.mutant == Mutant.LEASES_WITH_CLOCKS_BEYOND_THE_BOUND) {
                    group.tally().add(fault);
                    node.clock.runs(random.nextBoolean() ? 1 + 4 * random.nextDouble() : random.nextDouble());
                    after(random.nextLong(800 * MILLI), () -> node.clock.runs(1));
                    if (random.nextInt(3) == 0) {
                        links.forEach(each -> each.isolate(slot));
                        mendLater(random);
                    }
                }
            }
            case DOUBT_STATE_MACHINE -> {
                // Were all in doubt, nobody could help.
                boolean helped = group.members().stream()
                        .allMatch(each -> each == node || each.up() && !each.state.hollow() && each.applied > 0);
                if (helped) {
                    group.tally().add(fault);
                    node.step("doubt", () -> node.state.needSnapshot(node.applied, node.clock(), node));
                }
            }
            case FALSE_HINT -> {
                int suspect = any(random);
                node.step("hint", () -> node.state.onPeerDown(suspect, node.clock(), node));
            }
        }
    }

    private void flap(int slot, int times, long most, SplittableRandom random) {
        links.forEach(each -> each.isolate(slot));
        after(random.nextLong(most), () -> {
            mendAll();
            if (times > 0) {
                after(random.nextLong(most), () -> flap(slot, times - 1, most, random));
            }
        });
    }

    private void cut(int from, int to) {
        links.forEach(each -> each.cut(from, to));
    }

    private void crash(int slot) {
        groups.forEach(each -> each.node(slot).crash());
        crashed.accept(slot);
    }

    /** A node dies now, in whatever it is doing. */
    void die(int slot) {
        crash(slot);
        restartLater(slot, deaths);
    }

    private void restartLater(int slot, SplittableRandom random) {
        after(random.nextLong(300 * MILLI), () -> {
            crash(slot);
            groups.forEach(each -> each.node(slot).start());
        });
    }

    private void mendLater(SplittableRandom random) {
        groups.get(0).after(random.nextLong(600 * MILLI), this::mendAll);
    }

    private void mendAll() {
        links.forEach(Links::mendAll);
    }
}
