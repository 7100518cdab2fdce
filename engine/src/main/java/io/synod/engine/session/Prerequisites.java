package io.synod.engine.session;

import io.synod.engine.session.SqlText.Kind;
import io.synod.engine.session.SqlText.Token;
import java.util.List;
import org.h2.api.ErrorCode;
import org.h2.command.CommandInterface;
import org.h2.engine.Database;
import org.h2.engine.User;
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

    /**
     * @param user nobody's code is loaded or compiled but an administrator's
     * @throws org.h2.message.DbException of H2: a class or method is not there, a source does not compile, 90040
     */
    static void check(int commandType, List<Token> tokens, Database database, User user) {
        switch (commandType) {
            case CommandInterface.CREATE_ALIAS -> {
                user.checkAdmin();
                alias(tokens, database);
            }
            case CommandInterface.CREATE_AGGREGATE -> {
                user.checkAdmin();
                loadAfter(tokens, "FOR");
            }
            case CommandInterface.CREATE_TRIGGER -> {
                user.checkAdmin();
                if (!tokens.get(1).is("FORCE") && hasTable(tokens, database)) {
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
        int own = DdlRewriter.afterIfNotExists(tokens, 2);
        while (own + 2 < tokens.size() && tokens.get(own + 1).is(".")) {
            own += 2;
        }
        // The compiler's message names the source by it.
        String alias = tokens.get(own).text();
        for (int i = 3; i + 1 < tokens.size(); i++) {
            Token value = tokens.get(i + 1);
            if (tokens.get(i).is("FOR")) {
                FunctionAlias.newInstance(
                        database.getMainSchema(), 0, alias, name(tokens, i + 1).replace(" ", ""), false);
                return;
            }
            if (tokens.get(i).is("AS") && value.kind() == Kind.LITERAL) {
                FunctionAlias.newInstanceFromSource(database.getMainSchema(), 0, alias, value.text(), false);
                return;
            }
        }
    }

    /** Where there is none, H2 says so first. */
    private static boolean hasTable(List<Token> tokens, Database database) {
        int on = 1;
        while (on < tokens.size() - 1 && !tokens.get(on).is("ON")) {
            on++;
        }
        int name = Math.min(on + 1, tokens.size() - 1);
        while (name + 2 < tokens.size() && tokens.get(name + 1).is(".")) {
            name += 2;
        }
        String table = tokens.get(name).text();
        return database.getAllTablesAndViews().stream()
                .anyMatch(t -> t.getName().equals(table));
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
