package io.synod.engine.session;

import java.util.HashMap;
import java.util.Map;

/** Whose each of H2's settings is, so what {@code SET} does with it. There is no default, as with {@link StatementKinds}. */
final class SettingKinds {
    enum Kind {
        /** This session's: set here, and told to the session that runs its statements on the leader. */
        SESSION,
        /** The database's: logged, the same on every member. */
        DATABASE,
        /** This node's, until it stops: set here. */
        NODE,
        /** Accepted for the sake of scripts and URLs: Synod keeps files and memory in another way. */
        WITHOUT_EFFECT,
        REFUSED
    }

    /**
     * @param why for REFUSED: the reason
     * @param instead for REFUSED: what to do
     */
    record Rule(Kind kind, String why, String instead) {}

    private static final Map<String, Rule> RULES = new HashMap<>();

    static {
        put(
                Kind.SESSION,
                "@",
                "LOCK_TIMEOUT",
                "QUERY_TIMEOUT",
                "SCHEMA",
                "SCHEMA_SEARCH_PATH",
                "CATALOG",
                "THROTTLE",
                "LAZY_QUERY_EXECUTION",
                "NON_KEYWORDS",
                "TIME ZONE",
                "VARIABLE_BINARY",
                "TRUNCATE_LARGE_LENGTH",
                // PostgreSQL's and SQL Server's names, taken in their modes.
                "STATEMENT_TIMEOUT",
                "SEARCH_PATH",
                // H2 refuses it by itself.
                "REDO_LOG_BINARY");
        put(
                Kind.DATABASE,
                "ALLOW_LITERALS",
                "BUILTIN_ALIAS_OVERRIDE",
                "COLLATION",
                "DATABASE", // SET DATABASE COLLATION
                "DEFAULT_LOCK_TIMEOUT",
                "DEFAULT_NULL_ORDERING",
                "DEFAULT_TABLE_TYPE",
                "IGNORECASE",
                "IGNORE_CATALOGS",
                "JAVA_OBJECT_SERIALIZER",
                "MAX_LENGTH_INPLACE_LOB",
                "MODE",
                "REFERENTIAL_INTEGRITY",
                "FOREIGN_KEY_CHECKS"); // MySQL's name of it
        put(
                Kind.NODE,
                "DATABASE_EVENT_LISTENER",
                "DB_CLOSE_DELAY",
                "MAX_OPERATION_MEMORY",
                "OPTIMIZE_REUSE_RESULTS",
                "QUERY_STATISTICS",
                "QUERY_STATISTICS_MAX_ENTRIES",
                "TRACE_LEVEL_FILE",
                "TRACE_LEVEL_SYSTEM_OUT");
        put(
                Kind.WITHOUT_EFFECT,
                "CACHE_SIZE",
                "CREATE_BUILD",
                "LOGSIZE", // HSQLDB's name of the next
                "MAX_LOG_SIZE",
                "MAX_MEMORY_ROWS",
                "MAX_MEMORY_UNDO",
                "RETENTION_TIME",
                "TRACE_MAX_FILE_SIZE",
                "WRITE_DELAY");
        refuse(
                "AUTHENTICATOR",
                "it would let users in that the other nodes do not know",
                "create the users with CREATE USER, which is replicated");
        refuse(
                "CLUSTER",
                "H2's cluster mode writes to each server by itself, past the log",
                "leave it away: the nodes that PEERS names are the cluster");
        refuse(
                "EXCLUSIVE",
                "it would shut out the sessions of one node only, and those that apply the log there",
                "stop the other applications, or lock the tables with SELECT … FOR UPDATE");
        refuse(
                "LOCK_MODE",
                "without H2's table locks a commit could pass by the log",
                "leave it at 3, which is H2's default");
        refuse(
                "READONLY",
                "a node applies what the others commit",
                "revoke the rights to write from the user, or set the connection read-only");
    }

    private SettingKinds() {}

    private static void put(Kind kind, String... names) {
        for (String name : names) {
            RULES.put(name, new Rule(kind, null, null));
        }
    }

    private static void refuse(String name, String why, String instead) {
        RULES.put(name, new Rule(Kind.REFUSED, why, instead));
    }

    /** @return {@code null} for one that is not known */
    static Rule of(String name) {
        return RULES.get(name);
    }
}
