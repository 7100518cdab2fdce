package io.synod.engine.session;

import io.synod.engine.session.StatementRouter.Route;
import java.util.HashMap;
import java.util.Map;
import org.h2.command.CommandInterface;

/**
 * Every type of command that H2 has, and how it is routed where the type alone tells. There is no default: a type that is not
 * here came with a newer H2, and nobody has thought about what it does on the other members.
 */
final class StatementKinds {
    private static final Map<Integer, Route> ROUTES = new HashMap<>();

    static {
        // Rows: captured from the undo log at commit.
        put(
                Route.WRITE,
                CommandInterface.INSERT,
                CommandInterface.UPDATE,
                CommandInterface.DELETE,
                CommandInterface.MERGE);
        // Refined by what the query does, see StatementRouter.query.
        put(
                Route.QUERY,
                CommandInterface.SELECT,
                CommandInterface.CALL,
                CommandInterface.EXPLAIN,
                CommandInterface.EXPLAIN_ANALYZE,
                CommandInterface.HELP);
        put(Route.SCRIPT, CommandInterface.SCRIPT);
        put(Route.RUNSCRIPT, CommandInterface.RUNSCRIPT);
        put(Route.IMMEDIATE, CommandInterface.EXECUTE_IMMEDIATELY);
        put(Route.PREPARE, CommandInterface.PREPARE);
        put(Route.EXECUTE, CommandInterface.EXECUTE);
        put(Route.DEALLOCATE, CommandInterface.DEALLOCATE);
        put(Route.SETTING, CommandInterface.SET);
        put(Route.COMMIT, CommandInterface.COMMIT);
        put(Route.ROLLBACK, CommandInterface.ROLLBACK);
        put(Route.PREPARE_BRANCH, CommandInterface.PREPARE_COMMIT);
        put(Route.DECIDE_BRANCH, CommandInterface.COMMIT_TRANSACTION, CommandInterface.ROLLBACK_TRANSACTION);
        put(Route.BEGIN, CommandInterface.BEGIN);
        put(Route.SAVEPOINT, CommandInterface.SAVEPOINT);
        put(Route.ROLLBACK_TO_SAVEPOINT, CommandInterface.ROLLBACK_TO_SAVEPOINT);
        put(Route.AUTOCOMMIT_ON, CommandInterface.SET_AUTOCOMMIT_TRUE);
        put(Route.AUTOCOMMIT_OFF, CommandInterface.SET_AUTOCOMMIT_FALSE);
        put(Route.NOTHING, CommandInterface.NO_OPERATION);
        put(Route.CHECKPOINT, CommandInterface.CHECKPOINT, CommandInterface.CHECKPOINT_SYNC);
        put(Route.BACKUP, CommandInterface.BACKUP);
        put(
                Route.SHUTDOWN,
                CommandInterface.SHUTDOWN,
                CommandInterface.SHUTDOWN_COMPACT,
                CommandInterface.SHUTDOWN_DEFRAG,
                CommandInterface.SHUTDOWN_IMMEDIATELY);
        put(
                Route.REFUSED,
                CommandInterface.UNKNOWN,
                CommandInterface.CREATE_MATERIALIZED_VIEW,
                CommandInterface.REFRESH_MATERIALIZED_VIEW);
        put(
                Route.STATEMENT,
                CommandInterface.CREATE_TABLE,
                CommandInterface.CREATE_LINKED_TABLE,
                CommandInterface.DROP_TABLE,
                CommandInterface.TRUNCATE_TABLE,
                CommandInterface.ALTER_TABLE_ADD_CONSTRAINT_CHECK,
                CommandInterface.ALTER_TABLE_ADD_CONSTRAINT_UNIQUE,
                CommandInterface.ALTER_TABLE_ADD_CONSTRAINT_REFERENTIAL,
                CommandInterface.ALTER_TABLE_ADD_CONSTRAINT_PRIMARY_KEY,
                CommandInterface.ALTER_TABLE_ADD_COLUMN,
                CommandInterface.ALTER_TABLE_ALTER_COLUMN_NOT_NULL,
                CommandInterface.ALTER_TABLE_ALTER_COLUMN_DROP_NOT_NULL,
                CommandInterface.ALTER_TABLE_ALTER_COLUMN_DEFAULT,
                CommandInterface.ALTER_TABLE_ALTER_COLUMN_DEFAULT_ON_NULL,
                CommandInterface.ALTER_TABLE_ALTER_COLUMN_CHANGE_TYPE,
                CommandInterface.ALTER_TABLE_ALTER_COLUMN_DROP_EXPRESSION,
                CommandInterface.ALTER_TABLE_ALTER_COLUMN_DROP_IDENTITY,
                CommandInterface.ALTER_TABLE_ALTER_COLUMN_ON_UPDATE,
                CommandInterface.ALTER_TABLE_ALTER_COLUMN_SELECTIVITY,
                CommandInterface.ALTER_TABLE_ALTER_COLUMN_VISIBILITY,
                CommandInterface.ALTER_TABLE_ALTER_COLUMN_RENAME,
                CommandInterface.ALTER_TABLE_DROP_COLUMN,
                CommandInterface.ALTER_TABLE_DROP_CONSTRAINT,
                CommandInterface.ALTER_TABLE_RENAME,
                CommandInterface.ALTER_TABLE_RENAME_CONSTRAINT,
                CommandInterface.ALTER_TABLE_SET_REFERENTIAL_INTEGRITY,
                CommandInterface.CREATE_INDEX,
                CommandInterface.ALTER_INDEX_RENAME,
                CommandInterface.DROP_INDEX,
                CommandInterface.CREATE_VIEW,
                CommandInterface.ALTER_VIEW,
                CommandInterface.DROP_VIEW,
                CommandInterface.DROP_MATERIALIZED_VIEW,
                CommandInterface.CREATE_TRIGGER,
                CommandInterface.DROP_TRIGGER,
                CommandInterface.CREATE_SEQUENCE,
                CommandInterface.ALTER_SEQUENCE,
                CommandInterface.DROP_SEQUENCE,
                CommandInterface.CREATE_SYNONYM,
                CommandInterface.DROP_SYNONYM,
                CommandInterface.CREATE_SCHEMA,
                CommandInterface.ALTER_SCHEMA_RENAME,
                CommandInterface.DROP_SCHEMA,
                CommandInterface.DROP_ALL_OBJECTS,
                CommandInterface.CREATE_DOMAIN,
                CommandInterface.ALTER_DOMAIN_ADD_CONSTRAINT,
                CommandInterface.ALTER_DOMAIN_DROP_CONSTRAINT,
                CommandInterface.ALTER_DOMAIN_RENAME_CONSTRAINT,
                CommandInterface.ALTER_DOMAIN_DEFAULT,
                CommandInterface.ALTER_DOMAIN_ON_UPDATE,
                CommandInterface.ALTER_DOMAIN_RENAME,
                CommandInterface.ALTER_TYPE,
                CommandInterface.DROP_DOMAIN,
                CommandInterface.CREATE_CONSTANT,
                CommandInterface.DROP_CONSTANT,
                CommandInterface.CREATE_ALIAS,
                CommandInterface.DROP_ALIAS,
                CommandInterface.CREATE_AGGREGATE,
                CommandInterface.DROP_AGGREGATE,
                CommandInterface.CREATE_USER,
                CommandInterface.ALTER_USER_ADMIN,
                CommandInterface.ALTER_USER_RENAME,
                CommandInterface.ALTER_USER_SET_PASSWORD,
                CommandInterface.DROP_USER,
                CommandInterface.CREATE_ROLE,
                CommandInterface.DROP_ROLE,
                CommandInterface.GRANT,
                CommandInterface.REVOKE,
                CommandInterface.COMMENT,
                CommandInterface.ANALYZE);
    }

    private StatementKinds() {}

    private static void put(Route route, int... commandTypes) {
        for (int type : commandTypes) {
            ROUTES.put(type, route);
        }
    }

    /** @return {@code null} for a type that is not known */
    static Route of(int commandType) {
        return ROUTES.get(commandType);
    }
}
