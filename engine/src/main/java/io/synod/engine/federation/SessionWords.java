package io.synod.engine.federation;

import io.synod.engine.federation.Words.Word;
import java.util.List;
import org.h2.command.CommandInterface;
import org.h2.engine.Session.StaticSettings;
import org.h2.engine.SessionLocal;
import org.h2.expression.function.CurrentGeneralValueSpecification;
import org.h2.result.ResultInterface;
import org.h2.util.HasSQL;
import org.h2.value.Value;
import org.h2.value.ValueNull;

/**
 * What a text asks of its session, where another database's session would give another answer: the connection's own session
 * is asked when the statement begins, and its answer stands in the text then. Stateless.
 */
final class SessionWords {
    /** Functions without arguments that give what the session's last insert has drawn. */
    private static final List<String> LAST_KEYS =
            List.of("IDENTITY", "SCOPE_IDENTITY", "LAST_INSERT_ID", "IDENTITY_VAL_LOCAL", "LASTVAL");

    private SessionWords() {}

    /** Whether the text asks for anything of that kind. */
    static boolean areIn(String sql, StaticSettings settings) {
        List<Word> words = Words.of(sql, settings);
        for (int i = 0; i < words.size(); i++) {
            if (general(words, i) >= 0 || asksForLastKey(words, i)) {
                return true;
            }
        }
        return false;
    }

    /**
     * The text with the answers in it.
     *
     * @param executing whether it is to be executed now; if not, the last key is NULL, as the leader might have to be asked
     */
    static StatementText answered(StatementText text, Databases databases, boolean executing) {
        SessionLocal own = databases.own().catalogue();
        List<Word> words = Words.of(text.sql(), own.getStaticSettings());
        StringBuilder sql = new StringBuilder();
        int from = 0;
        for (int i = 0; i < words.size(); i++) {
            int general = general(words, i);
            if (general < 0 && !asksForLastKey(words, i)) {
                continue;
            }
            boolean call = i + 1 < words.size() && words.get(i + 1).is("(");
            if (call && (i + 2 >= words.size() || !words.get(i + 2).is(")"))) {
                throw FederationErrors.unsupported(words.get(i).text() + " with an argument in a statement that names"
                        + " another database: call it in a statement of its own");
            }
            Value value = general >= 0
                    ? new CurrentGeneralValueSpecification(general).getValue(own)
                    : executing ? called(words.get(i).text(), databases) : ValueNull.INSTANCE;
            sql.append(text.sql(), from, words.get(i).start()).append("CAST(");
            value.getSQL(sql, HasSQL.DEFAULT_SQL_FLAGS).append(general >= 0 ? " AS VARCHAR)" : " AS BIGINT)");
            i = call ? i + 2 : i;
            from = words.get(i).end();
        }
        return text.with(sql.append(text.sql(), from, text.sql().length()).toString());
    }

    private static Value called(String function, Databases databases) {
        try (CommandInterface command = databases.session().session().prepareCommand("CALL " + function + "()");
                ResultInterface result = command.executeQuery(1, 1, false)) {
            result.next();
            return result.currentRow()[0];
        }
    }

    /** @return H2's number of what is asked for, -1 for something else */
    private static int general(List<Word> words, int i) {
        Word word = words.get(i);
        if (isPart(words, i)) {
            return -1;
        }
        boolean call = i + 1 < words.size() && words.get(i + 1).is("(");
        if (word.is("CURRENT_CATALOG") || call && (word.is("DATABASE") || word.is("CURRENT_DATABASE"))) {
            return CurrentGeneralValueSpecification.CURRENT_CATALOG;
        }
        if (word.is("CURRENT_SCHEMA") || call && word.is("SCHEMA")) {
            return CurrentGeneralValueSpecification.CURRENT_SCHEMA;
        }
        return word.is("CURRENT_PATH") ? CurrentGeneralValueSpecification.CURRENT_PATH : -1;
    }

    private static boolean asksForLastKey(List<Word> words, int i) {
        return i + 1 < words.size()
                && words.get(i + 1).is("(")
                && !isPart(words, i)
                && LAST_KEYS.stream().anyMatch(words.get(i)::is);
    }

    /** Whether it is a part of a longer name, or names a table. */
    private static boolean isPart(List<Word> words, int i) {
        return i > 0 && (words.get(i - 1).is(".") || words.get(i - 1).is("INTO"));
    }
}
