package io.synod.engine.database;

import io.synod.engine.writeset.LockWaits;
import io.synod.engine.writeset.WriteSetCapture;
import io.synod.replica.Proposal;
import java.util.Collection;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.h2.api.ErrorCode;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.h2.table.Table;

/**
 * The writing transactions of one inner session, while this node leads. One at a time:
 *
 * <pre>
 * IDLE ─begin→ OPEN ─commit, statement→ PROPOSED ─applied, lost→ IDLE
 *                └──────── deposed ────────┴→ ENDED ─noticed by the session→ IDLE
 * </pre>
 *
 * <p><b>Order.</b> A transaction is proposed while it holds its row locks, so conflicting transactions stand in the log in
 * the order of their locks; H2 commits in {@link #applyAt} only, which the log calls in its order.
 *
 * <p><b>Concurrency.</b> One session thread calls begin, execute, commit, rollback, statement; whoever applies the log
 * calls {@link #applyAt} and {@link #tryEnd}. {@code busy} guards the state and is held whenever the inner session works;
 * nobody holds it while waiting for the log.
 *
 * <p><b>Failure.</b> Deposed with a proposal undecided: the local work is undone, the session goes on waiting, and what
 * survives in the log comes back as an ordinary entry.
 */
public final class Writer {
    private enum State {
        IDLE,
        OPEN,
        PROPOSED,
        ENDED
    }

    /** Says that what is to be logged does not fit into one entry; known by reference. */
    private static final LogRecord OVERSIZED = new LogRecord.Digest();

    private final HostedDatabase database;
    private final SessionLocal session;
    private final CommitGuard guard;
    private final StatementCancel cancel;
    private final EndReason endReason;
    private final ReentrantLock busy = new ReentrantLock();
    private State state = State.IDLE;
    private String endedWhy;
    private long epoch;
    private PendingWork pending;
    private volatile boolean orphaned;
    private volatile CommitId committing = CommitId.NONE;
    /** Answered and not decided; {@code null} for none. By the session only. */
    private Unsettled unsettled;

    private boolean wrote;

    private record Unsettled(Proposal proposal, PendingWork work) {}

    Writer(HostedDatabase database, SessionLocal session, CommitGuard guard) {
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
            epoch = admitted;
            wrote = false;
            endReason.forget();
            state = State.OPEN;
            guard.arm();
            return true;
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
     * Runs a statement in the open transaction.
     *
     * @throws DbException 40001 when the transaction is gone: it was rolled back, whole
     */
    public <T> T execute(Supplier<T> statement) {
        busy.lock();
        try {
            checkAlive();
            enterGate();
            cancel.begun();
            try {
                T result = statement.get();
                endFor(endReason.after(result));
                return result;
            } catch (DbException e) {
                endFor(endReason.fromOutside());
                if (e.getErrorCode() == ErrorCode.DEADLOCK_1) {
                    // H2 rolls back by itself here, which the guard refused.
                    endInGate();
                }
                throw e;
            } finally {
                cancel.ended();
                LockWaits.settle(session);
                database.store().gate().exit();
            }
        } finally {
            busy.unlock();
        }
    }

    /** To the client any such reason is one to try the transaction again. */
    private void endFor(String why) {
        if (why != null && state == State.OPEN) {
            endInGate();
            throw Errors.retry(why);
        }
    }

    /** Only the first statement of a transaction waits for a checkpoint that is about to begin. */
    private void enterGate() {
        if (wrote) {
            database.store().gate().enterOpenTransaction();
        } else {
            database.store().gate().enter();
            wrote = true;
        }
    }

    /** Ends what a read has left open in the inner session outside of any writing transaction. */
    public void endRead() {
        busy.lock();
        session.lock();
        try {
            if (state == State.IDLE && !session.isClosed()) {
                guard.commit();
            }
        } finally {
            session.unlock();
            busy.unlock();
        }
    }

    /** Runs what H2 refuses under the guard although it ends no transaction: ROLLBACK TO SAVEPOINT. */
    public <T> T executeUnguarded(Supplier<T> statement) {
        return execute(() -> guard.lifted(statement));
    }

    private void checkAlive() {
        if (state == State.ENDED) {
            state = State.IDLE;
            throw Errors.retry(endedWhy);
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

    private void endInGate() {
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

    /**
     * Commits the transaction through the log and returns when it is applied here; at level LOCAL when it is on this node's
     * disk, and then {@link #settle} comes next.
     *
     * @return its index in the log; 0 when nothing was logged
     * @throws DbException 40001 when it surely did not commit, 08007 when that is not known
     */
    public long commit(CommitId id, CommitLevel level) {
        PendingWork mine = PendingWork.transaction(this);
        committing = id;
        Proposal proposal = propose(mine, () -> {
            byte[] rows = database.capture(session);
            if (rows == WriteSetCapture.OVERSIZED) {
                return OVERSIZED;
            }
            return rows == null ? null : new LogRecord.WriteSet(id, rows);
        });
        if (proposal == null && isOpen()) {
            return commitInParts(id, mine);
        }
        long nanos = TimeUnit.MILLISECONDS.toNanos(database.timeoutMillis());
        if (proposal != null && level == CommitLevel.LOCAL && proposal.awaitForced(nanos)) {
            unsettled = new Unsettled(proposal, mine);
            return proposal.entry().index();
        }
        return await(proposal, mine);
    }

    /** Whether the last commit was answered and is not decided, as far as the session knows. */
    public boolean isUnsettled() {
        return unsettled != null;
    }

    /**
     * Waits until a commit that was answered at level LOCAL is decided.
     *
     * @return its index; 0 when there was none
     * @throws DbException 40000 when it was lost, 08007 when that is not known
     */
    public long settle() {
        Unsettled last = unsettled;
        if (last == null) {
            return 0;
        }
        unsettled = null;
        try {
            await(last.proposal(), last.work());
        } catch (DbException e) {
            throw e.getErrorCode() == Errors.RETRY_CODE ? Errors.localCommitLost(e.getMessage()) : e;
        }
        return last.proposal().entry().index();
    }

    /** The parts need a majority anyhow: at every level it returns when it is applied here. */
    private long commitInParts(CommitId id, PendingWork mine) {
        try (Shipments.Shipment shipment = exclusively(() -> database.shipment(session, epoch))) {
            Proposal proposal;
            try {
                shipment.ship(this::exclusively);
                proposal = propose(mine, () -> shipment.record(id));
            } catch (RuntimeException e) {
                rollback();
                shipment.abandon();
                throw e;
            }
            if (proposal == null) {
                shipment.abandon();
            }
            return await(proposal, mine);
        }
    }

    private <T> T exclusively(Supplier<T> reading) {
        busy.lock();
        session.lock();
        try {
            checkAlive();
            return reading.get();
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
     */
    private Proposal propose(PendingWork mine, Supplier<LogRecord> prepare) {
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
            // Before it is proposed: it may be applied before propose returns.
            state = State.PROPOSED;
            pending = mine;
            return database.log().propose(record.encode(), epoch, mine);
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

    /**
     * Logs a statement and executes it at its place in the log, alone on its tables.
     *
     * @param tables that no other transaction may hold meanwhile
     * @param run executes it on this session
     * @return what {@code run} returned; {@code null} when it was executed here, but not by this session
     * @throws DbException its own error; HYT00 with nothing logged when a table was not free in LOCK_TIMEOUT
     */
    public <R> R statement(LogRecord.Statement statement, Collection<Table> tables, Supplier<R> run) {
        DdlGate gate = new DdlGate(session);
        PendingWork mine = PendingWork.statement(this, run, gate);
        Proposal proposal = propose(mine, () -> {
            gate.close(tables);
            return statement;
        });
        await(proposal, mine);
        return mine.result(database, proposal.entry().index());
    }

    /**
     * @param proposal {@code null} when there is nothing to wait for but that values once seen are safe
     * @return its index; 0 when there is none
     */
    private long await(Proposal proposal, PendingWork mine) {
        if (proposal == null) {
            database.coverSequences();
            return 0;
        }
        Proposal.Outcome outcome = proposal.await(TimeUnit.MILLISECONDS.toNanos(database.timeoutMillis()));
        if (outcome == Proposal.Outcome.UNKNOWN) {
            busy.lock();
            try {
                orphaned = true;
            } finally {
                busy.unlock();
            }
        } else {
            forget();
        }
        mine.checkOutcome(outcome, proposal, database);
        return proposal.entry().index();
    }

    /** The proposal is decided: whatever is left of the local work is undone. */
    private void forget() {
        busy.lock();
        try {
            if (state == State.PROPOSED) {
                pending.openGate();
                end();
            }
            state = State.IDLE;
        } finally {
            busy.unlock();
        }
    }

    /** As {@link #isOrphaned()}, without a wait for whatever the session does. */
    boolean wasGivenUp() {
        return orphaned;
    }

    /** The id of the last commit, empty where it has none. */
    String commitId() {
        return committing.isNone() ? "" : committing.toString();
    }

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
     * Commits the proposed transaction at its place in the log. By the holder of the apply baton.
     *
     * @param settle completes the session's transaction; false when it is void and must be undone
     * @return NOT_HERE when the work was undone meanwhile: the entry must be applied from its payload
     */
    PendingWork.Applied applyAt(PendingWork work, Predicate<SessionLocal> settle) {
        busy.lock();
        session.lock();
        try {
            if (!isProposed(work)) {
                return PendingWork.Applied.NOT_HERE;
            }
            if (settle.test(session)) {
                guard.commit();
                work.ended(PendingWork.Applied.COMMITTED);
                settled();
            } else {
                work.ended(PendingWork.Applied.VOID);
                end();
                closeOrphan();
            }
            return work.applied();
        } finally {
            session.unlock();
            busy.unlock();
        }
    }

    /**
     * Runs the proposed statement at its place in the log. Its tables stay closed until {@link #statementSettled}.
     *
     * @return {@code null} when the work was undone meanwhile: the statement must be run from the payload
     */
    PendingWork.Ending runAt(PendingWork work) {
        busy.lock();
        session.lock();
        try {
            if (!isProposed(work)) {
                return null;
            }
            int timeout = cancel.enterPlace();
            try {
                return work.run(session, guard, database.writers());
            } finally {
                cancel.leavePlace(timeout);
            }
        } finally {
            session.unlock();
            busy.unlock();
        }
    }

    /** The catalogue is known to everybody who needs it: writers may use the statement's tables again. */
    void statementSettled(PendingWork work) {
        busy.lock();
        session.lock();
        try {
            work.openGate();
            settled();
        } finally {
            session.unlock();
            busy.unlock();
        }
    }

    /** Undoes the proposed work at its place in the log: the entry is void. By the holder of the apply baton. */
    boolean voidAt(PendingWork work) {
        busy.lock();
        try {
            if (!isProposed(work)) {
                return false;
            }
            work.ended(PendingWork.Applied.VOID);
            work.openGate();
            end();
            closeOrphan();
            return true;
        } finally {
            busy.unlock();
        }
    }

    /** Whether the work was not undone since it was proposed. */
    private boolean isProposed(PendingWork work) {
        return state == State.PROPOSED && pending == work;
    }

    private void settled() {
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

    /** A command was cancelled: if it waits for a row, it shall look at that. From any thread. */
    public void wakeLockWait() {
        cancel.wake();
    }

    /** Cancels what runs, because the transaction is about to be ended from outside. */
    void cancelStatement(String why) {
        endReason.demand(why);
    }

    /**
     * Ends the transaction from outside. The session learns it with its next statement.
     *
     * @return false when a statement is still running
     */
    boolean tryEnd(String why) {
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
                case ENDED -> database.writers().leave(this);
            }
            return true;
        } finally {
            busy.unlock();
        }
    }

    /** Ends the transaction and closes the inner session. An orphan is closed when its outcome is known. */
    public void close() {
        busy.lock();
        session.lock();
        try {
            if (state == State.PROPOSED) {
                orphaned = true;
                return;
            }
            if (state == State.OPEN) {
                end();
            }
            guard.close();
        } finally {
            session.unlock();
            busy.unlock();
        }
    }
}
