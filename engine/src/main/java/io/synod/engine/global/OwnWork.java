package io.synod.engine.global;

import io.synod.branch.Attempt;
import io.synod.branch.BranchRequest;
import io.synod.branch.BranchStanding;
import io.synod.branch.BranchState;
import io.synod.engine.database.BranchVotes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.h2.message.DbException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a node has to do itself for a global transaction: to prepare what its sessions have open, and to answer for the databases that
 * it leads. On the thread that calls it, and on others beside it where other nodes are asked to prepare; all that waits for the log
 * goes into it before any of it is waited for, so that one force covers several databases.
 */
final class OwnWork {
    private static final Logger LOG = LoggerFactory.getLogger(OwnWork.class);

    /** How long one participant is waited for before the next one is looked at. */
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    /**
     * For one database.
     *
     * @param session in which that is open; {@code null} where it is to be answered as the leader
     */
    record Part(String database, BranchRequest request, OpenBranch session) {}

    private record Asked(String database, BranchVotes.Vote vote) {}

    private final GlobalCommits commits;
    private final GlobalRun run;
    private final BranchRequest.CanCommit canCommit;

    /** @param canCommit {@code null} where no session has anything open */
    OwnWork(GlobalCommits commits, GlobalRun run, BranchRequest.CanCommit canCommit) {
        this.commits = commits;
        this.run = run;
        this.canCommit = canCommit;
    }

    /** Tells the run what has come of each. */
    void perform(List<Part> batch) {
        List<Part> here = new ArrayList<>();
        // Another node's answer is waited for all the time: by this thread for one of them.
        Runnable elsewhere = null;
        for (Part each : batch) {
            if (each.session() == null) {
                continue;
            }
            Runnable prepare = () -> prepare(each, () -> {});
            if (!each.session().isElsewhere()) {
                here.add(each);
            } else if (elsewhere == null) {
                elsewhere = prepare;
            } else if (!commits.beside(prepare)) {
                prepare.run();
            }
        }
        if (elsewhere == null) {
            prepareAll(here.iterator());
        } else {
            // That is the longest way: it begins at once, beside what is to be done here.
            if (!here.isEmpty() && !commits.beside(() -> prepareAll(here.iterator()))) {
                prepareAll(here.iterator());
            }
            elsewhere.run();
        }
        vote(batch.stream().filter(each -> each.session() == null).toList());
    }

    /** All that are open here are in the log's queue before the first one is waited for. */
    private void prepareAll(Iterator<Part> here) {
        if (!here.hasNext()) {
            return;
        }
        boolean[] done = {false};
        Runnable rest = () -> {
            if (!done[0]) {
                done[0] = true;
                prepareAll(here);
            }
        };
        prepare(here.next(), rest);
        // What is refused does not wait.
        rest.run();
    }

    private void prepare(Part open, Runnable meanwhile) {
        BranchVotes.Answer answer = null;
        try {
            long index = open.session().canCommit(canCommit, meanwhile);
            answer = new BranchVotes.Answer(
                    new BranchStanding(BranchState.PREPARED, canCommit.attempt(), Attempt.NONE), index);
        } catch (DbException e) {
            LOG.debug("transaction {} is not prepared", run.branch().gid(), e);
            run.refused(e);
        } catch (RuntimeException e) {
            LOG.warn("transaction {} is not prepared in {}", run.branch().gid(), open.database(), e);
        } finally {
            run.prepared(open.database(), answer);
        }
    }

    private void vote(List<Part> asked) {
        Deque<Asked> open = new ArrayDeque<>();
        for (Part each : asked) {
            try {
                BranchVotes.Vote vote =
                        commits.leaders().begin(each.database(), each.request(), GlobalCommits.ASK_NANOS);
                open.add(new Asked(each.database(), vote));
            } catch (RuntimeException e) {
                LOG.warn(
                        "transaction {}: {} does not answer {}",
                        run.branch().gid(),
                        each.database(),
                        each.request(),
                        e);
                run.answered(each.database(), null);
            }
        }
        long start = System.nanoTime();
        while (!open.isEmpty()) {
            Asked first = open.remove();
            BranchVotes.Answer answer = null;
            boolean over = true;
            try {
                answer = first.vote() == null ? null : first.vote().await(LOOK_NANOS);
                over = first.vote() == null || first.vote().isOver();
            } catch (RuntimeException e) {
                LOG.warn("transaction {}: {} does not answer", run.branch().gid(), first.database(), e);
            }
            if (over || System.nanoTime() - start >= GlobalCommits.ASK_NANOS) {
                run.answered(first.database(), answer);
            } else {
                open.add(first);
            }
        }
    }
}
