package io.synod.engine.session;

import io.synod.engine.session.SqlText.Token;
import java.util.List;
import java.util.Set;
import org.h2.engine.Database;
import org.h2.schema.FunctionAlias;
import org.h2.schema.Schema;
import org.h2.schema.UserDefinedFunction;

/**
 * Finds queries that only the leader can answer, although H2 may say that they read only: where a sequence stands is known
 * where its values are drawn, and what stands in VALUES is not looked at.
 */
final class LeadersAnswer {
    private static final Set<String> POSITIONS = Set.of("SEQUENCES", "COLUMNS");
    /** Functions that give what the session's last insert has drawn. */
    private static final Set<String> LAST_KEYS =
            Set.of("IDENTITY", "SCOPE_IDENTITY", "LAST_INSERT_ID", "IDENTITY_VAL_LOCAL", "LASTVAL");

    private LeadersAnswer() {}

    static boolean isNeeded(List<Token> tokens, Database database) {
        boolean schema = false;
        boolean positions = false;
        for (int i = 0; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            if (token.is("CURRVAL") || token.is("NEXTVAL")) {
                return true;
            }
            if (i + 1 < tokens.size()) {
                Token next = tokens.get(i + 1);
                if ((token.is("CURRENT") || token.is("NEXT")) && next.is("VALUE")
                        || next.is("(") && LAST_KEYS.contains(token.text())
                        || next.is("(") && tokens.get(0).is("VALUES") && isOwnFunction(token.text(), database)) {
                    return true;
                }
            }
            schema |= token.is("INFORMATION_SCHEMA");
            positions |= POSITIONS.contains(token.text());
        }
        return schema && positions;
    }

    /** Whether it calls a function that gives what the session has drawn last. */
    static boolean asksForLastKey(List<Token> tokens) {
        for (int i = 0; i + 1 < tokens.size(); i++) {
            if (tokens.get(i + 1).is("(") && LAST_KEYS.contains(tokens.get(i).text())) {
                return i == 0 || !tokens.get(i - 1).is("INTO");
            }
        }
        return false;
    }

    /** Whether it asks for that and does nothing else. */
    static boolean isLastKey(List<Token> tokens) {
        return tokens.size() == 4 && tokens.get(0).is("CALL") && asksForLastKey(tokens);
    }

    /**
     * Whether it calls a function of unknown effect. H2 looks for them among a query's expressions only: not where one gives a
     * table, nor in the arguments of what does.
     */
    static boolean callsUnknown(List<Token> tokens, Database database) {
        for (int i = 0; i + 1 < tokens.size(); i++) {
            if (tokens.get(i + 1).is("(") && isUnknown(tokens.get(i).text(), database)) {
                return true;
            }
        }
        return false;
    }

    /** Whether it cancels what other sessions run: each node numbers its own. */
    static boolean actsOnSessions(List<Token> tokens) {
        return SqlText.contains(tokens, "CANCEL_SESSION", "(");
    }

    private static boolean isUnknown(String name, Database database) {
        for (Schema schema : database.getAllSchemasNoMeta()) {
            for (UserDefinedFunction function : schema.getAllFunctionsAndAggregates()) {
                if (name.equalsIgnoreCase(function.getName())
                        && function instanceof FunctionAlias alias
                        && !alias.isDeterministic()
                        && !FullTextCalls.isSearch(alias)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean isOwnFunction(String name, Database database) {
        for (Schema schema : database.getAllSchemasNoMeta()) {
            if (schema.findFunctionOrAggregate(name) != null) {
                return true;
            }
        }
        return false;
    }
}
