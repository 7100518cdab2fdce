package io.synod.engine.federation;

import io.synod.engine.federation.Words.Word;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** The words of a text by their numbers: which parentheses belong together, which parameter a question mark is. */
final class WordGroups {
    private final String sql;
    private final List<Word> words;
    private final int[] partner;
    private final int[] number;

    WordGroups(String sql, List<Word> words) {
        this.sql = sql;
        this.words = words;
        this.partner = partners(words);
        this.number = numbers(words);
    }

    /** @return the word that closes this parenthesis, the number of all words if none does */
    int partner(int open) {
        return partner[open];
    }

    /** @return the number of the user's parameter that this word is, from 0 */
    int parameter(int word) {
        return number[word];
    }

    private static int[] partners(List<Word> words) {
        int[] partner = new int[words.size()];
        Deque<Integer> open = new ArrayDeque<>();
        for (int i = 0; i < partner.length; i++) {
            partner[i] = words.size();
            if (words.get(i).is("(")) {
                open.push(i);
            } else if (words.get(i).is(")") && !open.isEmpty()) {
                partner[open.pop()] = i;
            }
        }
        return partner;
    }

    private int[] numbers(List<Word> words) {
        int[] numbers = new int[words.size()];
        int next = 0;
        for (int i = 0; i < numbers.length; i++) {
            if (words.get(i).is("?")) {
                numbers[i] = isNumbered(i)
                        ? Integer.parseInt(sql.substring(
                                        words.get(i + 1).start(),
                                        words.get(i + 1).end()))
                                - 1
                        : next++;
            }
        }
        return numbers;
    }

    /** Whether the word after it is its number. */
    boolean isNumbered(int parameter) {
        int next = parameter + 1;
        return next < words.size()
                && words.get(next).kind() == Words.Kind.LITERAL
                && words.get(next).start() == words.get(parameter).end()
                && Character.isDigit(sql.charAt(words.get(next).start()));
    }

    boolean is(int word, String text) {
        return word >= 0 && word < words.size() && words.get(word).is(text);
    }

    int start(int word) {
        return word < words.size() ? words.get(word).start() : sql.length();
    }

    /** The first such word outside of parentheses, the end if there is none. */
    int top(String word, int from, int to) {
        int i = from;
        while (i < to && !is(i, word)) {
            i = is(i, "(") ? partner[i] + 1 : i + 1;
        }
        return Math.min(i, to);
    }

    /** Appends a part of the text as the user wrote it, with its parameters, whose numbers are left out. */
    void slice(StringBuilder text, List<Integer> parameters, int from, int to) {
        if (from >= to) {
            return;
        }
        int at = start(from);
        for (int i = from; i < to; i++) {
            if (is(i, "?")) {
                text.append(sql, at, words.get(i).end());
                parameters.add(parameter(i));
                at = words.get(isNumbered(i) ? i + 1 : i).end();
            }
        }
        text.append(sql, at, words.get(to - 1).end());
    }

    /** The parenthesis in which a word is; negative for none. */
    int around(int word) {
        int open = word;
        while (open >= 0 && !(is(open, "(") && partner(open) > word)) {
            open--;
        }
        return open;
    }
}
