package io.synod.engine.session;

import io.synod.engine.session.SqlText.Kind;
import io.synod.engine.session.SqlText.Token;
import java.util.List;
import java.util.Set;
import org.h2.command.Command;
import org.h2.command.CommandContainer;
import org.h2.command.CommandInterface;
import org.h2.engine.SessionLocal;

/**
 * Says what a statement is for routing. What H2 reports is not enough: {@code isReadOnly()} is true for {@code SELECT … FROM
 * FINAL TABLE (INSERT …)} and for {@code SELECT … FOR UPDATE}. What is not known to be safe is a write.
 */
final class StatementRouter {
    enum Route {
        /** Runs on any node. */
        READ,
        /** Runs on the leader, in a transaction. */
        WRITE,
        /** WRITE, and takes locks that a DDL statement has to wait for. */
        LOCKING_READ,
        /** Is logged, and executed at its place on every member. */
        STATEMENT,
        /** Changes this session only. */
        SESSION_STATE,
        /** SESSION_STATE that ends the transaction first. */
        ISOLATION,
        COMMIT,
        ROLLBACK,
        BEGIN,
        SAVEPOINT,
        ROLLBACK_TO_SAVEPOINT,
        AUTOCOMMIT_ON,
        AUTOCOMMIT_OFF,
        /** Succeeds and does nothing. */
        NOTHING,
        /** Reads, and commits the transaction first. */
        SCRIPT,
        /** Several statements. */
        LIST,
        /** Statements in a file. */
        RUNSCRIPT,
        /** The text that an expression gives. */
        IMMEDIATE,
        /** Creates, changes or drops a table of this session only. */
        SESSION_TABLE,
        REFUSED
    }

    /** @param why for REFUSED: the reason and what to do */
    record Decision(Route route, String why) {
        static Decision of(Route route) {
            return new Decision(route, null);
        }
    }

    /** Settings of H2 that belong to one session. */
    private static final Set<String> SESSION_SETTINGS = Set.of(
            "LOCK_TIMEOUT",
            "QUERY_TIMEOUT",
            "SCHEMA",
            "SCHEMA_SEARCH_PATH",
            "CATALOG",
            "THROTTLE",
            "LAZY_QUERY_EXECUTION",
            "NON_KEYWORDS",
            "VARIABLE_BINARY",
            "TRUNCATE_LARGE_LENGTH");

    /** Settings of H2 that belong to one node: how it keeps its files and traces. */
    private static final Set<String> NODE_SETTINGS = Set.of(
            "TRACE_LEVEL_SYSTEM_OUT",
            "TRACE_LEVEL_FILE",
            "TRACE_MAX_FILE_SIZE",
            "CACHE_SIZE",
            "MAX_MEMORY_ROWS",
            "MAX_OPERATION_MEMORY",
            "MAX_MEMORY_UNDO",
            "QUERY_STATISTICS",
            "QUERY_STATISTICS_MAX_ENTRIES",
            "OPTIMIZE_REUSE_RESULTS",
            "DB_CLOSE_DELAY");

    private static final Set<String> REFUSED_SETTINGS = Set.of(
            "WRITE_DELAY",
            "RETENTION_TIME",
            "MAX_LOG_SIZE",
            "MAX_LENGTH_INPLACE_LOB",
            "LOG",
            "CLUSTER",
            "EXCLUSIVE",
            "LOCK_MODE",
            "DATABASE_EVENT_LISTENER",
            "CREATE_BUILD",
            "JAVA_OBJECT_SERIALIZER",
            "AUTHENTICATOR",
            "REDO_LOG_BINARY",
            "UNDO_LOG");

    private final SessionLocal session;

    StatementRouter(SessionLocal session) {
        this.session = session;
    }

    Decision route(Command command, List<Token> tokens) {
        Decision decision = byKind(command, tokens);
        return decision.route() == Route.STATEMENT && touchesSystemSchema(tokens)
                ? refused("the schema " + SystemSchema.NAME
                        + " belongs to each node and tells about the cluster: use another name")
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
        if (FullTextCalls.isChanging(tokens, session.getDatabase())) {
            return refused(
                    "it makes tables and triggers from within a function, on one node only: use LIKE or REGEXP, or an"
                            + " index of your own that a trigger fills");
        }
        if (command.isQuery()) {
            return Decision.of(query(command, tokens));
        }
        return switch (command.getCommandType()) {
            case CommandInterface.INSERT,
                    CommandInterface.UPDATE,
                    CommandInterface.DELETE,
                    CommandInterface.MERGE,
                    CommandInterface.CALL -> Decision.of(Route.WRITE);
            case CommandInterface.COMMIT -> Decision.of(Route.COMMIT);
            case CommandInterface.ROLLBACK -> Decision.of(Route.ROLLBACK);
            case CommandInterface.BEGIN -> Decision.of(Route.BEGIN);
            case CommandInterface.SAVEPOINT -> Decision.of(Route.SAVEPOINT);
            case CommandInterface.ROLLBACK_TO_SAVEPOINT -> Decision.of(Route.ROLLBACK_TO_SAVEPOINT);
            case CommandInterface.SET_AUTOCOMMIT_TRUE -> Decision.of(Route.AUTOCOMMIT_ON);
            case CommandInterface.SET_AUTOCOMMIT_FALSE -> Decision.of(Route.AUTOCOMMIT_OFF);
            // REPLACE INTO has the number of what does nothing.
            case CommandInterface.CHECKPOINT, CommandInterface.CHECKPOINT_SYNC, CommandInterface.NO_OPERATION ->
                Decision.of(SqlText.startsWith(tokens, "REPLACE") ? Route.WRITE : Route.NOTHING);
            case CommandInterface.SET -> setting(tokens);
            case CommandInterface.EXECUTE_IMMEDIATELY -> Decision.of(Route.IMMEDIATE);
            case CommandInterface.RUNSCRIPT -> Decision.of(Route.RUNSCRIPT);
            case CommandInterface.PREPARE, CommandInterface.EXECUTE, CommandInterface.DEALLOCATE ->
                refused("prepared statements by name live in one node's session: prepare it with your driver instead");
            case CommandInterface.PREPARE_COMMIT,
                    CommandInterface.COMMIT_TRANSACTION,
                    CommandInterface.ROLLBACK_TRANSACTION ->
                refused("H2's two-phase commit is bound to one node's file and would not survive its loss: use COMMIT");
            case CommandInterface.SHUTDOWN,
                    CommandInterface.SHUTDOWN_COMPACT,
                    CommandInterface.SHUTDOWN_DEFRAG,
                    CommandInterface.SHUTDOWN_IMMEDIATELY ->
                refused("it would close one node's copy under the others: close the connections or stop the node");
            case CommandInterface.BACKUP ->
                refused("a file copied beside the log would be torn: use SCRIPT TO to export it");
            case CommandInterface.CREATE_LINKED_TABLE ->
                refused("a linked table is written over its own connection, past the log: connect to that database");
            case CommandInterface.CREATE_MATERIALIZED_VIEW, CommandInterface.REFRESH_MATERIALIZED_VIEW ->
                refused(
                        "every node would fill it with rows in its own order: use CREATE TABLE AS, and INSERT to refresh");
            case CommandInterface.CREATE_TABLE -> createTable(tokens);
            default -> Decision.of(isSessionTable(tokens) ? Route.SESSION_TABLE : Route.STATEMENT);
        };
    }

    private Decision createTable(List<Token> tokens) {
        if (isSessionTable(tokens)) {
            return Decision.of(Route.SESSION_TABLE);
        }
        for (int i = 1; i < tokens.size() && !tokens.get(i).is("TABLE"); i++) {
            if (isTemporary(tokens.get(i))) {
                return refused(
                        "the rows of a temporary table that is global (H2's default) would be on one node only and lost"
                                + " with it: use CREATE LOCAL TEMPORARY TABLE, or an ordinary table");
            }
        }
        if (SqlText.contains(tokens, "NOT", "PERSISTENT")) {
            return refused("a table that is NOT PERSISTENT would be empty on a node that was restarted and full on the"
                    + " others: leave NOT PERSISTENT away");
        }
        return Decision.of(Route.STATEMENT);
    }

    private static Decision refused(String why) {
        return new Decision(Route.REFUSED, why);
    }

    private Route query(Command command, List<Token> tokens) {
        if (command.getCommandType() == CommandInterface.SCRIPT) {
            return Route.SCRIPT;
        }
        if (LeadersAnswer.isNeeded(tokens, session.getDatabase())) {
            return Route.WRITE;
        }
        for (int i = 1; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            Token before = tokens.get(i - 1);
            if (token.is("UPDATE") && before.is("FOR") || token.is("LOCKS") && before.is("UPDATE")) {
                return Route.LOCKING_READ;
            }
            if (token.is("TABLE") && (before.is("FINAL") || before.is("NEW") || before.is("OLD"))) {
                return Route.WRITE;
            }
        }
        return command.isReadOnly() ? Route.READ : Route.WRITE;
    }

    private static Decision setting(List<Token> tokens) {
        // SET @variable, SET [SESSION CHARACTERISTICS AS] TRANSACTION …, SET TIME ZONE, SET NAME [=] value
        if (tokens.size() < 2) {
            return Decision.of(Route.SESSION_STATE);
        }
        if (tokens.get(0).is("USE")) {
            return Decision.of(Route.SESSION_STATE);
        }
        Token name = tokens.get(1);
        if (name.is("@") || name.is("TIME") || SESSION_SETTINGS.contains(name.text())) {
            return Decision.of(Route.SESSION_STATE);
        }
        if (name.is("TRANSACTION") || name.is("SESSION")) {
            return Decision.of(Route.ISOLATION);
        }
        if (NODE_SETTINGS.contains(name.text())) {
            return Decision.of(Route.NOTHING);
        }
        if (REFUSED_SETTINGS.contains(name.text())) {
            return refused("how a node keeps its file belongs to the log: leave SET " + name.text() + " away");
        }
        return Decision.of(Route.STATEMENT);
    }

    private boolean isSessionTable(List<Token> tokens) {
        if (SqlText.startsWith(tokens, "CREATE")) {
            for (int i = 1; i < Math.min(4, tokens.size()); i++) {
                if (tokens.get(i).is("LOCAL") && i + 1 < tokens.size() && isTemporary(tokens.get(i + 1))) {
                    return true;
                }
            }
        }
        if (session.getLocalTempTables().isEmpty()) {
            return false;
        }
        if (SqlText.startsWith(tokens, "DROP", "TABLE")
                || SqlText.startsWith(tokens, "ALTER", "TABLE")
                || SqlText.startsWith(tokens, "TRUNCATE", "TABLE")
                || SqlText.contains(tokens.subList(0, Math.min(6, tokens.size())), "INDEX")) {
            return tokens.stream()
                    .anyMatch(t -> (t.kind() == Kind.WORD || t.kind() == Kind.QUOTED)
                            && session.findLocalTempTable(t.text()) != null);
        }
        return false;
    }

    private static boolean isTemporary(Token token) {
        return token.is("TEMPORARY") || token.is("TEMP");
    }
}
