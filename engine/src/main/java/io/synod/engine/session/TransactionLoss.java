package io.synod.engine.session;

import io.synod.engine.database.Errors;
import io.synod.engine.database.HostedDatabase;
import io.synod.engine.session.StatementRouter.Route;
import org.h2.message.DbException;

/**
 * Whether a call that failed has lost the session's transaction in its middle: made before the call, asked when it has failed.
 * Under the session's lock.
 */
final class TransactionLoss {
    private final RoutedSession session;
    private final RoutedTransaction transaction;
    private final boolean internal;
    private final boolean begun;
    private final boolean suspended;
    private final long commits;
    private final boolean inParts;
    private final boolean ends;

    /** @param route of the statement; {@code null} for something else */
    TransactionLoss(RoutedSession session, Route route) {
        this.session = session;
        transaction = session.transaction();
        internal = session.isInternal();
        begun = !internal && !transaction.isAutoCommit() && transaction.hasBegun();
        suspended = transaction.isSuspended();
        commits = transaction.commits();
        inParts = route == Route.LIST || route == Route.RUNSCRIPT;
        ends = route == Route.ROLLBACK || RoutedTransaction.commits(route);
    }

    /** An error of H2 on a copy that is being replaced says nothing of the statement. */
    DbException explained(DbException e) {
        int code = e.getErrorCode();
        boolean saysItself = Errors.isRetry(e)
                || code == Errors.UNKNOWN_CODE
                || code == Errors.LOCAL_LOST_CODE
                || code == Errors.NOT_LEADER_CODE;
        // First: a session that has ended with its commit cannot be asked for its database.
        if (saysItself) {
            return e;
        }
        HostedDatabase database = session.database();
        if (database.storage().isReplaced(session.local())) {
            return Errors.retry("this node's copy was replaced by a snapshot while the statement ran");
        }
        DbException failed = database.whyFailed();
        return failed == null ? e : failed;
    }

    /** To be told as lost when nothing of it, nor of what was open before it, is committed. */
    DbException withCommits(DbException e) {
        boolean some = commits != transaction.commits() && (begun || inParts);
        return some && !internal && Errors.isLost(e) ? Errors.partsCommitted(Errors.message(e)) : e;
    }

    /** The transaction waits for a rollback from now on, if it was lost. */
    void failed(DbException e) {
        boolean same = begun && !ends && commits == transaction.commits();
        if (same && !transaction.hasBegun() && Errors.isLost(e)) {
            transaction.lost(Errors.message(e), suspended);
        }
    }
}
