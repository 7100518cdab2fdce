package io.synod.simulation;

import io.synod.branch.Attempt;
import io.synod.branch.Branch;
import io.synod.branch.BranchEntry;
import io.synod.branch.BranchRequest;
import io.synod.branch.BranchStanding;
import io.synod.branch.BranchState;
import io.synod.branch.Participation;
import io.synod.group.Entry;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * One member of a group: its ledger, and where it leads the transactions that are open on it, which are lost with its leadership. All
 * but what the log makes of it runs in a step of its node.
 */
final class BankMember {
    /** Without a word from its session, an open transaction is rolled back. */
    private static final long ORPHAN = 1_000 * Cluster.MILLI;

    /**
     * After how much silence the leader of a participant ends a branch, and how much longer each waits than the one before it, in
     * nanoseconds. Only how often they meet hangs on it.
     *
     * @param duels whether it does not wait for others that end the same
     */
    record Silence(long first, long stagger, boolean duels) {
        static final Silence USUAL = new Silence(500 * Cluster.MILLI, 200 * Cluster.MILLI, false);
    }

    /** An answer; {@code hint} is who leads, where this member does not. */
    record Answer(
            boolean leads, int hint, boolean done, BranchStanding standing, long epoch, List<Ledger.Change> changes) {
        static Answer standing(BranchStanding standing) {
            return new Answer(true, 0, true, standing, 0, List.of());
        }
    }

    /** What a transaction adds to a row. */
    record Amount(int row, long amount) {}

    private static final class Open {
        final List<Ledger.Change> changes = new ArrayList<>();
        long heardAt;
    }

    private record Pending(Entry entry, Ledger.Logged logged, Consumer<BranchStanding> then) {}

    private final BankGroup group;
    private final SimulatedNode node;
    private final GlobalMutant mutant;
    private final Silence silence;
    private Ledger ledger;

    /** Of the leadership that what follows belongs to. */
    private long epoch;

    private final Map<String, Open> open = new TreeMap<>();
    private final Map<Integer, String> locks = new TreeMap<>();
    private final Map<Long, Pending> pending = new TreeMap<>();
    private final Map<String, Long> heard = new TreeMap<>();
    private final Set<String> preparedHere = new HashSet<>();

    BankMember(BankGroup group, SimulatedNode node, GlobalMutant mutant, Silence silence) {
        this.group = group;
        this.node = node;
        this.mutant = mutant;
        this.silence = silence;
        this.ledger = group.emptyLedger();
    }

    Ledger ledger() {
        return ledger;
    }

    // ------------------------------------------------------------------ the log

    /** From the state machine that is there. */
    void load(boolean losesPrepared) {
        ledger = group.fold(node.machine());
        if (losesPrepared) {
            Set<String> lost = Set.copyOf(ledger.prepared().keySet());
            List<Entry> others = new ArrayList<>(node.machine());
            others.removeIf(entry -> {
                Ledger.Logged logged = group.meaning(entry);
                return logged != null
                        && logged.branch() != null
                        && lost.contains(logged.branch().gid());
            });
            ledger = group.fold(others);
        }
        forgetLeadership(0);
        pending.clear();
    }

    void applied(Entry entry, Ledger.Logged logged) {
        if (logged != null) {
            ledger.apply(logged);
            if (logged.branch() != null) {
                String gid = logged.branch().gid();
                // Where it was refused, it is open until its session hears of it, or somebody asks for the vote.
                if (ledger.prepared().containsKey(gid)) {
                    end(gid);
                }
            }
        }
        Pending waits = pending.get(entry.index());
        if (waits != null && mutant == GlobalMutant.DEPOSED_LEADER_ANSWERS && waits.entry() != entry) {
            pending.remove(entry.index());
            answerEarly(waits.logged(), waits.then());
        }
        if (waits != null && waits.entry() == entry && logged != null && logged.branch() == null) {
            locks.values().removeIf(transfer(entry)::equals);
        }
    }

    void acknowledged(Entry entry) {
        Pending waits = pending.remove(entry.index());
        if (waits != null && waits.entry() == entry && waits.logged().branch() != null) {
            waits.then().accept(ledger.standing(waits.logged().branch().gid()));
        }
    }

    private static String transfer(Entry entry) {
        return "transfer " + entry.index();
    }

    // ------------------------------------------------------------------ leading

    /** Whether this member serves; what an earlier leadership of it had open is lost. */
    boolean serves() {
        boolean serves = node.serves();
        long now = serves ? node.state.leaderEpoch() : 0;
        if (now != epoch) {
            forgetLeadership(now);
        }
        return serves;
    }

    long epoch() {
        return epoch;
    }

    private void forgetLeadership(long next) {
        epoch = next;
        open.clear();
        locks.clear();
        heard.clear();
        preparedHere.clear();
        if (mutant != GlobalMutant.DEPOSED_LEADER_ANSWERS) {
            pending.clear();
        }
    }

    private Answer elsewhere() {
        return new Answer(false, node.up() ? node.state.leaderSlot() : 0, false, null, 0, List.of());
    }

    private void end(String gid) {
        if (open.remove(gid) != null) {
            locks.values().removeIf(gid::equals);
        }
    }

    private boolean free(int row, String gid) {
        String holder = locks.getOrDefault(row, ledger.lockedBy(row));
        boolean unknown = mutant == GlobalMutant.LOCKS_LOST_IN_FAILOVER && !preparedHere.contains(holder);
        return holder == null || holder.equals(gid) || unknown && !locks.containsKey(row);
    }

    private boolean propose(Ledger.Logged logged, Consumer<BranchStanding> then) {
        Entry entry = node.propose(group.encode(logged));
        if (entry == null) {
            return false;
        }
        pending.put(entry.index(), new Pending(entry, logged, then));
        if (logged.branch() == null) {
            logged.changes().forEach(change -> locks.put(change.row(), transfer(entry)));
        }
        node.state.flush(node.clock(), node);
        return true;
    }

    /** A transaction within the group; it refuses where another one has its rows. */
    void transfer(int from, int to, long amount) {
        if (from != to && serves() && free(from, "") && free(to, "")) {
            long a = ledger.balance(from);
            long b = ledger.balance(to);
            List<Ledger.Change> changes =
                    List.of(new Ledger.Change(from, a, a - amount), new Ledger.Change(to, b, b + amount));
            propose(new Ledger.Logged(null, changes), standing -> {});
        }
    }

    /** Writes in a branch of a global transaction. */
    Answer write(String gid, List<Amount> amounts) {
        if (!serves()) {
            return elsewhere();
        }
        if (ledger.standing(gid).state() != BranchState.UNKNOWN) {
            return new Answer(true, 0, false, null, epoch, List.of());
        }
        Open branch = open.get(gid);
        if (branch == null) {
            for (Amount amount : amounts) {
                if (!free(amount.row(), gid)) {
                    return new Answer(true, 0, false, null, epoch, List.of());
                }
            }
            branch = new Open();
            for (Amount amount : amounts) {
                long before = ledger.balance(amount.row());
                locks.put(amount.row(), gid);
                branch.changes.add(new Ledger.Change(amount.row(), before, before + amount.amount()));
            }
            open.put(gid, branch);
        }
        branch.heardAt = node.clock();
        return new Answer(true, 0, true, null, epoch, branch.changes);
    }

    void rollBack(String gid) {
        if (serves() && !awaits(gid)) {
            end(gid);
        }
    }

    private boolean awaits(String gid) {
        return pending.values().stream()
                .anyMatch(waits -> waits.logged().branch() != null
                        && waits.logged().branch().gid().equals(gid));
    }

    /**
     * What a coordinator, or whoever ends a branch, asks for.
     *
     * @param wroteIn the epoch of the leader on which the session has written
     * @param written what it has written there
     */
    void request(BranchRequest request, long wroteIn, List<Ledger.Change> written, Consumer<Answer> reply) {
        if (!serves()) {
            reply.accept(elsewhere());
            return;
        }
        String gid = request.gid();
        if (!(silence.duels() && request instanceof BranchRequest.Elect)) {
            heard.put(gid, node.clock());
        }
        boolean elects = request instanceof BranchRequest.Elect || request instanceof BranchRequest.Accept;
        if (ledger.standing(gid).state().isDecided() && !elects) {
            end(gid);
        }
        Open branch = open.get(gid);
        boolean able = branch != null && wroteIn == epoch;
        List<Ledger.Change> changes = able ? List.copyOf(branch.changes) : List.of();
        if (!able && mutant == GlobalMutant.VOTES_AFTER_LOST_LEADER) {
            able = true;
            changes = written;
        }
        if (mutant == GlobalMutant.UNKNOWN_COMMIT_IS_ACKNOWLEDGED
                && request instanceof BranchRequest.Decide decide
                && decide.commit()
                && ledger.standing(gid).state() == BranchState.UNKNOWN) {
            reply.accept(Answer.standing(new BranchStanding(BranchState.COMMITTED, Attempt.NONE, Attempt.NONE)));
            return;
        }
        BranchEntry entry = ledger.participation.toLog(request, able);
        log(entry, changes, gid, standing -> reply.accept(Answer.standing(standing)));
    }

    private void log(BranchEntry entry, List<Ledger.Change> changes, String gid, Consumer<BranchStanding> then) {
        if (entry == null) {
            then.accept(ledger.standing(gid));
            return;
        }
        boolean prepares = entry instanceof BranchEntry.Prepared;
        if (prepares) {
            preparedHere.add(gid);
        }
        Ledger.Logged logged = new Ledger.Logged(entry, prepares ? changes : List.of());
        boolean early = mutant == GlobalMutant.ANSWER_BEFORE_COMMITTED
                || mutant == GlobalMutant.DECISION_ANSWERED_BEFORE_COMMITTED && entry instanceof BranchEntry.Decided;
        if (propose(logged, standing -> {
                    then.accept(standing);
                    if (mutant == GlobalMutant.REFUSED_FORGOTTEN && entry instanceof BranchEntry.Refused) {
                        forget(gid);
                    }
                })
                && early) {
            answerEarly(logged, then);
        }
    }

    /** As if its own entry had been committed. */
    private void answerEarly(Ledger.Logged logged, Consumer<BranchStanding> then) {
        if (logged.branch() != null) {
            Ledger next = group.fold(node.machine());
            next.apply(logged);
            then.accept(next.standing(logged.branch().gid()));
        }
    }

    /** All participants know how it ended. */
    void forget(String gid) {
        if (serves() && ledger.standing(gid).state().isDecided()) {
            log(new BranchEntry.Forgotten(gid), List.of(), gid, standing -> {});
        }
    }

    // ------------------------------------------------------------------ silence

    /** Time has passed: finds the branches that somebody has to end, and rolls back what no session asks for. */
    void watch(Consumer<Branch> orphan) {
        if (!serves()) {
            return;
        }
        long now = node.clock();
        for (String gid : List.copyOf(open.keySet())) {
            if (now - open.get(gid).heardAt > ORPHAN && !awaits(gid)) {
                end(gid);
            }
        }
        for (Map.Entry<String, Participation.Known> each :
                List.copyOf(ledger.participation.all().entrySet())) {
            Participation.Known known = each.getValue();
            if (known.branch() == null || known.standing().state().isDecided()) {
                continue;
            }
            long silent = now - heard.computeIfAbsent(each.getKey(), gid -> now);
            if (silent > silence.first() + silence.stagger() * place(known.branch())) {
                silent(known, orphan);
            }
        }
    }

    private void silent(Participation.Known known, Consumer<Branch> orphan) {
        String gid = known.branch().gid();
        BranchState state = known.standing().state();
        if (mutant == GlobalMutant.TIME_OUT_IN_PRE_COMMIT && state == BranchState.PRECOMMITTED) {
            log(new BranchEntry.Decided(gid, true), List.of(), gid, standing -> {});
        } else if (mutant == GlobalMutant.TIME_OUT_IN_PREPARED && state == BranchState.PREPARED) {
            log(new BranchEntry.Decided(gid, false), List.of(), gid, standing -> {});
        } else {
            orphan.accept(known.branch());
        }
    }

    /** Home first. */
    private int place(Branch branch) {
        int place = 1;
        for (int i = 0; i < branch.participants().size(); i++) {
            String database = branch.participants().get(i).database();
            if (database.equals(group.name())) {
                return database.equals(branch.home()) ? 0 : place;
            }
            place += database.equals(branch.home()) ? 0 : 1;
        }
        return place;
    }
}
