package io.synod.engine.database;

import io.synod.engine.writeset.LockWaits;
import org.h2.engine.SessionLocal;

/**
 * Cancels what an inner session runs; from any thread. Two things that H2 leaves out: one who waits for a row is woken, and
 * a statement that runs at its place in the log is not cancelled, neither from outside nor by QUERY_TIMEOUT, because it
 * would end here in another way than on the other members.
 */
final class StatementCancel {
    private final SessionLocal session;
    private Thread runner;
    private boolean interrupted;
    private boolean atItsPlace;

    StatementCancel(SessionLocal session) {
        this.session = session;
    }

    synchronized void cancel() {
        if (!atItsPlace) {
            session.cancel();
            wake();
        }
    }

    /** Cancels what runs in a writing transaction; a cancel that found nothing would hit the read that comes next. */
    synchronized void cancelWriting() {
        if (runner != null) {
            cancel();
        }
    }

    /** Takes whoever waits for a row out of the wait: H2 looks at the cancel then. */
    synchronized void wake() {
        if (runner != null && !atItsPlace && LockWaits.isWaiting(session)) {
            interrupted = true;
            runner.interrupt();
        }
    }

    synchronized void begun() {
        runner = Thread.currentThread();
        interrupted = false;
    }

    /** An interrupt of ours that came too late must not hit what the application does next. */
    synchronized void ended() {
        runner = null;
        if (interrupted) {
            interrupted = false;
            Thread.interrupted();
        }
    }

    /** @return the session's QUERY_TIMEOUT in milliseconds, for {@link #leavePlace} */
    synchronized int enterPlace() {
        int timeout = session.getQueryTimeout();
        atItsPlace = true;
        // Takes back a cancel that came before, too.
        session.setQueryTimeout(0);
        return timeout;
    }

    synchronized void leavePlace(int queryTimeout) {
        session.setQueryTimeout(queryTimeout);
        atItsPlace = false;
    }
}
