package io.synod.engine.database;

import io.synod.group.Invariant;
import io.synod.replica.Proposal;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;

/**
 * The states of the transaction that writes in an inner session while this node leads, and the locks that guard them. One at
 * a time:
 *
 * <pre>
 * IDLE ─begin→ OPEN ─commit, statement→ PROPOSED ─applied, lost→ IDLE
 *                └──────── deposed ────────┴→ ENDED ─noticed by the session→ IDLE
 *       OPEN ─prepare→ PROPOSED ─applied→ GIVEN ─decided→ IDLE
 *                                          └─ not waited for → FORSAKEN
 * </pre>
 *
 * <p><b>Order.</b> A transaction is proposed while it holds its row locks, so conflicting transactions stand in the log in
 * the order of their locks; H2 commits in {@link PendingWork#commit} only, which the log calls in its order.
 *
 * <p><b>Concurrency.</b> The session's thread begins, executes, proposes and rolls back; whoever applies the log calls
 * {@link PendingWork} and {@link #tryEnd}. {@code busy} guards the state and is held whenever the inner session works;
 * nobody holds it while waiting for the log.
 *
 * <p><b>Failure.</b> Deposed with a proposal undecided: the local work is undone, the session goes on waiting, and what
 * survives in the log comes back as an ordinary entry.
 */
abstract sealed class LocalTransaction permits Writer {
    private enum State {
        IDLE,
        OPEN,
        PROPOSED,
        ENDED,
        /** The inner session is that of a prepared branch, until that is decided. */
        GIVEN,
        /** The same, for good: whoever decides the branch closes it. */
        FORSAKEN
    }

    /** Says that what is to be logged does not fit into one entry; known by reference. */
    static final LogRecord OVERSIZED = new LogRecord.Digest();

    final HostedDatabase database;
    final SessionLocal session;
    final CommitGuard guard;
    final StatementCancel cancel;
    final EndReason endReason;
    private final ReentrantLock busy = new ReentrantLock();
    private volatile State state = State.IDLE;
    private Supplier<DbException> endedWhy;
    long epoch;
    private PendingWork pending;
    private volatile boolean orphaned;
    private boolean wrote;

    LocalTransaction(HostedDatabase database, SessionLocal session, CommitGuard guard) {
        this.database = database;
        this.session = session;
        this.guard = guard;
        this.cancel = new StatementCancel(session);
        this.endReason = new EndReason(session, cancel);
    }

    /**
     * Begins a transaction under this node's leadership.
     *
     * @return false when this node does not serve: nothing has begun
     */
    public boolean begin() {
        long admitted = database.writers().admit(this, database.log(), session.getLockTimeout());
        if (admitted == 0) {
            return false;
        }
        busy.lock();
        session.lock();
        try {
            if (state == State.ENDED) {
                state = State.IDLE;
                return false;
            }
            if (database.storage().isReplaced(session)) {
                throw Errors.retry("this node's copy was replaced by a snapshot");
            }
            Invariant.that(state == State.IDLE, "a transaction begins in an inner session that is not free");
            epoch = admitted;
            wrote = false;
            endReason.forget();
            guard.arm();
            state = State.OPEN;
            return true;
        } catch (RuntimeException e) {
            database.writers().leave(this);
            throw e;
        } finally {
            session.unlock();
            busy.unlock();
        }
    }

    public boolean isOpen() {
        busy.lock();
        try {
            return state == State.OPEN || state == State.ENDED;
        } finally {
            busy.unlock();
        }
    }

    /** Whether the open transaction belongs to the leadership that this node still has. */
    public boolean leads() {
        return database.log().servingEpoch() == epoch;
    }

    /**
     * Runs something in the open transaction.
     *
     * @throws DbException 40001 when the transaction is gone
     */
    <T> T whileOpen(Supplier<T> work) {
        busy.lock();
        try {
            checkAlive();
            return work.get();
        } finally {
            busy.unlock();
        }
    }

    /** Runs something in the inner session, unless it has a writing transaction, or is closed. */
    void whileIdle(Runnable work) {
        locked(() -> {
            if (state == State.IDLE && !session.isClosed()) {
                work.run();
            }
            return null;
        });
    }

    /** Only the first statement of a transaction waits for a checkpoint that is about to begin. */
    void enterGate() {
        if (wrote) {
            database.store().gate().enterOpenTransaction();
        } else {
            database.store().gate().enter();
            wrote = true;
        }
    }

    private void checkAlive() {
        if (state == State.ENDED) {
            state = State.IDLE;
            throw endedWhy.get();
        }
        if (state != State.OPEN) {
            throw new IllegalStateException("a statement in state " + state);
        }
    }

    /** Ends the transaction, if there is one. */
    public void rollback() {
        busy.lock();
        try {
            if (state == State.ENDED) {
                state = State.IDLE;
            } else if (state == State.OPEN) {
                end();
            }
        } finally {
            busy.unlock();
        }
    }

    /** OPEN or PROPOSED → IDLE, with everything undone. */
    private void end() {
        database.store().gate().enterOpenTransaction();
        try {
            endInGate();
        } finally {
            database.store().gate().exit();
        }
    }

    /**
     * For a statement, which is in the gate.
     *
     * @return false when no transaction is open
     */
    boolean endOpenInGate() {
        if (state != State.OPEN) {
            return false;
        }
        endInGate();
        return true;
    }

    void endInGate() {
        session.lock();
        try {
            guard.rollback();
        } finally {
            endReason.forget();
            session.unlock();
            state = State.IDLE;
            pending = null;
            database.writers().leave(this);
        }
    }

    /** As {@link #whileOpen}, with the inner session locked. */
    <T> T exclusively(Supplier<T> reading) {
        return locked(() -> {
            checkAlive();
            return reading.get();
        });
    }

    private <T> T locked(Supplier<T> work) {
        busy.lock();
        session.lock();
        try {
            return work.get();
        } finally {
            session.unlock();
            busy.unlock();
        }
    }

    /**
     * OPEN → PROPOSED.
     *
     * @param prepare makes the record, or {@code null} where there is nothing to be logged
     * @return {@code null} when the transaction has ended with nothing to be logged, or is open because its record is {@link
     *     #OVERSIZED}
     * @throws DbException 54000 when the record is longer than the log takes: the transaction has ended
     */
    Proposal propose(PendingWork mine, Supplier<LogRecord> prepare) {
        busy.lock();
        session.lock();
        try {
            checkAlive();
            LogRecord record = prepare.get();
            if (record == OVERSIZED) {
                return null;
            }
            if (record == null) {
                endUnchanged();
                return null;
            }
            byte[] payload = record.encode();
            int most = database.log().maxPayloadBytes();
            if (payload.length > most) {
                throw Errors.tooLong(payload.length, most);
            }
            // Before it is proposed: it may be applied before propose returns.
            state = State.PROPOSED;
            pending = mine;
            return database.log().propose(payload, epoch, mine);
        } catch (RuntimeException e) {
            if (state == State.OPEN || state == State.PROPOSED && pending == mine) {
                mine.openGate();
                end();
            }
            throw e;
        } finally {
            session.unlock();
            busy.unlock();
        }
    }

    /** Rows that were only locked, temporary tables: nothing that the log has to know. */
    private void endUnchanged() {
        database.store().gate().enterOpenTransaction();
        try {
            guard.commit();
        } finally {
            database.store().gate().exit();
        }
        state = State.IDLE;
        database.writers().leave(this);
    }

    /** Nobody knows whether the proposal will be decided: the session cannot go on. */
    void orphan() {
        busy.lock();
        try {
            orphaned = true;
        } finally {
            busy.unlock();
        }
    }

    /** The proposal is decided: whatever is left of the local work is undone. */
    void decided() {
        busy.lock();
        try {
            if (state == State.PROPOSED) {
                pending.openGate();
                end();
            }
            if (state != State.GIVEN && state != State.FORSAKEN) {
                state = State.IDLE;
            }
        } finally {
            busy.unlock();
        }
    }

    /** As {@link #isOrphaned()}, without a wait for whatever the session does. */
    boolean wasGivenUp() {
        return orphaned;
    }

    /** The id of the last commit, empty where it has none. */
    abstract String commitId();

    String user() {
        return session.getUser().getName();
    }

    /** Whether the outcome of this session's last commit is still open, so that the session cannot go on. */
    public boolean isOrphaned() {
        busy.lock();
        try {
            return orphaned;
        } finally {
            busy.unlock();
        }
    }

    /**
     * Runs something at the place in the log of the work that was proposed, with the inner session. By the holder of the apply
     * baton.
     *
     * @return {@code gone} when the work was undone since it was proposed
     */
    <T> T atItsPlace(PendingWork work, T gone, Supplier<T> then) {
        return locked(() -> state == State.PROPOSED && pending == work ? then.get() : gone);
    }

    /** PROPOSED → IDLE, with everything undone; {@link #atItsPlace}. */
    void undone() {
        end();
        closeOrphan();
    }

    /** PROPOSED → GIVEN, {@link #atItsPlace}; an orphan's session will have no use for it any more. */
    void give() {
        state = orphaned ? State.FORSAKEN : State.GIVEN;
        pending = null;
        database.writers().leave(this);
    }

    /**
     * GIVEN → IDLE: the transaction that was given away ends. By the holder of the apply baton.
     *
     * @param end with the inner session, which is closed after it where its client has not waited for it
     */
    void giveBack(Runnable end) {
        locked(() -> {
            end.run();
            if (state == State.GIVEN) {
                state = State.IDLE;
            } else {
                guard.close();
            }
            return null;
        });
    }

    /** Whether a prepared branch has the inner session now. */
    boolean isGiven() {
        return state == State.GIVEN;
    }

    /** As {@link #settled}, for a statement; also when its work was undone since it ran. */
    void statementSettled(PendingWork work) {
        locked(() -> {
            work.openGate();
            settled();
            return null;
        });
    }

    /** PROPOSED → IDLE: it is in H2; {@link #atItsPlace}. */
    void settled() {
        state = State.IDLE;
        pending = null;
        database.writers().leave(this);
        closeOrphan();
    }

    private void closeOrphan() {
        if (orphaned) {
            guard.close();
        }
    }

    /** Cancels the statement that runs, unless its outcome has to be that of the other members. From any thread. */
    public void cancel() {
        cancel.cancel();
    }

    /** A command was cancelled: where it waits for a row, or will, it shall look at that. From any thread. */
    public void wakeLockWait(BooleanSupplier cancelled) {
        cancel.wake(cancelled);
    }

    /** Cancels what runs, because the transaction is about to be ended from outside. */
    void cancelStatement(Supplier<DbException> why) {
        endReason.demand(why);
    }

    /**
     * Ends the transaction from outside. The session learns it with its next statement.
     *
     * @return false when a statement is still running
     */
    boolean tryEnd(Supplier<DbException> why) {
        try {
            if (!busy.tryLock(5, TimeUnit.MILLISECONDS)) {
                return false;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            if (!busy.tryLock()) {
                Thread.onSpinWait();
                return false;
            }
        }
        try {
            if (session.isClosed()) {
                // By its client, since it was listed among those to be ended; closing has ended its transaction.
                database.writers().leave(this);
                return true;
            }
            if (!database.writers().isAdmitted(this)) {
                // Its statement, which was cancelled for it, has ended it since it was listed.
                return true;
            }
            switch (state) {
                case IDLE, OPEN -> {
                    // IDLE: admitted, and not begun yet.
                    end();
                    state = State.ENDED;
                    endedWhy = why;
                }
                case PROPOSED -> {
                    pending.openGate();
                    end();
                    closeOrphan();
                }
                case ENDED, GIVEN, FORSAKEN -> database.writers().leave(this);
            }
            return true;
        } finally {
            busy.unlock();
        }
    }

    /** The inner session's database is gone, and its transaction with it. */
    public void forsake() {
        busy.lock();
        try {
            if (state == State.OPEN || state == State.ENDED) {
                state = State.IDLE;
                database.writers().leave(this);
            }
        } finally {
            busy.unlock();
        }
    }

    /** Ends the transaction and closes the inner session: later where a proposal, or a prepared branch, is not decided yet. */
    public void close() {
        busy.lock();
        session.lock();
        try {
            if (state == State.PROPOSED) {
                orphaned = true;
                return;
            }
            if (state == State.GIVEN || state == State.FORSAKEN) {
                state = State.FORSAKEN;
                return;
            }
            if (state == State.OPEN) {
                end();
            }
            guard.close();
        } catch (RuntimeException e) {
            if (database.whyFailed() == null) {
                throw e;
            }
            // What was open is gone with H2's file, and the next session is told why.
        } finally {
            session.unlock();
            busy.unlock();
        }
    }
}
