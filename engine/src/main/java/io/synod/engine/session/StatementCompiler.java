package io.synod.engine.session;

import io.synod.engine.database.Errors;
import io.synod.engine.database.HostedDatabase;
import io.synod.engine.session.KnownTexts.Known;
import io.synod.engine.session.SqlText.Token;
import io.synod.engine.session.StatementRouter.Decision;
import io.synod.engine.session.StatementRouter.Route;
import java.io.StringReader;
import java.util.List;
import org.h2.command.Command;
import org.h2.command.CommandInterface;
import org.h2.command.query.Query;
import org.h2.engine.SessionLocal;
import org.h2.expression.ParameterInterface;
import org.h2.message.DbException;
import org.h2.table.MetaTable;

/**
 * Makes a {@link RoutedCommand} of a statement's text: what this node's H2 makes of it, where it runs, and what it is where H2
 * does not know it. Called under the session's lock.
 */
final class StatementCompiler {
    private final RoutedSession session;
    private final HostedDatabase database;
    private final KnownTexts texts = new KnownTexts();
    private StatementRouter router;

    StatementCompiler(RoutedSession session) {
        this.session = session;
        this.database = session.database();
        this.router = new StatementRouter(session.local());
    }

    /** The session's inner one is another one now. */
    void move(SessionLocal fresh) {
        router = new StatementRouter(fresh);
    }

    RoutedCommand prepare(String sql) {
        Known known = texts.get(sql, session.local());
        if (known != null && known.decision().route() == Route.ACROSS) {
            return session.others().areNamed(known.tokens()) ? across(sql, known.tokens()) : parsed(sql);
        }
        if (known != null) {
            try {
                return RoutedCommand.compiled(
                        session, sql, known.tokens(), compile(sql), known.decision(), known.catalogue(), false);
            } catch (DbException e) {
                // The catalogue has changed since.
                return parsed(sql);
            }
        }
        return parsed(sql);
    }

    private RoutedCommand parsed(String sql) {
        List<Token> tokens = SqlText.tokens(sql);
        boolean several = SqlText.areSeveral(tokens);
        SystemCalls.Call call = SystemCalls.parse(several ? tokens.subList(0, SqlText.indexOf(tokens, ";")) : tokens);
        if (call != null && several) {
            // H2 would not compile the first one, and so none.
            return RoutedCommand.list(
                    session,
                    sql,
                    tokens,
                    prepare(StatementList.split(new StringReader(sql)).get(0)));
        }
        if (call != null) {
            return RoutedCommand.system(session, sql, tokens, call);
        }
        if (SqlText.contains(tokens, "LINK_SCHEMA", "(")) {
            // It runs when it is compiled.
            throw Errors.refused(
                    "LINK_SCHEMA",
                    "the linked tables would be there on one node only",
                    "use CREATE LINKED TABLE for each table, or connect to that database");
        }
        int settings = session.local().getModificationId();
        long catalogue = catalogue();
        if (SqlText.contains(tokens, ".")
                && !session.isInternal()
                && session.others().areNamed(tokens)
                && !compiles(sql)) {
            RoutedCommand command = across(sql, tokens);
            texts.add(sql, new Known(tokens, OtherDatabases.decision(), session.local(), settings, catalogue));
            return command;
        }
        try {
            return compiled(Passwords.hidden(sql, tokens, session.local()), tokens)
                    .sentAs(sql);
        } catch (DbException e) {
            throw ErrorSql.replace(e, Passwords.hidden(sql, tokens, session.local()), sql);
        }
    }

    private RoutedCommand across(String sql, List<Token> tokens) {
        TransactionLoss loss = new TransactionLoss(session, null);
        try {
            return session.others().prepare(sql, tokens);
        } catch (DbException e) {
            if (Errors.isRetry(e)) {
                session.transaction().rollback();
            }
            loss.failed(e);
            throw e;
        }
    }

    /** A schema or an alias of this database may be called like another one. */
    private boolean compiles(String sql) {
        try {
            compile(sql).close();
            return true;
        } catch (DbException e) {
            return false;
        }
    }

    private RoutedCommand compiled(String sql, List<Token> tokens) {
        SessionLocal local = session.local();
        Command command;
        int settings = local.getModificationId();
        long catalogue = catalogue();
        try {
            command = compile(sql);
        } catch (DbException e) {
            if (session.forwarding().pinned()) {
                // It may name a table that this session has on the leader only.
                return RoutedCommand.elsewhere(session, sql, tokens);
            }
            if (!session.isInternal() && session.others().isOpened(e, tokens)) {
                return across(sql, tokens);
            }
            if (!catchUp()) {
                throw e;
            }
            catalogue = catalogue();
            command = compile(sql);
        }
        Decision decision = route(command, tokens);
        boolean ofNode = isOfNode(sql, tokens);
        if (!ofNode && (decision.route() == Route.READ || decision.route() == Route.WRITE)) {
            texts.add(sql, new Known(tokens, decision, local, settings, catalogue));
        }
        return RoutedCommand.compiled(session, sql, tokens, command, decision, catalogue, ofNode);
    }

    /**
     * A name was not found, and may be that of an object which was created elsewhere a moment ago: waits for all that was
     * acknowledged.
     *
     * @return false where this node's copy had it all
     */
    boolean catchUp() {
        if (!session.levels().seen().isBehind(database.log()) && database.log().servingEpoch() != 0) {
            return false;
        }
        database.reads().awaitReadable();
        session.levels().seen().caughtUp();
        return true;
    }

    Decision route(Command command, List<Token> tokens) {
        return router.route(command, tokens);
    }

    /** Whether the query takes locks and is not known, nor suspected, to write. */
    boolean onlyLocks(RoutedCommand command) {
        return command.decision().route() == Route.LOCKING_READ
                && command.local() != null
                && router.changesNothing(command.local(), command.tokens());
    }

    /** Another number after each change of the catalogue, and of settings that may matter to a compiled statement. */
    long catalogue() {
        return session.local().getDatabase().getModificationMetaId();
    }

    /** Whether it is about this node and nothing else: then no level has to be kept and no leader be there. */
    private boolean isOfNode(String sql, List<Token> tokens) {
        SessionLocal local = session.local();
        boolean actsOnSessions = LeadersAnswer.actsOnSessions(tokens);
        if (!actsOnSessions
                && !SystemCalls.namesSystemSchema(tokens)
                && !local.getCurrentSchemaName().equals(SystemSchema.NAME)) {
            return false;
        }
        local.lock();
        try {
            return local.prepare(sql) instanceof Query query
                    && query.getTables().stream()
                            .allMatch(t -> t instanceof SystemTable || actsOnSessions && t instanceof MetaTable);
        } finally {
            local.unlock();
        }
    }

    Command compile(String sql) {
        SessionLocal local = session.local();
        local.lock();
        try {
            return local.prepareLocal(sql);
        } finally {
            local.unlock();
            // H2 calls some functions already now.
            session.writer().checkUnchanged();
        }
    }

    /** Gives one command the values of another one. */
    static void copyParameters(CommandInterface old, CommandInterface fresh) {
        List<? extends ParameterInterface> from = old.getParameters();
        List<? extends ParameterInterface> to = fresh.getParameters();
        for (int i = 0; i < to.size() && i < from.size(); i++) {
            if (from.get(i).isValueSet()) {
                to.get(i).setValue(from.get(i).getParamValue(), true);
            }
        }
    }
}
