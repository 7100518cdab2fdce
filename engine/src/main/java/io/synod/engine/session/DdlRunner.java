package io.synod.engine.session;

import io.synod.engine.database.CommitId;
import io.synod.engine.database.Errors;
import io.synod.engine.database.LogRecord;
import io.synod.engine.session.SqlText.Token;
import io.synod.jdbc.CommitAge;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;
import org.h2.api.ErrorCode;
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
            return withLiterals(command, execution);
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
        DdlPlan plan;
        try {
            Prerequisites.check(
                    command.getCommandType(), command.tokens(), session.local().getDatabase());
            plan = DdlRewriter.plan(command.sql(), command.tokens(), session.local());
            if (plan != null && command.getCommandType() == CommandInterface.CREATE_LINKED_TABLE) {
                LinkedTables.check(session, command.sql(), command.tokens());
            }
        } catch (DbException e) {
            ended();
            throw e;
        }
        if (plan != null) {
            ended();
            run(plan, command);
            return execution.nothing();
        }
        return logged(
                command.sql(), command.tokens(), command.getCommandType(), execution, () -> command.runHere(execution));
    }

    private void ended() {
        session.writer().rollback();
        session.transaction().statementEnded();
    }

    /** In the transaction that has begun here. */
    private <T> T logged(String sql, List<Token> tokens, int type, Execution<T> execution, Supplier<T> run) {
        CommitId id = session.transaction().commitId();
        SessionLocal local = session.local();
        try {
            Collection<Table> tables = DdlTables.touched(local.getDatabase(), type, tokens);
            LogRecord.Statement record = new LogRecord.Statement(
                    id,
                    local.getUser().getName(),
                    local.getCurrentSchemaName(),
                    SessionState.forStatement(local),
                    type == CommandInterface.TRUNCATE_TABLE ? names(tables) : List.of(),
                    tokens.stream().anyMatch(t -> t.is("RESTART")),
                    sql);
            T result = session.writer().statement(record, tables, run);
            return result != null ? result : execution.nothing();
        } finally {
            ended();
        }
    }

    private <T> T withLiterals(RoutedCommand command, Execution<T> execution) {
        CommandInterface inlined =
                session.prepareCommand(Literals.inline(command.sql(), command.tokens(), command.getParameters()));
        try {
            return execution.on(inlined);
        } finally {
            inlined.close();
        }
    }

    private void run(DdlPlan plan, RoutedCommand command) {
        if (command.getCommandType() == CommandInterface.CREATE_TABLE && existsAlready(command.tokens())) {
            return;
        }
        boolean changed = false;
        session.database().unfinished().add(plan);
        try {
            for (DdlPlan.Step step : plan.steps()) {
                run(step);
                session.transaction().commitImplicitly();
                changed = true;
            }
        } catch (DbException e) {
            if (changed && plan.undo() != null) {
                undo(plan.undo(), e);
            }
            throw ErrorSql.set(e, command.sql());
        } finally {
            session.database().unfinished().remove(plan);
        }
    }

    private void run(DdlPlan.Step step) {
        if (step instanceof DdlPlan.Sql single) {
            CommandInterface part = session.prepareCommand(single.sql());
            try {
                Execution.run(part);
            } finally {
                part.close();
            }
            return;
        }
        if (!session.transaction().begin()) {
            session.transaction().rollback();
            throw Errors.retry("this node lost its leadership in the middle of the statement");
        }
        SessionLocal local = session.local();
        if (step instanceof DdlPlan.Fill fill) {
            List<Token> table = SqlText.tokens(fill.table());
            int last = table.size() - 1;
            String schema = last >= 2 ? table.get(last - 2).text() : local.getCurrentSchemaName();
            try {
                session.writer().execute(() -> {
                    ColumnFill.run(local, schema, table.get(last).text(), fill.column(), fill.expression());
                    return null;
                });
            } catch (DbException e) {
                session.transaction().rollback();
                throw e;
            }
        } else if (step instanceof DdlPlan.Together together) {
            String list = LogRecord.Statement.list(together.statements());
            Execution.Update update = new Execution.Update(null);
            logged(list, SqlText.tokens(list), CommandInterface.ALTER_TABLE_ADD_COLUMN, update, () -> {
                for (String sql : together.statements()) {
                    local.prepareLocal(sql).executeUpdate(null);
                }
                return update.nothing();
            });
        }
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

    /**
     * Before anything is logged, as H2 before it runs the query.
     *
     * @return whether there is nothing to do
     * @throws DbException 42101 it is there, and the statement has no IF NOT EXISTS
     */
    private boolean existsAlready(List<Token> tokens) {
        int table = 1;
        while (!tokens.get(table).is("TABLE")) {
            table++;
        }
        int name = DdlRewriter.afterIfNotExists(tokens, table + 1);
        boolean mayExist = name > table + 1;
        String schema = session.local().getCurrentSchemaName();
        while (tokens.get(name + 1).is(".")) {
            schema = tokens.get(name).text();
            name += 2;
        }
        Schema found = session.local().getDatabase().findSchema(schema);
        boolean exists = found != null
                && found.resolveTableOrView(session.local(), tokens.get(name).text()) != null;
        if (exists && !mayExist) {
            throw DbException.get(
                    ErrorCode.TABLE_OR_VIEW_ALREADY_EXISTS_1, tokens.get(name).text());
        }
        return exists;
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
