package io.synod.engine.session;

import io.synod.engine.session.SqlText.Token;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;

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

    /** In H2's spelling. */
    static Collection<String> namedIn(List<Token> tokens) {
        Collection<String> names = new LinkedHashSet<>();
        for (int i = 0; i + 1 < tokens.size(); i++) {
            if (tokens.get(i).is("@")) {
                names.add(tokens.get(i + 1).text());
            }
        }
        return names;
    }
}
