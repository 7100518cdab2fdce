package io.synod.engine.session;

import io.synod.engine.session.SqlText.Kind;
import io.synod.engine.session.SqlText.Token;
import java.util.List;
import java.util.Set;
import org.h2.engine.Database;
import org.h2.schema.FunctionAlias;
import org.h2.schema.Schema;

/** Tells the calls of H2's full-text search from each other: {@code CALL alias(…)}, whatever the alias is called. */
final class FullTextCalls {
    private static final String NATIVE = "org.h2.fulltext.FullText";
    private static final String LUCENE = "org.h2.fulltext.FullTextLucene";

    private static final Set<String> CHANGING =
            Set.of("init", "createIndex", "dropIndex", "reindex", "dropAll", "setIgnoreList", "setWhitespaceChars");
    private static final Set<String> SEARCHING = Set.of("search", "searchData");

    private FullTextCalls() {}

    /** Whether it changes the catalogue, or rows of the index, of the native search. */
    static boolean isChanging(List<Token> tokens, Database database) {
        return changing(tokens, database) != null;
    }

    /** @return the name of the method, {@code null} when it changes nothing */
    static String changing(List<Token> tokens, Database database) {
        FunctionAlias alias = called(tokens, database);
        return alias != null && NATIVE.equals(alias.getJavaClassName()) && CHANGING.contains(alias.getJavaMethodName())
                ? alias.getJavaMethodName()
                : null;
    }

    /** Whether it searches and does nothing else: its arguments are values. */
    static boolean isSearching(List<Token> tokens, Database database) {
        FunctionAlias alias = called(tokens, database);
        if (alias == null || !isSearch(alias)) {
            return false;
        }
        List<Token> arguments = tokens.subList(open(tokens) + 1, closing(tokens, open(tokens)));
        return arguments.stream()
                .allMatch(t -> t.kind() == Kind.LITERAL
                        || t.kind() == Kind.NUMBER
                        || t.is("?")
                        || t.is(",")
                        || t.is("-")
                        || t.is("NULL"));
    }

    /** Whether it is a function of the native search that only reads. */
    static boolean isSearch(FunctionAlias alias) {
        return NATIVE.equals(alias.getJavaClassName()) && SEARCHING.contains(alias.getJavaMethodName());
    }

    /** Whether it calls, or makes callable, the search that keeps its index in files of Lucene's. */
    static boolean isLucene(List<Token> tokens, Database database) {
        if (SqlText.startsWith(tokens, "CREATE")) {
            return SqlText.contains(tokens.subList(0, Math.min(3, tokens.size())), "ALIAS")
                    && tokens.stream().anyMatch(t -> t.kind() != Kind.WORD && isLucene(t.text()));
        }
        FunctionAlias alias = called(tokens, database);
        return alias != null && isLucene(alias.getJavaClassName());
    }

    private static boolean isLucene(String name) {
        return name != null && name.startsWith(LUCENE);
    }

    private static int open(List<Token> tokens) {
        return tokens.get(2).is(".") ? 4 : 2;
    }

    /** The function of a statement that is a call of it and nothing else. */
    private static FunctionAlias called(List<Token> tokens, Database database) {
        if (!SqlText.startsWith(tokens, "CALL") || tokens.size() < 4) {
            return null;
        }
        int open = open(tokens);
        int end = tokens.get(tokens.size() - 1).is(";") ? tokens.size() - 1 : tokens.size();
        if (end <= open || !tokens.get(open).is("(") || closing(tokens, open) != end - 1) {
            return null;
        }
        String name = tokens.get(open - 1).text();
        for (Schema schema : database.getAllSchemasNoMeta()) {
            if (schema.findFunctionOrAggregate(name) instanceof FunctionAlias alias
                    && alias.getJavaClassName() != null
                    && alias.getJavaClassName().startsWith(NATIVE)) {
                return alias;
            }
        }
        return null;
    }

    private static int closing(List<Token> tokens, int open) {
        int depth = 0;
        for (int i = open; i < tokens.size(); i++) {
            depth += tokens.get(i).is("(") ? 1 : tokens.get(i).is(")") ? -1 : 0;
            if (depth == 0) {
                return i;
            }
        }
        return -1;
    }

    /** The text between the parentheses. */
    static String arguments(String sql, List<Token> tokens) {
        int open = open(tokens);
        return sql.substring(
                tokens.get(open).end(), tokens.get(closing(tokens, open)).start());
    }
}
