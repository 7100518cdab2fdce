package io.synod.engine.session;

import io.synod.engine.database.CommitId;
import io.synod.engine.database.Errors;
import io.synod.engine.database.LogRecord;
import io.synod.engine.session.SqlText.Token;
import io.synod.jdbc.CommitAge;
import java.util.Collection;
import java.util.List;
import org.h2.command.CommandInterface;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.h2.schema.Schema;
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
        session.transaction().commitImplicitly();
        long deadline = System.nanoTime() + session.database().timeoutMillis() * 1_000_000L;
        while (!session.transaction().begin()) {
            try {
                return forward(command, execution);
            } catch (DbException e) {
                if (!Forwarding.shallAskAgain(e, deadline)) {
                    throw e;
                }
            }
        }
        DdlRewriter.Plan plan = DdlRewriter.plan(
                command.sql(), command.tokens(), session.local().getDatabase());
        if (plan != null) {
            session.writer().rollback();
            session.transaction().statementEnded();
            return run(plan, command, execution);
        }
        CommitId id = session.transaction().commitId();
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
            session.transaction().statementEnded();
        }
    }

    /** Rows and statements alternate, each on its own: not atomic, but the same on every member. */
    private <T> T run(DdlRewriter.Plan plan, RoutedCommand command, Execution<T> execution) {
        boolean exists = command.getCommandType() == CommandInterface.CREATE_TABLE
                && SqlText.contains(command.tokens(), "IF", "NOT", "EXISTS")
                && existsAlready(plan.undo());
        if (exists) {
            return execution.nothing();
        }
        for (int i = 0; i < plan.statements().size(); i++) {
            CommandInterface part = session.prepareCommand(plan.statements().get(i));
            try {
                Execution.run(part);
                session.transaction().commitImplicitly();
            } catch (DbException e) {
                if (i > 0) {
                    undo(plan.undo(), e);
                }
                throw ErrorSql.set(e, command.sql());
            } finally {
                part.close();
            }
        }
        return execution.nothing();
    }

    private void undo(String sql, DbException cause) {
        CommandInterface undo = session.prepareCommand(sql);
        try {
            session.transaction().rollback();
            Execution.run(undo);
        } catch (DbException e) {
            cause.addSuppressed(e);
        } finally {
            undo.close();
        }
    }

    /** Whether the table that would be created is there: then its undo compiles to something that it could drop. */
    private boolean existsAlready(String dropTable) {
        List<Token> tokens = SqlText.tokens(dropTable);
        Token name = tokens.get(tokens.size() - 1);
        String schema = tokens.size() > 3
                ? tokens.get(tokens.size() - 3).text()
                : session.local().getCurrentSchemaName();
        Schema found = session.local().getDatabase().findSchema(schema);
        return found != null && found.findTableOrView(session.local(), name.text()) != null;
    }

    private static List<String> names(Collection<Table> tables) {
        return tables.stream()
                .map(t -> t.getSchema().getName() + "." + t.getName())
                .toList();
    }

    private <T> T forward(RoutedCommand command, Execution<T> execution) {
        CommitId id = session.transaction().commitId();
        CommitAge age = CommitAge.now();
        try {
            session.forwarding().name(id);
            return session.transaction().forwardStatement(command, execution);
        } catch (DbException e) {
            if (!session.forwarding().isBroken()) {
                throw e;
            }
            if (session.forwarding().resolve(id, age)) {
                return execution.nothing();
            }
            throw Errors.retry("the leader was lost before the statement was durable");
        } finally {
            session.transaction().statementEnded();
        }
    }
}
