package io.synod.engine.session;

import io.synod.engine.database.Errors;
import io.synod.engine.database.HostedDatabase;
import io.synod.engine.session.RoutedTransaction.Place;
import io.synod.engine.session.StatementRouter.Route;
import java.util.function.Supplier;
import org.h2.message.DbException;
import org.h2.result.ResultInterface;

/**
 * Runs a session's statements in the place where its transaction is: on this node's H2 or on the leader's. A transaction begins
 * with its first statement that writes, and what fails in it may end it. Under the session's lock; the inner session's is taken
 * after it.
 */
final class RoutedExecution {
    private final RoutedSession session;
    private final HostedDatabase database;
    private final RoutedTransaction transaction;
    private final Forwarding forwarding;
    private final Repetition repetition;
    private boolean reading;

    RoutedExecution(RoutedSession session) {
        this.session = session;
        this.database = session.database();
        this.transaction = session.transaction();
        this.forwarding = session.forwarding();
        this.repetition = new Repetition(forwarding, session.ids());
    }

    // ---- reads ----------------------------------------------------------------------------------------------------

    /** Runs what neither writes nor locks, or what this node says of itself: outside of any writing transaction of other nodes. */
    <T> T onLocal(RoutedCommand command, Execution<T> execution) {
        if (transaction.place() == Place.HERE) {
            return here(command, execution);
        }
        T result;
        try {
            result = command.runHere(execution);
        } catch (RuntimeException e) {
            endFailedRead(e);
            throw e;
        }
        endLocalRead();
        return result;
    }

    /**
     * H2 keeps a transaction open after a read, which counts against its bound and pins old versions; above READ COMMITTED what comes
     * next would see what was there then, however old that is. So it lasts only where the application's own reads here as of one
     * moment.
     */
    private void endLocalRead() {
        if (!transaction.hasSnapshotHere()) {
            session.writer().endRead();
        }
    }

    private void endFailedRead(RuntimeException failure) {
        try {
            endLocalRead();
        } catch (RuntimeException e) {
            failure.addSuppressed(e);
        }
    }

    // ---- writes ---------------------------------------------------------------------------------------------------

    /** Runs statements that are known to read only, though this node's H2 may not know what they name. */
    <T> T reading(Supplier<T> statements) {
        boolean outer = reading;
        reading = true;
        try {
            return statements.get();
        } finally {
            reading = outer;
        }
    }

    <T> T write(RoutedCommand command, Execution<T> execution) {
        if (!reading && command.decision().route() != Route.SAVEPOINT && !LeadersAnswer.isLastKey(command.tokens())) {
            transaction.writes(!session.compiler().onlyLocks(command));
        }
        if (session.others() == null) {
            return inTransaction(command, execution);
        }
        session.others().keys().tell(command.tokens());
        T result = inTransaction(command, execution);
        session.others().keys().executed(command.tokens());
        return result;
    }

    private <T> T inTransaction(RoutedCommand command, Execution<T> execution) {
        return transaction.isOpen() ? inPlace(command, execution) : first(command, execution);
    }

    private <T> T inPlace(RoutedCommand command, Execution<T> execution) {
        T result = transaction.place() == Place.HERE ? here(command, execution) : forward(command, execution);
        if (transaction.place() == Place.HERE && command.isQuery()) {
            confirmed(result);
        }
        if (transaction.isSingle()) {
            transaction.commit(transaction.commitId());
        } else if (transaction.place() == Place.HERE) {
            coverSequences();
        }
        return result;
    }

    /** A transaction's first statement: where it went to a node that did not lead, nothing was executed. See {@link Repetition}. */
    private <T> T first(RoutedCommand command, Execution<T> execution) {
        endLocalRead();
        long deadline = System.nanoTime() + database.timeoutMillis() * 1_000_000L;
        while (true) {
            forwarding.next(command.canBeKept() ? command.sql() : null);
            try {
                transaction.begin();
            } finally {
                forwarding.next(null);
            }
            keepSnapshot();
            repetition.begins(session.local(), transaction.isForwarded());
            try {
                return inPlace(command, execution);
            } catch (DbException e) {
                if (session.isInternal()
                        || !repetition.isDue(e, transaction.isSingle(), command, execution, deadline)) {
                    throw e;
                }
                transaction.hasNotBegun();
            }
        }
    }

    /** A snapshot that was read here cannot go on over there. */
    private void keepSnapshot() {
        if (transaction.isForwarded() && transaction.hasSnapshotHere()) {
            // Next time it begins there.
            transaction.setReadOnly(false);
            session.writer().endRead();
            transaction.rollback();
            throw Errors.retry("the transaction began as a read-only one on this node and writes now");
        }
    }

    /** A value that the client sees must not be given out again by another leader, even if this transaction fails. */
    private void coverSequences() {
        try {
            database.coverSequences();
        } catch (DbException e) {
            transaction.rollback();
            throw e;
        }
    }

    /** This node still led after the rows were read; else the transaction is over, and they are not shown. */
    void confirmed(Object result) {
        try {
            database.reads().confirm(session.writer());
        } catch (DbException e) {
            if (result instanceof ResultInterface rows) {
                rows.close();
            }
            // What is over must not look as if it were open, as after a time-out of H2's.
            DbException told = transaction.isSingle() || Errors.isRetry(e) ? e : Errors.retry(Errors.message(e));
            transaction.rollback();
            throw told;
        }
    }

    // ---- here -----------------------------------------------------------------------------------------------------

    /** Runs a statement in the transaction that is open here. */
    <T> T here(RoutedCommand command, Execution<T> execution) {
        return here(
                command,
                () -> session.writer().execute(() -> LeaderExecution.run(command, execution, session.local())));
    }

    /** ROLLBACK TO SAVEPOINT: in the open transaction, where there is one. */
    <T> T backToSavepoint(RoutedCommand command, Execution<T> execution) {
        return switch (transaction.place()) {
            case HERE -> here(command, () -> session.writer().executeUnguarded(() -> command.runHere(execution)));
            case FORWARDED -> forward(command, execution);
            case NONE -> command.runHere(execution);
        };
    }

    private <T> T here(RoutedCommand command, Supplier<T> run) {
        try {
            return run.get();
        } catch (DbException e) {
            if (!session.writer().isOpen()) {
                transaction.ended();
            } else if (transaction.isSingle()) {
                transaction.rollback();
            }
            throw LeaderExecution.explained(command, e);
        }
    }

    // ---- on the leader --------------------------------------------------------------------------------------------

    <T> T forward(RoutedCommand command, Execution<T> execution) {
        return forward(command, execution, transaction.isSingle());
    }

    /** @param whole whether all rows of its result are to be here when this returns */
    <T> T forward(RoutedCommand command, Execution<T> execution, boolean whole) {
        try {
            return transaction.fetch(() -> forwarding.run(command, execution, session.local(), whole));
        } catch (DbException e) {
            if (!transaction.isOpen()) {
                throw e;
            }
            if (Errors.isRetry(e)) {
                transaction.ended();
            } else if (transaction.isSingle()) {
                transaction.rollback();
            }
            throw e;
        }
    }

    /** One that is an entry of the log by itself. */
    <T> T forwardStatement(RoutedCommand command, Execution<T> execution) {
        T result = forward(command, execution);
        if (SqlText.startsWith(command.tokens(), "DROP")) {
            transaction.fetch(() -> {
                forwarding.dropped();
                return null;
            });
        }
        session.levels().seen().changedElsewhere();
        // What JDBC asks this node's H2 without a statement (mode, schema, settings) has to know it, too. It has
        // happened, even where this takes too long.
        database.log().awaitReadable(database.timeoutMillis() * 1_000_000L);
        return result;
    }
}
