package io.synod.engine.federation;

import io.synod.engine.federation.Words.Word;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.h2.engine.Session.StaticSettings;

/**
 * What a text is by its words alone, before anything looks for tables.
 *
 * @param sql without {@code EXPLAIN} and without the semicolon at its end
 * @param kind what it does
 * @param explain whether it is only to be explained
 * @param analyze whether it is to be executed as well
 * @param variable of the session, to which the query's value is assigned, {@code null} for none
 */
record StatementText(String sql, Kind kind, boolean explain, boolean analyze, String variable) {
    /** What a statement does, as far as it matters here. */
    enum Kind {
        QUERY,
        INSERT,
        UPDATE,
        DELETE,
        MERGE
    }

    private static final Set<String> QUERIES = Set.of("SELECT", "WITH", "VALUES", "TABLE", "(", "FROM", "CALL");

    private static final Set<String> OBJECTS =
            Set.of("TABLE", "VIEW", "INDEX", "SEQUENCE", "TRIGGER", "SCHEMA", "ALIAS");

    /** @throws org.h2.message.DbException 0A000 for what is neither a query nor a change of rows */
    static StatementText of(String sql, StaticSettings settings) {
        List<Word> words = Words.of(sql, settings);
        int last = words.size();
        while (last > 0 && words.get(last - 1).is(";")) {
            last--;
        }
        for (int i = 0; i < last; i++) {
            if (words.get(i).is(";")) {
                throw FederationErrors.unsupported("several statements in one text that names several databases:"
                        + " execute each by itself, in one transaction");
            }
        }
        int first = 0;
        boolean explain = is(words, 0, last, "EXPLAIN");
        boolean analyze = false;
        if (explain) {
            first = 1;
            if (is(words, 1, last, "ANALYZE")) {
                analyze = true;
                first = 2;
            } else if (is(words, 1, last, "PLAN") && is(words, 2, last, "FOR")) {
                first = 3;
            }
        }
        if (first >= last) {
            throw FederationErrors.unsupported("an empty statement over several databases");
        }
        if (!explain && is(words, 0, last, "SET") && is(words, 1, last, "@") && last > 3) {
            int value = words.get(3).is("=") || words.get(3).is("TO") ? 4 : 3;
            String expression = sql.substring(
                    words.get(Math.min(value, last - 1)).start(),
                    words.get(last - 1).end());
            return new StatementText(
                    "SELECT " + expression,
                    Kind.QUERY,
                    false,
                    false,
                    words.get(2).text());
        }
        Kind kind = kind(words, first, last);
        String text =
                sql.substring(words.get(first).start(), words.get(last - 1).end());
        return new StatementText(text, kind, explain, analyze, null);
    }

    StatementText with(String otherSql) {
        return new StatementText(otherSql, kind, explain, analyze, variable);
    }

    private static boolean is(List<Word> words, int index, int last, String word) {
        return index < last && words.get(index).is(word);
    }

    private static Kind kind(List<Word> words, int first, int last) {
        String word = words.get(first).text().toUpperCase(Locale.ROOT);
        if (QUERIES.contains(word)) {
            return Kind.QUERY;
        }
        switch (word) {
            case "INSERT":
                return Kind.INSERT;
            case "UPDATE":
                return Kind.UPDATE;
            case "DELETE":
                return Kind.DELETE;
            case "MERGE":
            case "REPLACE":
                return Kind.MERGE;
            default:
                throw FederationErrors.unsupported(refusal(word, words, first, last));
        }
    }

    private static String refusal(String word, List<Word> words, int first, int last) {
        String object = "";
        for (int i = first + 1; i < Math.min(last, first + 5) && object.isEmpty(); i++) {
            String next = words.get(i).text().toUpperCase(Locale.ROOT);
            object = OBJECTS.contains(next) ? " " + next : "";
        }
        boolean as = words.subList(first, last).stream().anyMatch(w -> w.is("AS"));
        return word + object + " with the name of another database: "
                + (word.equals("CREATE") && object.equals(" TABLE") && as
                        ? "create the table on a connection to its database, then INSERT INTO it … SELECT"
                        : "execute it on a connection to that database, with names of one or two parts");
    }
}
