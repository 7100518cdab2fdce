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
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.h2.message.DbException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One global transaction that this node commits, or ends for a node that is lost: carries out what its state machine wants. It
 * goes on, whoever waits for it, until all participants know how it ends.
 *
 * <p><b>Concurrency.</b> The monitor guards the state machine. Requests are sent without it, on a pool's threads, one at a time
 * to each participant; what a participant is to be asked meanwhile waits, and the last such request counts.
 */
final class GlobalRun implements Termination.Effects {
    private static final Logger LOG = LoggerFactory.getLogger(GlobalRun.class);

    /** What those who have prepared hear from a coordinator that still waits for others. */
    private static final long SIGN_OF_LIFE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

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

    /** @param open by the names of their databases */
    static GlobalRun commit(
            GlobalCommits commits, Branch branch, Attempt attempt, Map<String, OpenBranch> open, long giveUpNanos) {
        GlobalRun run = new GlobalRun(commits, branch);
        synchronized (run) {
            run.canCommit = new BranchRequest.CanCommit(branch, attempt);
            run.sessions.putAll(open);
            long now = System.nanoTime();
            run.signAt = now + SIGN_OF_LIFE_NANOS;
            run.coordinator =
                    new Coordinator(branch, attempt, run.termination, GlobalCommits.TIMING, run, now, giveUpNanos);
        }
        return run;
    }

    static GlobalRun end(GlobalCommits commits, Branch branch) {
        GlobalRun run = new GlobalRun(commits, branch);
        synchronized (run) {
            run.termination.start(System.nanoTime());
        }
        return run;
    }

    Branch branch() {
        return branch;
    }

    // ---- what the state machine wants, under the monitor ----------------------------------------------------------

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
        notifyAll();
    }

    private void fly(String database, BranchRequest request) {
        flying.add(database);
        OpenBranch session = request instanceof BranchRequest.CanCommit ? sessions.remove(database) : null;
        if (session != null) {
            inSessions++;
        }
        boolean taken = commits.inBackground(() -> perform(database, request, session));
        if (!taken) {
            flying.remove(database);
            inSessions -= session == null ? 0 : 1;
            stop();
        }
    }

    private void stop() {
        stopped = true;
        next.clear();
        notifyAll();
    }

    // ---- on a thread of the pool ----------------------------------------------------------------------------------

    private void perform(String database, BranchRequest request, OpenBranch session) {
        BranchVotes.Answer answer = null;
        try {
            if (session != null) {
                answer = prepare(session);
            }
            if (answer == null) {
                // Whatever became of it: what is not prepared now never will be.
                answer = commits.leaders().ask(database, request, GlobalCommits.ASK_NANOS);
            }
        } catch (RuntimeException e) {
            LOG.warn("transaction {}: {} does not answer {}", branch.gid(), database, request, e);
        }
        answered(database, answer);
    }

    /** @return {@code null} when it is not prepared, or nobody knows */
    private BranchVotes.Answer prepare(OpenBranch session) {
        try {
            long index = session.canCommit(canCommit);
            return new BranchVotes.Answer(
                    new BranchStanding(BranchState.PREPARED, canCommit.attempt(), Attempt.NONE), index);
        } catch (DbException e) {
            LOG.debug("transaction {} is not prepared", branch.gid(), e);
            synchronized (this) {
                refusal = refusal == null ? e : refusal;
            }
            return null;
        } finally {
            synchronized (this) {
                inSessions--;
                notifyAll();
            }
        }
    }

    private synchronized void answered(String database, BranchVotes.Answer answer) {
        flying.remove(database);
        BranchRequest waiting = next.remove(database);
        if (answer != null && !stopped) {
            indexes.merge(database, answer.index(), Math::max);
            BranchState state = answer.standing().state();
            if (state == BranchState.PRECOMMITTED || state == BranchState.COMMITTED) {
                certain.add(database);
            }
            try {
                if (coordinator != null) {
                    coordinator.answered(database, answer.standing(), System.nanoTime());
                } else {
                    termination.answered(database, answer.standing(), System.nanoTime());
                }
            } catch (RuntimeException e) {
                giveUp(e);
            }
        }
        if (waiting != null && !stopped && !flying.contains(database)) {
            fly(database, waiting);
        }
        notifyAll();
    }

    // ---- by the timer ---------------------------------------------------------------------------------------------

    /** @return whether there is nothing left to do */
    synchronized boolean tick(long now) {
        if (stopped || termination.isDone()) {
            return true;
        }
        try {
            if (coordinator == null) {
                termination.tick(now);
            } else {
                coordinator.tick(now);
                showLife(now);
            }
        } catch (RuntimeException e) {
            giveUp(e);
        }
        return false;
    }

    private void giveUp(RuntimeException why) {
        LOG.error("transaction {} is given up on this node", branch.gid(), why);
        stop();
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

    // ---- for the session that waits -------------------------------------------------------------------------------

    /**
     * Waits until it is decided and no session works for it any more, and then a while until all participants know: of a commit
     * at least that it may come.
     *
     * @param nanos to wait for a decision
     * @param more to wait for those who are to be told
     */
    synchronized GlobalCommits.Outcome await(long nanos, long more) {
        long start = System.nanoTime();
        boolean interrupted = false;
        while (true) {
            long now = System.nanoTime();
            long left = Long.MAX_VALUE;
            if (inSessions == 0) {
                if (stopped || termination.isDone() || Boolean.TRUE.equals(decision) && isCertain()) {
                    break;
                }
                left = decision == null ? start + nanos - now : decidedAt + more - now;
                if (left <= 0) {
                    break;
                }
            }
            try {
                TimeUnit.NANOSECONDS.timedWait(this, Math.min(left, TimeUnit.SECONDS.toNanos(1)));
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        boolean everywhere = termination.isDone() || Boolean.TRUE.equals(decision) && isCertain();
        return new GlobalCommits.Outcome(branch.gid(), decision, Map.copyOf(indexes), everywhere, refusal);
    }

    private boolean isCertain() {
        return certain.size() == branch.participants().size();
    }
}
