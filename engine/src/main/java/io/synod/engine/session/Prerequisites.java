package io.synod.engine.session;

import io.synod.engine.session.SqlText.Kind;
import io.synod.engine.session.SqlText.Token;
import java.util.List;
import org.h2.api.ErrorCode;
import org.h2.command.CommandInterface;
import org.h2.engine.Database;
import org.h2.message.DbException;
import org.h2.schema.FunctionAlias;
import org.h2.schema.Schema;
import org.h2.util.JdbcUtils;

/**
 * Looks for the classes that a statement needs before it is logged: one that no node could execute must not get into the log,
 * where a node that lacks a class has to stop.
 */
final class Prerequisites {
    private Prerequisites() {}

    /** @throws org.h2.message.DbException of H2: a class or method is not there, or a source does not compile */
    static void check(int commandType, List<Token> tokens, Database database) {
        switch (commandType) {
            case CommandInterface.CREATE_ALIAS -> alias(tokens, database);
            case CommandInterface.CREATE_AGGREGATE -> loadAfter(tokens, "FOR");
            case CommandInterface.CREATE_TRIGGER -> {
                if (!tokens.get(1).is("FORCE")) {
                    trigger(tokens);
                }
            }
            default -> functions(tokens, database);
        }
    }

    private static void alias(List<Token> tokens, Database database) {
        if (tokens.get(1).is("FORCE")) {
            return;
        }
        for (int i = 3; i + 1 < tokens.size(); i++) {
            Token value = tokens.get(i + 1);
            if (tokens.get(i).is("FOR")) {
                FunctionAlias.newInstance(
                        database.getMainSchema(),
                        0,
                        "TRIAL",
                        name(tokens, i + 1).replace(" ", ""),
                        false);
                return;
            }
            if (tokens.get(i).is("AS") && value.kind() == Kind.LITERAL) {
                FunctionAlias.newInstanceFromSource(database.getMainSchema(), 0, "TRIAL", value.text(), false);
                return;
            }
        }
    }

    private static void trigger(List<Token> tokens) {
        try {
            loadAfter(tokens, "CALL");
        } catch (DbException e) {
            String className = tokens.get(tokens.size() - 1).text();
            throw DbException.get(
                    ErrorCode.ERROR_CREATING_TRIGGER_OBJECT_3,
                    e,
                    tokens.get(DdlRewriter.afterIfNotExists(tokens, 2)).text(),
                    className,
                    e.toString());
        }
    }

    private static void loadAfter(List<Token> tokens, String word) {
        for (int i = 3; i + 1 < tokens.size(); i++) {
            if (tokens.get(i).is(word)) {
                JdbcUtils.loadUserClass(name(tokens, i + 1));
                return;
            }
        }
    }

    /** A literal, or an identifier. */
    private static String name(List<Token> tokens, int at) {
        return tokens.get(at).text();
    }

    /** The application's functions that the statement calls, as in a default, a check or a generated column. */
    private static void functions(List<Token> tokens, Database database) {
        for (int i = 0; i + 1 < tokens.size(); i++) {
            Token token = tokens.get(i);
            if (!tokens.get(i + 1).is("(") || token.kind() != Kind.WORD && token.kind() != Kind.QUOTED) {
                continue;
            }
            for (Schema schema : database.getAllSchemasNoMeta()) {
                if (schema.findFunctionOrAggregate(token.text()) instanceof FunctionAlias alias) {
                    alias.getJavaMethods();
                }
            }
        }
    }
}
