package io.synod.engine.session;

import io.synod.engine.database.LogRecord;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.h2.command.ParserBase;
import org.h2.engine.SessionLocal;
import org.h2.engine.SynodEngineBridge;
import org.h2.util.HasSQL;
import org.h2.util.ParserUtil;

/** What a session has been told about itself, as statements that tell another session the same. */
final class SessionState {
    private static final String SCHEMA = "SET SCHEMA ";
    private static final String VARIABLE = "SET @";
    private static final String NON_KEYWORDS = "SET NON_KEYWORDS";
    private static final String ON = " TRUE";

    private SessionState() {}

    /** What the meaning of a query's part depends on, in a session of another database. */
    static void adjust(SessionLocal from, SessionLocal to) {
        to.setTimeZone(from.currentTimeZone());
        to.setQueryTimeout(from.getQueryTimeout());
        to.setLockTimeout(from.getLockTimeout());
        to.setNonKeywords(from.getNonKeywords());
        to.setVariableBinary(from.isVariableBinary());
        to.setTruncateLargeLength(from.isTruncateLargeLength());
    }

    /** What the meaning of a logged statement depends on. */
    static List<String> forStatement(SessionLocal session) {
        List<String> state = new ArrayList<>();
        String[] path = session.getSchemaSearchPath();
        if (path != null && path.length > 0) {
            StringBuilder sql = new StringBuilder("SET SCHEMA_SEARCH_PATH ");
            for (int i = 0; i < path.length; i++) {
                sql.append(i == 0 ? "" : ", ");
                ParserUtil.quoteIdentifier(sql, path[i], HasSQL.QUOTE_ONLY_WHEN_REQUIRED);
            }
            state.add(sql.toString());
        }
        state.add("SET TIME ZONE '" + session.currentTimeZone().getId() + "'");
        if (session.getNonKeywords() != null && !session.getNonKeywords().isEmpty()) {
            state.add(NON_KEYWORDS + " " + ParserBase.formatNonKeywords(session.getNonKeywords()));
        }
        if (session.isVariableBinary()) {
            state.add("SET VARIABLE_BINARY" + ON);
        }
        if (session.isQuirksMode()) {
            state.add(LogRecord.Statement.QUIRKS + ON);
        }
        if (session.isTruncateLargeLength()) {
            state.add("SET TRUNCATE_LARGE_LENGTH" + ON);
        }
        // A default, a check or a generated column may name them, also one of a table that is copied.
        for (String name : session.getVariableNames()) {
            StringBuilder sql = new StringBuilder(VARIABLE);
            ParserUtil.quoteIdentifier(sql, name, HasSQL.DEFAULT_SQL_FLAGS);
            sql.append(" = ");
            session.getVariable(name).getSQL(sql, HasSQL.DEFAULT_SQL_FLAGS);
            state.add(sql.toString());
        }
        return state;
    }

    /** Everything that a session which runs this one's statements has to know. */
    static List<String> forForwarding(SessionLocal session) {
        List<String> state = new ArrayList<>();
        StringBuilder schema = new StringBuilder(SCHEMA);
        ParserUtil.quoteIdentifier(schema, session.getCurrentSchemaName(), HasSQL.DEFAULT_SQL_FLAGS);
        state.add(schema.toString());
        state.addAll(forStatement(session));
        state.add("SET LOCK_TIMEOUT " + session.getLockTimeout());
        state.add("SET QUERY_TIMEOUT " + session.getQueryTimeout());
        state.add("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL "
                + session.getIsolationLevel().getSQL());
        return state;
    }

    /** What to tell one that was told the first to bring it to the second, both by {@link #forForwarding}. */
    static List<String> changes(List<String> told, List<String> state) {
        List<String> changes = new ArrayList<>(state);
        changes.removeAll(told);
        Set<String> variables = new HashSet<>();
        for (String sql : state) {
            if (sql.startsWith(VARIABLE)) {
                variables.add(assignment(sql));
            }
        }
        // What is as it was in the beginning is not in the state.
        for (String sql : told) {
            if (sql.startsWith(VARIABLE)) {
                if (!variables.contains(assignment(sql))) {
                    changes.add(assignment(sql) + " NULL");
                }
            } else if (sql.endsWith(ON) && !state.contains(sql)) {
                changes.add(sql.substring(0, sql.length() - ON.length()) + " FALSE");
            } else if (sql.startsWith(NON_KEYWORDS) && state.stream().noneMatch(s -> s.startsWith(NON_KEYWORDS))) {
                changes.add(NON_KEYWORDS);
            }
        }
        return changes;
    }

    /** {@code SET @"name" =} of such a statement. */
    private static String assignment(String sql) {
        for (SqlText.Token token : SqlText.tokens(sql)) {
            if (token.is("=")) {
                return sql.substring(0, token.end());
            }
        }
        throw new IllegalArgumentException(sql);
    }

    /**
     * Brings a new session into the state of one whose database is gone.
     *
     * @param more what else it has to know
     */
    static void move(SessionLocal from, SessionLocal to, Consumer<SessionLocal> more) {
        to.lock();
        try {
            to.setAllowLiterals(true);
            for (String sql : forForwarding(from)) {
                if (sql.startsWith(LogRecord.Statement.QUIRKS)) {
                    // No statement of H2's.
                    to.setQuirksMode(from.isQuirksMode());
                } else if (!sql.startsWith(SCHEMA)) {
                    to.prepareLocal(sql).executeUpdate(null);
                }
            }
            SynodEngineBridge.setCurrentSchema(to, from.getCurrentSchemaName());
            to.setLastIdentity(from.getLastIdentity());
            SynodEngineBridge.copyCurrentValues(from, to);
            more.accept(to);
            to.setOldInformationSchema(from.isOldInformationSchema());
            to.commit(false);
            to.setAllowLiterals(false);
        } finally {
            to.unlock();
        }
    }
}
