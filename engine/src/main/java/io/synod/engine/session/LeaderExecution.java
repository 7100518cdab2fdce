package io.synod.engine.session;

import io.synod.engine.database.Errors;
import io.synod.engine.session.StatementRouter.Route;
import java.sql.SQLException;
import org.h2.api.ErrorCode;
import org.h2.command.query.Query;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.h2.table.Table;

/** Runs a statement in the writing transaction that is open on the leader's H2. */
final class LeaderExecution {
    private LeaderExecution() {}

    static <T> T run(RoutedCommand command, Execution<T> execution, SessionLocal local) {
        if (command.decision().route() == Route.LOCKING_READ) {
            lockTables(command, local);
        }
        return WritingQueries.isOne(command)
                ? WritingQueries.run(command, execution, local)
                : command.runHere(execution);
    }

    /** The guard's error says what was tried, not what to do. */
    static DbException explained(RoutedCommand command, DbException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            int code = cause instanceof DbException d
                    ? d.getErrorCode()
                    : cause instanceof SQLException sql ? sql.getErrorCode() : 0;
            if (code == ErrorCode.COMMIT_ROLLBACK_NOT_ALLOWED) {
                return Errors.refused(
                        SqlText.firstWords(command.tokens())
                                + " …, which runs a Java function or trigger that commits,",
                        "what it commits, or changes in the catalogue, would be on this node only",
                        "let the application commit, and change the catalogue in a statement of its own");
            }
        }
        return e;
    }

    /** H2 locks the rows only: a shared lock on the table makes DDL wait for them. */
    private static void lockTables(RoutedCommand command, SessionLocal local) {
        local.lock();
        try {
            if (local.prepare(command.sql()) instanceof Query query) {
                for (Table table : query.getTables()) {
                    table.lock(local, Table.WRITE_LOCK);
                }
            }
        } finally {
            local.unlock();
        }
    }
}
