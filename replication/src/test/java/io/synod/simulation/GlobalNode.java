package io.synod.simulation;

import io.synod.branch.Branch;
import io.synod.branch.BranchRequest;
import io.synod.branch.BranchStanding;
import io.synod.branch.Participant;
import io.synod.branch.Termination;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Consumer;

/**
 * A node: a member of each group, the sessions of its clients, and what ends the transactions of others. It asks the leaders of the
 * groups over the same links as the members each other, and does not know for sure who leads.
 */
final class GlobalNode {
    static final long MILLI = Cluster.MILLI;
    static final Termination.Timing TIMING = new Termination.Timing(20 * MILLI, 20 * MILLI);

    private static final long WATCH = 20 * MILLI;

    /** Longer than any message is on its way, and than a deposed leader or a client goes on asking. */
    private static final long FORGET_AFTER = 4_000 * MILLI;

    private static final int FORGET_TRIES = 4;

    final int slot;
    final GlobalSimulation world;
    private final Map<String, Integer> leaders = new TreeMap<>();
    private final Map<String, GlobalSession> sessions = new TreeMap<>();
    private final Map<String, Ending> endings = new TreeMap<>();
    /** Outlives a crash. */
    private long serials;

    int life;
    private boolean stopped;
    /** So many requests and answers from now it dies; negative for never. */
    int diesIn = -1;

    GlobalNode(int slot, GlobalSimulation world) {
        this.slot = slot;
        this.world = world;
        watch();
    }

    private SimulatedNode member(BankGroup group) {
        return group.cluster().node(slot);
    }

    boolean up() {
        return world.groups().values().stream().allMatch(group -> member(group).up());
    }

    long now() {
        return world.time().now();
    }

    long nextSerial() {
        return ++serials;
    }

    /** It asks nobody any more. */
    void stop() {
        crashed();
        stopped = true;
    }

    void crashed() {
        life++;
        diesIn = -1;
        sessions.clear();
        endings.clear();
    }

    /** In a later moment of this life, and when it is not paused. */
    void after(long delay, Runnable run) {
        int born = life;
        world.time().after(delay, () -> {
            if (life == born) {
                step(run);
            }
        });
    }

    private void step(Runnable run) {
        if (!up() || stopped) {
            return;
        }
        long paused = 0;
        for (BankGroup group : world.groups().values()) {
            paused = Math.max(paused, member(group).pausedUntil - now());
        }
        if (paused > 0) {
            after(paused + 1, run);
        } else {
            run.run();
        }
    }

    // ------------------------------------------------------------------ asking

    /** @return false when it has died of it */
    private boolean lives() {
        if (diesIn >= 0 && diesIn-- == 0 && world.faults().on()) {
            world.faults().die(slot);
        }
        return up();
    }

    /** Asks whoever leads the group, as far as this node knows; any answer may be lost, and may come twice. */
    void ask(
            BankGroup group,
            BiFunction<BankMember, Consumer<BankMember.Answer>, Void> question,
            Consumer<BankMember.Answer> then) {
        int born = life;
        if (!lives() || life != born || world.silent(group)) {
            return;
        }
        int to = leaders.getOrDefault(group.name(), slot);
        // Should nothing come back, another one is asked the next time.
        leaders.put(group.name(), 1 + to % world.size());
        world.carry(
                slot,
                to,
                () -> world.node(to).step(() -> {
                    SimulatedNode there = group.cluster().node(to);
                    there.step(
                            "request",
                            () -> question.apply(
                                    group.member(to),
                                    answer -> world.carry(to, slot, () -> {
                                        if (life == born) {
                                            step(() -> answered(group, to, answer, then));
                                        }
                                    })));
                }));
    }

    private void answered(BankGroup group, int from, BankMember.Answer answer, Consumer<BankMember.Answer> then) {
        int born = life;
        if (!lives() || life != born) {
            return;
        }
        if (answer.leads()) {
            leaders.put(group.name(), from);
            then.accept(answer);
        } else if (answer.hint() > 0) {
            leaders.put(group.name(), answer.hint());
        }
    }

    void request(
            String database,
            BranchRequest request,
            long wroteIn,
            List<Ledger.Change> written,
            Consumer<BranchStanding> then) {
        ask(
                world.groups().get(database),
                (member, reply) -> {
                    member.request(request, wroteIn, written, reply);
                    return null;
                },
                answer -> then.accept(answer.standing()));
    }

    // ------------------------------------------------------------------ sessions

    void begin(String gid, List<String> databases, boolean patient, long giveUpAfter) {
        step(() -> {
            GlobalSession session = new GlobalSession(this, gid, databases, patient, giveUpAfter);
            sessions.put(gid, session);
            session.write();
        });
    }

    void over(String gid) {
        sessions.remove(gid);
    }

    /** All that take part know how it ended: after a while, when nobody asks any more, they need not. */
    void allKnow(Branch branch) {
        boolean atOnce = world.mutant() == GlobalMutant.FORGOTTEN_WHEN_ALL_KNOW;
        for (int i = 0; i < FORGET_TRIES; i++) {
            after((atOnce ? 0 : FORGET_AFTER) + i * 200 * MILLI, () -> forget(branch));
        }
    }

    void forget(Branch branch) {
        for (Participant participant : branch.participants()) {
            ask(
                    world.groups().get(participant.database()),
                    (member, reply) -> {
                        member.forget(branch.gid());
                        return null;
                    },
                    answer -> {});
        }
    }

    void told(Branch branch, boolean commit) {
        world.rules().told(branch.gid(), commit);
        if (world.mutant() == GlobalMutant.FORGOTTEN_WHEN_DECIDED) {
            after(MILLI, () -> forget(branch));
        }
    }

    // ------------------------------------------------------------------ orphans

    private void watch() {
        world.time().after(WATCH, () -> {
            step(() -> {
                for (BankGroup group : world.groups().values()) {
                    SimulatedNode here = member(group);
                    here.step("watch", () -> group.member(slot).watch(branch -> end(group, branch)));
                }
            });
            watch();
        });
    }

    private void end(BankGroup group, Branch branch) {
        Ending before = endings.get(branch.gid());
        if (before == null || !before.goesOn()) {
            Ending ending = new Ending(group, branch);
            endings.put(branch.gid(), ending);
            // In a step of its own: it may kill the node.
            after(0, ending::begin);
        }
    }

    /** Ends a transaction for as long as this node leads one of its participants. */
    private final class Ending implements Termination.Effects {
        private final BankGroup group;
        private final Branch branch;
        private final long epoch;
        private final Termination termination;
        private boolean begun;
        private boolean abandoned;
        private boolean commit;

        Ending(BankGroup group, Branch branch) {
            this.group = group;
            this.branch = branch;
            this.epoch = group.member(slot).epoch();
            this.termination = world.mutant()
                    .branch
                    .termination(branch, slot, GlobalNode.this::nextSerial, TIMING, world.random(), this);
        }

        boolean goesOn() {
            BankMember here = group.member(slot);
            return !abandoned && here.serves() && here.epoch() == epoch && !termination.isDone();
        }

        void begin() {
            if (goesOn() && !begun) {
                begun = true;
                termination.start(now());
                tick();
            }
        }

        private void tick() {
            after(Math.max(1, termination.deadline() - now()), () -> {
                if (goesOn()) {
                    termination.tick(now());
                    tick();
                }
            });
        }

        @Override
        public void send(String database, BranchRequest request) {
            if (abandoned || world.abandons(request)) {
                abandoned = true;
                return;
            }
            request(database, request, 0, List.of(), standing -> answered(database, standing));
        }

        private void answered(String database, BranchStanding standing) {
            if (goesOn()) {
                termination.answered(database, standing, now());
                if (termination.isDone()) {
                    world.rules().toldThatAllKnow(branch.gid(), branch, commit);
                    allKnow(branch);
                }
            }
        }

        @Override
        public void decided(boolean toCommit) {
            commit = toCommit;
            world.ended();
            told(branch, toCommit);
        }
    }
}
