package io.synod.engine.session;

import io.synod.engine.session.SqlText.Kind;
import io.synod.engine.session.SqlText.Token;
import java.util.List;
import org.h2.engine.SessionLocal;
import org.h2.engine.SynodEngineBridge;
import org.h2.security.SHA256;
import org.h2.util.StringUtils;

/**
 * Replaces a password in a statement by its salted hash: every node would salt it for itself, and a password has no
 * business in a log.
 */
final class Passwords {
    private Passwords() {}

    /** @return the statement to compile instead; the same one where there is no password in it */
    static String hidden(String sql, List<Token> tokens, SessionLocal session) {
        if (tokens.size() < 3) {
            return sql;
        }
        if (SqlText.startsWith(tokens, "SET", "PASSWORD")) {
            Token last = tokens.get(tokens.get(2).is("=") ? 3 : 2);
            String me = session.getUser().getName();
            return "ALTER USER " + StringUtils.quoteIdentifier(me) + " SET " + salted(session, me, last);
        }
        boolean names = SqlText.startsWith(tokens, "CREATE", "USER") || SqlText.startsWith(tokens, "ALTER", "USER");
        if (!names) {
            return sql;
        }
        for (int i = 3; i + 1 < tokens.size(); i++) {
            Token token = tokens.get(i);
            Token value = tokens.get(i + 1);
            if (token.is("PASSWORD") && value.kind() == Kind.LITERAL) {
                int name = tokens.get(i - 1).is("SET") ? i - 2 : i - 1;
                return sql.substring(0, token.start())
                        + salted(session, tokens.get(name).text(), value)
                        + sql.substring(value.end());
            }
        }
        return sql;
    }

    private static String salted(SessionLocal session, String user, Token password) {
        char[] text = password.text().toCharArray();
        byte[] hash = user.isEmpty() && text.length == 0 ? new byte[0] : SHA256.getKeyPasswordHash(user, text);
        return SynodEngineBridge.saltedHashSql(session.getDatabase(), user, hash);
    }
}
