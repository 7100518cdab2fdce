package io.synod.engine.session;

import io.synod.engine.session.SqlText.Kind;
import io.synod.engine.session.SqlText.Token;
import java.util.List;
import org.h2.command.Command;
import org.h2.engine.SessionLocal;
import org.h2.engine.SynodEngineBridge;
import org.h2.result.ResultInterface;
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
            int start = tokens.get(2).is("=") || tokens.get(2).is("TO") ? 3 : 2;
            String me = session.getUser().getName();
            String password = value(sql, tokens, start, tokens.size(), session);
            return password == null
                    ? sql
                    : "ALTER USER " + StringUtils.quoteIdentifier(me) + " SET " + salted(session, me, password);
        }
        boolean names = SqlText.startsWith(tokens, "CREATE", "USER") || SqlText.startsWith(tokens, "ALTER", "USER");
        if (!names) {
            return sql;
        }
        for (int i = 3; i + 1 < tokens.size(); i++) {
            Token token = tokens.get(i);
            if (!token.is("PASSWORD")) {
                continue;
            }
            int end = i + 1;
            while (end < tokens.size()
                    && !tokens.get(end).is("ADMIN")
                    && !tokens.get(end).is(";")) {
                end++;
            }
            String password = value(sql, tokens, i + 1, end, session);
            if (password == null) {
                return sql;
            }
            int name = tokens.get(i - 1).is("SET") ? i - 2 : i - 1;
            return sql.substring(0, token.start())
                    + salted(session, tokens.get(name).text(), password)
                    + sql.substring(tokens.get(end - 1).end());
        }
        return sql;
    }

    /** @return {@code null} when a parameter is part of it: its value will be written into the text first */
    private static String value(String sql, List<Token> tokens, int from, int to, SessionLocal session) {
        if (to == from + 1 && tokens.get(from).kind() == Kind.LITERAL) {
            return tokens.get(from).text();
        }
        if (from >= to || tokens.subList(from, to).stream().anyMatch(t -> t.is("?"))) {
            return null;
        }
        session.lock();
        try {
            Command call = session.prepareLocal("CALL "
                    + sql.substring(tokens.get(from).start(), tokens.get(to - 1).end()));
            try (ResultInterface rows = call.executeQuery(1, 1, false)) {
                rows.next();
                String value = rows.currentRow()[0].getString();
                return value == null ? "" : value;
            } finally {
                call.close();
            }
        } finally {
            session.unlock();
        }
    }

    private static String salted(SessionLocal session, String user, String password) {
        char[] text = password.toCharArray();
        byte[] hash = user.isEmpty() && text.length == 0 ? new byte[0] : SHA256.getKeyPasswordHash(user, text);
        return SynodEngineBridge.saltedHashSql(session.getDatabase(), user, hash);
    }
}
