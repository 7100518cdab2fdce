package io.synod.engine.session;

import io.synod.engine.database.Errors;
import io.synod.engine.session.SqlText.Token;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import org.h2.engine.SessionLocal;
import org.h2.schema.Schema;
import org.h2.table.Column;
import org.h2.table.Table;
import org.h2.value.Value;
import org.h2.value.ValueNull;

/**
 * Where a session's last keys were drawn in other databases. The session's own, which is asked for LAST_INSERT_ID() and its
 * like, gets the last one when it is. Under the session's lock.
 */
final class KeysElsewhere {
    private static final Set<String> INSERTS = Set.of("INSERT", "MERGE", "REPLACE");

    /**
     * A session in another database that may have drawn a key.
     *
     * @param leaders its other half, if the leader's H2 has executed the statement; {@code null} else
     */
    private record Drawn(RoutedSession branch, ForwardedSession leaders) {
        /** The key, which is taken from it, so that the next one is another one; NULL for none. */
        Value take() {
            if (leaders == null) {
                return replace(branch.local(), ValueNull.INSTANCE);
            }
            if (leaders.isBroken()) {
                throw Errors.refused(
                        "asking for the last key after an INSERT into another database",
                        "the leader that has drawn it is lost",
                        "take the keys with the INSERT: Statement.RETURN_GENERATED_KEYS, getGeneratedKeys()");
            }
            return leaders.takeLastKey();
        }
    }

    private final RoutedSession session;
    /** The last one first. */
    private final Deque<Drawn> drawn = new ArrayDeque<>();

    /** What the session's other half on the leader does not know yet; {@code null} for none. */
    private Value untold;

    KeysElsewhere(RoutedSession session) {
        this.session = session;
    }

    /** A statement of the session's own database is about to be executed: where it asks for the last key, that is known there. */
    void tell(List<Token> tokens) {
        if (drawn.isEmpty() || !LeadersAnswer.asksForLastKey(tokens)) {
            return;
        }
        Value last = ValueNull.INSTANCE;
        for (Drawn one : drawn) {
            Value key = one.take();
            last = last == ValueNull.INSTANCE ? key : last;
        }
        drawn.clear();
        if (last != ValueNull.INSTANCE) {
            replace(session.local(), last);
            untold = last;
        }
    }

    /** One is about to be executed there. */
    void tell(ForwardedSession leader) {
        if (untold != null) {
            leader.lastKey(untold);
            untold = null;
        }
    }

    /** Gives what the session has drawn last. */
    static Value replace(SessionLocal session, Value key) {
        session.lock();
        try {
            Value before = session.getLastIdentity();
            session.setLastIdentity(key);
            return before;
        } finally {
            session.unlock();
        }
    }

    /** A statement of the session's own database has been executed. */
    void executed(List<Token> tokens) {
        if (!drawn.isEmpty() && INSERTS.contains(tokens.get(0).text()) && drawsKeys(session.local(), tokens, 0)) {
            drawn.clear();
        }
    }

    /**
     * A statement that names other databases has been executed.
     *
     * @param there the session in the database of its target; {@code null} where the target is in the session's own
     */
    void executed(List<Token> tokens, RoutedSession there) {
        if (there == null) {
            executed(tokens);
        } else if (drawsKeys(there.local(), tokens, 2)) {
            Drawn here = new Drawn(there, there.transaction().leaderSession());
            drawn.remove(here);
            drawn.addFirst(here);
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
