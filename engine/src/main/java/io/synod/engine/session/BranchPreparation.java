package io.synod.engine.session;

import io.synod.branch.Attempt;
import io.synod.branch.Branch;
import io.synod.branch.BranchRequest;
import io.synod.engine.database.CommitId;
import io.synod.engine.database.CommitLevel;
import io.synod.engine.database.Errors;
import io.synod.engine.session.RoutedTransaction.Place;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.h2.message.DbException;

/**
 * Ends the open transaction of a session by preparing it, where it runs: as a branch with a name of the client's, or as one of a
 * transaction of several databases. What becomes of the branch is decided elsewhere. Under the session's lock.
 */
final class BranchPreparation {
    private final RoutedSession session;

    BranchPreparation(RoutedSession session) {
        this.session = session;
    }

    /**
     * Prepares it under a name. An error that leaves it open says so by its code; 40001 and 08007 do not.
     *
     * @return false when it has written nothing: it has ended
     */
    boolean prepare(String gid) {
        RoutedTransaction transaction = session.transaction();
        if (session.otherBranches().haveWritten()) {
            throw Errors.refused(
                    "PREPARE COMMIT of a transaction that has written other databases",
                    "a branch with a name is one database's",
                    "use COMMIT, which commits in all of them or in none, or give the manager a connection to each");
        }
        if (!transaction.isOpen()) {
            session.writer().endRead();
            transaction.ended();
            return false;
        }
        Branch branch = transaction.place() == Place.HERE
                ? session.database().branches().named(gid)
                : null;
        CommitId id = transaction.commitId();
        return prepare(
                () -> session.writer().prepare(id, branch, Attempt.NONE, () -> {}),
                () -> session.forwarding().prepare(session.ids().orOwn(id), gid),
                id);
    }

    /**
     * Prepares it as the branch of a transaction of several groups, even if it has changed nothing.
     *
     * @param id by which its client knows the whole
     * @param meanwhile is run while this node's log is waited for, mostly
     * @throws DbException as {@link #prepare(String)}; what is not prepared then is refused by whoever asks next
     */
    void prepare(BranchRequest.CanCommit branch, CommitId id, Runnable meanwhile) {
        if (!session.transaction().isOpen()) {
            throw Errors.retry("the transaction is not open any more");
        }
        prepare(
                () -> session.writer().prepare(id, branch.branch(), branch.attempt(), meanwhile),
                () -> session.forwarding().canCommit(branch, id),
                id);
    }

    private boolean prepare(LongSupplier here, BooleanSupplier there, CommitId id) {
        RoutedTransaction transaction = session.transaction();
        Forwarding forwarding = session.forwarding();
        boolean forwarded = transaction.isForwarded();
        boolean open = forwarded;
        try {
            transaction.keepRows();
            if (forwarded) {
                boolean prepared = there.getAsBoolean();
                open = false;
                session.levels().seen().changedElsewhere();
                return prepared;
            }
            LastCommit last = transaction.lastCommit();
            last.begins(id);
            last.ended(here.getAsLong(), CommitLevel.QUORUM);
            return last.index() > 0;
        } catch (DbException e) {
            open = forwarded
                    ? transaction.isOpen() && !forwarding.isBroken() && !Errors.isRetry(e)
                    : session.writer().isOpen();
            throw e;
        } finally {
            if (!open) {
                transaction.ended();
            }
            transaction.checkOrphaned();
        }
    }
}
