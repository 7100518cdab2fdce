package io.synod.engine.session;

import io.synod.engine.database.Errors;
import io.synod.engine.session.SqlText.Token;
import java.util.List;
import java.util.Set;
import org.h2.engine.SessionLocal;
import org.h2.schema.Schema;
import org.h2.table.Column;
import org.h2.table.Table;

/**
 * Whether a session's last key was drawn in another database: LAST_INSERT_ID() and its like, which are asked of its own, would
 * give an older one. Under the session's lock.
 */
final class KeysElsewhere {
    private static final Set<String> INSERTS = Set.of("INSERT", "MERGE", "REPLACE");

    private boolean elsewhere;

    /** @throws org.h2.message.DbException 0A000 where a statement of the session's own database asks for it */
    void check(List<Token> tokens) {
        if (elsewhere && LeadersAnswer.asksForLastKey(tokens)) {
            throw Errors.refused(
                    "asking for the last key after an INSERT into another database",
                    "this database does not know what that one has drawn",
                    "take the keys with the INSERT: Statement.RETURN_GENERATED_KEYS, getGeneratedKeys()");
        }
    }

    /** A statement of the session's own database has been executed. */
    void executed(List<Token> tokens, SessionLocal own) {
        if (elsewhere && INSERTS.contains(tokens.get(0).text()) && drawsKeys(own, tokens, 0)) {
            elsewhere = false;
        }
    }

    /**
     * A statement that names other databases has been executed.
     *
     * @param there the session in the database of its target; {@code null} where the target is in the session's own
     */
    void executed(List<Token> tokens, SessionLocal own, SessionLocal there) {
        if (there == null) {
            executed(tokens, own);
        } else if (drawsKeys(there, tokens, 2)) {
            elsewhere = true;
        }
    }

    /** Where the name of the table behind INTO begins; -1 for a statement that inserts nothing. */
    static int target(List<Token> tokens) {
        if (INSERTS.contains(tokens.get(0).text())) {
            for (int i = 1; i + 1 < tokens.size(); i++) {
                if (tokens.get(i).is("INTO")) {
                    return i + 1;
                }
            }
        }
        return -1;
    }

    /** @param skipped how many words of the target's name are not looked at */
    private static boolean drawsKeys(SessionLocal session, List<Token> tokens, int skipped) {
        int i = target(tokens) + skipped;
        if (i < skipped || i >= tokens.size()) {
            return false;
        }
        String name = tokens.get(i).text();
        String schemaName = session.getCurrentSchemaName();
        if (i + 2 < tokens.size() && tokens.get(i + 1).is(".")) {
            schemaName = name;
            name = tokens.get(i + 2).text();
        }
        Schema schema = session.getDatabase().findSchema(schemaName);
        Table table = schema == null ? null : schema.resolveTableOrView(session, name);
        if (table == null) {
            return false;
        }
        for (Column column : table.getColumns()) {
            String value = column.getDefaultSQL();
            if (column.getSequence() != null || value != null && value.contains("NEXT VALUE")) {
                return true;
            }
        }
        return false;
    }
}
