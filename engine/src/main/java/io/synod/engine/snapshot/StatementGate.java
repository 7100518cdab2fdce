package io.synod.engine.snapshot;

/**
 * Lets statements that write into H2 run side by side, or none of them, for the moment in which a checkpoint is taken.
 * Everything that changes H2's store passes it: statements that may write, commits, rollbacks, and the apply of entries.
 * Reads do not. Not reentrant. Thread-safe.
 */
public final class StatementGate {
    /** Before the first writing statement of a transaction: waits while the gate is closed or about to close. */
    public void enter() {
        throw new UnsupportedOperationException();
    }

    /**
     * Before a further statement, the commit or the rollback of a transaction that has changed something, and before the
     * apply of an entry: waits only while the gate is closed, so that what others wait for comes to its end.
     */
    public void enterOpenTransaction() {
        throw new UnsupportedOperationException();
    }

    /** After each {@link #enter()} and {@link #enterOpenTransaction()}. */
    public void exit() {
        throw new UnsupportedOperationException();
    }

    /**
     * Closes the gate: first waits, without holding anyone up, for a moment in which nothing writes; when there is none in
     * time, holds new transactions back.
     *
     * @param patienceNanos how long to wait without holding anyone up
     * @param holdNanos how long to hold new transactions back after that
     * @return false: it is open as before, try later
     */
    public boolean close(long patienceNanos, long holdNanos) {
        throw new UnsupportedOperationException();
    }

    public void open() {
        throw new UnsupportedOperationException();
    }
}
