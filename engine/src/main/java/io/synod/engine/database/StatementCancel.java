package io.synod.engine.database;

import io.synod.engine.writeset.LockWaits;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.h2.engine.SessionLocal;

/**
 * Cancels what an inner session runs; from any thread. Two things that H2 leaves out: one who waits for a row is woken, and
 * a statement that runs at its place in the log is not cancelled, neither from outside nor by QUERY_TIMEOUT, because it
 * would end here in another way than on the other members.
 */
final class StatementCancel {
    private static final Executor LATER = CompletableFuture.delayedExecutor(10, TimeUnit.MILLISECONDS);
    private static final long MIN_LOOKS_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final SessionLocal session;
    private Thread runner;
    private long runs;
    private boolean interrupted;
    private boolean atItsPlace;

    StatementCancel(SessionLocal session) {
        this.session = session;
    }

    synchronized void cancel() {
        if (!atItsPlace) {
            session.cancel();
            long run = runs;
            wake(() -> runner != null && runs == run);
        }
    }

    /** Cancels what runs in a writing transaction; a cancel that found nothing would hit the read that comes next. */
    synchronized void cancelWriting() {
        if (runner != null) {
            cancel();
        }
    }

    /**
     * Takes whoever waits for a row out of the wait: H2 looks at the cancel then. A statement that does not wait yet, or has not
     * begun, does not look at it before it waits, so it is looked again from time to time; not on the statement's own
     * thread by an interrupt in advance, since that would close a file or fail a force on its way.
     *
     * @param meant whether the statement still runs that is to end; asked under this object's lock, from any thread
     */
    void wake(BooleanSupplier meant) {
        long lockTimeout = TimeUnit.MILLISECONDS.toNanos(session.getLockTimeout());
        look(meant, System.nanoTime() + Math.max(MIN_LOOKS_NANOS, lockTimeout));
    }

    private synchronized void look(BooleanSupplier meant, long deadline) {
        if (atItsPlace || !meant.getAsBoolean() || System.nanoTime() - deadline > 0) {
            return;
        }
        if (runner != null && LockWaits.isWaiting(session)) {
            interrupted = true;
            runner.interrupt();
        }
        LATER.execute(() -> look(meant, deadline));
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
