package io.synod.engine.database;

import io.synod.engine.writeset.LockWaits;
import io.synod.replica.Proposal;
import java.sql.SQLException;
import java.util.Collection;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.h2.api.ErrorCode;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.h2.result.BatchResult;
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

    /** How a proposal of local work ended when it was applied here. */
    enum Applied {
        NOT_HERE,
        COMMITTED,
        VOID
    }

    private final HostedDatabase database;
    private final SessionLocal session;
    private final CommitGuard guard;
    private final ReentrantLock busy = new ReentrantLock();
    private State state = State.IDLE;
    private String endedWhy;
    /** Why the open transaction is about to be ended from outside; set by any thread. */
    private volatile String ending;

    private long epoch;
    private Pending pending;
    private boolean orphaned;
    private boolean wrote;

    Writer(HostedDatabase database, SessionLocal session, CommitGuard guard) {
        this.database = database;
        this.session = session;
        this.guard = guard;
    }

    /** What rides along with a proposal. */
    private static final class Pending {
        private final Supplier<?> statement;
        private final DdlGate gate;
        private volatile Applied applied = Applied.NOT_HERE;
        private volatile Object result;
        private volatile DbException error;

        Pending(Supplier<?> statement, DdlGate gate) {
            this.statement = statement;
            this.gate = gate;
        }
    }

    /** How a statement ended. */
    record Ending(DbException error) {}

    /** The attachment of a proposal: finds its way back here when the entry is applied. */
    record Work(Writer writer, Object pending) {}

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
            forgetCancel();
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
            try {
                T result = statement.get();
                // A batch that was cancelled, or lost a deadlock, returns, and its errors with it.
                endIfEnding();
                if (result instanceof BatchResult batch && lostDeadlock(batch)) {
                    endInGate();
                    throw Errors.retry("a row of the batch was the victim of a deadlock");
                }
                return result;
            } catch (DbException e) {
                endIfEnding();
                if (e.getErrorCode() == ErrorCode.DEADLOCK_1) {
                    // H2 rolls back by itself here, which the guard refused.
                    endInGate();
                }
                throw e;
            } finally {
                LockWaits.settle(session);
                database.store().gate().exit();
            }
        } finally {
            busy.unlock();
        }
    }

    private static boolean lostDeadlock(BatchResult batch) {
        for (SQLException e : batch.getExceptions()) {
            if (e.getErrorCode() == ErrorCode.DEADLOCK_1) {
                return true;
            }
        }
        return false;
    }

    /** Whoever cancelled the statement wants the transaction to end: to the client that is a reason to try it again. */
    private void endIfEnding() {
        String why = ending;
        if (why != null && state == State.OPEN) {
            endInGate();
            throw Errors.retry(why);
        }
    }

    /** A cancel that found no statement running would hit the next one, of another transaction. Under the session's lock. */
    private void forgetCancel() {
        ending = null;
        // The one call by which H2 takes a cancel back.
        session.setQueryTimeout(session.getQueryTimeout());
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
            forgetCancel();
            session.unlock();
            state = State.IDLE;
            pending = null;
            database.writers().leave(this);
        }
    }

    /**
     * Commits the transaction through the log and returns when it is applied here.
     *
     * @throws DbException 40001 when it surely did not commit, 08007 when that is not known
     */
    public void commit(CommitId id) {
        Pending mine = new Pending(null, null);
        Proposal proposal = null;
        busy.lock();
        session.lock();
        try {
            checkAlive();
            byte[] rows = database.capture(session);
            if (rows == null) {
                endUnchanged();
            } else {
                // Before it is proposed: it may be applied before propose returns.
                state = State.PROPOSED;
                pending = mine;
                proposal =
                        database.log().propose(new LogRecord.WriteSet(id, rows).encode(), epoch, new Work(this, mine));
            }
        } catch (RuntimeException e) {
            if (state == State.OPEN || state == State.PROPOSED && pending == mine) {
                end();
            }
            throw e;
        } finally {
            session.unlock();
            busy.unlock();
        }
        if (proposal == null) {
            database.coverSequences();
        } else {
            await(proposal, mine);
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
    @SuppressWarnings("unchecked")
    public <R> R statement(LogRecord.Statement statement, Collection<Table> tables, Supplier<R> run) {
        DdlGate gate = new DdlGate(session);
        Pending mine = new Pending(run, gate);
        Proposal proposal;
        busy.lock();
        session.lock();
        try {
            checkAlive();
            gate.close(tables);
            state = State.PROPOSED;
            pending = mine;
            proposal = database.log().propose(statement.encode(), epoch, new Work(this, mine));
        } catch (RuntimeException e) {
            if (state == State.OPEN || state == State.PROPOSED && pending == mine) {
                gate.open();
                end();
            }
            throw e;
        } finally {
            session.unlock();
            busy.unlock();
        }
        await(proposal, mine);
        if (mine.applied == Applied.COMMITTED) {
            database.ended(proposal.entry().index(), mine.error);
            if (mine.error != null) {
                throw mine.error;
            }
            return (R) mine.result;
        }
        DbException error = database.errorOf(proposal.entry().index());
        if (error != null) {
            throw error;
        }
        return null;
    }

    private void await(Proposal proposal, Pending mine) {
        Proposal.Outcome outcome = proposal.await(TimeUnit.MILLISECONDS.toNanos(database.timeoutMillis()));
        switch (outcome) {
            case APPLIED -> {
                forget();
                boolean isVoid = mine.applied == Applied.VOID
                        || mine.applied == Applied.NOT_HERE
                                && database.wasVoid(proposal.entry().index());
                if (isVoid) {
                    throw Errors.retry("a table that the transaction wrote was changed before it");
                }
            }
            case LOST -> {
                forget();
                throw Errors.retry("this node lost its leadership before the commit was durable");
            }
            case UNKNOWN -> {
                busy.lock();
                try {
                    orphaned = true;
                } finally {
                    busy.unlock();
                }
                throw Errors.unknownOutcome("no majority of the nodes of database " + database.name()
                        + " answered within " + database.timeoutMillis() + " ms");
            }
        }
    }

    /** The proposal is decided: whatever is left of the local work is undone. */
    private void forget() {
        busy.lock();
        try {
            if (state == State.PROPOSED) {
                openGate();
                end();
            }
            state = State.IDLE;
        } finally {
            busy.unlock();
        }
    }

    private void openGate() {
        if (pending != null && pending.gate != null) {
            pending.gate.open();
        }
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
    Applied applyAt(Work work, Predicate<SessionLocal> settle) {
        busy.lock();
        session.lock();
        try {
            Pending mine = (Pending) work.pending;
            if (state != State.PROPOSED || pending != mine) {
                return Applied.NOT_HERE;
            }
            if (settle.test(session)) {
                guard.commit();
                mine.applied = Applied.COMMITTED;
                settled();
            } else {
                mine.applied = Applied.VOID;
                end();
                closeOrphan();
            }
            return mine.applied;
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
    Ending runAt(Work work) {
        busy.lock();
        session.lock();
        try {
            Pending mine = (Pending) work.pending;
            if (state != State.PROPOSED || pending != mine) {
                return null;
            }
            // Drops the sentinel, not the gate's locks. Nothing was changed since the transaction began.
            guard.rollback();
            try {
                mine.result = guard.lifted(() -> {
                    Object result = executeAlone(mine.statement);
                    session.commit(false);
                    return result;
                });
            } catch (DbException e) {
                mine.error = e;
                guard.rollback();
            }
            mine.applied = Applied.COMMITTED;
            return new Ending(mine.error);
        } finally {
            session.unlock();
            busy.unlock();
        }
    }

    /** The catalogue is known to everybody who needs it: writers may use the statement's tables again. */
    void statementSettled(Work work) {
        busy.lock();
        session.lock();
        try {
            ((Pending) work.pending).gate.open();
            settled();
        } finally {
            session.unlock();
            busy.unlock();
        }
    }

    /**
     * The gate covers the tables that a statement is known to touch. Should it touch another one that is held by a
     * transaction here, that transaction has to go: the statement must end here as on every other member.
     */
    private Object executeAlone(Supplier<?> statement) {
        try {
            return statement.get();
        } catch (DbException e) {
            if (e.getErrorCode() != ErrorCode.LOCK_TIMEOUT_1 && e.getErrorCode() != ErrorCode.DEADLOCK_1) {
                throw e;
            }
            database.writers().endAll(this, "a statement that changes a table which the transaction holds came first");
            return statement.get();
        }
    }

    /** Undoes the proposed work at its place in the log: the entry is void. By the holder of the apply baton. */
    boolean voidAt(Work work) {
        busy.lock();
        try {
            Pending mine = (Pending) work.pending;
            if (state != State.PROPOSED || pending != mine) {
                return false;
            }
            mine.applied = Applied.VOID;
            openGate();
            end();
            closeOrphan();
            return true;
        } finally {
            busy.unlock();
        }
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

    /** Cancels what runs, because the transaction is about to be ended from outside. */
    void cancelStatement(String why) {
        ending = why;
        session.cancel();
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
            switch (state) {
                case IDLE, OPEN -> {
                    // IDLE: admitted, and not begun yet.
                    end();
                    state = State.ENDED;
                    endedWhy = why;
                }
                case PROPOSED -> {
                    openGate();
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
