package io.synod.engine.session;

import io.synod.engine.session.SqlText.Token;
import java.util.List;
import org.h2.command.Command;
import org.h2.command.CommandContainer;
import org.h2.command.CommandInterface;
import org.h2.engine.Mode;
import org.h2.engine.SessionLocal;

/**
 * Says what a statement is for routing. What H2 reports is not enough: {@code isReadOnly()} is true for {@code SELECT … FROM
 * FINAL TABLE (INSERT …)} and for {@code SELECT … FOR UPDATE}. What is not known to be safe is a write.
 */
final class StatementRouter {
    enum Route {
        /** One of the next three. */
        QUERY,
        /** Runs on any node. */
        READ,
        /** Runs on the leader, in a transaction. */
        WRITE,
        /** WRITE, and takes locks that a DDL statement has to wait for. */
        LOCKING_READ,
        /** Is logged, and executed at its place on every member. */
        STATEMENT,
        /** One of those that a setting's kind says. */
        SETTING,
        /** Changes this session only. */
        SESSION_STATE,
        /** SESSION_STATE that ends the transaction first. */
        ISOLATION,
        /** Changes this node only; ends the transaction first. */
        NODE_STATE,
        COMMIT,
        ROLLBACK,
        BEGIN,
        SAVEPOINT,
        ROLLBACK_TO_SAVEPOINT,
        AUTOCOMMIT_ON,
        AUTOCOMMIT_OFF,
        /** Succeeds and does nothing. */
        NOTHING,
        /** NOTHING, for administrators: whatever is committed is durable already. */
        CHECKPOINT,
        /** Reads, and commits the transaction first. */
        SCRIPT,
        /** Several statements. */
        LIST,
        /** Statements in a file. */
        RUNSCRIPT,
        /** The text that an expression gives. */
        IMMEDIATE,
        /** Gives a statement a name in this session. */
        PREPARE,
        /** Prepares the transaction as a branch with a name. */
        PREPARE_BRANCH,
        /** Commits or rolls back the branch of a name. */
        DECIDE_BRANCH,
        /** Names tables of other databases. */
        ACROSS,
        /** A statement that has a name. */
        EXECUTE,
        DEALLOCATE,
        /** Creates, changes or drops a table of this session only. */
        SESSION_TABLE,
        /** Copies this node's file. */
        BACKUP,
        /** Ends a session of this node. */
        ABORT_SESSION,
        /** Closes the database. */
        SHUTDOWN,
        REFUSED
    }

    /**
     * @param why for REFUSED: the reason
     * @param instead for REFUSED: what to do
     */
    record Decision(Route route, String why, String instead) {
        static Decision of(Route route) {
            return new Decision(route, null, null);
        }

        static Decision refused(String why, String instead) {
            return new Decision(Route.REFUSED, why, instead);
        }
    }

    private final SessionLocal session;
    private final SessionTables sessionTables;

    StatementRouter(SessionLocal session) {
        this.session = session;
        this.sessionTables = new SessionTables(session);
    }

    Decision route(Command command, List<Token> tokens) {
        Decision decision = byKind(command, tokens);
        return decision.route() == Route.STATEMENT && touchesSystemSchema(tokens)
                ? Decision.refused(
                        "the schema " + SystemSchema.NAME + " belongs to each node and tells about the cluster",
                        "use another name")
                : decision;
    }

    private boolean touchesSystemSchema(List<Token> tokens) {
        if (!SystemSchema.isInstalled(session.getDatabase())) {
            return false;
        }
        if (SqlText.startsWith(tokens, "CREATE", "SCHEMA")) {
            int name = SqlText.contains(tokens, "IF", "NOT", "EXISTS") ? 5 : 2;
            return tokens.size() > name && SystemCalls.isSystemSchema(tokens.get(name));
        }
        if (SqlText.startsWith(tokens, "ALTER", "SCHEMA") || SqlText.startsWith(tokens, "DROP", "SCHEMA")) {
            return tokens.stream().anyMatch(SystemCalls::isSystemSchema);
        }
        return SystemCalls.namesSystemSchema(tokens)
                || SqlText.startsWith(tokens, "CREATE")
                        && session.getCurrentSchemaName().equals(SystemSchema.NAME);
    }

    private Decision byKind(Command command, List<Token> tokens) {
        if (!(command instanceof CommandContainer)) {
            return Decision.of(Route.LIST);
        }
        if (FullTextCalls.isLucene(tokens, session.getDatabase())) {
            return lucene();
        }
        if (FullTextCalls.isChanging(tokens, session.getDatabase())) {
            return Decision.of(Route.STATEMENT);
        }
        if (SqlText.contains(tokens, "ABORT_SESSION", "(")) {
            return SessionAbort.is(tokens)
                    ? Decision.of(Route.ABORT_SESSION)
                    : Decision.refused(
                            "H2 would end the session past the log, with its locks",
                            "CALL ABORT_SESSION(number), with the number as a literal or a parameter");
        }
        int type = command.getCommandType();
        Route route = StatementKinds.of(type);
        if (route == null) {
            return Decision.refused(
                    "this version does not know what it would do on the other nodes (H2's command type " + type + ")",
                    "use a version of Synod that was made for this version of H2");
        }
        return switch (route) {
            case QUERY -> Decision.of(query(command, tokens));
            case SETTING -> setting(tokens);
            case STATEMENT ->
                type == CommandInterface.CREATE_TABLE && namesEngine(tokens)
                        ? Decision.refused(
                                "a table engine keeps its rows its own way, past the log",
                                "leave ENGINE away; MODE=MySQL ignores it")
                        : sessionTables.decide(type, tokens);
            // What H2 makes of ALTER … IF EXISTS where it does not know the object: another node may know it.
            // REPLACE INTO has the number of what does nothing, too.
            case NOTHING ->
                SqlText.startsWith(tokens, "ALTER")
                        ? Decision.of(Route.STATEMENT)
                        : Decision.of(SqlText.startsWith(tokens, "REPLACE") ? Route.WRITE : Route.NOTHING);
            case REFUSED -> refusal(type);
            default -> Decision.of(route);
        };
    }

    /** ENGINE behind the list of columns names a class; in MySQL's mode it means nothing. */
    private boolean namesEngine(List<Token> tokens) {
        int depth = 0;
        for (int i = 1; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            depth += token.is("(") ? 1 : token.is(")") ? -1 : 0;
            if (depth == 0 && token.is("AS")) {
                return false;
            }
            if (depth == 0 && token.is("ENGINE") && tokens.get(i - 1).is(")")) {
                return session.getMode().getEnum() != Mode.ModeEnum.MySQL
                        && session.getMode().getEnum() != Mode.ModeEnum.MariaDB;
            }
        }
        return false;
    }

    private static Decision lucene() {
        return Decision.refused(
                "it keeps its index in files of its own beside each node's database, past the log",
                "use H2's native full-text search, org.h2.fulltext.FullText, or feed a search engine from the application");
    }

    private static Decision refusal(int type) {
        return switch (type) {
            case CommandInterface.CREATE_MATERIALIZED_VIEW, CommandInterface.REFRESH_MATERIALIZED_VIEW ->
                Decision.refused(
                        "H2 loses a materialized view when its file is opened again, so each restart of a node would",
                        "use CREATE TABLE … AS, and to refresh it DELETE and INSERT … SELECT in one transaction");
            default ->
                Decision.refused(
                        "H2 does not say what kind of statement it is", "write it as statements that H2 knows");
        };
    }

    private Route query(Command command, List<Token> tokens) {
        if (!command.isQuery()) {
            return Route.WRITE;
        }
        if (LeadersAnswer.isNeeded(tokens, session.getDatabase())) {
            return Route.WRITE;
        }
        if (FullTextCalls.isSearching(tokens, session.getDatabase())) {
            return Route.READ;
        }
        for (int i = 1; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            Token before = tokens.get(i - 1);
            if (token.is("UPDATE") && before.is("FOR") || token.is("LOCKS") && before.is("UPDATE")) {
                return Route.LOCKING_READ;
            }
        }
        return changesNothing(command, tokens) ? Route.READ : Route.WRITE;
    }

    /** Whether a query is not known, nor suspected, to write. */
    boolean changesNothing(Command command, List<Token> tokens) {
        return (command.isReadOnly() || LeadersAnswer.actsOnSessions(tokens))
                && !SqlText.changesRows(tokens)
                && !LeadersAnswer.callsUnknown(tokens, session.getDatabase())
                && !WritingViews.areIn(command, session.getDatabase());
    }

    private static Decision setting(List<Token> tokens) {
        // SET @variable, SET [SESSION CHARACTERISTICS AS] TRANSACTION …, SET TIME ZONE, SET NAME [=|TO] value, USE name
        if (tokens.size() < 2 || tokens.get(0).is("USE")) {
            return Decision.of(Route.SESSION_STATE);
        }
        Token name = tokens.get(1);
        if (name.is("TRANSACTION") || name.is("SESSION")) {
            return Decision.of(Route.ISOLATION);
        }
        SettingKinds.Rule rule = SettingKinds.of(name.is("TIME") ? "TIME ZONE" : name.text());
        if (rule == null) {
            return Decision.refused("this version does not know whose setting " + name.text() + " is", "leave it away");
        }
        return switch (rule.kind()) {
            case SESSION -> Decision.of(Route.SESSION_STATE);
            case DATABASE -> Decision.of(Route.STATEMENT);
            case NODE -> Decision.of(Route.NODE_STATE);
            case WITHOUT_EFFECT -> Decision.of(Route.NOTHING);
            case REFUSED ->
                name.is("LOCK_MODE") && tokens.get(tokens.size() - 1).text().equals("3")
                        ? Decision.of(Route.NOTHING)
                        : Decision.refused(rule.why(), rule.instead());
        };
    }
}
