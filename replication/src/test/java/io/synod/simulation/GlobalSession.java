package io.synod.simulation;

import io.synod.branch.Attempt;
import io.synod.branch.Branch;
import io.synod.branch.BranchMutant;
import io.synod.branch.BranchRequest;
import io.synod.branch.BranchStanding;
import io.synod.branch.BranchState;
import io.synod.branch.Coordinator;
import io.synod.branch.Termination;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** One global transaction of a client: writes in one database after the other, then commits. Lost with its node. */
final class GlobalSession implements Termination.Effects {
    private static final long MILLI = Cluster.MILLI;
    private static final long RESEND = 20 * MILLI;
    private static final long LOCK_TIME_OUT = 400 * MILLI;

    /** The client is told then that nobody can tell. */
    private static final long UNKNOWN_AFTER = 2_500 * MILLI;

    static final long LONGEST = LOCK_TIME_OUT + UNKNOWN_AFTER + 200 * MILLI;

    private final GlobalNode node;
    private final GlobalSimulation world;
    private final String gid;
    private final List<String> databases;
    /** Waits for locks. */
    private final boolean patient;

    private final long giveUpAfter;
    private final Map<String, List<BankMember.Amount>> amounts = new HashMap<>();
    private final Map<String, List<Ledger.Change>> written = new HashMap<>();
    private final Map<String, Long> epochs = new HashMap<>();
    private final long began;
    private boolean over;

    private Branch branch;
    private Termination termination;
    private Coordinator coordinator;
    private long asked;
    private boolean commits;
    private boolean told;
    private final Set<String> prepared = new HashSet<>();

    GlobalSession(GlobalNode node, String gid, List<String> databases, boolean patient, long giveUpAfter) {
        this.node = node;
        this.world = node.world;
        this.gid = gid;
        this.databases = databases;
        this.patient = patient;
        this.giveUpAfter = giveUpAfter;
        this.began = node.now();
        long rest = 0;
        for (int i = 0; i < databases.size(); i++) {
            long amount = i == databases.size() - 1 ? -rest : world.work().nextInt(21) - 10;
            rest += amount;
            List<BankMember.Amount> rows = new ArrayList<>();
            int row = world.work().nextInt(Ledger.ROWS);
            rows.add(new BankMember.Amount(row, amount));
            if (world.work().nextInt(4) == 0) {
                // A row that is locked, and stays as it is.
                rows.add(new BankMember.Amount((row + 1) % Ledger.ROWS, 0));
            }
            amounts.put(databases.get(i), rows);
        }
    }

    // ------------------------------------------------------------------ writing

    /** The first database in which it has not written. */
    void write() {
        if (over || coordinator != null) {
            return;
        }
        if (written.size() == databases.size()) {
            commit();
            return;
        }
        if (node.now() - began > LOCK_TIME_OUT) {
            rollBack();
            return;
        }
        String database = databases.get(written.size());
        int born = node.life;
        node.ask(
                world.groups().get(database),
                (member, reply) -> {
                    reply.accept(member.write(gid, amounts.get(database)));
                    return null;
                },
                answer -> wrote(database, answer));
        if (node.life == born) {
            int count = written.size();
            node.after(RESEND, () -> {
                if (written.size() == count) {
                    write();
                }
            });
        }
    }

    private void wrote(String database, BankMember.Answer answer) {
        if (over || written.containsKey(database)) {
            return;
        }
        if (answer.done()) {
            written.put(database, answer.changes());
            epochs.put(database, answer.epoch());
            write();
        } else if (!patient) {
            rollBack();
        }
    }

    private void rollBack() {
        over = true;
        node.over(gid);
        for (String database : databases) {
            node.ask(
                    world.groups().get(database),
                    (member, reply) -> {
                        member.rollBack(gid);
                        return null;
                    },
                    answer -> {});
        }
    }

    // ------------------------------------------------------------------ committing

    private void commit() {
        asked = node.now();
        branch = world.mutant().branch(gid, databases.get(0), databases);
        BranchMutant mutant = world.mutant().branch;
        termination = mutant.termination(branch, node.slot, node::nextSerial, GlobalNode.TIMING, world.random(), this);
        Attempt first = new Attempt(1, node.slot, node.nextSerial());
        coordinator = mutant.coordinator(branch, first, termination, GlobalNode.TIMING, this, node.now(), giveUpAfter);
        tick();
    }

    private void tick() {
        long deadline = Math.min(coordinator.deadline(), asked + UNKNOWN_AFTER + 1);
        node.after(Math.max(1, deadline - node.now()), () -> {
            if (!ended()) {
                coordinator.tick(node.now());
                tick();
            }
        });
    }

    /** Also when it does not know how: whoever leads a participant finds out. */
    private boolean ended() {
        if (!over && (termination.isDone() || node.now() - asked > UNKNOWN_AFTER)) {
            over = true;
            node.over(gid);
            if (termination.isDone()) {
                world.rules().toldThatAllKnow(gid, branch, commits);
                node.allKnow(branch);
            }
        }
        return over;
    }

    @Override
    public void send(String database, BranchRequest request) {
        if (over || world.abandons(request)) {
            over = true;
            return;
        }
        node.request(
                database,
                request,
                epochs.get(database),
                written.get(database),
                standing -> answered(database, standing));
    }

    private void answered(String database, BranchStanding standing) {
        if (ended()) {
            return;
        }
        if (world.mutant() == GlobalMutant.NO_PRE_COMMIT
                && standing.state() == BranchState.PREPARED
                && prepared.add(database)
                && prepared.size() == databases.size()) {
            BranchMutant.commitAtOnce(termination, node.now());
        }
        coordinator.answered(database, standing, node.now());
        ended();
    }

    @Override
    public void decided(boolean commit) {
        commits = commit;
        if (!told && !over) {
            told = true;
            node.told(branch, commit);
        }
    }
}
