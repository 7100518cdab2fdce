package io.synod.engine.database;

import io.synod.branch.Attempt;
import io.synod.branch.Branch;
import io.synod.engine.writeset.LockWaits;
import io.synod.engine.writeset.WriteSetCapture;
import io.synod.replica.Proposal;
import java.util.Collection;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.h2.api.ErrorCode;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.h2.result.ResultInterface;
import org.h2.table.Table;

/**
 * What one inner session writes while this node leads: statement by statement, and then through the log. At commit the write
 * set, or the statement, is proposed, and the session waits until it is applied here.
 *
 * <p><b>Concurrency.</b> By the session's thread only; nothing is held while it waits for the log. What the others do with
 * the transaction: see {@link LocalTransaction}.
 */
public final class Writer extends LocalTransaction {
    private static final String REPLACED = "a table was altered or dropped while the statement waited for it";

    private volatile CommitId committing = CommitId.NONE;
    /** Answered and not decided; {@code null} for none. By the session only. */
    private Unsettled unsettled;

    private record Unsettled(Proposal proposal, PendingWork work) {}

    Writer(HostedDatabase database, SessionLocal session, CommitGuard guard) {
        super(database, session, guard);
    }

    /**
     * Runs a statement in the open transaction.
     *
     * @throws DbException 40001 when the transaction is gone: it was rolled back, whole; HYT00 when this node does not get to apply
     *     what is committed
     */
    public <T> T execute(Supplier<T> statement) {
        database.reads().awaitCommitted();
        database.votes().awaitPrecommitted();
        return whileOpen(() -> {
            enterGate();
            cancel.begun();
            try {
                T result = onTablesOfNow(statement);
                endFor(endReason.after(result));
                return result;
            } catch (DbException e) {
                endFor(endReason.fromOutside());
                if (Errors.isRetry(e)) {
                    // H2 rolls back by itself here, which the guard refused.
                    endInGate();
                }
                throw database.copy().branches().explained(Errors.naming(e), session);
            } finally {
                cancel.ended();
                LockWaits.settle(session);
                database.store().gate().exit();
            }
        });
    }

    /**
     * H2 compiles a statement, and then it waits for its tables: one of them may have been altered or dropped meanwhile, and what
     * it has got is the old one, in which nothing is found and nothing changed lasts.
     *
     * @throws DbException 40001 then
     */
    private <T> T onTablesOfNow(Supplier<T> statement) {
        long catalogue = session.getDatabase().getModificationMetaId();
        try {
            T result = statement.get();
            if (holdsReplaced()) {
                if (result instanceof ResultInterface rows) {
                    rows.close();
                }
                throw Errors.retry(REPLACED);
            }
            return result;
        } catch (DbException e) {
            boolean changed = catalogue != session.getDatabase().getModificationMetaId();
            // A table that was dropped has no database: who waits for it, or goes on in it, finds that out by accident.
            boolean byAccident = e.getErrorCode() == ErrorCode.GENERAL_ERROR_1
                    && e.getSQLException().getCause() instanceof NullPointerException;
            throw changed && (byAccident || holdsReplaced()) && !Errors.isRetry(e) ? Errors.retry(REPLACED) : e;
        }
    }

    private boolean holdsReplaced() {
        for (Table table : session.getLocks()) {
            if (!table.isValid()) {
                return true;
            }
        }
        return false;
    }

    /** To the client any such reason is one to try the transaction again. */
    private void endFor(Supplier<DbException> why) {
        if (why != null && endOpenInGate()) {
            throw why.get();
        }
    }

    /**
     * Ends the transaction together with its statement, which waits for a row that it will never get. From any thread.
     *
     * @param why 40001, which the statement throws
     */
    public void endWaiting(Supplier<DbException> why) {
        cancelStatement(why);
    }

    /** Runs what H2 refuses under the guard although it ends no transaction: ROLLBACK TO SAVEPOINT. */
    public <T> T executeUnguarded(Supplier<T> statement) {
        return execute(() -> guard.lifted(statement));
    }

    /** In a statement: waits for those who have written to a table, which is open again at the end of the transaction. */
    public void closeTable(Table table) {
        session.lock();
        try {
            table.lock(session, Table.EXCLUSIVE_LOCK);
        } catch (DbException e) {
            throw database.copy().branches().explained(e, table);
        } finally {
            session.unlock();
        }
    }

    /**
     * Ends what a read has left open in the inner session outside of any writing transaction.
     *
     * @throws DbException see {@link #checkUnchanged}
     */
    public void endRead() {
        afterRead(guard::commit);
    }

    /**
     * Outside of any writing transaction.
     *
     * @throws DbException 0A000 when rows were changed, which is undone: they would be on this node only
     */
    public void checkUnchanged() {
        afterRead(() -> {});
    }

    private void afterRead(Runnable then) {
        whileIdle(() -> {
            if (session.hasPendingTransaction()) {
                guard.rollback();
                throw Errors.readChanged();
            }
            then.run();
        });
    }

    /**
     * Commits the transaction through the log and returns when it is applied here; at level LOCAL when it is on this node's
     * disk, and then {@link #settle} comes next.
     *
     * @return its index in the log; 0 when nothing was logged
     * @throws DbException 40001 when it surely did not commit, 08007 when that is not known; HYT00 when it has changed nothing
     *     and there was no leader in time to say that its locks have held
     */
    public long commit(CommitId id, CommitLevel level) {
        return commit(id, level, UnaryOperator.identity(), null, () -> {});
    }

    /**
     * Prepares the transaction as a branch, durable on a majority; returns when it is applied here. If it has written anything
     * the inner session is the branch's then: {@link #hasSession}.
     *
     * @param attempt its coordinator's; {@link Attempt#NONE} for a branch whose decision comes from outside
     * @param meanwhile is run while the log is waited for, mostly
     * @return its index in the log; 0 when it had not written anything: it has ended. That of several groups is prepared all the
     *     same
     * @throws DbException 40001 when it surely is not prepared, 08007 when that is not known; 0A000 it cannot be, and is open
     */
    public long prepare(CommitId id, Branch branch, Attempt attempt, Runnable meanwhile) {
        // Before anything is proposed: if there are too many, the transaction stays open.
        byte[] locked = exclusively(() -> database.copy().lockedRows(session));
        return commit(
                id,
                CommitLevel.QUORUM,
                record -> prepared(id, branch, attempt, locked, record),
                branch.isAlone() ? null : WriteSetCapture.nothing(),
                meanwhile);
    }

    private LogRecord prepared(CommitId id, Branch branch, Attempt attempt, byte[] locked, LogRecord record) {
        String user = user();
        if (user == null) {
            throw DbException.get(ErrorCode.USER_NOT_FOUND_1, "of this session, who was dropped meanwhile");
        }
        long time = System.currentTimeMillis();
        if (record instanceof LogRecord.Spooled r) {
            return new LogRecord.Prepared(id, branch, attempt, user, time, r.key(), r.parts(), locked, r.head());
        }
        byte[] rows = ((LogRecord.WriteSet) record).rows();
        return new LogRecord.Prepared(id, branch, attempt, user, time, "", 0, locked, rows);
    }

    /**
     * @param as what is logged instead of what would commit the write set
     * @param nothing the write set of a transaction that has written nothing; {@code null} where that needs none
     */
    private long commit(
            CommitId id, CommitLevel level, UnaryOperator<LogRecord> as, byte[] nothing, Runnable meanwhile) {
        PendingWork mine = PendingWork.transaction(this);
        committing = id;
        Proposal proposal = propose(mine, () -> {
            byte[] changed = database.copy().capture(session);
            byte[] rows = changed == null ? nothing : changed;
            if (rows == WriteSetCapture.OVERSIZED) {
                return OVERSIZED;
            }
            return rows == null ? null : as.apply(new LogRecord.WriteSet(id, rows));
        });
        if (proposal == null && isOpen()) {
            return commitInParts(id, mine, as, nothing);
        }
        long start = System.nanoTime();
        meanwhile.run();
        long nanos = Math.max(0, timeoutNanos() - (System.nanoTime() - start));
        if (proposal != null && level == CommitLevel.LOCAL && proposal.awaitForced(nanos)) {
            unsettled = new Unsettled(proposal, mine);
            return proposal.entry().index();
        }
        return await(proposal, mine, nanos);
    }

    /**
     * Waits until a branch that has taken the inner session is decided, which gives it back.
     *
     * @return false when that has not happened in time: {@link #close} this writer, and go on in another session
     */
    public boolean hasSession(long nanos) {
        long deadline = System.nanoTime() + nanos;
        while (true) {
            // Whatever decides it is an entry, perhaps the next one: read before, or that would be missed.
            long applied = database.appliedIndex();
            if (!isGiven()) {
                return true;
            }
            long left = deadline - System.nanoTime();
            if (left <= 0 || !database.log().awaitApplied(applied + 1, left)) {
                return !isGiven();
            }
        }
    }

    private long timeoutNanos() {
        return TimeUnit.MILLISECONDS.toNanos(database.timeoutMillis());
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
            throw Errors.isRetry(e) ? Errors.localCommitLost(e.getMessage()) : e;
        }
        return last.proposal().entry().index();
    }

    /** The parts need a majority anyhow: at every level it returns when it is applied here. */
    private long commitInParts(CommitId id, PendingWork mine, UnaryOperator<LogRecord> as, byte[] nothing) {
        try (Shipments.Shipment shipment = exclusively(() -> database.shipment(session, epoch))) {
            Proposal proposal;
            try {
                shipment.ship(this::exclusively);
                proposal = propose(mine, () -> {
                    LogRecord record = shipment.record(id);
                    if (record == null && nothing != null) {
                        // So many changes, and all of them taken back by the transaction itself.
                        record = new LogRecord.WriteSet(id, nothing);
                    }
                    return record == null ? null : as.apply(record);
                });
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
            gate.close(tables, database.copy().branches());
            return statement;
        });
        await(proposal, mine);
        return mine.result(database, proposal.entry().index());
    }

    private long await(Proposal proposal, PendingWork mine) {
        return await(proposal, mine, timeoutNanos());
    }

    /**
     * @param proposal {@code null} when there is nothing to wait for but that values once seen are safe, and that this node
     *     still leads
     * @return its index; 0 when there is none
     */
    private long await(Proposal proposal, PendingWork mine, long nanos) {
        if (proposal == null) {
            database.coverSequences();
            // Rows that were locked and not changed, a statement that found none: true only if no other node led
            // meanwhile.
            database.reads().confirm(this);
            return 0;
        }
        Proposal.Outcome outcome = proposal.await(nanos);
        if (outcome == Proposal.Outcome.UNKNOWN) {
            orphan();
        } else {
            decided();
        }
        mine.checkOutcome(outcome, proposal, database);
        return proposal.entry().index();
    }

    /** The id of the last commit, empty where it has none. */
    @Override
    String commitId() {
        return committing.isNone() ? "" : committing.toString();
    }
}
