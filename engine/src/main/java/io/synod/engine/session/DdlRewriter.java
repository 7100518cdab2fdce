package io.synod.engine.session;

import io.synod.engine.database.Errors;
import io.synod.engine.database.Transients;
import io.synod.engine.session.SqlText.Kind;
import io.synod.engine.session.SqlText.Token;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.h2.engine.Database;
import org.h2.engine.SessionLocal;
import org.h2.schema.Schema;

/**
 * Finds statements that would give another result on each member, and says what gives the same result on all: the rows
 * that they make go through the log as rows.
 */
final class DdlRewriter {
    private static final Set<String> TABLE_ACTIONS =
            Set.of("ADD", "ALTER", "MODIFY", "CHANGE", "DROP", "RENAME", "SET");

    private static final Set<String> END_OF_DEFAULT = Set.of(
            "NOT",
            "NULL",
            "COMMENT",
            "UNIQUE",
            "PRIMARY",
            "CHECK",
            "BEFORE",
            "AFTER",
            "FIRST",
            "ON",
            "DEFAULT",
            "INVISIBLE",
            "VISIBLE");

    private DdlRewriter() {}

    /**
     * @return {@code null} when the statement may be executed everywhere as it is
     * @throws org.h2.message.DbException 0A000 when it may not and nothing else would do the same
     */
    static DdlPlan plan(String sql, List<Token> tokens, SessionLocal session) {
        if (tokens.size() < 3) {
            return null;
        }
        Database database = session.getDatabase();
        boolean create = tokens.get(0).is("CREATE");
        int table = indexOf(tokens, "TABLE", 1, 7);
        if (table > 0 && create && tokens.get(table - 1).is("LINKED")) {
            return linkedTable(sql, tokens);
        }
        if (table > 0 && (create || tokens.get(0).is("ALTER"))) {
            checkGenerated(tokens, table, database);
            return create ? createTable(sql, tokens, table, session) : alterTable(sql, tokens, session);
        }
        boolean evaluates = create && indexOf(tokens, "CONSTANT", 1, 2) > 0
                || indexOf(tokens, "SEQUENCE", 1, 2) > 0
                || SqlText.startsWith(tokens, "ALTER", "DOMAIN") && SqlText.contains(tokens, "CHECK");
        if (evaluates && SqlText.changesRows(tokens)) {
            throw Errors.refused(
                    tokens.get(0).text() + " " + tokens.get(1).text() + " with a query that changes rows",
                    "each node would change them for itself",
                    "change the rows in a statement of their own, and write the value out as a literal");
        }
        String unequal = evaluates ? UnequalValues.find(tokens, database) : null;
        if (unequal != null) {
            throw Errors.refused(
                    tokens.get(0).text() + " " + tokens.get(1).text() + " with " + unequal,
                    "it gives another value on each node",
                    "write the value out as a literal");
        }
        return null;
    }

    /** The table must be there on a member that cannot reach its target just then, as after a restart of H2. */
    private static DdlPlan linkedTable(String sql, List<Token> tokens) {
        for (Token token : tokens.subList(0, 5)) {
            if (SessionTables.isTemporary(token)) {
                throw Errors.refused(
                        "CREATE GLOBAL TEMPORARY LINKED TABLE",
                        "a node that is restarted would lose it and the others not",
                        "use CREATE LOCAL TEMPORARY LINKED TABLE, or CREATE LINKED TABLE and DROP TABLE");
            }
        }
        Token create = tokens.get(0);
        return tokens.get(1).is("FORCE") ? null : DdlPlan.of("CREATE FORCE" + sql.substring(create.end()));
    }

    /**
     * H2 shows the rows of a GLOBAL TEMPORARY table to all sessions, and sessions are on all nodes: so it is an ordinary one
     * here, that is marked to be forgotten. The same of one that is NOT PERSISTENT.
     */
    private static DdlPlan createTable(String sql, List<Token> tokens, int table, SessionLocal session) {
        int as = atDepthZero(tokens, table, Set.of("AS"));
        int end = as < 0 ? tokens.size() : as;
        List<int[]> cuts = new ArrayList<>();
        boolean temporary = false;
        boolean emptied = false;
        for (int i = 1; i < table; i++) {
            boolean is = SessionTables.isTemporary(tokens.get(i));
            temporary |= is;
            if (is || tokens.get(i).is("GLOBAL")) {
                cuts.add(new int[] {i, i});
            }
        }
        int columnsEnd = table + 1;
        while (columnsEnd < end && !tokens.get(columnsEnd).is("(")) {
            columnsEnd++;
        }
        for (int i = closing(tokens.subList(0, end), Math.min(columnsEnd, end)); i < end; i++) {
            if (i + 1 < end
                    && tokens.get(i).is("NOT")
                    && (tokens.get(i + 1).is("PERSISTENT") || tokens.get(i + 1).is("LOGGED"))) {
                emptied |= tokens.get(i + 1).is("PERSISTENT");
                cuts.add(new int[] {i, i + 1});
            } else if (temporary
                    && i + 2 < end
                    && tokens.get(i).is("ON")
                    && tokens.get(i + 1).is("COMMIT")) {
                // H2 looks at it in LOCAL TEMPORARY tables only.
                cuts.add(new int[] {i, tokens.get(i + 2).is("DROP") ? i + 2 : i + 3});
            } else if (tokens.get(i).is("TRANSACTIONAL")) {
                cuts.add(new int[] {i, i});
            }
        }
        if (!temporary && !emptied) {
            return CreateTableAs.plan(sql, tokens, table, session);
        }
        StringBuilder text = new StringBuilder(temporary ? Transients.DROPPED : Transients.EMPTIED);
        int copied = tokens.get(0).start();
        for (int[] cut : cuts) {
            text.append(sql, copied, tokens.get(cut[0]).start());
            copied = tokens.get(cut[1]).end();
        }
        text.append(sql, copied, sql.length());
        String ordinary = text.toString();
        List<Token> words = SqlText.tokens(ordinary);
        DdlPlan filled = CreateTableAs.plan(ordinary, words, indexOf(words, "TABLE", 1, 7), session);
        return filled != null ? filled : DdlPlan.of(ordinary);
    }

    /** Whatever copies the table later, on every member for itself, would compute the column anew. */
    private static void checkGenerated(List<Token> tokens, int from, Database database) {
        int depth = 0;
        for (int i = from; i + 1 < tokens.size(); i++) {
            Token token = tokens.get(i);
            depth += token.is("(") ? 1 : token.is(")") ? -1 : 0;
            boolean computed = depth > 0 || tokens.get(i - 1).is("ALWAYS");
            if (token.is("AS") && computed && tokens.get(i + 1).is("(")) {
                String unequal = UnequalValues.find(tokens.subList(i + 1, closing(tokens, i + 1)), database);
                if (unequal != null) {
                    throw Errors.refused(
                            "a generated column with " + unequal,
                            "it gives another value on each node",
                            "use DEFAULT, or a trigger, whose values are replicated");
                }
            }
        }
    }

    private static int closing(List<Token> tokens, int open) {
        int depth = 0;
        for (int i = open; i < tokens.size(); i++) {
            depth += tokens.get(i).is("(") ? 1 : tokens.get(i).is(")") ? -1 : 0;
            if (depth == 0) {
                return i + 1;
            }
        }
        return tokens.size();
    }

    private static DdlPlan alterTable(String sql, List<Token> tokens, SessionLocal session) {
        Database database = session.getDatabase();
        int action = atDepthZero(tokens, 3, TABLE_ACTIONS);
        String unequal = action < 0 ? null : UnequalValues.find(tokens.subList(action + 1, tokens.size()), database);
        if (unequal == null) {
            return null;
        }
        if (!tokens.get(action).is("ADD")) {
            if (SqlText.contains(tokens, "USING")) {
                throw Errors.refused(
                        "ALTER COLUMN … USING with " + unequal,
                        "each node would compute the values of the rows for itself",
                        "add another column, UPDATE it, drop the old one and rename");
            }
            if (SqlText.contains(tokens, "DEFAULT", "ON", "NULL")) {
                throw Errors.refused(
                        "ALTER COLUMN … DEFAULT ON NULL with " + unequal,
                        "each node would compute the values of the rows for itself",
                        "UPDATE the rows first, then set the default");
            }
            return null;
        }
        int size = tokens.get(tokens.size() - 1).is(";") ? tokens.size() - 1 : tokens.size();
        int dflt = atDepthZero(tokens, action, Set.of("DEFAULT"));
        int end = dflt < 0 ? size : atDepthZero(tokens.subList(0, size), dflt + 1, END_OF_DEFAULT);
        end = end < 0 ? size : end;
        if (dflt < 0 || UnequalValues.find(tokens.subList(action + 1, end), database) == null) {
            return behindTheDefault(tokens.subList(action + 1, size), unequal, database);
        }
        return filledColumn(sql, tokens, action, dflt, end, size, session);
    }

    /** What is not the default of an added column: looked at for the rows that there are, or only for those that come. */
    private static DdlPlan behindTheDefault(List<Token> added, String unequal, Database database) {
        int update = SqlText.indexOf(added, "ON", "UPDATE");
        if (update >= 0 && UnequalValues.find(added.subList(0, update), database) == null) {
            int end = atDepthZero(added, update + 2, END_OF_DEFAULT);
            if (end < 0 || UnequalValues.find(added.subList(end, added.size()), database) == null) {
                return null;
            }
        }
        if (SqlText.contains(added, "NOCHECK")) {
            return null;
        }
        throw Errors.refused(
                "ALTER TABLE … ADD with " + unequal,
                "each node would look at the rows that there are for itself",
                added.get(0).is("(")
                                || added.get(0).is("COLUMN") && added.get(1).is("(")
                        ? "add one column per statement"
                        : "use a literal, or a check with NOCHECK");
    }

    private static DdlPlan filledColumn(
            String sql, List<Token> tokens, int add, int dflt, int end, int size, SessionLocal session) {
        String expression =
                sql.substring(tokens.get(dflt).end(), tokens.get(end - 1).end());
        int column = tokens.get(add + 1).is("COLUMN") ? add + 2 : add + 1;
        String statement = "ADD COLUMN with DEFAULT" + expression;
        String reason = "the default differs from node to node, so the leader fills the rows that there are";
        if (tokens.get(column).is("IF")) {
            throw Errors.refused(statement + " and IF NOT EXISTS", reason, "leave IF NOT EXISTS away");
        }
        boolean notNull = SqlText.startsWith(tokens.subList(end, size), "NOT", "NULL");
        if (end < size && !(notNull && end + 2 == size)) {
            Token more = tokens.get(notNull ? end + 2 : end);
            boolean place = more.is("BEFORE") || more.is("AFTER") || more.is("FIRST");
            throw Errors.refused(
                    statement + " and " + more.text(),
                    reason,
                    place
                            ? "leave the place away: such a column is the last one"
                            : "add the column without it, and what follows the default by a statement of its own (NOT NULL"
                                    + " may stay)");
        }
        int name = tokens.get(2).is("IF") ? 4 : 2;
        String tableName =
                sql.substring(tokens.get(name).start(), tokens.get(add - 1).end());
        if (name == 4 && !exists(tokens.subList(name, add), session)) {
            return null;
        }
        String columnName =
                sql.substring(tokens.get(column).start(), tokens.get(column).end());
        String unfinished = DdlPlan.UNFINISHED + UUID.randomUUID();
        String hidden = '"' + unfinished + '"';
        String type = sql.substring(tokens.get(column).end(), tokens.get(dflt).start());
        String alter = "ALTER TABLE " + tableName + " ALTER COLUMN " + hidden;
        List<String> first = List.of(
                "ALTER TABLE " + tableName + " ADD COLUMN " + hidden + type + " INVISIBLE",
                // From now on new rows have it, and only those before are filled.
                alter + " SET DEFAULT" + expression);
        List<String> last = new ArrayList<>();
        if (notNull) {
            last.add(alter + " SET NOT NULL");
        }
        last.add(alter + " SET VISIBLE");
        last.add(alter + " RENAME TO " + columnName);
        return new DdlPlan(
                List.of(
                        new DdlPlan.Together(first),
                        new DdlPlan.Fill(tableName, unfinished, expression, notNull),
                        new DdlPlan.Together(last)),
                "ALTER TABLE " + tableName + " DROP COLUMN IF EXISTS " + hidden,
                unfinished,
                tokens.get(column).text(),
                null);
    }

    private static boolean exists(List<Token> name, SessionLocal session) {
        Schema schema = session.getDatabase()
                .findSchema(name.size() > 2 ? name.get(name.size() - 3).text() : session.getCurrentSchemaName());
        return schema != null
                && schema.findTableOrView(session, name.get(name.size() - 1).text()) != null;
    }

    /** Where the name stands that may have IF NOT EXISTS before it. */
    static int afterIfNotExists(List<Token> tokens, int at) {
        return SqlText.startsWith(tokens.subList(at, tokens.size()), "IF", "NOT", "EXISTS") ? at + 3 : at;
    }

    private static int indexOf(List<Token> tokens, String word, int from, int to) {
        for (int i = from; i < Math.min(to, tokens.size()); i++) {
            if (tokens.get(i).is(word)) {
                return i;
            }
        }
        return -1;
    }

    static int atDepthZero(List<Token> tokens, int from, Set<String> words) {
        int depth = 0;
        for (int i = from; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            if (token.is("(")) {
                depth++;
            } else if (token.is(")")) {
                depth--;
            } else if (depth == 0 && token.kind() == Kind.WORD && words.contains(token.text())) {
                return i;
            }
        }
        return -1;
    }
}
