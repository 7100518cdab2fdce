package io.synod.engine.session;

import io.synod.engine.session.SqlText.Token;
import io.synod.engine.session.StatementRouter.Decision;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.h2.engine.SessionLocal;

/**
 * How the statements were routed that a session has prepared of late: frameworks prepare the same few again and again. One
 * says nothing any more once the catalogue or a setting has changed, as H2's own cache of compiled statements, beside which
 * this one stands. Some more than that one's 8.
 */
final class KnownTexts {
    /** In a session. */
    static final int MOST = 16;
    /** Longer ones are not worth their memory: to compile them takes more. */
    static final int LONGEST = 1_000;

    /** @param catalogue H2's number of it before the statement was compiled */
    record Known(List<Token> tokens, Decision decision, SessionLocal session, int settings, long catalogue) {
        private boolean isValid(SessionLocal now) {
            return session == now
                    && settings == now.getModificationId()
                    && catalogue == now.getDatabase().getModificationMetaId();
        }
    }

    private final Map<String, Known> bySql = new LinkedHashMap<>(2 * MOST, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Known> eldest) {
            return size() > MOST;
        }
    };

    /** @return {@code null} when it is not known, or not any more */
    Known get(String sql, SessionLocal session) {
        Known known = bySql.get(sql);
        return known != null && known.isValid(session) ? known : null;
    }

    void add(String sql, Known known) {
        if (sql.length() <= LONGEST) {
            bySql.put(sql, known);
        }
    }
}
