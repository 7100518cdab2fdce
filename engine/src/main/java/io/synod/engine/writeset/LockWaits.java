package io.synod.engine.writeset;

import org.h2.engine.SessionLocal;

/** Keeps H2's lock time-outs true behind a transaction that had a failed statement or a savepoint rollback. */
public final class LockWaits {
    private LockWaits() {}

    /**
     * To be called by the thread that holds the session after each statement of a transaction that stays open, above all
     * after a failed one and after a rollback to a savepoint. A few nanoseconds when there is nothing to do.
     */
    public static void settle(SessionLocal session) {
        throw new UnsupportedOperationException();
    }
}
