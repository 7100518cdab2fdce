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

    /** After it has found nobody to answer it, a request to a leader that is known is sent again, and then less and less soon. */
    private static final long AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private static final int MAX_DOUBLINGS = 3;

    /** What nobody has begun to do then is given to the pool. */
    private static final long LATE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    /** For whom it is. */
    enum Purpose {
        COMMIT,
        END,
        SPREAD
    }

    /**
     * What nobody got, or answered, since no leader could be asked.
     *
     * @param times that it was asked in vain since the last answer
     */
    private record Unanswered(BranchRequest request, int times, long againAt) {}

    private final GlobalCommits commits;
    private final Purpose purpose;
    private final Branch branch;
    private final Termination termination;
    /** {@code null} for one that only ends. */
    private Coordinator coordinator;

    private BranchRequest.CanCommit canCommit;
    /** Which have not been asked yet whether they can commit. */
    private final Map<String, OpenBranch> sessions = new HashMap<>();

    /** Which have at least pre-committed it: their linearizable reads wait for its commit. */
    private final Set<String> certain = new HashSet<>();

    private final Map<String, BranchRequest> flying = new HashMap<>();
    private final Map<String, BranchRequest> next = new HashMap<>();
    private final Map<String, Unanswered> unanswered = new HashMap<>();
    private final Map<String, Long> indexes = new HashMap<>();
    private final Deque<Runnable> steps = new ArrayDeque<>();
    private boolean stepping;
    private final List<OwnWork.Part> work = new ArrayList<>();
    private boolean awaited;
    private boolean working;
    private long workSince;
    private int inSessions;
    private DbException refusal;
    private Boolean decision;
    private long decidedAt;
    private boolean stopped;
    private long signAt;

    private GlobalRun(GlobalCommits commits, Purpose purpose, Branch branch) {
        this.commits = commits;
        this.purpose = purpose;
        this.branch = branch;
        this.termination =
                new Termination(branch, commits.slot(), commits.serials(), commits.timing(), commits.random(), this);
    }

    /**
     * Of a thread that calls {@link #await} next.
     *
     * @param open by the names of their databases
     */
    static GlobalRun commit(
            GlobalCommits commits, Branch branch, Attempt attempt, Map<String, OpenBranch> open, long giveUpNanos) {
        GlobalRun run = new GlobalRun(commits, Purpose.COMMIT, branch);
        synchronized (run) {
            run.canCommit = new BranchRequest.CanCommit(branch, attempt);
            run.sessions.putAll(open);
            run.awaited = true;
            long now = System.nanoTime();
            run.signAt = now + SIGN_OF_LIFE_NANOS;
            run.step(() -> run.coordinator =
                    new Coordinator(branch, attempt, run.termination, commits.timing(), run, now, giveUpNanos));
        }
        return run;
    }

    static GlobalRun end(GlobalCommits commits, Branch branch) {
        GlobalRun run = new GlobalRun(commits, Purpose.END, branch);
        synchronized (run) {
            run.step(() -> run.termination.start(System.nanoTime()));
        }
        return run;
    }

    /**
     * Tells the others what one of them knows. None is asked how it ends, for some may have forgotten.
     *
     * @param known to the group of {@code database}: it is decided
     */
    static GlobalRun spread(GlobalCommits commits, Branch branch, String database, BranchStanding known) {
        GlobalRun run = new GlobalRun(commits, Purpose.SPREAD, branch);
        synchronized (run) {
            run.step(() -> run.termination.answered(database, known, System.nanoTime()));
        }
        return run;
    }

    Branch branch() {
        return branch;
    }

    Purpose purpose() {
        return purpose;
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
        unanswered.clear();
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
        if (flying.containsKey(database)) {
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
        flying.put(database, request);
        unanswered.computeIfPresent(database, (d, before) -> new Unanswered(null, before.times(), 0));
        OpenBranch session = request instanceof BranchRequest.CanCommit ? sessions.remove(database) : null;
        if (session != null) {
            inSessions++;
            add(new OwnWork.Part(database, request, session));
            return;
        }
        CompletableFuture<BranchVotes.Answer> answer;
        try {
            answer = commits.leaders().askThere(database, request, GlobalCommits.ASK_NANOS);
        } catch (RuntimeException e) {
            answer = CompletableFuture.failedFuture(e);
        }
        if (answer == null) {
            add(new OwnWork.Part(database, request, null));
        } else {
            answer.whenComplete((there, failure) -> {
                if (failure != null) {
                    LOG.warn("transaction {}: {} does not answer {}", branch.gid(), database, request, failure);
                }
                answered(database, there);
            });
        }
    }

    private void add(OwnWork.Part more) {
        if (work.isEmpty()) {
            workSince = System.nanoTime();
        }
        work.add(more);
    }

    /** @param answer {@code null} for none */
    synchronized void answered(String database, BranchVotes.Answer answer) {
        step(() -> {
            BranchRequest asked = flying.remove(database);
            BranchRequest waiting = next.remove(database);
            if (answer == null) {
                hasNoAnswer(database, asked);
            } else {
                unanswered.remove(database);
                take(database, answer);
            }
            if (waiting != null && !stopped && !flying.containsKey(database)) {
                fly(database, waiting);
            }
        });
    }

    private void hasNoAnswer(String database, BranchRequest asked) {
        Unanswered before = unanswered.get(database);
        int times = before == null ? 0 : before.times();
        long pause = times == 0 ? 0 : AGAIN_NANOS << Math.min(times - 1, MAX_DOUBLINGS);
        unanswered.put(database, new Unanswered(asked, times + 1, System.nanoTime() + pause));
    }

    /** As soon as somebody leads that can be asked: not only when the state machine sends it again, as what was lost. */
    private void askAgain(long now) {
        for (Map.Entry<String, Unanswered> each : Map.copyOf(unanswered).entrySet()) {
            BranchRequest request = each.getValue().request();
            if (request != null
                    && now - each.getValue().againAt() >= 0
                    && commits.leaders().canBeAsked(each.getKey())) {
                fly(each.getKey(), request);
            }
        }
    }

    private void take(String database, BranchVotes.Answer answer) {
        indexes.merge(database, answer.index(), Math::max);
        BranchState state = answer.standing().state();
        if (state == BranchState.PRECOMMITTED || state == BranchState.COMMITTED) {
            certain.add(database);
        } else {
            // Another attempt has found out otherwise.
            certain.remove(database);
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
            askAgain(now);
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
                String database = participant.database();
                if (!flying.containsKey(database) && !unanswered.containsKey(database)) {
                    fly(database, canCommit);
                }
            }
        }
    }

    /** Who waits for it learns what is known by now. */
    synchronized void close() {
        stop();
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
        List<OwnWork.Part> batch = takeWork();
        boolean taken = commits.inBackground(() -> {
            try {
                new OwnWork(commits, this, canCommit).perform(batch);
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

    private List<OwnWork.Part> takeWork() {
        working = true;
        List<OwnWork.Part> batch = List.copyOf(work);
        work.clear();
        return batch;
    }

    private synchronized void worked() {
        working = false;
        notifyAll();
        workWithoutSession();
    }

    synchronized void refused(DbException e) {
        refusal = refusal == null ? e : refusal;
    }

    /** @param answer {@code null} where it is not prepared, or nobody knows */
    synchronized void prepared(String database, BranchVotes.Answer answer) {
        inSessions--;
        if (answer != null) {
            answered(database, answer);
            return;
        }
        // Whatever became of it: what is not prepared now never will be.
        step(() -> {
            BranchRequest waiting = next.remove(database);
            flying.remove(database);
            fly(database, waiting == null ? canCommit : waiting);
        });
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
        // Set again at last: it would close H2's file under whoever writes it meanwhile.
        boolean[] interrupted = {Thread.interrupted()};
        // Whatever the request that commits is willing to wait for: given up in the middle, nobody would know how it
        // ends.
        Patience unlimited = Patience.begin(0);
        try {
            List<OwnWork.Part> batch;
            while (!(batch = awaitWork(start + nanos, more, interrupted)).isEmpty()) {
                try {
                    new OwnWork(commits, this, canCommit).perform(batch);
                } finally {
                    worked();
                }
            }
        } finally {
            unlimited.close();
            left();
            if (interrupted[0]) {
                Thread.currentThread().interrupt();
            }
        }
        return outcome();
    }

    /** @return empty when it is over, or the time is */
    private synchronized List<OwnWork.Part> awaitWork(long decideBy, long more, boolean[] interrupted) {
        awaited = true;
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
                interrupted[0] = true;
            }
        }
        return List.of();
    }

    /** Nobody waits any more, unless that one says so itself. */
    private synchronized void left() {
        awaited = false;
        workInBackground();
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
