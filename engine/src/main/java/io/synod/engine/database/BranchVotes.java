package io.synod.engine.database;

import io.synod.branch.Attempt;
import io.synod.branch.Branch;
import io.synod.branch.BranchEntry;
import io.synod.branch.BranchRequest;
import io.synod.branch.BranchStanding;
import io.synod.branch.BranchState;
import io.synod.branch.Participation.Known;
import io.synod.engine.writeset.AppliedState;
import io.synod.replica.Patience;
import io.synod.replica.Proposal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * This group as a participant of global transactions: what its serving leader answers to those who decide them. Nothing is
 * answered that is not in a committed entry of the group, so that an answer counts whoever leads next. No time-out ends a
 * branch. Thread-safe.
 *
 * <p>Source: Keidar and Dolev (1998); the rules are those of {@link io.synod.branch.Participation}.
 */
public final class BranchVotes {
    private static final BranchStanding COMMITTED = ended(true);

    /** After the loss of its coordinator a transaction is ended sooner, where that can be. */
    private static final long PRECOMMITTED_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final HostedDatabase database;
    private volatile long precommittedNanos = PRECOMMITTED_NANOS;

    BranchVotes(HostedDatabase database) {
        this.database = database;
    }

    /**
     * What the group says.
     *
     * @param index up to which its log has to be applied for what the answer says to be seen
     */
    public record Answer(BranchStanding standing, long index) {}

    /**
     * A transaction of several groups as this node's copy knows it.
     *
     * @param branch {@code null} where it was refused before it was known here
     * @param user whose it is; {@code null} where that is not known any more
     * @param millis since it was prepared, by the clocks of two nodes; −1 where not known
     * @param silentNanos since this node has last heard of it
     */
    public record Global(
            String gid, Branch branch, BranchStanding standing, String user, long millis, long silentNanos) {}

    private static BranchStanding ended(boolean commit) {
        return new BranchStanding(BranchState.decided(commit), Attempt.NONE, Attempt.NONE);
    }

    /**
     * Before a read that is to have all whose commit was acknowledged: a transaction of several groups is, when all of them have
     * pre-committed it. Waits a while until those that are pre-committed here have ended; mostly there is none. That none lasts
     * is up to whoever ends them.
     */
    void awaitPrecommitted() {
        Set<String> waiting = database.copy().branches().fold().precommitted();
        if (waiting.isEmpty()) {
            return;
        }
        Set<String> before = new HashSet<>(waiting);
        long deadline = System.nanoTime() + precommittedNanos;
        while (true) {
            long applied = database.appliedIndex();
            before.retainAll(waiting);
            long left = deadline - System.nanoTime();
            if (before.isEmpty() || left <= 0 || Patience.isOver()) {
                return;
            }
            database.log().awaitApplied(applied + 1, left);
        }
    }

    /** For tests, in which nobody ends what is pre-committed. */
    public void waitFor(long nanos) {
        precommittedNanos = nanos;
    }

    /** Whether no transaction of several groups is known here. */
    public boolean isEmpty() {
        return database.copy().branches().fold().isEmpty();
    }

    /** Those that are not forgotten, in the order in which they became known here. */
    public List<Global> list() {
        PreparedBranches branches = database.copy().branches();
        List<Global> found = new ArrayList<>();
        branches.fold().several().forEach((gid, known) -> found.add(global(branches, gid, known)));
        return found;
    }

    /** Those that wait for their decision. */
    public List<Global> undecided() {
        PreparedBranches branches = database.copy().branches();
        List<Global> found = new ArrayList<>();
        for (String gid : branches.fold().undecided()) {
            Known known = branches.fold().find(gid);
            if (known != null) {
                found.add(global(branches, gid, known));
            }
        }
        return found;
    }

    private static Global global(PreparedBranches branches, String gid, Known known) {
        PreparedBranches.Held held = branches.find(gid);
        return new Global(
                gid,
                known.branch(),
                known.standing(),
                held == null ? null : held.record().user(),
                held == null
                        ? -1
                        : Math.max(0, System.currentTimeMillis() - held.record().time()),
                branches.fold().silentNanos(gid));
    }

    /** An answer that is on its way into the log, or there already. */
    public final class Vote {
        private final String gid;
        /** {@code null} where there is nothing to wait for. */
        private final Proposal proposal;

        private Answer answer;
        private boolean over;

        private Vote(String gid, Answer answer, Proposal proposal) {
            this.gid = gid;
            this.answer = answer;
            this.proposal = proposal;
            this.over = proposal == null;
        }

        /** Whether nothing more will come of it, be it that there is an answer or that there will be none. */
        public boolean isOver() {
            return over;
        }

        /** @return {@code null} when it could not be found out in this time; one more call goes on waiting */
        public Answer await(long timeoutNanos) {
            if (!over) {
                long start = System.nanoTime();
                Proposal.Outcome outcome = proposal.await(timeoutNanos);
                // Sooner unknown than the time is over: the group has stopped here, or a snapshot came instead.
                over = outcome != Proposal.Outcome.UNKNOWN || System.nanoTime() - start < timeoutNanos;
                answer = outcome == Proposal.Outcome.APPLIED
                        ? answered(gid, proposal.entry().index())
                        : null;
            }
            return answer;
        }
    }

    /** As {@link #begin}, and waits. */
    public Answer answer(BranchRequest request, long timeoutNanos) {
        return begin(request, timeoutNanos).await(timeoutNanos);
    }

    /**
     * Answers as the serving leader: what has to be logged for that is proposed when this returns. Where nothing is prepared this
     * refuses: only the session that has a transaction open can prepare it.
     *
     * @param timeoutNanos for what has to be found out before anything can be proposed, mostly nothing
     * @return one without an answer when this node does not serve, or could not find out in time: ask again
     * @throws io.synod.group.Invariant.Violation the request contradicts what is decided here
     */
    public Vote begin(BranchRequest request, long timeoutNanos) {
        String gid = request.gid();
        long epoch = database.log().servingEpoch();
        if (epoch == 0) {
            return new Vote(gid, null, null);
        }
        BranchFold fold = database.copy().branches().fold();
        if (fold.isKnown(gid)) {
            fold.hear(gid);
        }
        Answer over = forgotten(gid);
        if (over != null) {
            return new Vote(gid, over, null);
        }
        LogRecord record;
        if (request instanceof BranchRequest.Decide decide && !fold.isKnown(gid)) {
            if (decide.commit()) {
                return new Vote(gid, committedLongAgo(gid, timeoutNanos), null);
            }
            record = new LogRecord.Voted(new BranchEntry.Refused(gid));
        } else {
            record = record(fold.toLog(request));
        }
        return record == null
                ? new Vote(gid, answered(gid, database.log().commitIndex()), null)
                : new Vote(gid, null, database.log().propose(record.encode(), epoch, null));
    }

    /**
     * Nobody can have decided so unless it was prepared here. Either this node has been deposed, does not know that, and lacks what
     * came since, or all of it is over and forgotten.
     *
     * @return {@code null} where it is known now, or could not be found out: ask again
     */
    private Answer committedLongAgo(String gid, long timeoutNanos) {
        if (!database.log().awaitReadable(timeoutNanos)
                || database.copy().branches().fold().isKnown(gid)) {
            return null;
        }
        Answer over = forgotten(gid);
        return over == null ? new Answer(COMMITTED, database.log().commitIndex()) : over;
    }

    private static LogRecord record(BranchEntry entry) {
        if (entry == null) {
            return null;
        }
        return entry instanceof BranchEntry.Decided decided
                ? new LogRecord.Decided(CommitId.NONE, decided.gid(), decided.commit())
                : new LogRecord.Voted(entry);
    }

    /** As of now, which is not before what has just been logged. */
    private Answer answered(String gid, long index) {
        BranchStanding standing = database.copy().branches().fold().standing(gid);
        return standing.state() == BranchState.UNKNOWN ? forgotten(gid) : new Answer(standing, index);
    }

    /** @return {@code null} for what is not over, or so long ago that nobody asks any more ({@link CommitIdBounds}) */
    private Answer forgotten(String gid) {
        if (database.copy().branches().fold().isKnown(gid)) {
            return null;
        }
        AppliedState.Decision decision = database.copy().state().decision(gid);
        return decision == null ? null : new Answer(ended(decision.committed()), decision.index());
    }

    /**
     * Forgets, as the serving leader, what all participants know the end of.
     *
     * @return false when this node does not serve, or could not find out in time
     */
    public boolean forget(List<String> gids, long timeoutNanos) {
        long epoch = database.log().servingEpoch();
        if (epoch == 0) {
            return false;
        }
        BranchFold fold = database.copy().branches().fold();
        List<String> ended = gids.stream()
                .filter(gid -> fold.standing(gid).state().isDecided())
                .toList();
        if (ended.isEmpty()) {
            return true;
        }
        Proposal proposal = database.log().propose(new LogRecord.Forgotten(ended).encode(), epoch, null);
        return proposal.await(timeoutNanos) == Proposal.Outcome.APPLIED;
    }

    /**
     * Waits until no commit that was asked for by this id can still come from a global transaction.
     *
     * @return false when it was not decided in time
     */
    boolean awaitDecided(CommitId id) {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(database.timeoutMillis());
        while (true) {
            // Whatever decides it is an entry, perhaps the next one: read before, or that would be missed.
            long applied = database.appliedIndex();
            if (!database.copy().branches().mayStillCommit(id)) {
                return true;
            }
            long left = deadline - System.nanoTime();
            if (left <= 0 || !database.log().awaitApplied(applied + 1, left)) {
                return false;
            }
        }
    }
}
