package io.synod.engine.federation;

import io.synod.engine.federation.TableNames.Named;
import io.synod.engine.federation.Words.Word;
import java.util.List;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;

/** What a text asks of its session, where the session of another database would give another answer. Stateless. */
final class SessionWords {
    private static final List<String> LAST_KEYS =
            List.of("IDENTITY", "SCOPE_IDENTITY", "LAST_INSERT_ID", "IDENTITY_VAL_LOCAL", "LASTVAL");

    private SessionWords() {}

    /** @throws DbException 0A000 */
    static void refuse(TableNames names, Databases databases) {
        SessionLocal own = databases.own().catalogue();
        List<Word> words = names.words();
        for (int i = 0; i < words.size(); i++) {
            if (i > 0 && (words.get(i - 1).is(".") || words.get(i - 1).is("INTO"))) {
                continue;
            }
            Word word = words.get(i);
            boolean call = i + 1 < words.size() && words.get(i + 1).is("(");
            if (word.is("CURRENT_CATALOG") || call && (word.is("DATABASE") || word.is("CURRENT_DATABASE"))) {
                throw refused(word);
            }
            if (word.is("CURRENT_PATH") && own.getSchemaSearchPath() != null && own.getSchemaSearchPath().length > 0) {
                throw refused(word);
            }
            if ((word.is("CURRENT_SCHEMA") || call && word.is("SCHEMA")) && isElsewhere(own, names)) {
                throw refused(word);
            }
            if (call && LAST_KEYS.stream().anyMatch(word::is)) {
                throw refused(word);
            }
        }
    }

    private static boolean isElsewhere(SessionLocal own, TableNames names) {
        for (Named table : names.tables()) {
            if (!table.branch().catalogue().getCurrentSchemaName().equals(own.getCurrentSchemaName())) {
                return true;
            }
        }
        return false;
    }

    private static DbException refused(Word word) {
        return FederationErrors.unsupported(word.text()
                + " in a statement that names another database, whose sessions have another one: ask for it by"
                + " itself, and give it as a parameter");
    }
}
