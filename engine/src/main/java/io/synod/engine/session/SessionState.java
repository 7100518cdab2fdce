package io.synod.engine.session;

import io.synod.engine.database.LogRecord;
import java.util.ArrayList;
import java.util.List;
import org.h2.command.ParserBase;
import org.h2.engine.SessionLocal;
import org.h2.util.HasSQL;
import org.h2.util.ParserUtil;

/** What a session has been told about itself, as statements that tell another session the same. */
final class SessionState {
    private SessionState() {}

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
            state.add("SET NON_KEYWORDS " + ParserBase.formatNonKeywords(session.getNonKeywords()));
        }
        if (session.isVariableBinary()) {
            state.add("SET VARIABLE_BINARY TRUE");
        }
        if (session.isQuirksMode()) {
            state.add(LogRecord.Statement.QUIRKS + " TRUE");
        }
        if (session.isTruncateLargeLength()) {
            state.add("SET TRUNCATE_LARGE_LENGTH TRUE");
        }
        return state;
    }

    /** Everything that a session which runs this one's statements has to know. */
    static List<String> forForwarding(SessionLocal session) {
        List<String> state = new ArrayList<>();
        StringBuilder schema = new StringBuilder("SET SCHEMA ");
        ParserUtil.quoteIdentifier(schema, session.getCurrentSchemaName(), HasSQL.DEFAULT_SQL_FLAGS);
        state.add(schema.toString());
        state.addAll(forStatement(session));
        state.add("SET LOCK_TIMEOUT " + session.getLockTimeout());
        state.add("SET QUERY_TIMEOUT " + session.getQueryTimeout());
        state.add("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL "
                + session.getIsolationLevel().getSQL());
        for (String name : session.getVariableNames()) {
            StringBuilder sql = new StringBuilder("SET @");
            ParserUtil.quoteIdentifier(sql, name, HasSQL.DEFAULT_SQL_FLAGS);
            sql.append(" = ");
            session.getVariable(name).getSQL(sql, HasSQL.DEFAULT_SQL_FLAGS);
            state.add(sql.toString());
        }
        return state;
    }

    /** Brings a new session into the state of one whose database is gone. */
    static void move(SessionLocal from, SessionLocal to) {
        to.lock();
        try {
            to.setAllowLiterals(true);
            for (String sql : forForwarding(from)) {
                to.prepareLocal(sql).executeUpdate(null);
            }
            to.setOldInformationSchema(from.isOldInformationSchema());
            to.commit(false);
            to.setAllowLiterals(false);
        } finally {
            to.unlock();
        }
    }
}
