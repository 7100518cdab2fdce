package io.synod.engine.session;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.h2.expression.Parameter;

/**
 * The words of an SQL text, without comments. It does not parse: it only tells identifiers, literals and symbols apart,
 * which is what routing needs beyond what H2's parser says.
 */
final class SqlText {
    /**
     * @param kind what it is
     * @param text identifiers: as H2 would compare them (upper case unless quoted); literals: their value
     * @param start where it begins in the SQL text
     * @param end where it has ended
     */
    record Token(Kind kind, String text, int start, int end) {
        boolean is(String word) {
            return kind == Kind.WORD && text.equals(word) || kind == Kind.SYMBOL && text.equals(word);
        }
    }

    enum Kind {
        WORD,
        QUOTED,
        LITERAL,
        NUMBER,
        SYMBOL
    }

    private final String sql;
    private final List<Token> tokens = new ArrayList<>();

    private SqlText(String sql) {
        this.sql = sql;
    }

    static List<Token> tokens(String sql) {
        return new SqlText(sql).scan(Integer.MAX_VALUE);
    }

    /** The first words only: enough to look at what a statement begins with. */
    static List<Token> tokens(String sql, int limit) {
        return new SqlText(sql).scan(limit);
    }

    /** Whether the words stand at the beginning. */
    static boolean startsWith(List<Token> tokens, String... words) {
        return areAt(0, tokens, words);
    }

    static boolean contains(List<Token> tokens, String... words) {
        return indexOf(tokens, words) >= 0;
    }

    /** @return where the words stand one after the other, −1 for nowhere */
    static int indexOf(List<Token> tokens, String... words) {
        for (int i = 0; i + words.length <= tokens.size(); i++) {
            if (areAt(i, tokens, words)) {
                return i;
            }
        }
        return -1;
    }

    /** Whether it has a data change delta table: FINAL TABLE (INSERT …). */
    static boolean changesRows(List<Token> tokens) {
        return contains(tokens, "FINAL", "TABLE")
                || contains(tokens, "NEW", "TABLE")
                || contains(tokens, "OLD", "TABLE");
    }

    private static boolean areAt(int start, List<Token> tokens, String... words) {
        if (tokens.size() - start < words.length) {
            return false;
        }
        for (int i = 0; i < words.length; i++) {
            if (!tokens.get(start + i).is(words[i])) {
                return false;
            }
        }
        return true;
    }

    private List<Token> scan(int limit) {
        int i = 0;
        int length = sql.length();
        while (i < length && tokens.size() < limit) {
            char c = sql.charAt(i);
            if (Character.isWhitespace(c)) {
                i++;
            } else if (sql.startsWith("--", i) || sql.startsWith("//", i)) {
                int end = sql.indexOf('\n', i);
                i = end < 0 ? length : end + 1;
            } else if (sql.startsWith("/*", i)) {
                i = endOfComment(i);
            } else if (c == '\'') {
                i = quoted(i, '\'', Kind.LITERAL);
            } else if (c == '"' || c == '`') {
                i = quoted(i, c, Kind.QUOTED);
            } else if (sql.startsWith("$$", i)) {
                int end = sql.indexOf("$$", i + 2);
                end = end < 0 ? length : end;
                int next = Math.min(length, end + 2);
                add(Kind.LITERAL, sql.substring(i + 2, end), i, next);
                i = next;
            } else if (Character.isJavaIdentifierStart(c) && c != '$') {
                int end = i + 1;
                while (end < length && Character.isJavaIdentifierPart(sql.charAt(end))) {
                    end++;
                }
                add(Kind.WORD, sql.substring(i, end).toUpperCase(Locale.ENGLISH), i, end);
                i = end;
            } else if (Character.isDigit(c)) {
                int end = i + 1;
                while (end < length && (Character.isLetterOrDigit(sql.charAt(end)) || sql.charAt(end) == '.')) {
                    end++;
                }
                add(Kind.NUMBER, sql.substring(i, end), i, end);
                i = end;
            } else {
                add(Kind.SYMBOL, String.valueOf(c), i, i + 1);
                i++;
            }
        }
        return tokens;
    }

    /** Comments nest in H2. */
    private int endOfComment(int start) {
        int depth = 1;
        int i = start + 2;
        while (i < sql.length() && depth > 0) {
            if (sql.startsWith("/*", i)) {
                depth++;
                i += 2;
            } else if (sql.startsWith("*/", i)) {
                depth--;
                i += 2;
            } else {
                i++;
            }
        }
        return i;
    }

    private int quoted(int start, char quote, Kind kind) {
        StringBuilder text = new StringBuilder();
        int i = start + 1;
        while (i < sql.length()) {
            char c = sql.charAt(i);
            if (c == quote) {
                if (i + 1 < sql.length() && sql.charAt(i + 1) == quote) {
                    i++;
                } else {
                    break;
                }
            }
            text.append(c);
            i++;
        }
        int end = Math.min(sql.length(), i + 1);
        add(kind, text.toString(), start, end);
        return end;
    }

    private void add(Kind kind, String text, int start, int end) {
        tokens.add(new Token(kind, text, start, end));
    }

    /** Whether they may be more than one statement: a semicolon is not the last. */
    static boolean areSeveral(List<Token> tokens) {
        int semicolon = indexOf(tokens, ";");
        return semicolon >= 0 && semicolon < tokens.size() - 1;
    }

    /** One for each question mark. */
    static ArrayList<Parameter> parameters(List<Token> tokens) {
        ArrayList<Parameter> parameters = new ArrayList<>();
        for (Token token : tokens) {
            if (token.is("?")) {
                parameters.add(new Parameter(parameters.size()));
            }
        }
        return parameters;
    }

    /** For messages. */
    static String firstWords(List<Token> tokens) {
        StringBuilder words = new StringBuilder();
        for (Token token : tokens.subList(0, Math.min(3, tokens.size()))) {
            words.append(words.isEmpty() ? "" : " ").append(token.text());
        }
        return words.toString();
    }
}
