package io.synod.engine.database;

import io.synod.branch.Branch;
import io.synod.engine.writeset.AppliedState;
import io.synod.replica.Proposal;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.h2.api.ErrorCode;
import org.h2.engine.User;
import org.h2.message.DbException;

/**
 * Branches of global transactions that somebody else decides (XA), for the sessions of one node: which are prepared, and how
 * they end. Nothing but such a decision ends a prepared branch, no time-out and no node. Those that Synod decides: {@link
 * BranchVotes}. Thread-safe.
 */
public final class BranchDecisions {
    private final HostedDatabase database;

    BranchDecisions(HostedDatabase database) {
        this.database = database;
    }

    /**
     * A branch that waits for its decision.
     *
     * @param gid its name
     * @param id of the request that prepared it
     * @param millis since it was prepared, by the clocks of two nodes
     * @param index where it stands in the log
     */
    public record Waiting(String gid, String id, String user, long millis, long index) {}

    /** Those that are prepared here, in the order of the log. */
    public List<Waiting> waiting() {
        long now = System.currentTimeMillis();
        return database.copy().branches().list().stream()
                .filter(held -> held.record().branch().isAlone())
                .map(held -> new Waiting(
                        held.record().branch().gid(),
                        held.record().id().isNone() ? "" : held.record().id().toString(),
                        held.record().user(),
                        Math.max(0, now - held.record().time()),
                        held.index()))
                .toList();
    }

    /**
     * The branch that a transaction of this database alone becomes when it is prepared.
     *
     * @throws DbException 42710 the name is in use, 22023 it cannot be a name, HYT00 too many are prepared
     */
    public Branch named(String gid) {
        PreparedBranches prepared = database.copy().branches();
        if (prepared.fold().isKnown(gid)) {
            throw Errors.nameInUse(gid);
        }
        if (prepared.list().size() >= PreparedBranches.MAX) {
            throw Errors.timeout(
                    PreparedBranches.MAX + " transactions are prepared and not decided, the bound; one more");
        }
        if (gid.isEmpty() || gid.length() > Branch.MAX_GID) {
            throw Errors.badValue("transaction name", "of " + gid.length() + " characters", "1 to " + Branch.MAX_GID);
        }
        return Branch.alone(gid, database.name());
    }

    /**
     * Ends a prepared branch, on the serving leader.
     *
     * @param user who decides
     * @return its place in the log
     * @throws DbException 90129 no branch of this name is prepared; 90040 it is another user's; 40001 nothing was decided,
     *     try again; 08007 that is not known
     */
    public long decide(String gid, boolean commit, CommitId id, User user) {
        long epoch = database.log().servingEpoch();
        if (epoch == 0) {
            throw Errors.notLeader(database.node(), database.log().leader());
        }
        if (isUnknown(gid)) {
            // Somebody else may lead by now, and know it.
            database.reads().awaitReadable();
            if (isUnknown(gid)) {
                throw DbException.get(ErrorCode.TRANSACTION_NOT_FOUND_1, gid);
            }
        }
        if (waiting().stream().noneMatch(b -> b.gid().equals(gid) && b.user().equals(user.getName()))) {
            user.checkAdmin();
        }
        Proposal proposal = database.log().propose(new LogRecord.Decided(id, gid, commit).encode(), epoch, null);
        Proposal.Outcome outcome = proposal.await(TimeUnit.MILLISECONDS.toNanos(database.timeoutMillis()));
        switch (outcome) {
            case APPLIED -> {
                long index = proposal.entry().index();
                if (database.wasVoid(index)) {
                    throw isUnknown(gid)
                            ? DbException.get(ErrorCode.TRANSACTION_NOT_FOUND_1, gid)
                            : Errors.retry("the decision on " + gid + " came too late");
                }
                return index;
            }
            case LOST -> throw Errors.notLeader(database.node(), database.log().leader());
            default -> throw Errors.unknownOutcome(database.whyUnknown() + " (the decision on " + gid + ")");
        }
    }

    /**
     * How the last branch of this name was decided, as of the moment of the call; on any node.
     *
     * @return {@code null} when none was, or so long ago that it is forgotten ({@link CommitIdBounds})
     * @throws DbException HYT00 nobody can tell
     */
    public AppliedState.Decision decision(String gid) {
        database.reads().awaitReadable();
        return database.copy().state().decision(gid);
    }

    private boolean isUnknown(String gid) {
        PreparedBranches.Held held = database.copy().branches().find(gid);
        return held == null || !held.record().branch().isAlone();
    }
}
