package io.synod.engine.federation;

import io.synod.engine.federation.ChangeText.Source;
import io.synod.engine.federation.LockingQuery.Locked;
import io.synod.engine.federation.TableNames.Named;
import io.synod.engine.federation.Words.Word;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.h2.command.query.Select;
import org.h2.expression.ExpressionColumn;
import org.h2.index.Index;
import org.h2.result.SortOrder;
import org.h2.table.Column;
import org.h2.table.Table;
import org.h2.table.TableFilter;
import org.h2.util.StringUtils;

/**
 * The text of a query with {@code FOR UPDATE}, taken apart: what it locks is what H2 would lock, whose own parser tells the tables
 * of the {@code FROM} that are not on the optional side of an outer join.
 */
final class LockingText {
    private static final Set<String> SET_OPERATIONS = Set.of("UNION", "EXCEPT", "MINUS", "INTERSECT");

    private static final List<String> TAIL = List.of("OFFSET", "FETCH", "LIMIT");

    /** What keys are called in the query that reads them. */
    private static final String KEY = "SYNOD$K";

    private final String sql;
    private final TableNames names;
    private final Databases databases;
    private final List<Word> words;
    private final WordGroups groups;
    /** Of the query, without parentheses around it. */
    private int from;

    private int to;

    /** The word {@code FOR} at the query's end; {@link #to} if it has none. */
    private final int clause;

    /** The query without what is before and behind it: {@code WITH}, parentheses, {@code FOR UPDATE}. */
    private int body;

    private int bodyEnd;

    LockingText(StatementText text, TableNames names, Databases databases) {
        this.sql = text.sql();
        this.names = names;
        this.databases = databases;
        this.words = names.words();
        this.groups = new WordGroups(sql, words);
        this.to = words.size();
        while (groups.is(from, "(") && groups.partner(from) == to - 1) {
            from++;
            to--;
        }
        clause = clause(from, to);
        bodyEnd = clause;
        body = groups.is(from, "WITH") ? groups.top("SELECT", from, clause) : from;
        while (groups.is(body, "(") && groups.partner(body) == bodyEnd - 1) {
            body++;
            bodyEnd--;
        }
        if (body == clause && clause < to) {
            throw new Unplannable("WITH before a query in parentheses");
        }
        for (int i = 0; i + 1 < words.size(); i++) {
            if (groups.is(i, ":") && groups.is(i + 1, "=") || groups.is(i, "SET") && groups.is(i + 1, "(")) {
                throw new Unplannable("an assignment of a variable in a query that locks");
            }
        }
    }

    private int clause(int first, int last) {
        int i = groups.top("FOR", first, last);
        while (i < last && !groups.is(i + 1, "UPDATE")) {
            i = groups.top("FOR", i + 1, last);
        }
        return i;
    }

    /** Whether it has a {@code FOR UPDATE} of its own, not only sub-queries that have one. */
    boolean locksItself() {
        return clause < to;
    }

    /** Queries in it that lock by themselves; empty if it is one such query. */
    List<Range> parts() {
        List<Range> nested = nested();
        if (!locksItself()) {
            return nested;
        }
        if (!nested.isEmpty()) {
            throw new Unplannable("FOR UPDATE both of a query and of a sub-query");
        }
        List<Range> parts = new ArrayList<>();
        int at = body;
        for (int i = body; i < bodyEnd; i = next(i)) {
            if (isSetOperation(i)) {
                parts.add(segment(at, i));
                at = groups.is(i + 1, "ALL") || groups.is(i + 1, "DISTINCT") ? i + 2 : i + 1;
            }
        }
        if (!parts.isEmpty()) {
            parts.add(segment(at, Math.min(tail(at), groups.top("ORDER", at, bodyEnd))));
        }
        return parts;
    }

    /**
     * A query that locks by itself.
     *
     * @param first its first word
     * @param last behind its last word
     * @param text what it is as a query of its own
     */
    record Range(int first, int last, Source text) {}

    private boolean isSetOperation(int word) {
        return SET_OPERATIONS.stream().anyMatch(w -> groups.is(word, w));
    }

    private int next(int word) {
        return groups.is(word, "(") ? groups.partner(word) + 1 : word + 1;
    }

    /** One side of a set operation. */
    private Range segment(int first, int last) {
        int open = first;
        int close = last;
        while (groups.is(open, "(") && groups.partner(open) == close - 1) {
            open++;
            close--;
        }
        if (open == first && !groups.is(first, "SELECT") && !groups.is(first, "TABLE")) {
            throw new Unplannable(words.get(first).text() + " in a set operation that locks");
        }
        StringBuilder text = new StringBuilder();
        List<Integer> parameters = new ArrayList<>();
        if (groups.is(from, "WITH")) {
            groups.slice(text, parameters, from, body);
        }
        text.append(' ');
        groups.slice(text, parameters, open, close);
        text.append(' ');
        groups.slice(text, parameters, clause, to);
        return new Range(first, last, new Source(text.toString(), parameters));
    }

    private List<Range> nested() {
        List<Range> parts = new ArrayList<>();
        for (int open = from; open < to; open++) {
            int close = groups.is(open, "(") ? groups.partner(open) : from;
            if (close < to && clause(open + 1, close) < close) {
                if (groups.is(open - 1, "EXISTS")) {
                    // H2 locks the first row that it finds.
                    throw new Unplannable("FOR UPDATE in EXISTS");
                }
                StringBuilder text = new StringBuilder();
                List<Integer> parameters = new ArrayList<>();
                groups.slice(text, parameters, open + 1, close);
                parts.add(new Range(open, close + 1, new Source(text.toString(), parameters)));
                open = close;
            }
        }
        return parts;
    }

    /** The text around those parts, whose rows come from elsewhere. */
    List<ChangeText.Piece> around(List<Range> parts) {
        boolean whole = clause < to;
        PieceBuilder out = new PieceBuilder(sql, groups.start(whole ? body : 0));
        int end = whole ? bodyEnd : words.size();
        int part = 0;
        for (int i = whole ? body : 0; i < end; i++) {
            if (part < parts.size() && parts.get(part).first() == i) {
                out.upTo(words.get(i).start());
                out.add(new ChangeText.Rows(part, null));
                i = parts.get(part++).last() - 1;
                out.skipTo(words.get(i).end());
            } else if (groups.is(i, "?")) {
                out.upTo(words.get(i).start());
                out.add(new ChangeText.Parameter(groups.parameter(i)));
                out.skipTo(words.get(groups.isNumbered(i) ? i + 1 : i).end());
            }
        }
        return out.pieces(words.get(end - 1).end());
    }

    // ---- one SELECT
    // ---------------------------------------------------------------------------------------------------

    /** What it is by itself, if it has no {@link #parts()}. */
    LockingQuery.Single single() {
        if (!groups.is(body, "SELECT")) {
            throw new Unplannable(words.get(body).text() + " with FOR UPDATE");
        }
        int tail = tail(body);
        int list = body + 1;
        int tables = groups.top("FROM", list, tail);
        while (tables < tail && groups.is(tables - 1, "DISTINCT")) {
            // IS DISTINCT FROM
            tables = groups.top("FROM", tables + 1, tail);
        }
        if (tables == list) {
            throw new Unplannable("a query without columns");
        }
        try (Scratch scratch = Scratch.like(databases.own().catalogue())) {
            Map<Table, Named> named = new HashMap<>();
            Federation.tables(scratch, names, databases, true).forEach((name, table) -> named.put(table, name));
            if (!(scratch.session().prepare(names.scratch()) instanceof Select select)) {
                throw new Unplannable("a query with FOR UPDATE that is not one SELECT");
            }
            boolean limited = select.getOffset() != null || select.getFetch() != null;
            if (limited && tail == bodyEnd || select.isWithTies()) {
                throw new Unplannable("TOP or WITH TIES with FOR UPDATE");
            }
            if (words.stream().anyMatch(w -> w.is("ROWNUM"))) {
                throw new Unplannable("ROWNUM() with FOR UPDATE");
            }
            boolean numbered = select.isWindowQuery();
            if (numbered && groups.is(to - 1, "LOCKED")) {
                throw new Unplannable("a window function with SKIP LOCKED");
            }
            List<TableFilter> filters = new ArrayList<>();
            select.getTopTableFilter().visit(filters::add);
            filters.sort(Comparator.comparingInt(TableFilter::getOrderInFrom));
            List<Locked> locked = new ArrayList<>();
            StringBuilder keys = new StringBuilder();
            int number = 0;
            for (TableFilter filter : filters) {
                Named table = named.get(filter.getTable());
                if (table != null
                        && table.table().isRowLockable()
                        && !filter.isJoinOuter()
                        && !filter.isJoinOuterIndirect()) {
                    Locked one = locked(table);
                    locked.add(one);
                    for (String key : one.keys()) {
                        keys.append(", ").append(reference(filter, table, filters));
                        keys.append('.').append(key).append(" AS ").append(KEY).append(number++);
                    }
                }
            }
            StringBuilder query = new StringBuilder();
            List<Integer> parameters = new ArrayList<>();
            groups.slice(query, parameters, groups.is(from, "WITH") ? from : body, tables);
            query.append(keys).append(' ');
            groups.slice(query, parameters, tables, tail);
            return new LockingQuery.Single(
                    new Source(query.toString(), parameters),
                    List.copyOf(locked),
                    numbered,
                    isReadInOrder(select, filters.get(0), named),
                    limit(tail, select.isFetchPercent()));
        }
    }

    /** The first word of what limits the rows, {@link #bodyEnd} if nothing does. */
    private int tail(int first) {
        return TAIL.stream()
                .mapToInt(word -> groups.top(word, first, bodyEnd))
                .min()
                .orElse(bodyEnd);
    }

    /** What a table's columns are called by. */
    private static String reference(TableFilter filter, Named table, List<TableFilter> filters) {
        String alias = filter.getTableAlias();
        boolean unique =
                filters.stream().filter(f -> f.getTableAlias().equals(alias)).count() == 1;
        return unique
                ? StringUtils.quoteIdentifier(alias)
                : StringUtils.quoteIdentifier(table.database())
                        + '.'
                        + StringUtils.quoteIdentifier(table.schema())
                        + '.'
                        + StringUtils.quoteIdentifier(table.name());
    }

    private Locked locked(Named table) {
        Index primary = table.table().findPrimaryKey();
        List<String> columns = new ArrayList<>();
        if (primary == null) {
            columns.add(Column.ROWID);
        } else {
            for (Column column : primary.getColumns()) {
                columns.add(StringUtils.quoteIdentifier(column.getName()));
            }
        }
        String name = table.quoted();
        StringBuilder lock = new StringBuilder("SELECT ");
        if (columns.size() == 1) {
            String key = columns.get(0);
            lock.append(key)
                    .append(" FROM ")
                    .append(name)
                    .append(" WHERE ")
                    .append(key)
                    .append(" = ANY(?)");
        } else {
            StringBuilder arrays = new StringBuilder();
            StringBuilder equal = new StringBuilder();
            for (int i = 0; i < columns.size(); i++) {
                arrays.append(i == 0 ? "CAST(? AS " : ", CAST(? AS ");
                primary.getColumns()[i].getType().getSQL(arrays, 0).append(" ARRAY)");
                equal.append(i == 0 ? "T." : " AND T.")
                        .append(columns.get(i))
                        .append(" = K.C")
                        .append(i + 1);
                lock.append(i == 0 ? "T." : ", T.").append(columns.get(i));
            }
            lock.append(" FROM UNNEST(").append(arrays).append(") K JOIN ").append(name);
            lock.append(" T ON ").append(equal);
        }
        lock.append(" FOR UPDATE").append(waiting());
        return new Locked(table, lock.toString(), List.copyOf(columns));
    }

    /** How it waits for a row. */
    private String waiting() {
        int i = clause + 2;
        if (groups.is(i, "OF")) {
            do {
                i += 2;
                while (groups.is(i, ".")) {
                    i += 2;
                }
            } while (groups.is(i, ","));
        }
        return i < to
                ? " " + sql.substring(words.get(i).start(), words.get(to - 1).end())
                : "";
    }

    /** Whether H2 would read the rows in the order in which they are wanted, and so lock no more of them than are. */
    private static boolean isReadInOrder(Select select, TableFilter first, Map<Table, Named> named) {
        SortOrder sort = select.getSortOrder();
        if (sort == null) {
            return true;
        }
        Table table = named.containsKey(first.getTable())
                ? named.get(first.getTable()).table()
                : null;
        int[] by = sort.getQueryColumnIndexes();
        if (table == null
                || by.length != 1
                || !(select.getExpressions().get(by[0]).getNonAliasExpression() instanceof ExpressionColumn column)
                || column.getTableFilter() != first) {
            return false;
        }
        int key = table.getMainIndexColumn();
        return key >= 0
                && table.getColumn(key).getName().equals(column.getColumn().getName());
    }

    private LockingQuery.Limit limit(int tail, boolean percent) {
        Source offset = null;
        Source fetch = null;
        int i = tail;
        while (i < bodyEnd) {
            int number = groups.is(i, "FETCH") ? i + 2 : i + 1;
            if (groups.is(i, "OFFSET")) {
                i = until(number, "ROW", "ROWS", "FETCH");
                offset = number(number, i);
            } else if (groups.is(i, "FETCH")) {
                i = until(number, "PERCENT", "ROW", "ROWS");
                fetch = i == number ? new Source("1", List.of()) : number(number, i);
            } else if (groups.is(i, "LIMIT")) {
                i = until(number, "OFFSET", ",");
                fetch = number(number, i);
                if (groups.is(i, ",")) {
                    offset = fetch;
                    fetch = number(i + 1, bodyEnd);
                    i = bodyEnd;
                }
            } else {
                i++;
            }
        }
        return new LockingQuery.Limit(offset, fetch, percent);
    }

    private int until(int first, String... ends) {
        int i = first;
        while (i < bodyEnd && !isAny(i, ends)) {
            i = next(i);
        }
        return i;
    }

    private boolean isAny(int word, String... texts) {
        return Arrays.stream(texts).anyMatch(text -> groups.is(word, text));
    }

    private Source number(int first, int last) {
        StringBuilder text = new StringBuilder();
        List<Integer> parameters = new ArrayList<>();
        groups.slice(text, parameters, first, last);
        return new Source(text.toString(), parameters);
    }
}
