package io.synod.engine.session;

import io.synod.engine.database.CommitId;
import io.synod.engine.database.Errors;
import io.synod.engine.database.LogRecord;
import java.util.Collection;
import java.util.List;
import org.h2.command.CommandInterface;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.h2.table.Table;

/** Executes a statement that is logged: here, when this node leads, else on the leader. */
final class DdlRunner {
    private final RoutedSession session;

    DdlRunner(RoutedSession session) {
        this.session = session;
    }

    <T> T execute(RoutedCommand command, Execution<T> execution) {
        if (!command.getParameters().isEmpty()) {
            throw Errors.refused(
                    "a statement with parameters that changes the catalogue", "write its values out as literals");
        }
        session.commitImplicitly();
        if (!session.beginStatement()) {
            return forward(command, execution);
        }
        CommitId id = session.commitId();
        SessionLocal local = session.local();
        try {
            Collection<Table> tables =
                    DdlTables.touched(local.getDatabase(), command.getCommandType(), command.tokens());
            LogRecord.Statement record = new LogRecord.Statement(
                    id,
                    local.getUser().getName(),
                    local.getCurrentSchemaName(),
                    SessionState.forStatement(local),
                    command.getCommandType() == CommandInterface.TRUNCATE_TABLE ? names(tables) : List.of(),
                    command.tokens().stream().anyMatch(t -> t.is("RESTART")),
                    command.sql());
            T result = session.writer().statement(record, tables, () -> command.runHere(execution));
            return result != null ? result : execution.nothing();
        } finally {
            session.writer().rollback();
            session.statementEnded();
        }
    }

    private static List<String> names(Collection<Table> tables) {
        return tables.stream()
                .map(t -> t.getSchema().getName() + "." + t.getName())
                .toList();
    }

    private <T> T forward(RoutedCommand command, Execution<T> execution) {
        CommitId id = session.commitId();
        try {
            session.forwarding().name(id);
            return session.forwardStatement(command, execution);
        } catch (DbException e) {
            if (!session.forwarding().isBroken()) {
                throw e;
            }
            if (session.forwarding().resolve(id)) {
                return execution.nothing();
            }
            throw Errors.retry("the leader was lost before the statement was durable");
        } finally {
            session.statementEnded();
        }
    }
}
