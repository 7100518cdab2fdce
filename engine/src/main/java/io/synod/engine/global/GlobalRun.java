package io.synod.engine.global;

import io.synod.branch.Attempt;
import io.synod.branch.Branch;
import io.synod.branch.BranchRequest;
import io.synod.branch.BranchStanding;
import io.synod.branch.BranchState;
import io.synod.branch.Coordinator;
import io.synod.branch.Participant;
import io.synod.branch.Termination;
import io.synod.engine.database.BranchVotes;
import io.synod.replica.Patience;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.h2.message.DbException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One global transaction that this node commits, or ends for a node that is lost: carries out what its state machine wants. It
 * goes on, whoever waits for it, until all participants know how it ends.
 *
 * <p><b>Concurrency.</b> The monitor guards the state machine, which makes one step after the other. Requests to other nodes
 * are sent within a step, and answered on whichever thread reads from them. What this node has to do itself is done without the
 * monitor by the thread that waits for the commit, or by one of a pool when none does; all that waits for the log goes into it
 * before any of it is waited for, so that one force covers several databases. A participant is asked one request at a time; what
 * it is to be asked meanwhile waits, and the last such request counts.
 */
final class GlobalRun implements Termination.Effects {
    private static final Logger LOG = LoggerFactory.getLogger(GlobalRun.class);

    /** What those who have prepared hear from a coordinator that still waits for others. */
    private static final long SIGN_OF_LIFE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    /** What nobody has begun to do then is given to the pool. */
    private static final long LATE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    /** How long one participant of this node is waited for before the next one is looked at. */
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    /**
     * What this node has to do itself.
     *
     * @param session in which that is open; {@code null} where it is to be answered as the leader
     */
    private record Work(String database, BranchRequest request, OpenBranch session) {}

    private record Asked(String database, BranchVotes.Vote vote) {}

    private final GlobalCommits commits;
    private final Branch branch;
    private final Termination termination;
    /** {@code null} for one that only ends. */
    private Coordinator coordinator;

    private BranchRequest.CanCommit canCommit;
    /** Which have not been asked yet whether they can commit. */
    private final Map<String, OpenBranch> sessions = new HashMap<>();

    /** Which have at least pre-committed it: their linearizable reads wait for its commit. */
    private final Set<String> certain = new HashSet<>();

    private final Set<String> flying = new HashSet<>();
    private final Map<String, BranchRequest> next = new HashMap<>();
    private final Map<String, Long> indexes = new HashMap<>();
    private final Deque<Runnable> steps = new ArrayDeque<>();
    private boolean stepping;
    private final List<Work> work = new ArrayList<>();
    private boolean awaited;
    private boolean working;
    private long workSince;
    private int inSessions;
    private DbException refusal;
    private Boolean decision;
    private long decidedAt;
    private boolean stopped;
    private long signAt;

    private GlobalRun(GlobalCommits commits, Branch branch) {
        this.commits = commits;
        this.branch = branch;
        this.termination = new Termination(
                branch, commits.slot(), commits.serials(), GlobalCommits.TIMING, commits.random(), this);
    }

    /**
     * Of a thread that calls {@link #await} next.
     *
     * @param open by the names of their databases
     */
    static GlobalRun commit(
            GlobalCommits commits, Branch branch, Attempt attempt, Map<String, OpenBranch> open, long giveUpNanos) {
        GlobalRun run = new GlobalRun(commits, branch);
        synchronized (run) {
            run.canCommit = new BranchRequest.CanCommit(branch, attempt);
            run.sessions.putAll(open);
            run.awaited = true;
            long now = System.nanoTime();
            run.signAt = now + SIGN_OF_LIFE_NANOS;
            run.step(() -> run.coordinator =
                    new Coordinator(branch, attempt, run.termination, GlobalCommits.TIMING, run, now, giveUpNanos));
        }
        return run;
    }

    static GlobalRun end(GlobalCommits commits, Branch branch) {
        GlobalRun run = new GlobalRun(commits, branch);
        synchronized (run) {
            run.step(() -> run.termination.start(System.nanoTime()));
        }
        return run;
    }

    Branch branch() {
        return branch;
    }

    // ---- the state machine, under the monitor ---------------------------------------------------------------------

    /** What it wants may be answered within the step: that is the next one. */
    private void step(Runnable ofTheMachine) {
        steps.add(ofTheMachine);
        if (stepping) {
            return;
        }
        stepping = true;
        try {
            while (!stopped && !steps.isEmpty()) {
                steps.remove().run();
            }
        } catch (RuntimeException e) {
            LOG.error("transaction {} is given up on this node", branch.gid(), e);
            stop();
        } finally {
            stepping = false;
        }
        notifyAll();
        workWithoutSession();
    }

    /** What it has already asked is done all the same. */
    private void stop() {
        stopped = true;
        next.clear();
        steps.clear();
        notifyAll();
    }

    @Override
    public void send(String database, BranchRequest request) {
        if (stopped) {
            return;
        }
        if (canCommit != null && commits.fault().stopsAt(database, request)) {
            stop();
            return;
        }
        if (flying.contains(database)) {
            next.put(database, request);
        } else {
            fly(database, request);
        }
    }

    @Override
    public void decided(boolean commit) {
        decision = commit;
        decidedAt = System.nanoTime();
    }

    private void fly(String database, BranchRequest request) {
        flying.add(database);
        OpenBranch session = request instanceof BranchRequest.CanCommit ? sessions.remove(database) : null;
        if (session != null) {
            inSessions++;
            add(new Work(database, request, session));
            return;
        }
        CompletableFuture<BranchVotes.Answer> answer =
                commits.leaders().askThere(database, request, GlobalCommits.ASK_NANOS);
        if (answer == null) {
            add(new Work(database, request, null));
        } else {
            answer.whenComplete((there, failure) -> {
                if (failure != null) {
                    LOG.warn("transaction {}: {} does not answer {}", branch.gid(), database, request, failure);
                }
                answered(database, there);
            });
        }
    }

    private void add(Work more) {
        if (work.isEmpty()) {
            workSince = System.nanoTime();
        }
        work.add(more);
    }

    /** @param answer {@code null} for none */
    private synchronized void answered(String database, BranchVotes.Answer answer) {
        step(() -> {
            flying.remove(database);
            BranchRequest waiting = next.remove(database);
            if (answer != null) {
                take(database, answer);
            }
            if (waiting != null && !stopped && !flying.contains(database)) {
                fly(database, waiting);
            }
        });
    }

    private void take(String database, BranchVotes.Answer answer) {
        indexes.merge(database, answer.index(), Math::max);
        BranchState state = answer.standing().state();
        if (state == BranchState.PRECOMMITTED || state == BranchState.COMMITTED) {
            certain.add(database);
        }
        if (coordinator != null) {
            coordinator.answered(database, answer.standing(), System.nanoTime());
        } else {
            termination.answered(database, answer.standing(), System.nanoTime());
        }
    }

    /** @return whether there is nothing left to do */
    synchronized boolean tick(long now) {
        if (stopped || termination.isDone()) {
            return true;
        }
        step(() -> {
            if (coordinator == null) {
                termination.tick(now);
            } else {
                coordinator.tick(now);
                showLife(now);
            }
        });
        if (now - workSince > LATE_NANOS) {
            // Who is at it waits for something else.
            working = false;
            workInBackground();
        }
        return false;
    }

    private void showLife(long now) {
        if (decision == null && !stopped && now >= signAt) {
            signAt = now + SIGN_OF_LIFE_NANOS;
            for (Participant participant : branch.participants()) {
                if (!flying.contains(participant.database())) {
                    fly(participant.database(), canCommit);
                }
            }
        }
    }

    /** Whether it does nothing any more, decided or not. */
    synchronized boolean isStopped() {
        return stopped;
    }

    /** Whether all participants know how it ends. */
    synchronized boolean isDone() {
        return termination.isDone();
    }

    // ---- what this node has to do itself, without the monitor -----------------------------------------------------

    /** To tell the decision is nothing that a session has to wait for. */
    private void workWithoutSession() {
        if (!awaited || decision != null) {
            workInBackground();
        }
    }

    private void workInBackground() {
        if (work.isEmpty() || working) {
            return;
        }
        List<Work> batch = takeWork();
        boolean taken = commits.inBackground(() -> {
            try {
                work(batch);
            } finally {
                worked();
            }
        });
        if (!taken) {
            working = false;
            inSessions -=
                    (int) batch.stream().filter(each -> each.session() != null).count();
            stop();
        }
    }

    private List<Work> takeWork() {
        working = true;
        List<Work> batch = List.copyOf(work);
        work.clear();
        return batch;
    }

    private synchronized void worked() {
        working = false;
        workWithoutSession();
    }

    private void work(List<Work> batch) {
        List<Work> here = new ArrayList<>();
        List<Work> elsewhere = new ArrayList<>();
        for (Work each : batch) {
            if (each.session() == null) {
                continue;
            }
            if (!each.session().isElsewhere()) {
                here.add(each);
            } else if (elsewhere.isEmpty() || !commits.inBackground(() -> prepare(each, () -> {}))) {
                // Another node's answer is waited for all the time: by this thread for one of them.
                elsewhere.add(each);
            }
        }
        prepareAll(here.iterator(), () -> {
            if (!elsewhere.isEmpty()) {
                here.forEach(each -> commits.leaders().hurry(each.database()));
            }
            elsewhere.forEach(each -> prepare(each, () -> {}));
        });
        vote(batch.stream().filter(each -> each.session() == null).toList());
    }

    /**
     * All that are open here are in the log's queue before the first one is waited for.
     *
     * @param last is done when they are
     */
    private void prepareAll(Iterator<Work> here, Runnable last) {
        if (!here.hasNext()) {
            last.run();
            return;
        }
        boolean[] done = {false};
        Runnable rest = () -> {
            if (!done[0]) {
                done[0] = true;
                prepareAll(here, last);
            }
        };
        prepare(here.next(), rest);
        // What is refused does not wait.
        rest.run();
    }

    private void prepare(Work open, Runnable meanwhile) {
        BranchVotes.Answer answer = null;
        try {
            long index = open.session().canCommit(canCommit, meanwhile);
            answer = new BranchVotes.Answer(
                    new BranchStanding(BranchState.PREPARED, canCommit.attempt(), Attempt.NONE), index);
        } catch (DbException e) {
            LOG.debug("transaction {} is not prepared", branch.gid(), e);
            refused(e);
        } catch (RuntimeException e) {
            LOG.warn("transaction {} is not prepared in {}", branch.gid(), open.database(), e);
        }
        prepared(open.database(), answer);
    }

    private synchronized void refused(DbException e) {
        refusal = refusal == null ? e : refusal;
    }

    private synchronized void prepared(String database, BranchVotes.Answer answer) {
        inSessions--;
        if (answer == null) {
            // Whatever became of it: what is not prepared now never will be.
            step(() -> {
                next.putIfAbsent(database, canCommit);
                notAnswered(database);
            });
        } else {
            answered(database, answer);
        }
    }

    private void notAnswered(String database) {
        flying.remove(database);
        fly(database, next.remove(database));
    }

    private void vote(List<Work> asked) {
        Deque<Asked> open = new ArrayDeque<>();
        for (Work each : asked) {
            try {
                BranchVotes.Vote vote =
                        commits.leaders().begin(each.database(), each.request(), GlobalCommits.ASK_NANOS);
                open.add(new Asked(each.database(), vote));
            } catch (RuntimeException e) {
                LOG.warn("transaction {}: {} does not answer {}", branch.gid(), each.database(), each.request(), e);
                answered(each.database(), null);
            }
        }
        long start = System.nanoTime();
        while (!open.isEmpty()) {
            Asked first = open.remove();
            BranchVotes.Answer answer =
                    first.vote() == null ? null : first.vote().await(LOOK_NANOS);
            if (answer == null
                    && first.vote() != null
                    && !first.vote().isOver()
                    && System.nanoTime() - start < GlobalCommits.ASK_NANOS) {
                open.add(first);
            } else {
                answered(first.database(), answer);
            }
        }
    }

    // ---- for the session that waits -------------------------------------------------------------------------------

    /**
     * Waits until it is decided and no session works for it any more, and then a while until all participants know: of a commit
     * at least that it may come.
     *
     * @param nanos to wait for a decision
     * @param more to wait for those who are to be told
     */
    GlobalCommits.Outcome await(long nanos, long more) {
        long start = System.nanoTime();
        // Whatever the request that commits is willing to wait for: given up in the middle, nobody would know how it
        // ends.
        Patience unlimited = Patience.begin(0);
        try {
            List<Work> batch;
            while (!(batch = awaitWork(start + nanos, more)).isEmpty()) {
                try {
                    work(batch);
                } finally {
                    worked();
                }
            }
        } finally {
            unlimited.close();
        }
        return outcome();
    }

    /** @return empty when it is over, or the time is */
    private synchronized List<Work> awaitWork(long decideBy, long more) {
        awaited = true;
        boolean interrupted = false;
        while (true) {
            long now = System.nanoTime();
            long left = Long.MAX_VALUE;
            if (inSessions == 0) {
                left = decision == null ? decideBy - now : decidedAt + more - now;
                if (isSettled() || left <= 0) {
                    break;
                }
            }
            if (!work.isEmpty() && !working && decision == null) {
                return takeWork();
            }
            try {
                TimeUnit.NANOSECONDS.timedWait(this, Math.min(left, TimeUnit.SECONDS.toNanos(1)));
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        awaited = false;
        workInBackground();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return List.of();
    }

    private boolean isSettled() {
        return stopped || isEverywhere();
    }

    private boolean isEverywhere() {
        return termination.isDone()
                || Boolean.TRUE.equals(decision)
                        && certain.size() == branch.participants().size();
    }

    private synchronized GlobalCommits.Outcome outcome() {
        return new GlobalCommits.Outcome(branch.gid(), decision, Map.copyOf(indexes), isEverywhere(), refusal);
    }
}
