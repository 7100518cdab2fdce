package io.synod.engine.database;

import io.synod.engine.writeset.LockWaits;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.h2.engine.SessionLocal;

/**
 * Cancels what an inner session runs; from any thread. Two things that H2 leaves out: one who waits for a row is woken, and
 * a statement that runs at its place in the log is not cancelled, neither from outside nor by QUERY_TIMEOUT, because it
 * would end here in another way than on the other members.
 */
final class StatementCancel {
    private static final ScheduledExecutorService LATER = later();
    private static final long PAUSE_MILLIS = 10;
    private static final BooleanSupplier NOBODY = () -> false;

    private final SessionLocal session;
    private Thread runner;
    private long runs;
    private boolean interrupted;
    private boolean atItsPlace;
    /** The run that was cancelled, whichever statement it is of. */
    private long cancelledRun;
    /** Whether the statement still runs that was cancelled as such. */
    private BooleanSupplier meant = NOBODY;
    /** Whether another look is on its way. */
    private boolean looks;

    StatementCancel(SessionLocal session) {
        this.session = session;
    }

    synchronized void cancel() {
        if (!atItsPlace) {
            session.cancel();
            cancelledRun = runs;
            lookOn();
        }
    }

    /** Cancels what runs in a writing transaction; a cancel that found nothing would hit the read that comes next. */
    synchronized void cancelWriting() {
        if (runner != null) {
            cancel();
        }
    }

    /**
     * Takes whoever waits for a row out of the wait: H2 looks at the cancel then. A statement that does not wait yet does not look at
     * it before it waits, so it is looked again from time to time until it has ended; not on the statement's own thread by an
     * interrupt in advance, since that would close a file or fail a force on its way.
     *
     * @param cancelled whether the statement runs that is to end; asked under this object's lock, from any thread
     */
    synchronized void wake(BooleanSupplier cancelled) {
        // A session runs one statement at a time: whoever does not run must not take the place of the one that does.
        if (cancelled.getAsBoolean()) {
            meant = cancelled;
            lookOn();
        }
    }

    private void lookOn() {
        if (!looks) {
            looks = true;
            look();
        }
    }

    private synchronized void look() {
        boolean again = false;
        try {
            if (atItsPlace || !isMeant()) {
                meant = NOBODY;
                return;
            }
            if (runner != null && LockWaits.isWaiting(session)) {
                interrupted = true;
                runner.interrupt();
            }
            LATER.schedule(this::look, PAUSE_MILLIS, TimeUnit.MILLISECONDS);
            again = true;
        } finally {
            // Also where that failed: else no later cancel would look.
            looks = again;
        }
    }

    private boolean isMeant() {
        return runner != null && runs == cancelledRun || meant.getAsBoolean();
    }

    private static ScheduledExecutorService later() {
        ScheduledThreadPoolExecutor one = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "synod-cancel");
            thread.setDaemon(true);
            return thread;
        });
        one.setKeepAliveTime(10, TimeUnit.SECONDS);
        one.allowCoreThreadTimeOut(true);
        return one;
    }

    synchronized void begun() {
        runner = Thread.currentThread();
        runs++;
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
