package io.synod.engine.session;

import org.h2.engine.SessionLocal;
import org.h2.message.DbException;

/**
 * Queries that hold an INSERT, UPDATE, MERGE or DELETE: {@code SELECT … FROM OLD TABLE (UPDATE …)}, {@code EXPLAIN ANALYZE}.
 * H2 undoes a failed statement, but not a failed query, so a row that has violated a unique index stays in its table, and
 * would go to the other members with the transaction.
 */
final class WritingQueries {
    private WritingQueries() {}

    static boolean isOne(RoutedCommand command) {
        if (!command.isQuery()) {
            return false;
        }
        return SqlText.startsWith(command.tokens(), "EXPLAIN") || SqlText.changesRows(command.tokens());
    }

    static <T> T run(RoutedCommand command, Execution<T> execution, SessionLocal session) {
        SessionLocal.Savepoint before = locked(session, session::setSavepoint);
        try {
            return command.runHere(execution);
        } catch (DbException e) {
            locked(session, () -> {
                session.rollbackTo(before);
                return null;
            });
            throw e;
        }
    }

    private static <R> R locked(SessionLocal session, java.util.function.Supplier<R> work) {
        session.lock();
        try {
            return work.get();
        } finally {
            session.unlock();
        }
    }
}
