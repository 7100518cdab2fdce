package io.synod.engine.database;

import java.sql.SQLException;
import java.util.function.Supplier;
import org.h2.api.ErrorCode;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.h2.result.BatchResult;

/**
 * Why a writer's open transaction has to end although its statement did not ask for it. Whoever wants to end it from
 * outside cancels the running statement, from any thread; the session finds the reason here when the statement returns, or
 * throws.
 */
final class EndReason {
    private final SessionLocal session;
    private final StatementCancel cancel;
    private volatile Supplier<DbException> demanded;

    EndReason(SessionLocal session, StatementCancel cancel) {
        this.session = session;
        this.cancel = cancel;
    }

    void demand(Supplier<DbException> why) {
        demanded = why;
        cancel.cancelWriting();
    }

    /** {@code null} when nobody demands an end. */
    Supplier<DbException> fromOutside() {
        return demanded;
    }

    /**
     * After a statement that returned: a batch that was cancelled, or lost a deadlock, returns, and its errors with it.
     *
     * @return {@code null} when the transaction may go on
     */
    Supplier<DbException> after(Object result) {
        Supplier<DbException> why = demanded;
        if (why == null && result instanceof BatchResult batch && lostDeadlock(batch)) {
            return () -> Errors.deadlock("a row of the batch was the victim of a deadlock");
        }
        return why;
    }

    private static boolean lostDeadlock(BatchResult batch) {
        for (SQLException e : batch.getExceptions()) {
            if (e.getErrorCode() == ErrorCode.DEADLOCK_1) {
                return true;
            }
        }
        return false;
    }

    /** A cancel that found no statement running would hit the next one, of another transaction. Under the session's lock. */
    void forget() {
        demanded = null;
        // The one call by which H2 takes a cancel back.
        session.setQueryTimeout(session.getQueryTimeout());
    }
}
