package io.synod.engine.database;

import io.synod.replica.Proposal;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.h2.api.ErrorCode;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;

/**
 * What a {@link Writer} has proposed, how it ends when the entry is applied, and how it ended: the attachment of the proposal.
 *
 * <p><b>Concurrency.</b> It ends at its place in the log, by the holder of the apply baton and under the writer's locks, which
 * {@link LocalTransaction#atItsPlace} takes; the session looks at the end after its proposal was decided.
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

    /** Does nothing for a transaction. */
    void openGate() {
        if (gate != null) {
            gate.open();
        }
    }

    // ---- at its place in the log ----------------------------------------------------------------------------------

    /**
     * Commits the proposed transaction.
     *
     * @param settle completes the session's transaction; false when it is void and must be undone
     * @return NOT_HERE when the work was undone meanwhile: the entry must be applied from its payload
     */
    Applied commit(Predicate<SessionLocal> settle) {
        return writer.atItsPlace(this, Applied.NOT_HERE, () -> {
            if (settle.test(writer.session)) {
                writer.guard.commit();
                applied = Applied.COMMITTED;
                writer.settled();
            } else {
                applied = Applied.VOID;
                writer.undone();
            }
            return applied;
        });
    }

    /**
     * Gives the proposed transaction away, with its inner session: it is a prepared branch now.
     *
     * @return whose {@link LocalTransaction#giveBack} ends it; {@code null} when the work was undone meanwhile: the branch must be
     *     made from the payload
     */
    LocalTransaction give() {
        return writer.atItsPlace(this, null, () -> {
            applied = Applied.COMMITTED;
            writer.give();
            return writer;
        });
    }

    /** Undoes the proposed work: the entry is void. Does nothing when it was undone meanwhile. */
    void undo() {
        writer.atItsPlace(this, null, () -> {
            applied = Applied.VOID;
            openGate();
            writer.undone();
            return null;
        });
    }

    /**
     * Runs the proposed statement. Its tables stay closed until {@link #settle}.
     *
     * @return {@code null} when the work was undone meanwhile: the statement must be run from the payload
     */
    Ending run() {
        return writer.atItsPlace(this, null, () -> {
            int timeout = writer.cancel.enterPlace();
            try {
                return runGuarded(writer.session, writer.guard);
            } finally {
                writer.cancel.leavePlace(timeout);
            }
        });
    }

    private Ending runGuarded(SessionLocal session, CommitGuard guard) {
        // Drops the sentinel, not the gate's locks. Nothing was changed since the transaction began.
        guard.rollback();
        try {
            result = guard.lifted(() -> {
                Object returned = executeAlone();
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

    /** The catalogue is known to everybody who needs it: writers may use the statement's tables again. */
    void settle() {
        writer.statementSettled(this);
    }

    /**
     * The gate covers the tables that a statement is known to touch. Should it touch another one that is held by a
     * transaction here, that transaction has to go: the statement must end here as on every other member.
     */
    private Object executeAlone() {
        try {
            return statement.get();
        } catch (DbException e) {
            if (e.getErrorCode() != ErrorCode.LOCK_TIMEOUT_1 && e.getErrorCode() != ErrorCode.DEADLOCK_1) {
                throw e;
            }
            writer.database
                    .writers()
                    .endAll(
                            writer,
                            () -> Errors.retry(
                                    "a statement that changes a table which the transaction holds came first"));
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
            case LOST -> throw Errors.leaderLost(Errors.LEADERSHIP_LOST + " before the commit was durable");
            case UNKNOWN -> throw Errors.unknownOutcome(database.whyUnknown());
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
