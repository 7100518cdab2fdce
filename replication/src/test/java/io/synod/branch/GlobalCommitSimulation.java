package io.synod.branch;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;

/**
 * One global transaction among two to five groups, its coordinator and up to three terminations, under loss, duplication, reordering,
 * cuts, crashes, and groups that change their leader: all of them production classes. A group is what Paxos makes of it: one log
 * that loses nothing which it has answered.
 */
final class GlobalCommitSimulation {
    /** What is wrong; the invariant's number is in the message. */
    static final class Violation extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Violation(String message) {
            super(message);
        }
    }

    private static final String GID = "g";
    private static final long MILLI = 1_000_000;
    private static final Termination.Timing TIMING = new Termination.Timing(20 * MILLI, 10 * MILLI);
    private static final long GIVE_UP = 60 * MILLI;
    private static final long FAULTS_END = 400 * MILLI;
    private static final long BOUND = FAULTS_END + 5_000 * MILLI;

    private record Event(long at, long order, Runnable what) {}

    private final Random random;
    private final BranchMutant mutant;
    private final PriorityQueue<Event> events = new PriorityQueue<>((one, other) ->
            one.at() != other.at() ? Long.compare(one.at(), other.at()) : Long.compare(one.order(), other.order()));
    private final Map<String, Group> groups = new HashMap<>();
    private final Branch branch;
    private final List<Actor> actors = new ArrayList<>();
    private final Map<Attempt, Boolean> kinds = new HashMap<>();
    private final Set<String> everPrepared = new HashSet<>();
    private final Set<Boolean> decisions = new HashSet<>();
    private final double loss;
    private final double crashes;
    private long now;
    private long order;
    private long serials;
    private boolean healed;

    GlobalCommitSimulation(long seed, BranchMutant mutant) {
        this.random = new Random(seed);
        this.mutant = mutant;
        int count = 2 + random.nextInt(4);
        List<String> names = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            names.add("d" + i);
        }
        this.branch = mutant.branch(GID, names.get(random.nextInt(count)), names);
        this.loss = random.nextInt(3) * 0.15;
        this.crashes = random.nextInt(4) * 0.015;
        double refusals = random.nextInt(3) * 0.1;
        for (String name : names) {
            groups.put(name, new Group(name, random.nextDouble() >= refusals));
        }
    }

    /** @return how it ended */
    boolean run() {
        actors.add(new Actor(0, true));
        int terminations = random.nextInt(4);
        for (int i = 1; i <= terminations; i++) {
            int slot = i;
            at(random.nextLong(FAULTS_END), () -> actors.add(new Actor(slot, false)));
        }
        for (int i = random.nextInt(10); i >= 0; i--) {
            at(random.nextLong(FAULTS_END), this::cut);
        }
        for (int i = 0; i < 3; i++) {
            at(random.nextLong(FAULTS_END), () -> group().failOver());
        }
        at(FAULTS_END, this::heal);
        while (true) {
            Event next = events.poll();
            if (next == null || next.at() > BOUND) {
                throw new Violation(
                        "L5: not ended " + (BOUND - FAULTS_END) / MILLI + " ms after the last fault: " + standings());
            }
            now = next.at();
            next.what().run();
            check();
            if (healed
                    && groups.values().stream()
                            .allMatch(g -> g.standing().state().isDecided())) {
                break;
            }
        }
        return groups.values().iterator().next().standing().state() == BranchState.COMMITTED;
    }

    private Group group() {
        return groups.get("d" + random.nextInt(groups.size()));
    }

    private void at(long time, Runnable what) {
        events.add(new Event(time, order++, what));
    }

    private void cut() {
        Group group = group();
        group.cutUntil = now + random.nextLong(150 * MILLI);
    }

    /** Whoever is left ends it; so does somebody new. */
    private void heal() {
        healed = true;
        groups.values().forEach(group -> group.cutUntil = 0);
        actors.add(new Actor(random.nextInt(10), false));
    }

    private void check() {
        Set<BranchState> states = new HashSet<>();
        for (Group group : groups.values()) {
            states.add(group.standing().state());
        }
        if (states.contains(BranchState.COMMITTED) && states.contains(BranchState.ABORTED)) {
            throw new Violation("I25: " + standings());
        }
        if (decisions.size() > 1) {
            throw new Violation("I25: told both that it committed and that it did not");
        }
        boolean commits = states.contains(BranchState.COMMITTED) || decisions.contains(true);
        if (commits && everPrepared.size() < groups.size()) {
            throw new Violation("I26: committed, and only " + everPrepared + " have prepared");
        }
        if (!decisions.isEmpty()) {
            BranchState other = BranchState.decided(!decisions.iterator().next());
            if (states.contains(other)) {
                throw new Violation("I25: told " + decisions + ", and a group is " + other);
            }
        }
    }

    private String standings() {
        StringBuilder text = new StringBuilder();
        groups.forEach((name, group) ->
                text.append(name).append(' ').append(group.standing()).append("; "));
        return text.toString();
    }

    /** A replicated group. */
    private final class Group {
        private final String name;
        private Participation participation = new Participation(mutant.rules);
        private final List<BranchEntry> log = new ArrayList<>();
        /** The session's transaction is open at its leader, with all its locks. */
        private boolean able;

        private int leader;
        private long cutUntil;

        Group(String name, boolean able) {
            this.name = name;
            this.able = able;
        }

        BranchStanding standing() {
            return participation.standing(GID);
        }

        /** What the leader has not logged is lost: the open transaction, and entries on their way. */
        void failOver() {
            leader++;
            able = false;
            if (mutant == BranchMutant.STATE_LOST_IN_FAILOVER && !log.isEmpty()) {
                participation = new Participation(mutant.rules);
                log.remove(log.size() - 1);
                log.forEach(participation::apply);
            }
        }

        void receive(BranchRequest request, Actor from) {
            if (cutUntil > now) {
                return;
            }
            BranchEntry entry = mutant.entry(participation.toLog(request, able), request, able);
            if (entry == null) {
                answer(from, standing());
                return;
            }
            int proposer = leader;
            if (mutant == BranchMutant.ANSWER_BEFORE_COMMITTED) {
                answer(from, standingAfter(entry));
            }
            at(now + 1 + random.nextLong(15 * MILLI), () -> {
                if (leader == proposer) {
                    commit(entry);
                    answer(from, standing());
                }
            });
        }

        private BranchStanding standingAfter(BranchEntry entry) {
            Participation copy = new Participation(mutant.rules);
            log.forEach(copy::apply);
            copy.apply(entry);
            return copy.standing(GID);
        }

        private void commit(BranchEntry entry) {
            boolean changed = participation.apply(entry);
            log.add(entry);
            if (changed && entry instanceof BranchEntry.Prepared) {
                everPrepared.add(name);
            }
            if (changed && entry instanceof BranchEntry.Accepted accepted) {
                Boolean before = kinds.put(accepted.attempt(), accepted.commit());
                if (before != null && before != accepted.commit()) {
                    throw new Violation("I26: both outcomes in " + accepted.attempt());
                }
                if (accepted.commit() && everPrepared.size() < groups.size()) {
                    throw new Violation("I26: a pre-commit, and only " + everPrepared + " have prepared");
                }
            }
        }

        private void answer(Actor to, BranchStanding standing) {
            carry(this, () -> to.answered(name, standing));
        }
    }

    private void carry(Group group, Runnable message) {
        boolean lost = !healed && (group.cutUntil > now || random.nextDouble() < loss);
        int copies = lost ? 0 : random.nextInt(10) == 0 ? 2 : 1;
        for (int i = 0; i < copies; i++) {
            at(now + 1 + random.nextLong(random.nextInt(20) == 0 ? 100 * MILLI : 8 * MILLI), message);
        }
    }

    /** A node that coordinates or terminates, until it crashes. */
    private final class Actor implements Termination.Effects {
        private final Termination termination;
        /** {@code null} for one that only terminates. */
        private final Coordinator coordinator;

        private final Set<String> prepared = new HashSet<>();
        private boolean crashed;

        Actor(int slot, boolean coordinates) {
            termination = new Termination(
                    branch, mutant.slot(slot), () -> mutant.serial(++serials), TIMING, random, this, mutant.rules);
            Attempt first = new Attempt(1, slot, ++serials);
            coordinator = coordinates
                    ? new Coordinator(branch, first, termination, TIMING, this, now, GIVE_UP, mutant.rules)
                    : null;
            if (!coordinates) {
                termination.start(now);
            }
            tick();
        }

        private void tick() {
            long deadline = coordinator == null ? termination.deadline() : coordinator.deadline();
            if (deadline == Long.MAX_VALUE) {
                deadline = now + 50 * MILLI;
            }
            at(Math.max(now + 1, deadline), () -> {
                if (crashed || termination.isDone()) {
                    return;
                }
                if (coordinator != null) {
                    coordinator.tick(now);
                } else {
                    termination.tick(now);
                }
                tick();
            });
        }

        void answered(String database, BranchStanding standing) {
            if (crashed) {
                return;
            }
            if (!healed && random.nextDouble() < crashes) {
                crashed = true;
                return;
            }
            if (coordinator == null) {
                termination.answered(database, standing, now);
                return;
            }
            prepared.add(database);
            if (mutant == BranchMutant.NO_PRE_COMMIT
                    && standing.state() == BranchState.PREPARED
                    && prepared.size() == groups.size()) {
                termination.spread(true, now);
            }
            coordinator.answered(database, standing, now);
        }

        @Override
        public void send(String database, BranchRequest request) {
            if (crashed || !healed && random.nextDouble() < crashes) {
                crashed = true;
                return;
            }
            carry(groups.get(database), () -> groups.get(database).receive(request, this));
        }

        @Override
        public void decided(boolean commit) {
            decisions.add(commit);
        }
    }
}
