package io.synod.engine.session;

import io.synod.engine.database.Errors;
import io.synod.engine.session.SqlText.Kind;
import io.synod.engine.session.SqlText.Token;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.h2.engine.Database;

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
            "INVISIBLE",
            "VISIBLE");

    /**
     * What to run instead.
     *
     * @param statements in this order, each committed before the next
     * @param undo run when a later one fails; {@code null} for none
     */
    record Plan(List<String> statements, String undo) {}

    private DdlRewriter() {}

    /**
     * @return {@code null} when the statement may be executed everywhere as it is
     * @throws org.h2.message.DbException 42000 when it may not and nothing else would do the same
     */
    static Plan plan(String sql, List<Token> tokens, Database database) {
        if (tokens.size() < 3) {
            return null;
        }
        boolean create = tokens.get(0).is("CREATE");
        int table = indexOf(tokens, "TABLE", 1, 6);
        if (table > 0 && (create || tokens.get(0).is("ALTER"))) {
            checkGenerated(tokens, table, database);
            return create ? createTableAs(sql, tokens) : alterTable(sql, tokens, database);
        }
        boolean evaluates = create && indexOf(tokens, "CONSTANT", 1, 2) > 0
                || indexOf(tokens, "SEQUENCE", 1, 2) > 0
                || SqlText.startsWith(tokens, "ALTER", "DOMAIN") && SqlText.contains(tokens, "CHECK");
        String unequal = evaluates ? UnequalValues.find(tokens, database) : null;
        if (unequal != null) {
            throw Errors.refused(
                    tokens.get(0).text() + " " + tokens.get(1).text() + " with " + unequal,
                    "it gives another value on each node: write the value out as a literal");
        }
        return null;
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
                            "it gives another value on each node: use DEFAULT, or a trigger, whose values are replicated");
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

    private static Plan createTableAs(String sql, List<Token> tokens) {
        int table = indexOf(tokens, "TABLE", 1, 4);
        if (table < 0) {
            return null;
        }
        int as = atDepthZero(tokens, table, Set.of("AS"));
        if (as < 0) {
            return null;
        }
        int size = tokens.size();
        if (tokens.get(size - 1).is(";")) {
            size--;
        }
        if (SqlText.startsWith(tokens.subList(size - 3, size), "WITH", "NO", "DATA")) {
            return null;
        }
        int queryEnd = tokens.get(size - 1).end();
        if (SqlText.startsWith(tokens.subList(size - 2, size), "WITH", "DATA")) {
            queryEnd = tokens.get(size - 3).end();
        }
        int name = SqlText.startsWith(tokens.subList(table + 1, size), "IF", "NOT", "EXISTS") ? table + 4 : table + 1;
        int nameEnd = name;
        while (tokens.get(nameEnd + 1).is(".")) {
            nameEnd += 2;
        }
        String tableName =
                sql.substring(tokens.get(name).start(), tokens.get(nameEnd).end());
        String query = sql.substring(tokens.get(as).end(), queryEnd);
        return new Plan(
                List.of(
                        sql.substring(0, tokens.get(as).end()) + query + " WITH NO DATA",
                        "INSERT INTO " + tableName + " " + query),
                "DROP TABLE " + tableName);
    }

    private static Plan alterTable(String sql, List<Token> tokens, Database database) {
        int action = atDepthZero(tokens, 3, TABLE_ACTIONS);
        String unequal = action < 0 ? null : UnequalValues.find(tokens.subList(action + 1, tokens.size()), database);
        if (unequal == null) {
            return null;
        }
        int add = tokens.get(action).is("ADD") ? action : -1;
        boolean evaluates =
                add >= 0 || SqlText.contains(tokens, "USING") || SqlText.contains(tokens, "DEFAULT", "ON", "NULL");
        if (!evaluates) {
            return null;
        }
        int dflt = add < 0 ? -1 : atDepthZero(tokens, add, Set.of("DEFAULT"));
        if (dflt < 0) {
            throw Errors.refused(
                    "an ALTER TABLE with " + unequal + ", whose values differ from node to node",
                    "add the column without it, UPDATE the rows, then set the default");
        }
        int size = tokens.get(tokens.size() - 1).is(";") ? tokens.size() - 1 : tokens.size();
        int end = atDepthZero(tokens.subList(0, size), dflt + 1, END_OF_DEFAULT);
        end = end < 0 ? size : end;
        String expression =
                sql.substring(tokens.get(dflt).end(), tokens.get(end - 1).end());
        boolean notNull = SqlText.startsWith(tokens.subList(end, size), "NOT", "NULL");
        if (end < size && !(notNull && end + 2 == size)) {
            throw Errors.refused(
                    "ADD COLUMN with DEFAULT" + expression + " and more",
                    "the default differs from node to node: add constraints in statements of their own");
        }
        String tableName =
                sql.substring(tokens.get(2).start(), tokens.get(add - 1).end());
        int column = tokens.get(add + 1).is("COLUMN") ? add + 2 : add + 1;
        if (tokens.get(column).is("(") || tokens.get(column).is("IF")) {
            throw Errors.refused("ADD COLUMN with DEFAULT" + expression, "add one column, without IF NOT EXISTS");
        }
        String columnName =
                sql.substring(tokens.get(column).start(), tokens.get(column).end());
        String alter = "ALTER TABLE " + tableName + " ALTER COLUMN " + columnName;
        List<String> statements = new ArrayList<>();
        statements.add(sql.substring(0, tokens.get(dflt).start()));
        statements.add("UPDATE " + tableName + " SET " + columnName + " =" + expression);
        statements.add(alter + " SET DEFAULT" + expression);
        if (notNull) {
            statements.add(alter + " SET NOT NULL");
        }
        return new Plan(statements, "ALTER TABLE " + tableName + " DROP COLUMN " + columnName);
    }

    private static int indexOf(List<Token> tokens, String word, int from, int to) {
        for (int i = from; i < Math.min(to, tokens.size()); i++) {
            if (tokens.get(i).is(word)) {
                return i;
            }
        }
        return -1;
    }

    private static int atDepthZero(List<Token> tokens, int from, Set<String> words) {
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
