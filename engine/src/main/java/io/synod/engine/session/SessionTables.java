package io.synod.engine.session;

import io.synod.engine.session.SqlText.Kind;
import io.synod.engine.session.SqlText.Token;
import io.synod.engine.session.StatementRouter.Decision;
import io.synod.engine.session.StatementRouter.Route;
import java.util.ArrayList;
import java.util.List;
import org.h2.command.CommandInterface;
import org.h2.engine.SessionLocal;

/**
 * Tells what creates, changes or drops a table of one session from what does so to the tables of all: the first is done where
 * the session writes and never logged, the second is logged and must not need the first, since no other member has it.
 */
final class SessionTables {
    private final SessionLocal session;

    SessionTables(SessionLocal session) {
        this.session = session;
    }

    Decision decide(int type, List<Token> tokens) {
        if (createsLocal(tokens)) {
            return Decision.of(Route.SESSION_TABLE);
        }
        if (session.getLocalTempTables().isEmpty()) {
            return Decision.of(Route.STATEMENT);
        }
        List<Token> objects = objects(type, tokens);
        long own = objects.stream().filter(this::isOwn).count();
        if (own > 0 && own == objects.size()) {
            return Decision.of(Route.SESSION_TABLE);
        }
        if (own > 0) {
            return Decision.refused(
                    "some of the tables belong to this session only", "drop them in a statement of their own");
        }
        if (mentionsOwn(type, tokens)) {
            return Decision.refused(
                    "it names a LOCAL TEMPORARY table of this session, which no other node has",
                    "use an ordinary table, or query the temporary one directly");
        }
        return Decision.of(Route.STATEMENT);
    }

    private static boolean createsLocal(List<Token> tokens) {
        if (SqlText.startsWith(tokens, "CREATE")) {
            for (int i = 1; i < Math.min(4, tokens.size() - 1); i++) {
                if (tokens.get(i).is("LOCAL") && isTemporary(tokens.get(i + 1))) {
                    return true;
                }
            }
        }
        return false;
    }

    static boolean isTemporary(Token token) {
        return token.is("TEMPORARY") || token.is("TEMP");
    }

    /** The names of the tables and indexes that the statement creates something on, changes or drops. */
    private static List<Token> objects(int type, List<Token> tokens) {
        int at = switch (type) {
            case CommandInterface.CREATE_INDEX, CommandInterface.CREATE_TRIGGER -> afterWord(tokens, "ON");
            case CommandInterface.COMMENT -> afterWord(tokens, "TABLE", "COLUMN");
            case CommandInterface.DROP_INDEX, CommandInterface.ALTER_INDEX_RENAME -> 2;
            case CommandInterface.CREATE_TABLE -> tokens.size();
            default ->
                tokens.size() > 1 && tokens.get(1).is("TABLE") || tokens.get(0).is("TRUNCATE") ? 2 : tokens.size();
        };
        List<Token> names = new ArrayList<>();
        while (at < tokens.size()
                && (tokens.get(at).is("IF")
                        || tokens.get(at).is("NOT")
                        || tokens.get(at).is("EXISTS"))) {
            at++;
        }
        while (at < tokens.size()) {
            // schema.name: the last part, but for COMMENT ON COLUMN table.column, where the first one is the table's.
            Token name = tokens.get(at);
            boolean column = type == CommandInterface.COMMENT && tokens.get(2).is("COLUMN");
            while (at + 2 < tokens.size() && tokens.get(at + 1).is(".")) {
                at += 2;
                name = column ? name : tokens.get(at);
            }
            names.add(name);
            boolean list = SqlText.startsWith(tokens, "DROP")
                    && at + 1 < tokens.size()
                    && tokens.get(at + 1).is(",");
            at = list ? at + 2 : tokens.size();
        }
        return names;
    }

    private static int afterWord(List<Token> tokens, String... words) {
        for (int i = 1; i < tokens.size(); i++) {
            for (String word : words) {
                if (tokens.get(i).is(word)) {
                    return i + 1;
                }
            }
        }
        return tokens.size();
    }

    private boolean isOwn(Token token) {
        return isName(token)
                && (session.findLocalTempTable(token.text()) != null
                        || session.findLocalTempTableIndex(token.text()) != null);
    }

    /** Where a table's name may stand: what follows FROM, JOIN, ON, FOR, REFERENCES or a comma. */
    private boolean mentionsOwn(int type, List<Token> tokens) {
        for (int i = 1; i < tokens.size(); i++) {
            Token before = tokens.get(i - 1);
            boolean place = before.is("REFERENCES") || before.is("LIKE");
            // The query of a CREATE TABLE … AS runs in this session, and its rows are logged.
            if (type != CommandInterface.CREATE_TABLE) {
                place |= before.is("FROM")
                        || before.is("JOIN")
                        || before.is("ON")
                        || before.is("FOR")
                        || before.is("TABLE")
                        || before.is(",") && type == CommandInterface.CREATE_VIEW;
            }
            if (place
                    && isName(tokens.get(i))
                    && session.findLocalTempTable(tokens.get(i).text()) != null) {
                return true;
            }
        }
        return false;
    }

    private static boolean isName(Token token) {
        return token.kind() == Kind.WORD || token.kind() == Kind.QUOTED;
    }
}
