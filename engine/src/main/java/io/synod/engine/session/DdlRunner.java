package io.synod.engine.session;

import io.synod.engine.database.CommitId;
import io.synod.engine.database.Errors;
import io.synod.engine.database.LogRecord;
import io.synod.engine.session.SqlText.Kind;
import io.synod.engine.session.SqlText.Token;
import io.synod.jdbc.CommitAge;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;
import org.h2.api.ErrorCode;
import org.h2.command.CommandInterface;
import org.h2.engine.Database;
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
        RoutedTransaction transaction = session.transaction();
        transaction.commitImplicitly();
        Repetition repetition = new Repetition(session.forwarding(), session.ids());
        long deadline = System.nanoTime() + session.database().timeoutMillis() * 1_000_000L;
        while (true) {
            boolean here = transaction.begin();
            repetition.begins(session.local(), !here);
            CommitId id = transaction.commitId();
            try {
                return here
                        ? here(command, execution, id)
                        : forward(command, execution, session.ids().orOwn(id));
            } catch (DbException e) {
                boolean lost = Errors.isLeaderLost(e) && !transaction.group().isRunning() && isOneEntry(command);
                if (session.isInternal() || !repetition.isDue(e, lost, command, execution, deadline)) {
                    throw e;
                }
            }
        }
    }

    /** Whether none of it is left where its leader was lost: what takes several entries may be done in part. */
    private boolean isOneEntry(RoutedCommand command) {
        Database database = session.local().getDatabase();
        try {
            return !FullTextCalls.isChanging(command.tokens(), database)
                    && DdlRewriter.plan(command.sql(), command.tokens(), session.local()) == null;
        } catch (DbException e) {
            return false;
        }
    }

    /** In a transaction that has begun here. */
    private <T> T here(RoutedCommand command, Execution<T> execution, CommitId id) {
        if (FullTextCalls.isChanging(command.tokens(), session.local().getDatabase())) {
            ended();
            return new FullTextChange(session).run(command, execution, id);
        }
        DdlPlan plan;
        try {
            Prerequisites.check(
                    command.getCommandType(),
                    command.tokens(),
                    session.local().getDatabase(),
                    session.local().getUser());
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
            run(plan, command, id);
            return execution.nothing();
        }
        return logged(
                id,
                command.sql(),
                command.tokens(),
                command.getCommandType(),
                execution,
                record -> command.runHere(execution));
    }

    private void ended() {
        session.writer().rollback();
        session.transaction().ended();
    }

    /** In the transaction that has begun here. */
    private <T> T logged(
            CommitId id,
            String sql,
            List<Token> tokens,
            int type,
            Execution<T> execution,
            Function<LogRecord.Statement, T> run) {
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
            T result = session.writer().statement(record, tables, () -> run.apply(record));
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

    /** @param id that of the last entry: before it, nobody may take the statement for done */
    private void run(DdlPlan plan, RoutedCommand command, CommitId id) {
        if (command.getCommandType() == CommandInterface.CREATE_TABLE && existsAlready(command.tokens())) {
            return;
        }
        if (plan.atOnce() != null && atOnce(plan.atOnce(), command, id)) {
            return;
        }
        boolean changed = false;
        session.database().upkeep().unfinished().add(plan);
        try {
            int last = plan.steps().size() - 1;
            for (int i = 0; i <= last; i++) {
                run(plan.steps().get(i), i == last ? id : CommitId.NONE);
                changed = true;
            }
        } catch (DbException e) {
            session.ids().take(id);
            if (changed && plan.undo() != null) {
                undo(plan.undo(), e);
            }
            if (changed && plan.unfinished() == null && e.getErrorCode() == Errors.NOT_LEADER_CODE) {
                // What is there in part must not be taken for not executed: a second attempt would find it.
                throw Errors.leaderLost(Errors.LEADERSHIP_LOST + " in the middle of the statement");
            }
            throw ErrorSql.set(ErrorSql.rename(e, plan.unfinished(), plan.later()), command.sql());
        } finally {
            session.database().upkeep().unfinished().remove(plan);
        }
    }

    private void run(DdlPlan.Step step, CommitId id) {
        if (step instanceof DdlPlan.Sql single) {
            session.ids().giveBack(id);
            CommandInterface part = session.prepareCommand(single.sql());
            try {
                Execution.run(part);
            } finally {
                part.close();
            }
            if (session.transaction().isOpen()) {
                session.transaction().commitImplicitly(session.transaction().commitId());
            }
            return;
        }
        begin();
        SessionLocal local = session.local();
        if (step instanceof DdlPlan.Fill fill) {
            List<Token> table = SqlText.tokens(fill.table());
            int last = table.size() - 1;
            String schema = last >= 2 ? name(table.get(last - 2), fill.table()) : local.getCurrentSchemaName();
            String name = name(table.get(last), fill.table());
            try {
                session.writer().execute(() -> {
                    ColumnFill.run(local, schema, name, fill);
                    return null;
                });
            } catch (DbException e) {
                session.transaction().rollback();
                throw e;
            }
            session.transaction().commitImplicitly(id);
        } else if (step instanceof DdlPlan.Together together) {
            together(id, LogRecord.Statement.list(together.statements()), CommandInterface.ALTER_TABLE_ADD_COLUMN);
        }
    }

    /** As H2 reads it in this database. */
    private String name(Token token, String sql) {
        boolean kept =
                token.kind() == Kind.WORD && !session.local().getDatabase().getSettings().databaseToUpper;
        return kept ? sql.substring(token.start(), token.end()) : token.text();
    }

    private void begin() {
        if (!session.transaction().begin()) {
            session.transaction().rollback();
            throw Errors.leaderLost(Errors.LEADERSHIP_LOST + " in the middle of the statement");
        }
    }

    /**
     * In the transaction that has begun here.
     *
     * @param list statements that are one entry
     */
    private void together(CommitId id, String list, int type) {
        Execution.Update update = new Execution.Update(null);
        SessionLocal local = session.local();
        logged(id, list, SqlText.tokens(list), type, update, record -> {
            boolean allowed = local.getAllowLiterals();
            local.setAllowLiterals(true);
            try {
                record.run(sql -> local.prepareLocal(sql).executeUpdate(null));
            } finally {
                local.setAllowLiterals(allowed);
            }
            return update.nothing();
        });
    }

    /**
     * The rows are found before anything is logged, and are in the entry that creates their table: nobody sees it without them.
     *
     * @return false when nothing was done, since they are too many
     */
    private boolean atOnce(DdlPlan.Filled table, RoutedCommand command, CommitId id) {
        String rows;
        try {
            rows = FewRows.of(session, table.query());
        } catch (DbException e) {
            throw ErrorSql.set(e, command.sql());
        }
        session.transaction().commitImplicitly();
        if (rows == null) {
            return false;
        }
        begin();
        List<String> statements = rows.isEmpty()
                ? List.of(table.create())
                : List.of(table.create(), "INSERT INTO " + table.table() + " VALUES " + rows);
        try {
            together(
                    id,
                    LogRecord.Statement.list(statements, "DROP TABLE " + table.table()),
                    CommandInterface.CREATE_TABLE);
        } catch (DbException e) {
            throw ErrorSql.set(e, command.sql());
        }
        return true;
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

    private <T> T forward(RoutedCommand command, Execution<T> execution, CommitId id) {
        CommitAge age = CommitAge.now();
        try {
            session.forwarding().name(id);
            return session.execution().forwardStatement(command, execution);
        } catch (DbException e) {
            if (!session.forwarding().isBroken()) {
                throw e;
            }
            session.forwarding().lostSilently(e);
            if (session.forwarding().resolve(id, age)) {
                return command.isQuery() ? FullTextChange.done(command, execution) : execution.nothing();
            }
            throw session.forwarding().lost(" before the statement was durable");
        } finally {
            session.transaction().ended();
        }
    }
}
