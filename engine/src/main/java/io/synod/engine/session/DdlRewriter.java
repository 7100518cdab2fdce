package io.synod.engine.session;

import io.synod.engine.database.Errors;
import io.synod.engine.session.SqlText.Kind;
import io.synod.engine.session.SqlText.Token;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Finds statements that would give another result on each member, and says what gives the same result on all: the rows
 * that they make go through the log as rows.
 */
final class DdlRewriter {
    private static final Set<String> UNEQUAL = Set.of(
            "RANDOM_UUID",
            "UUID",
            "RAND",
            "RANDOM",
            "SECURE_RAND",
            "CURRENT_TIMESTAMP",
            "LOCALTIMESTAMP",
            "CURRENT_DATE",
            "CURRENT_TIME",
            "LOCALTIME",
            "NOW",
            "SYSDATE",
            "SYSTIMESTAMP",
            "CURDATE",
            "CURTIME",
            "TODAY",
            "NEXT",
            "NEXTVAL",
            "CURRVAL",
            "SESSION_ID",
            "TRANSACTION_ID",
            "MEMORY_FREE",
            "MEMORY_USED",
            "DATABASE_PATH",
            "FILE_READ",
            "CSVREAD");

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
     * @param counts the one whose update count is the result, −1 for none
     */
    record Plan(List<String> statements, String undo, int counts) {}

    private DdlRewriter() {}

    /** @return {@code null} when the statement may be executed everywhere as it is */
    static Plan plan(String sql, List<Token> tokens) {
        if (tokens.size() > 2 && tokens.get(0).is("CREATE")) {
            return createTableAs(sql, tokens);
        }
        if (SqlText.startsWith(tokens, "ALTER", "TABLE")) {
            return alterTable(sql, tokens);
        }
        return null;
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
                "DROP TABLE " + tableName,
                1);
    }

    private static Plan alterTable(String sql, List<Token> tokens) {
        boolean unequal = isUnequal(tokens);
        int add = atDepthZero(tokens, 2, Set.of("ADD"));
        if (!unequal || add < 0 && !SqlText.contains(tokens, "USING")) {
            return null;
        }
        int dflt = add < 0 ? -1 : atDepthZero(tokens, add, Set.of("DEFAULT"));
        if (dflt < 0) {
            throw Errors.refused(
                    "an ALTER TABLE whose values differ from node to node",
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
        return new Plan(statements, "ALTER TABLE " + tableName + " DROP COLUMN " + columnName, -1);
    }

    private static boolean isUnequal(List<Token> tokens) {
        for (int i = 0; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            if (token.kind() == Kind.WORD && UNEQUAL.contains(token.text())) {
                // The name of a type, too.
                boolean called = i + 1 < tokens.size() && tokens.get(i + 1).is("(");
                if (called || !token.is("UUID")) {
                    return true;
                }
            }
        }
        return false;
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
