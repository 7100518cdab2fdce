package io.synod.engine.federation;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.h2.engine.Session.StaticSettings;

/** The words of an SQL text, without comments: names, literals and single symbols, after H2's rules. */
final class Words {
    /**
     * @param kind what it is
     * @param text names: as H2 compares them; symbols: the character; literals: nothing
     * @param start where it begins
     * @param end where it has ended
     */
    record Word(Kind kind, String text, int start, int end) {
        boolean isName() {
            return kind != Kind.SYMBOL && kind != Kind.LITERAL;
        }

        boolean is(String word) {
            return (kind == Kind.NAME || kind == Kind.SYMBOL) && text.equalsIgnoreCase(word);
        }
    }

    enum Kind {
        NAME,
        QUOTED,
        LITERAL,
        SYMBOL
    }

    private final String sql;
    private final StaticSettings settings;
    private final List<Word> words = new ArrayList<>();

    private Words(String sql, StaticSettings settings) {
        this.sql = sql;
        this.settings = settings;
    }

    static List<Word> of(String sql, StaticSettings settings) {
        return new Words(sql, settings).scan();
    }

    private List<Word> scan() {
        int i = 0;
        while (i < sql.length()) {
            char c = sql.charAt(i);
            if (Character.isWhitespace(c)) {
                i++;
            } else if (sql.startsWith("--", i) || sql.startsWith("//", i)) {
                i = after("\n", i);
            } else if (sql.startsWith("/*", i)) {
                i = comment(i);
            } else if (c == '\'') {
                i = add(Kind.LITERAL, "", i, quoted('\'', i));
            } else if (sql.startsWith("$$", i)) {
                i = add(Kind.LITERAL, "", i, after("$$", i + 2));
            } else if (c == '"' || c == '`') {
                int end = quoted(c, i);
                String name = sql.substring(i + 1, Math.max(i + 1, end - 1)).replace("" + c + c, "" + c);
                i = add(Kind.QUOTED, c == '`' ? fold(name) : name, i, end);
            } else if (Character.isDigit(c)) {
                int end = i;
                while (end < sql.length() && (Character.isLetterOrDigit(sql.charAt(end)) || sql.charAt(end) == '.')) {
                    end++;
                }
                i = add(Kind.LITERAL, "", i, end);
            } else if (Character.isJavaIdentifierStart(c)) {
                int end = i;
                while (end < sql.length() && Character.isJavaIdentifierPart(sql.charAt(end))) {
                    end++;
                }
                i = add(Kind.NAME, fold(sql.substring(i, end)), i, end);
            } else {
                i = add(Kind.SYMBOL, String.valueOf(c), i, i + 1);
            }
        }
        return words;
    }

    private String fold(String name) {
        return settings.databaseToUpper
                ? name.toUpperCase(Locale.ROOT)
                : settings.databaseToLower ? name.toLowerCase(Locale.ROOT) : name;
    }

    private int add(Kind kind, String text, int start, int end) {
        words.add(new Word(kind, text, start, end));
        return end;
    }

    private int after(String mark, int from) {
        int at = sql.indexOf(mark, from);
        return at < 0 ? sql.length() : at + mark.length();
    }

    private int comment(int start) {
        int depth = 0;
        int i = start;
        while (i < sql.length()) {
            if (sql.startsWith("/*", i)) {
                depth++;
                i += 2;
            } else if (sql.startsWith("*/", i)) {
                i += 2;
                if (--depth == 0) {
                    return i;
                }
            } else {
                i++;
            }
        }
        return i;
    }

    private int quoted(char quote, int start) {
        int i = start + 1;
        while (i < sql.length()) {
            if (sql.charAt(i) != quote) {
                i++;
            } else if (i + 1 < sql.length() && sql.charAt(i + 1) == quote) {
                i += 2;
            } else {
                return i + 1;
            }
        }
        return i;
    }
}
