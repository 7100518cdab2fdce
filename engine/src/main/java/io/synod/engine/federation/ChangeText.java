package io.synod.engine.federation;

import io.synod.engine.federation.StatementText.Kind;
import io.synod.engine.federation.TableNames.Named;
import io.synod.engine.federation.TableNames.Occurrence;
import io.synod.engine.federation.Words.Word;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.h2.table.Column;
import org.h2.util.ParserUtil;
import org.h2.util.StringUtils;

/**
 * Takes a change of rows apart: what its target's database executes as the user wrote it, and what is read elsewhere before.
 * A query in it that stands by itself is read as a whole; of one that depends on the rows around it, the tables.
 */
final class ChangeText {
    /** A part of the text for the target's database. */
    sealed interface Piece permits Sql, Parameter, Rows {}

    /** As it is. */
    record Sql(String text) implements Piece {}

    /** The user's parameter of this number. */
    record Parameter(int number) implements Piece {}

    /**
     * Rows that are read elsewhere.
     *
     * @param source number of their query
     * @param alias what the text calls them if it says nothing else, {@code null} if nothing is needed
     */
    record Rows(int source, String alias) implements Piece {}

    /**
     * What is read elsewhere.
     *
     * @param parameters the user's parameters for its own, in their order
     */
    record Source(String sql, List<Integer> parameters) {}

    /** Where the words of a level of parentheses stand. */
    private static final class Level {
        boolean select;
        boolean from;
        boolean table;
        final int end;

        Level(int end) {
            this.end = end;
        }
    }

    private static final Set<String> CLAUSES = Set.of(
            "WHERE",
            "GROUP",
            "HAVING",
            "ORDER",
            "WINDOW",
            "QUALIFY",
            "UNION",
            "EXCEPT",
            "MINUS",
            "INTERSECT",
            "LIMIT",
            "OFFSET",
            "FETCH",
            "WHEN",
            "SET");

    private static final Set<String> QUERIES = Set.of("SELECT", "WITH", "VALUES", "TABLE");

    private final String sql;
    private final Kind kind;
    private final TableNames names;
    private final List<Word> words;
    private final Databases databases;
    private final Predicate<String> standsByItself;
    private final WordGroups groups;
    private final Set<String> expressions = new HashSet<>();
    private final List<Source> sources = new ArrayList<>();
    /** Words that are read as a whole. */
    private final BitSet read = new BitSet();

    private final int targetWord;
    private final Named target;
    private final OtherValues others;
    private boolean readsTables;

    /** @param standsByItself whether a query can be executed without the text around it */
    ChangeText(StatementText text, TableNames names, Databases databases, Predicate<String> standsByItself) {
        this.sql = text.sql();
        this.kind = text.kind();
        this.names = names;
        this.words = names.words();
        this.databases = databases;
        this.standsByItself = standsByItself;
        this.groups = new WordGroups(sql, words);
        namedQueries();
        int at = 1;
        while (at < words.size() && (groups.is(at, "INTO") || groups.is(at, "FROM"))) {
            at++;
        }
        Occurrence found = names.occurrences().get(at);
        if (found == null) {
            throw FederationErrors.unsupported(
                    words.get(0).text() + " of something that is no table, in a statement that"
                            + " names several databases: name the table");
        }
        this.targetWord = at;
        this.target = found.table();
        this.others = new OtherValues(this, names, databases, standsByItself);
    }

    /** Names that WITH gives: they hide tables. */
    private void namedQueries() {
        for (int i = 1; i < words.size(); i++) {
            int next = groups.is(i + 1, "(") ? groups.partner(i + 1) + 1 : i + 1;
            if (words.get(i).isName()
                    && (groups.is(i - 1, "WITH") || groups.is(i - 1, "RECURSIVE") || groups.is(i - 1, ","))
                    && groups.is(next, "AS")
                    && groups.is(next + 1, "(")) {
                expressions.add(words.get(i).text());
            }
        }
    }

    Named target() {
        return target;
    }

    List<Source> sources() {
        return sources;
    }

    /** The whole text for the target's database. */
    List<Piece> change() {
        PieceBuilder out = new PieceBuilder(sql, words.get(0).start());
        int from = targetWord;
        if (kind == Kind.INSERT || kind == Kind.MERGE) {
            int query = sourceQuery();
            if (query >= 0) {
                walk(out, from, query, new Level(query));
                int end = sourceEnd(query);
                if (isOfOthers(query, end) && cut(out, query, end)) {
                    walk(out, end, words.size(), new Level(words.size()));
                    return out.pieces(sql.length());
                }
                from = query;
            }
        }
        walk(out, from, words.size(), new Level(words.size()));
        return out.pieces(sql.length());
    }

    /**
     * A query that locks what the statement will change, so that the values which are read elsewhere are those that hold then.
     *
     * @return {@code null} if it needs none: no new value comes from elsewhere, or the target has no rows to be locked
     */
    List<Piece> lock() {
        if (!target.table().isRowLockable()) {
            return null;
        }
        if (kind == Kind.UPDATE) {
            int set = groups.top("SET", targetWord, words.size());
            int where = groups.top("WHERE", set, words.size());
            if (!isElsewhere(set, where)) {
                return null;
            }
            PieceBuilder out = new PieceBuilder(sql, words.get(targetWord).start());
            out.add("SELECT 1 FROM ");
            walk(out, targetWord, set, new Level(set));
            out.upTo(groups.start(set));
            out.skipTo(groups.start(where));
            walk(out, where, words.size(), new Level(words.size()));
            out.upTo(sql.length());
            out.add(" FOR UPDATE");
            return out.pieces(sql.length());
        }
        int using = kind == Kind.MERGE ? groups.top("USING", targetWord, words.size()) : words.size();
        if (using == words.size()) {
            return null;
        }
        int on = groups.top("ON", using, words.size());
        int when = groups.top("WHEN", on, words.size());
        PieceBuilder out = new PieceBuilder(sql, words.get(targetWord).start());
        out.add("SELECT 1 FROM ");
        walk(out, targetWord, using, new Level(using));
        out.upTo(groups.start(using));
        out.add(" WHERE EXISTS(SELECT 1 FROM ");
        out.skipTo(groups.start(using + 1));
        Level source = new Level(on);
        source.table = true;
        walk(out, using + 1, on, source);
        out.upTo(groups.start(on));
        out.add(" WHERE ");
        out.skipTo(groups.start(on + 1));
        walk(out, on + 1, when, new Level(when));
        out.upTo(groups.start(when));
        out.add(") FOR UPDATE");
        return out.pieces(groups.start(when));
    }

    /** Where the query begins whose rows are inserted, -1 if there is none. */
    private int sourceQuery() {
        int i = names.occurrences().get(targetWord).last() + 1;
        while (i < words.size()) {
            if (groups.is(i, "SELECT") || groups.is(i, "WITH") || groups.is(i, "TABLE")) {
                return i;
            }
            if (groups.is(i, "(")) {
                if (groups.is(i + 1, "(") || beginsQuery(i + 1)) {
                    return i;
                }
                i = groups.partner(i) + 1;
            } else if (groups.is(i, "VALUES") || groups.is(i, "SET") || groups.is(i, "USING")) {
                return -1;
            } else {
                i++;
            }
        }
        return -1;
    }

    private boolean beginsQuery(int word) {
        return QUERIES.stream().anyMatch(w -> groups.is(word, w));
    }

    private int sourceEnd(int query) {
        int i = query;
        while (i < words.size()
                && !(groups.is(i, "ON") && (groups.is(i + 1, "DUPLICATE") || groups.is(i + 1, "CONFLICT")))) {
            i = groups.is(i, "(") ? groups.partner(i) + 1 : i + 1;
        }
        return Math.min(i, words.size());
    }

    /** Whether these words name a table of another database than the target's. */
    boolean isElsewhere(int from, int to) {
        return names.occurrences().values().stream().anyMatch(o -> o.first() >= from && o.first() < to && isForeign(o));
    }

    /** Whether these words name what only another database than the target's can compute. */
    boolean isOfOthers(int from, int to) {
        return isElsewhere(from, to) || others.areIn(from, to);
    }

    /** What the target's database has not got, beside tables. */
    OtherValues others() {
        return others;
    }

    private boolean isForeign(Occurrence occurrence) {
        boolean hidden = occurrence.first() == occurrence.last()
                && expressions.contains(words.get(occurrence.first()).text());
        return !hidden && !occurrence.table().database().equals(target.database());
    }

    /** Puts the rows of a query in its place, if it stands by itself. */
    private boolean cut(PieceBuilder out, int from, int to) {
        StringBuilder text = new StringBuilder();
        List<Integer> parameters = new ArrayList<>();
        slice(text, parameters, from, to);
        int end = words.get(to - 1).end();
        if (!standsByItself.test(text.toString())) {
            return false;
        }
        out.upTo(groups.start(from));
        out.add(new Rows(source(text.toString(), parameters), null));
        out.skipTo(end);
        read.set(from, to);
        return true;
    }

    /**
     * Whether rows of another database are to be locked, and not known which: those that a query finds which depends on the rows
     * that are changed. To be asked after {@link #change}.
     */
    boolean locksByRow() {
        for (int i = 0; i < words.size(); i++) {
            if (groups.is(i, "FOR") && groups.is(i + 1, "UPDATE") && !read.get(i)) {
                int open = groups.around(i);
                if (isElsewhere(open, open < 0 ? words.size() : groups.partner(open))) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Appends a part of the text as the user wrote it, see {@link WordGroups#slice}. */
    void slice(StringBuilder text, List<Integer> parameters, int from, int to) {
        groups.slice(text, parameters, from, to);
    }

    /** The target, with its alias if it has one, for its own database; {@code end} is the word behind it. */
    String targetText(int end) {
        return ((Sql) pieces(targetWord, end).get(0)).text();
    }

    /** These words for the target's database. */
    List<Piece> pieces(int from, int to) {
        PieceBuilder out = new PieceBuilder(sql, groups.start(from));
        walk(out, from, to, new Level(to));
        return out.pieces(words.get(to - 1).end());
    }

    /** What columns of the target are called by. */
    String targetName(int end) {
        Word last = words.get(end - 1);
        return sql.substring(last.start(), last.end());
    }

    String sql() {
        return sql;
    }

    Kind kind() {
        return kind;
    }

    List<Word> words() {
        return words;
    }

    WordGroups groups() {
        return groups;
    }

    int targetWord() {
        return targetWord;
    }

    /** Whether a sub-query depends on the rows around it, so that tables of other databases are read as a whole. */
    boolean readsTables() {
        return readsTables;
    }

    private int source(String text, List<Integer> parameters) {
        return source(text, parameters, true);
    }

    /** @param same whether what gives the same rows is the same source */
    int source(String text, List<Integer> parameters, boolean same) {
        Source source = new Source(text, parameters);
        int known = sources.indexOf(source);
        if (same && known >= 0) {
            return known;
        }
        sources.add(source);
        return sources.size() - 1;
    }

    private void walk(PieceBuilder out, int from, int to, Level level) {
        int i = from;
        while (i < to) {
            Word word = words.get(i);
            Occurrence occurrence = names.occurrences().get(i);
            int behind = others.put(out, i);
            if (behind > i) {
                i = behind;
            } else if (word.is("(")) {
                i = parenthesis(out, i, level);
            } else if (word.is("?")) {
                out.upTo(word.start());
                out.add(new Parameter(groups.parameter(i)));
                i = groups.isNumbered(i) ? i + 2 : i + 1;
                out.skipTo(words.get(i - 1).end());
            } else if (occurrence != null && !startsClause(i)) {
                table(out, occurrence, level.table || i == targetWord);
                level.table = false;
                i = occurrence.last() + 1;
            } else {
                word(i, level);
                i++;
            }
        }
    }

    private boolean startsClause(int i) {
        return words.get(i).kind() == Words.Kind.NAME
                && CLAUSES.contains(words.get(i).text())
                && !groups.is(i + 1, ".");
    }

    private int parenthesis(PieceBuilder out, int open, Level level) {
        int close = groups.partner(open);
        boolean query = beginsQuery(open + 1);
        if (query && isOfOthers(open, close)) {
            out.upTo(groups.start(open));
            if (cutInParentheses(out, open, close)) {
                level.table = false;
                return close + 1;
            }
        }
        Level inner = new Level(close);
        inner.from = level.table && !query;
        inner.table = inner.from;
        walk(out, open + 1, Math.min(close, words.size()), inner);
        level.table = false;
        return close + 1;
    }

    private boolean cutInParentheses(PieceBuilder out, int open, int close) {
        if (close >= words.size() || !cut(out, open + 1, close)) {
            return false;
        }
        out.unwrap(groups.start(open));
        out.skipTo(words.get(close).end());
        return true;
    }

    private void word(int i, Level level) {
        Word word = words.get(i);
        if (word.is("SELECT")) {
            level.select = true;
            level.from = false;
            level.table = false;
        } else if (word.is("FROM") && level.select && !groups.is(i - 1, "DISTINCT")) {
            level.from = true;
            level.table = true;
        } else if (word.is("JOIN") || word.is("USING") && kind == Kind.MERGE && level.end == words.size()) {
            level.table = true;
        } else if (word.is(",")) {
            level.table = level.from;
        } else if (startsClause(i)) {
            level.from = false;
            level.table = false;
        } else if (!word.is("LATERAL")) {
            level.table = false;
        }
    }

    private void table(PieceBuilder out, Occurrence occurrence, boolean asTable) {
        Named named = occurrence.table();
        boolean one = occurrence.first() == occurrence.last();
        Word name = words.get(occurrence.last());
        if (!isForeign(occurrence)) {
            if (occurrence.last() - occurrence.first() == 4) {
                out.upTo(groups.start(occurrence.first()));
                out.add(StringUtils.quoteIdentifier(named.schema()) + ".");
                out.skipTo(name.start());
            }
            out.upTo(name.end());
        } else if (asTable) {
            out.upTo(groups.start(occurrence.first()));
            readsTables = true;
            int source = source(all(occurrence), List.of());
            out.add(new Rows(source, hasAlias(occurrence.last() + 1) ? null : name.text()));
            out.skipTo(name.end());
        } else if (!one) {
            out.upTo(groups.start(occurrence.first()));
            out.skipTo(name.start());
            out.upTo(name.end());
        } else {
            out.upTo(name.end());
        }
    }

    private boolean hasAlias(int word) {
        if (word >= words.size()) {
            return false;
        }
        Word next = words.get(word);
        return next.is("AS") || next.isName() && (next.kind() == Words.Kind.QUOTED || !isKeyword(next));
    }

    private static boolean isKeyword(Word word) {
        return ParserUtil.isKeyword(word.text(), true) || word.is("MINUS");
    }

    /** The query that reads a table's used columns. */
    private String all(Occurrence occurrence) {
        Named named = occurrence.table();
        if (names.usesRowIds()) {
            throw FederationErrors.unsupported("_ROWID_ in a change of rows that depends on rows of " + named.database()
                    + ": name the table's key");
        }
        StringBuilder text = new StringBuilder("SELECT ");
        String separator = "";
        for (Column column : names.usedColumns(named.table())) {
            text.append(separator).append(StringUtils.quoteIdentifier(column.getName()));
            separator = ", ";
        }
        text.append(" FROM ");
        if (!named.isOfSession()) {
            text.append(StringUtils.quoteIdentifier(named.database()))
                    .append('.')
                    .append(StringUtils.quoteIdentifier(named.schema()))
                    .append('.');
        }
        return text.append(StringUtils.quoteIdentifier(named.name())).toString();
    }
}
