package io.synod.engine.session;

import io.synod.engine.session.SqlText.Token;
import java.util.List;
import java.util.Set;
import org.h2.engine.Database;
import org.h2.schema.Schema;

/**
 * Finds queries that only the leader can answer, although H2 may say that they read only: where a sequence stands is known
 * where its values are drawn, and what stands in VALUES is not looked at.
 */
final class LeadersAnswer {
    private static final Set<String> POSITIONS = Set.of("SEQUENCES", "COLUMNS");

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
                        || next.is("(") && tokens.get(0).is("VALUES") && isOwnFunction(token.text(), database)) {
                    return true;
                }
            }
            schema |= token.is("INFORMATION_SCHEMA");
            positions |= POSITIONS.contains(token.text());
        }
        return schema && positions;
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
