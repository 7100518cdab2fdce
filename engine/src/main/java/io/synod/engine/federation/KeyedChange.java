package io.synod.engine.federation;

import io.synod.engine.federation.ChangeText.Piece;
import io.synod.engine.federation.StatementText.Kind;
import io.synod.engine.federation.Words.Word;
import java.util.ArrayList;
import java.util.List;
import org.h2.index.Index;
import org.h2.table.Column;
import org.h2.util.StringUtils;

/**
 * An {@code UPDATE} or {@code DELETE} whose sub-queries depend on the rows that it changes, in another form: one query gives
 * the keys of those rows and their new values, so that it is planned and fetches what it needs only; a {@code MERGE} by key
 * brings them in.
 *
 * @param query the keys and new values, and the user's parameters of it
 * @param keys the keys alone, where the query calls functions, which are called once for each row; {@code null} else
 * @param lock locks rows by an array of their keys
 * @param change the {@code MERGE}; its rows are those of source 0
 */
record KeyedChange(ChangeText.Source query, ChangeText.Source keys, String lock, List<Piece> change) {
    private static final String ROWS = "SYNOD$ROWS";

    private static final String COLUMN = "SYNOD$";

    /** A column and what is assigned to it, as ranges of words. */
    private record Assignment(Word column, int from, int to) {}

    /** @return {@code null} if the text cannot be written so: its target has no primary key of one column, or the text changes it */
    static KeyedChange of(ChangeText text) {
        Index primary = text.target().table().findPrimaryKey();
        boolean oneColumn = primary != null && primary.getColumns().length == 1;
        boolean byRowId = !oneColumn && !text.others().isEmpty();
        if (!oneColumn && !byRowId
                || !text.target().table().isRowLockable()
                || text.kind() != Kind.UPDATE && text.kind() != Kind.DELETE) {
            return null;
        }
        WordGroups groups = text.groups();
        int end = text.words().size();
        for (String limit : List.of("FETCH", "LIMIT", "ORDER", "OFFSET")) {
            if (groups.top(limit, text.targetWord(), end) < end) {
                return null;
            }
        }
        int where = groups.top("WHERE", text.targetWord(), end);
        int set = text.kind() == Kind.UPDATE ? groups.top("SET", text.targetWord(), end) : where;
        String key = byRowId ? Column.ROWID : primary.getColumns()[0].getName();
        List<Assignment> assignments = text.kind() == Kind.UPDATE ? assignments(text, set + 1, where) : List.of();
        if (assignments == null
                || assignments.stream().anyMatch(a -> a.column().text().equalsIgnoreCase(key))) {
            return null;
        }
        String keyName = byRowId ? key : StringUtils.quoteIdentifier(key);
        List<Integer> parameters = new ArrayList<>();
        StringBuilder query =
                new StringBuilder("SELECT ").append(keyName).append(" AS ").append(column(0));
        List<Piece> update = new ArrayList<>();
        int columns = 1;
        for (Assignment one : assignments) {
            update.add(new ChangeText.Sql((update.isEmpty() ? "UPDATE SET " : ", ")
                    + text.sql().substring(one.column().start(), one.column().end()) + " = "));
            if (!text.isOfOthers(one.from(), one.to())) {
                // The target's own: H2 computes it of the row that it has locked.
                update.addAll(text.pieces(one.from(), one.to()));
            } else {
                query.append(", ");
                text.slice(query, parameters, one.from(), one.to());
                query.append(" AS ").append(column(columns));
                update.add(new ChangeText.Sql(ROWS + "." + column(columns++)));
            }
        }
        ChangeText.Source keys = null;
        if (!text.others().isEmpty()) {
            List<Integer> itsParameters = new ArrayList<>();
            StringBuilder keysOnly =
                    new StringBuilder("SELECT ").append(keyName).append(" AS ").append(column(0));
            keys = new ChangeText.Source(rows(text, keysOnly, itsParameters, set, where), itsParameters);
        }
        rows(text, query, parameters, set, where);
        String target = text.targetText(set);
        List<Piece> change = new ArrayList<>();
        change.add(new ChangeText.Sql("MERGE INTO " + target + " USING "));
        change.add(new ChangeText.Rows(0, ROWS));
        change.add(new ChangeText.Sql(" ON " + text.targetName(set) + '.' + keyName + " = " + ROWS + '.' + column(0)
                + " WHEN MATCHED THEN " + (update.isEmpty() ? "DELETE" : "")));
        change.addAll(update);
        return new KeyedChange(
                new ChangeText.Source(query.toString(), parameters),
                keys,
                "SELECT 1 FROM " + target + " WHERE " + keyName + " = ANY(?) FOR UPDATE",
                List.copyOf(change));
    }

    /** Appends which rows are changed. */
    private static String rows(ChangeText text, StringBuilder query, List<Integer> parameters, int set, int where) {
        query.append(" FROM ");
        text.slice(query, parameters, text.targetWord(), set);
        query.append(' ');
        text.slice(query, parameters, where, text.words().size());
        return query.toString();
    }

    private static String column(int number) {
        return COLUMN + number;
    }

    /** @return {@code null} if there is another one than {@code column = expression} */
    private static List<Assignment> assignments(ChangeText text, int from, int to) {
        WordGroups groups = text.groups();
        List<Assignment> assignments = new ArrayList<>();
        int at = from;
        while (at < to) {
            int end = groups.top(",", at, to);
            int equals = groups.top("=", at, end);
            boolean plain = equals == at + 1 || equals == at + 3 && groups.is(at + 1, ".");
            if (!plain || equals + 1 >= end || !text.words().get(equals - 1).isName()) {
                return null;
            }
            assignments.add(new Assignment(text.words().get(equals - 1), equals + 1, end));
            at = end + 1;
        }
        return assignments;
    }
}
