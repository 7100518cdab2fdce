package io.synod.simulation;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * What happens in one run.
 *
 * @param faults from which each is drawn; {@code null} in the place of one that was left out
 * @param faultGap greatest time between two faults, in nanoseconds; likewise the other gaps
 * @param chunk greatest number of entries in one message
 * @param members whether members come and go, where the seed says so
 * @param clients whether there are clients with transactions, where the seed says so
 * @param forgetChance that a member cuts its log when it has applied something; with {@code forgetsMuch} by chance also what
 *     others have not got
 * @param damage whether snapshots and state machines rot, where the seed says so
 */
record FaultPlan(
        List<Fault> faults,
        long faultGap,
        long duration,
        SimulatedNetwork.Weather weather,
        int chunk,
        long proposalGap,
        long readGap,
        boolean leases,
        boolean members,
        boolean clients,
        double forgetChance,
        boolean forgetsMuch,
        boolean damage) {
    private static final long MILLI = Cluster.MILLI;

    enum Fault {
        CRASH,
        /** Between two effects of a step. */
        CRASH_IN_STEP,
        POWER_CUT,
        ISOLATE,
        CUT_ONE_WAY,
        SPLIT,
        PAUSE,
        SLOW_DISK,
        TRANSFER,
        FALSE_HINT,
        /** At some step of the next installation of a snapshot. */
        CRASH_IN_INSTALL,
        /** One member's state machine is lost, not its log. */
        LOSE_STATE_MACHINE,

        // Of disks and clocks.

        /** The node stops. */
        FORCE_FAILS,
        FULL_DISK,
        /** A node is cut off and back again and again. */
        FLAP,
        /** A bit turns in the log of a node that is down: it never starts again, and is replaced. */
        ROT,
        /** Likewise. */
        LOSE_DISK,
        /** A node stands still, and its monotonic clock with it. */
        SUSPEND,
        SET_WALL_CLOCK,
        /** A monotonic clock beyond the bound on its drift, where there are no leases. */
        CLOCK_RUNS_WILD,

        /** One member's state machine is not to be relied on any more, and it runs. Drawn by no seed: tests add it. */
        DOUBT_STATE_MACHINE;

        /** What has no effect where it does not strike; it is counted where it does. */
        static final Set<Fault> BY_CHANCE = EnumSet.of(
                CRASH_IN_STEP,
                CRASH_IN_INSTALL,
                LOSE_STATE_MACHINE,
                FORCE_FAILS,
                ROT,
                LOSE_DISK,
                CLOCK_RUNS_WILD,
                DOUBT_STATE_MACHINE);

        static final List<Fault> ORDINARY = List.of(values()).subList(0, LOSE_STATE_MACHINE.ordinal() + 1);
        static final List<Fault> MORE = List.of(values()).subList(ORDINARY.size(), DOUBT_STATE_MACHINE.ordinal());
        /** Where several groups share their nodes nobody is replaced, and leases count. */
        static final List<Fault> SHARED = List.of(FORCE_FAILS, FULL_DISK, FLAP, SUSPEND, SET_WALL_CLOCK);
    }

    /** With faults of disks and clocks as well. */
    static FaultPlan whole(SplittableRandom random) {
        FaultPlan plan = of(random);
        SplittableRandom own = random.split();
        List<Fault> all = new ArrayList<>(plan.faults);
        for (Fault fault : Fault.MORE) {
            if (own.nextInt(3) == 0) {
                all.add(fault);
            }
        }
        SimulatedNetwork.Weather sky = own.nextInt(3) == 0 ? plan.weather.heavier() : plan.weather;
        return plan.with(all, sky, plan.chunk, plan.leases, plan.members, plan.clients, plan.forgetChance);
    }

    /** With faults of the disks and clocks that several groups share; what else the seed draws stays as it is. */
    FaultPlan shared(SplittableRandom own) {
        List<Fault> all = new ArrayList<>(faults);
        for (Fault fault : Fault.SHARED) {
            if (own.nextInt(3) == 0) {
                all.add(fault);
            }
        }
        return with(all, weather, chunk, leases, members, clients, forgetChance);
    }

    /** A clock that runs wild breaks leases; so there are none then. */
    boolean withoutLeases() {
        return !leases && faults.contains(Fault.CLOCK_RUNS_WILD);
    }

    static FaultPlan of(SplittableRandom random) {
        List<Fault> faults = new ArrayList<>();
        for (Fault fault : Fault.ORDINARY) {
            if (random.nextBoolean()) {
                faults.add(fault);
            }
        }
        if (faults.isEmpty()) {
            faults.add(Fault.CRASH);
        }
        boolean foul = random.nextInt(3) != 0;
        SimulatedNetwork.Weather weather = foul
                ? new SimulatedNetwork.Weather(
                        random.nextDouble() * 0.1,
                        random.nextDouble() * 0.1,
                        random.nextDouble() * 0.3,
                        (1 + random.nextLong(60)) * MILLI,
                        false)
                : SimulatedNetwork.Weather.FINE;
        return new FaultPlan(
                faults,
                (40 + random.nextLong(400)) * MILLI,
                (800 + random.nextLong(1500)) * MILLI,
                weather,
                random.nextBoolean() ? Integer.MAX_VALUE : 1 + random.nextInt(8),
                (2 + random.nextLong(20)) * MILLI,
                (2 + random.nextLong(20)) * MILLI,
                random.nextBoolean(),
                true,
                true,
                random.nextInt(3) == 0 ? 0 : random.nextDouble() * 0.5,
                random.nextInt(3) != 0,
                true);
    }

    /** {@code null} for none. */
    Fault pick(SplittableRandom random) {
        return faults.get(random.nextInt(faults.size()));
    }

    /** With one thing less each, what leaves out most first. */
    List<FaultPlan> simpler() {
        List<FaultPlan> plans = new ArrayList<>();
        if (duration > 50 * MILLI) {
            plans.add(lasting(duration / 2));
            plans.add(lasting(duration * 9 / 10));
        }
        plans.add(with(faults, weather, chunk, leases, false, clients, forgetChance));
        plans.add(with(faults, weather, chunk, leases, members, false, forgetChance));
        plans.add(with(faults, SimulatedNetwork.Weather.FINE, chunk, leases, members, clients, forgetChance));
        for (Fault fault : faults) {
            // The others keep their places, so that the seed picks them as before.
            List<Fault> fewer = new ArrayList<>(faults);
            fewer.replaceAll(each -> each == fault ? null : each);
            plans.add(with(fewer, weather, chunk, leases, members, clients, forgetChance));
        }
        plans.add(with(faults, weather, Integer.MAX_VALUE, leases, members, clients, forgetChance));
        plans.add(with(faults, weather, chunk, false, members, clients, forgetChance));
        plans.add(with(faults, weather, chunk, leases, members, clients, 0));
        plans.add(undamaged());
        plans.removeIf(this::equals);
        return plans;
    }

    /** With members that stay, one of whom doubts its state machine every now and then; none loses it. */
    FaultPlan doubting() {
        List<Fault> some = new ArrayList<>(faults);
        some.remove(Fault.LOSE_STATE_MACHINE);
        some.add(Fault.DOUBT_STATE_MACHINE);
        some.add(Fault.DOUBT_STATE_MACHINE);
        return with(some, weather, chunk, leases, false, clients, forgetChance);
    }

    private FaultPlan lasting(long nanos) {
        return new FaultPlan(
                faults,
                faultGap,
                nanos,
                weather,
                chunk,
                proposalGap,
                readGap,
                leases,
                members,
                clients,
                forgetChance,
                forgetsMuch,
                damage);
    }

    private FaultPlan undamaged() {
        return new FaultPlan(
                faults,
                faultGap,
                duration,
                weather,
                chunk,
                proposalGap,
                readGap,
                leases,
                members,
                clients,
                forgetChance,
                forgetsMuch,
                false);
    }

    private FaultPlan with(
            List<Fault> some,
            SimulatedNetwork.Weather sky,
            int entries,
            boolean byLease,
            boolean changing,
            boolean served,
            double forgetting) {
        return new FaultPlan(
                some,
                faultGap,
                duration,
                sky,
                entries,
                proposalGap,
                readGap,
                byLease,
                changing,
                served,
                forgetting,
                forgetsMuch,
                damage);
    }
}
