package io.synod.engine.session;

import io.synod.engine.session.SqlText.Token;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import org.h2.engine.SessionLocal;
import org.h2.value.Value;

/** What a statement does to variables of its session: {@code SET(@name, value)}, {@code @name := value}. */
final class SessionVariables {
    private SessionVariables() {}

    static boolean mayBeSetBy(List<Token> tokens) {
        for (int i = 0; i + 1 < tokens.size(); i++) {
            Token token = tokens.get(i);
            Token next = tokens.get(i + 1);
            if (token.is("SET") && next.is("(") || token.is(":") && next.is("=")) {
                return true;
            }
        }
        return false;
    }

    /** Whether it is SET @name with more than literals: what it names may be a column, a function or a sequence. */
    static boolean isAssignedByQuery(List<Token> tokens) {
        return tokens.size() > 3
                && tokens.get(0).is("SET")
                && tokens.get(1).is("@")
                && tokens.subList(expressionOf(tokens), tokens.size()).stream()
                        .anyMatch(t -> t.kind() == SqlText.Kind.WORD || t.kind() == SqlText.Kind.QUOTED);
    }

    /** Where the expression of SET @name [=|TO] expression begins. */
    static int expressionOf(List<Token> tokens) {
        return tokens.get(3).is("=") || tokens.get(3).is("TO") ? 4 : 3;
    }

    /** In H2's spelling. */
    static Collection<String> namedIn(List<Token> tokens) {
        Collection<String> names = List.of();
        for (int i = 0; i + 1 < tokens.size(); i++) {
            if (tokens.get(i).is("@")) {
                names = names.isEmpty() ? new LinkedHashSet<>() : names;
                names.add(tokens.get(i + 1).text());
            }
        }
        return names;
    }

    /** The value by its content, as another database has another store. */
    static void set(SessionLocal session, String name, Value value) {
        session.lock();
        try {
            session.setVariable(name, Lobs.sendable(value));
        } finally {
            session.unlock();
        }
    }
}
