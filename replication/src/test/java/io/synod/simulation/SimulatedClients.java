package io.synod.simulation;

import io.synod.group.Entry;
import io.synod.history.Anomaly;
import io.synod.history.AppendChecker;
import io.synod.history.Level;
import io.synod.history.Transaction;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Clients with transactions, on virtual time: each reads some lists and accounts on the leader, under locks, appends to the lists,
 * moves money, and commits under an id (session, number). Requests and answers come late or never; a client whose answer is lost
 * asks whoever serves until it knows, as the driver's {@code CommitOutcome} does and the engine's {@code CommitsInDoubt}
 * answers: a fence in the log, then what the log says. Lists are judged by {@link AppendChecker}, the rest by
 * {@link ClientLedger}.
 */
final class SimulatedClients implements Checker {
    private static final long MILLI = Cluster.MILLI;
    private static final int LISTS = 6;
    /** Another set of lists from time to time keeps them short. */
    private static final long ERA = 300 * MILLI;

    /** So long a node keeps what its client has left; longer by chance, so that late commits meet their fence. */
    private static final long ABANDONED = 100 * MILLI;

    /** A transaction while it runs on a node that leads in this epoch. */
    private final class Work {
        final Session session;
        final long number;
        final long intent;
        final long began = cluster.now();
        final Set<Integer> accounts = new HashSet<>();
        final List<Transaction.Action> actions = new ArrayList<>();
        final List<ClientEntry.Write> writes = new ArrayList<>();
        SimulatedNode node;
        Locks locks;
        boolean proposed;
        boolean abandoned;

        Work(Session session) {
            this.session = session;
            this.number = session.number;
            this.intent = session.intent;
        }

        void ends() {
            locks.held.values().removeIf(holder -> holder == this);
        }
    }

    /** Of one leadership on one node; the next one begins without any. */
    private record Locks(int life, long epoch, Map<Integer, Work> held) {}

    private static final class Session {
        final int id;
        long number;
        long intent;
        /** What it waits for; an answer to anything else comes too late. */
        int waitsFor;

        boolean busy;

        Session(int id) {
            this.id = id;
        }
    }

    private final Cluster cluster;
    private final Faults trouble;
    private final SplittableRandom random;
    private final ClientLedger ledger;
    private final double loss;
    private final long gap;
    private final List<Session> sessions = new ArrayList<>();
    private final Map<Integer, Locks> locks = new HashMap<>();
    /** What happens on the leader when its entry is applied there. */
    private final Map<Long, Runnable> pending = new HashMap<>();

    private final List<Transaction> history = new ArrayList<>();
    private long intents;
    private int committed;
    private int resolved;

    SimulatedClients(long seed, Cluster cluster, Faults trouble) {
        this.cluster = cluster;
        this.trouble = trouble;
        random = new SplittableRandom(seed * 31 + 7);
        ledger = new ClientLedger(cluster.mutant);
        loss = random.nextInt(3) == 0 ? 0.02 : 0.02 + random.nextDouble() * 0.3;
        gap = (1 + random.nextLong(30)) * MILLI;
        int count = 2 + random.nextInt(8);
        for (int i = 0; i < count; i++) {
            sessions.add(new Session(i));
        }
    }

    int committed() {
        return committed;
    }

    /** So many learned by asking what became of their commit. */
    int resolved() {
        return resolved;
    }

    int voids() {
        return ledger.voids();
    }

    void begin() {
        cluster.watch(ledger);
        cluster.watch(this);
        sessions.forEach(this::next);
    }

    private void next(Session session) {
        session.busy = false;
        cluster.after(random.nextLong(gap), () -> {
            if (trouble.on()) {
                session.busy = true;
                execute(session);
            }
        });
    }

    // ------------------------------------------------------------------ between clients and nodes

    private long latency() {
        return random.nextInt(20) == 0 ? random.nextLong(300 * MILLI) : random.nextLong(MILLI);
    }

    private boolean isLost() {
        return trouble.on() && random.nextDouble() < loss;
    }

    private void request(SimulatedNode node, Runnable there) {
        long latency = latency();
        if (!isLost()) {
            cluster.after(latency, () -> node.step("client", there));
        }
    }

    /** @param asked what the session waited for when it asked */
    private void answer(Session session, int asked, Runnable then) {
        long latency = latency();
        if (!isLost()) {
            cluster.after(latency, () -> {
                if (session.waitsFor == asked) {
                    session.waitsFor++;
                    then.run();
                }
            });
        }
    }

    private void orElse(Session session, int asked, Runnable then) {
        cluster.after((20 + random.nextLong(200)) * MILLI, () -> {
            if (session.waitsFor == asked) {
                session.waitsFor++;
                then.run();
            }
        });
    }

    /** Mostly one that leads, deposed leaders that do not know it among them. */
    private SimulatedNode someNode() {
        int first = random.nextInt(cluster.size());
        for (int i = 0; i < cluster.size() && random.nextInt(16) != 0; i++) {
            SimulatedNode node = cluster.node(1 + (first + i) % cluster.size());
            if (node.serves()) {
                return node;
            }
        }
        return cluster.node(1 + first);
    }

    // ------------------------------------------------------------------ the client

    private void execute(Session session) {
        session.number++;
        if (session.intent == 0) {
            session.intent = ++intents;
        }
        Work work = new Work(session);
        int asked = session.waitsFor;
        SimulatedNode node = someNode();
        request(node, () -> {
            boolean runs = node.serves() && runs(work, node);
            answer(session, asked, () -> {
                if (runs) {
                    cluster.after(random.nextLong(20 * MILLI), () -> commit(work));
                } else {
                    ended(work, false);
                }
            });
        });
        // It has asked for no commit, and never will.
        orElse(session, asked, () -> ended(work, false));
    }

    private void commit(Work work) {
        int asked = work.session.waitsFor;
        boolean elsewhere = cluster.mutant == Mutant.TRANSACTION_OUTLIVES_ITS_LEADERSHIP && !work.node.serves();
        SimulatedNode node = elsewhere ? someNode() : work.node;
        request(node, () -> commitHere(work, node, asked));
        orElse(work.session, asked, () -> lostAnswer(work));
    }

    private void lostAnswer(Work work) {
        if (cluster.mutant == Mutant.LOST_ANSWER_IS_A_NO) {
            ended(work, false);
        } else {
            resolve(work);
        }
    }

    private void resolve(Work work) {
        int asked = work.session.waitsFor;
        SimulatedNode node = someNode();
        request(node, () -> fence(work, node, asked));
        orElse(work.session, asked, () -> resolve(work));
    }

    private void ended(Work work, boolean success) {
        if (success) {
            ledger.acknowledged(work.session.id, work.number);
            committed++;
        } else {
            ledger.denied(work.session.id, work.number);
        }
        note(work, success ? Transaction.Outcome.COMMITTED : Transaction.Outcome.ABORTED);
        // Mostly it tries the same again.
        if (success || random.nextInt(4) == 0) {
            work.session.intent = 0;
        }
        next(work.session);
    }

    private void note(Work work, Transaction.Outcome outcome) {
        if (!work.actions.isEmpty()) {
            history.add(
                    new Transaction(history.size(), work.session.id, outcome, work.began, cluster.now(), work.actions));
        }
    }

    // ------------------------------------------------------------------ the leader, in a step of its own

    private Locks locks(SimulatedNode node) {
        Locks held = locks.get(node.slot);
        if (held == null || held.life != node.life || held.epoch != node.state.leaderEpoch()) {
            held = new Locks(node.life, node.state.leaderEpoch(), new HashMap<>());
            locks.put(node.slot, held);
        }
        return held;
    }

    /** Reads, under locks, and leaves what it writes to the commit. */
    private boolean runs(Work work, SimulatedNode node) {
        int first = random.nextInt(LISTS);
        int second = (first + 1 + random.nextInt(LISTS - 1)) % LISTS;
        work.accounts.add(first);
        work.accounts.add(second);
        int third = random.nextInt(LISTS);
        if (cluster.mutant != Mutant.WHAT_IS_ONLY_READ_IS_NOT_LOCKED) {
            work.accounts.add(third);
        }
        Locks here = locks(node);
        work.node = node;
        work.locks = here;
        for (int account : work.accounts) {
            if (here.held.containsKey(account)) {
                return false;
            }
        }
        work.accounts.forEach(account -> here.held.put(account, work));
        cluster.after(random.nextInt(3) == 0 ? 4 * ABANDONED : ABANDONED, () -> {
            if (!work.proposed) {
                work.ends();
                work.abandoned = true;
            }
        });
        long amount = 1 + random.nextInt(9);
        work.actions.add(read(list(third, cluster.now()), node.applied));
        for (int account : List.of(first, second)) {
            int list = list(account, cluster.now());
            long value = work.number << 8 | work.session.id << 4 | account;
            if (account != third) {
                work.actions.add(read(list, node.applied));
            }
            work.actions.add(new Transaction.Append(String.valueOf(list), value));
            long balance = ledger.balance(account, node.applied) + (account == first ? amount : -amount);
            work.writes.add(new ClientEntry.Write(list, value, account, balance));
        }
        return true;
    }

    private Transaction.Read read(int list, long asOf) {
        return new Transaction.Read(String.valueOf(list), ledger.list(list, asOf));
    }

    private static int list(int account, long at) {
        return account + LISTS * (int) (at / ERA);
    }

    private void commitHere(Work work, SimulatedNode node, int asked) {
        if (work.abandoned || work.proposed) {
            return;
        }
        boolean same = work.locks == locks(node) || cluster.mutant == Mutant.TRANSACTION_OUTLIVES_ITS_LEADERSHIP;
        work.proposed = true;
        ClientEntry entry =
                new ClientEntry(cluster.nextValue(), false, work.session.id, work.number, work.intent, work.writes);
        boolean proposed = same
                && node.serves()
                && propose(node, entry, () -> {
                    work.ends();
                    boolean success = ledger.isCommitted(work.session.id, work.number, node.applied);
                    answer(work.session, asked, () -> ended(work, success));
                });
        if (!proposed) {
            work.ends();
            answer(work.session, asked, () -> ended(work, false));
        } else if (cluster.mutant == Mutant.LOCKS_END_WITH_THE_PROPOSAL) {
            work.ends();
        }
    }

    private void fence(Work work, SimulatedNode node, int asked) {
        int session = work.session.id;
        if (cluster.mutant == Mutant.ANSWER_FROM_ANY_COPY
                || cluster.mutant == Mutant.FENCE_IS_NOT_LOGGED && node.serves()) {
            resolved(work, asked, ledger.isCommitted(session, work.number, node.applied));
        } else if (node.serves()) {
            ClientEntry entry =
                    new ClientEntry(cluster.nextValue(), true, session, work.number, work.intent, List.of());
            propose(node, entry, () -> resolved(work, asked, ledger.isCommitted(session, work.number, node.applied)));
        }
    }

    private void resolved(Work work, int asked, boolean success) {
        answer(work.session, asked, () -> {
            resolved++;
            ended(work, success);
        });
    }

    private boolean propose(SimulatedNode node, ClientEntry entry, Runnable applied) {
        boolean proposed = node.propose(entry.encode()) != null;
        if (proposed) {
            pending.put(entry.value(), applied);
            node.flush();
        }
        return proposed;
    }

    @Override
    public void acknowledged(SimulatedNode node, Entry entry) {
        ClientEntry client = ClientEntry.of(entry);
        if (client != null) {
            pending.remove(client.value()).run();
        }
    }

    // ------------------------------------------------------------------ judged

    /** Each linearizable read is a transaction that reads all lists of its time. */
    @Override
    public void read(SimulatedNode node, Start started, long appliedIndex) {
        List<Transaction.Action> actions = new ArrayList<>();
        for (int account = 0; account < LISTS; account++) {
            actions.add(read(list(account, started.at()), appliedIndex));
        }
        history.add(new Transaction(
                history.size(),
                sessions.size() + history.size(),
                Transaction.Outcome.COMMITTED,
                started.at(),
                cluster.now(),
                actions));
    }

    boolean idle() {
        return sessions.stream().noneMatch(session -> session.busy);
    }

    @Override
    public void settled(Cluster all) {
        Checker.check(idle(), "clients that never learn what became of their commits");
        List<Transaction.Action> last = new ArrayList<>();
        for (int list : ledger.lists()) {
            last.add(read(list, ledger.index()));
        }
        history.add(new Transaction(
                history.size(),
                sessions.size() + history.size(),
                Transaction.Outcome.COMMITTED,
                cluster.now(),
                cluster.now(),
                last));
        List<Anomaly> found = AppendChecker.check(history, Level.STRICT_SERIALIZABLE);
        Checker.check(found.isEmpty(), found);
    }
}
