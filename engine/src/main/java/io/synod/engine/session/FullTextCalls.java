package io.synod.engine.session;

import io.synod.engine.session.SqlText.Token;
import java.util.List;
import java.util.Set;
import org.h2.engine.Database;
import org.h2.schema.FunctionAlias;
import org.h2.schema.Schema;
import org.h2.schema.UserDefinedFunction;

/** Calls of H2's full-text search that change the catalogue from within a function. */
final class FullTextCalls {
    private static final Set<String> CHANGING =
            Set.of("init", "createIndex", "dropIndex", "reindex", "dropAll", "setIgnoreList", "setWhitespaceChars");

    private FullTextCalls() {}

    static boolean isChanging(List<Token> tokens, Database database) {
        if (!SqlText.startsWith(tokens, "CALL") || tokens.size() < 4) {
            return false;
        }
        int name = tokens.get(2).is(".") ? 3 : 1;
        for (Schema schema : database.getAllSchemasNoMeta()) {
            UserDefinedFunction function =
                    schema.findFunctionOrAggregate(tokens.get(name).text());
            if (function instanceof FunctionAlias alias
                    && "org.h2.fulltext.FullText".equals(alias.getJavaClassName())
                    && CHANGING.contains(alias.getJavaMethodName())) {
                return true;
            }
        }
        return false;
    }
}
