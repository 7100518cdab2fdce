package io.synod.engine.database;

import io.synod.replica.Proposal;
import java.util.function.Supplier;
import org.h2.api.ErrorCode;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;

/**
 * What a {@link Writer} has proposed, and how it ended: the attachment of the proposal, which finds its way back to the
 * writer when the entry is applied.
 *
 * <p><b>Concurrency.</b> It ends at its place in the log, by the holder of the apply baton and under the writer's locks; the
 * session looks at the end after its proposal was decided.
 */
final class PendingWork {
    /** How a proposal of local work ended when it was applied here. */
    enum Applied {
        NOT_HERE,
        COMMITTED,
        VOID
    }

    /** How a statement ended. */
    record Ending(DbException error) {}

    private final Writer writer;
    private final Supplier<?> statement;
    private final DdlGate gate;
    private volatile Applied applied = Applied.NOT_HERE;
    private volatile Object result;
    private volatile DbException error;

    private PendingWork(Writer writer, Supplier<?> statement, DdlGate gate) {
        this.writer = writer;
        this.statement = statement;
        this.gate = gate;
    }

    /** Rows, which the session's transaction holds already. */
    static PendingWork transaction(Writer writer) {
        return new PendingWork(writer, null, null);
    }

    /** A statement, to be run when its place in the log is reached. */
    static PendingWork statement(Writer writer, Supplier<?> statement, DdlGate gate) {
        return new PendingWork(writer, statement, gate);
    }

    Writer writer() {
        return writer;
    }

    Applied applied() {
        return applied;
    }

    void ended(Applied how) {
        applied = how;
    }

    /** Does nothing for a transaction. */
    void openGate() {
        if (gate != null) {
            gate.open();
        }
    }

    // ---- at its place in the log ----------------------------------------------------------------------------------

    Ending run(SessionLocal session, CommitGuard guard, WriterRegistry writers) {
        // Drops the sentinel, not the gate's locks. Nothing was changed since the transaction began.
        guard.rollback();
        try {
            result = guard.lifted(() -> {
                Object returned = executeAlone(writers);
                session.commit(false);
                return returned;
            });
        } catch (DbException e) {
            error = e;
            guard.rollback();
        }
        applied = Applied.COMMITTED;
        return new Ending(error);
    }

    /**
     * The gate covers the tables that a statement is known to touch. Should it touch another one that is held by a
     * transaction here, that transaction has to go: the statement must end here as on every other member.
     */
    private Object executeAlone(WriterRegistry writers) {
        try {
            return statement.get();
        } catch (DbException e) {
            if (e.getErrorCode() != ErrorCode.LOCK_TIMEOUT_1 && e.getErrorCode() != ErrorCode.DEADLOCK_1) {
                throw e;
            }
            writers.endAll(writer, "a statement that changes a table which the transaction holds came first");
            return statement.get();
        }
    }

    // ---- for the session that waited ------------------------------------------------------------------------------

    /** @throws DbException 40001 when it surely did not happen, 08007 when that is not known */
    void checkOutcome(Proposal.Outcome outcome, Proposal proposal, HostedDatabase database) {
        switch (outcome) {
            case APPLIED -> {
                boolean isVoid = applied == Applied.VOID
                        || applied == Applied.NOT_HERE
                                && database.wasVoid(proposal.entry().index());
                if (isVoid) {
                    throw Errors.retry("a table that the transaction wrote was changed before it");
                }
            }
            case LOST -> throw Errors.retry("this node lost its leadership before the commit was durable");
            case UNKNOWN ->
                throw Errors.unknownOutcome("no majority of the nodes of database " + database.name()
                        + " answered within " + database.timeoutMillis() + " ms");
        }
    }

    /**
     * What the statement that was applied at this index returned; tells the other members how it ended.
     *
     * @return {@code null} when it was executed here, but not by this session
     * @throws DbException its own error
     */
    @SuppressWarnings("unchecked")
    <R> R result(HostedDatabase database, long index) {
        if (applied == Applied.COMMITTED) {
            database.ended(index, error);
            if (error != null) {
                throw error;
            }
            return (R) result;
        }
        DbException elsewhere = database.errorOf(index);
        if (elsewhere != null) {
            throw elsewhere;
        }
        return null;
    }
}
