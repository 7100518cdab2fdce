package io.synod.engine.session;

import io.synod.engine.session.SqlText.Kind;
import io.synod.engine.session.SqlText.Token;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.h2.command.query.Query;
import org.h2.engine.SessionLocal;
import org.h2.expression.Expression;
import org.h2.message.DbException;
import org.h2.util.HasSQL;
import org.h2.util.ParserUtil;
import org.h2.value.TypeInfo;
import org.h2.value.Value;

/**
 * {@code CREATE TABLE … AS query}: the query would read other rows, in another order, or from another file on each member. So
 * its columns are written out, and its rows are inserted as rows, into a table of another name, which is renamed at last.
 */
final class CreateTableAs {
    private static final Set<String> NOT_COLUMNS =
            Set.of("CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "KEY", "INDEX");

    private final String sql;
    private final List<Token> tokens;
    private final SessionLocal session;
    private final int table;
    private final int name;
    private final int nameEnd;
    private final int as;

    private CreateTableAs(
            String sql, List<Token> tokens, SessionLocal session, int table, int name, int nameEnd, int as) {
        this.sql = sql;
        this.tokens = tokens;
        this.session = session;
        this.table = table;
        this.name = name;
        this.nameEnd = nameEnd;
        this.as = as;
    }

    /**
     * @param table position of the word TABLE
     * @return {@code null} when the statement has no query
     */
    static DdlPlan plan(String sql, List<Token> tokens, int table, SessionLocal session) {
        int as = DdlRewriter.atDepthZero(tokens, table, Set.of("AS"));
        if (as < 0) {
            return null;
        }
        int name = DdlRewriter.afterIfNotExists(tokens, table + 1);
        int nameEnd = name;
        while (tokens.get(nameEnd + 1).is(".")) {
            nameEnd += 2;
        }
        return new CreateTableAs(sql, tokens, session, table, name, nameEnd, as).plan();
    }

    private DdlPlan plan() {
        int size = tokens.get(tokens.size() - 1).is(";") ? tokens.size() - 1 : tokens.size();
        boolean withData = true;
        if (SqlText.startsWith(tokens.subList(Math.max(0, size - 3), size), "WITH", "NO", "DATA")) {
            withData = false;
            size -= 3;
        } else if (SqlText.startsWith(tokens.subList(size - 2, size), "WITH", "DATA")) {
            size -= 2;
        }
        int queryStart = tokens.get(as + 1).is("SORTED") ? as + 1 : as;
        String query =
                sql.substring(tokens.get(queryStart).end(), tokens.get(size - 1).end());
        String tableName =
                sql.substring(tokens.get(name).start(), tokens.get(nameEnd).end());
        String definition = definition(query);
        String head = sql.substring(0, tokens.get(name).start());
        if (!withData) {
            return DdlPlan.of(head + tableName + definition);
        }
        String create = sql.substring(0, tokens.get(table).end()) + ' ' + tableName + definition;
        boolean equalValues = UnequalValues.find(evaluated(), session.getDatabase()) == null;
        DdlPlan.Filled atOnce = equalValues ? new DdlPlan.Filled(create, tableName, query) : null;
        if (namesItself()) {
            return new DdlPlan(
                    List.of(
                            new DdlPlan.Sql(head + tableName + definition),
                            new DdlPlan.Sql("INSERT INTO " + tableName + query)),
                    "DROP TABLE " + tableName,
                    null,
                    null,
                    atOnce);
        }
        String schema = nameEnd == name
                ? ""
                : sql.substring(tokens.get(name).start(), tokens.get(nameEnd).start());
        String later = tokens.get(nameEnd).text();
        String unfinishedName = DdlPlan.unfinishedTable(later);
        String unfinished = schema + '"' + unfinishedName + '"';
        String newName =
                sql.substring(tokens.get(nameEnd).start(), tokens.get(nameEnd).end());
        return new DdlPlan(
                List.of(
                        new DdlPlan.Sql(head + unfinished + definition),
                        new DdlPlan.Sql("INSERT INTO " + unfinished + query),
                        new DdlPlan.Sql("ALTER TABLE " + unfinished + " RENAME TO " + newName)),
                "DROP TABLE " + unfinished,
                unfinishedName,
                later,
                atOnce);
    }

    /**
     * What is evaluated for the rows of the query. Not the value that a column has by default: each row has one of its own, if
     * only NULL, which asks for the default where DEFAULT ON NULL says so.
     */
    private List<Token> evaluated() {
        List<Token> all = tokens.subList(nameEnd + 1, as);
        List<Token> evaluated = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            boolean defaults = i > 0 && all.get(i - 1).is("DEFAULT");
            if (defaults && all.get(i).is("ON")) {
                return all;
            }
            boolean called = i + 1 < all.size() && all.get(i + 1).is("(");
            if (!defaults || called || all.get(i).kind() != Kind.WORD) {
                evaluated.add(all.get(i));
            }
        }
        return evaluated;
    }

    /** A foreign key to itself: it cannot be made under another name. */
    private boolean namesItself() {
        String own = tokens.get(nameEnd).text();
        return tokens.subList(nameEnd + 1, as).stream()
                .anyMatch(t -> isName(t) && t.text().equals(own));
    }

    private static boolean isName(Token token) {
        return token.kind() == Kind.WORD || token.kind() == Kind.QUOTED;
    }

    /** Columns with their types, constraints and options. */
    private String definition(String query) {
        List<String> names = new ArrayList<>();
        List<String> types = new ArrayList<>();
        describe(query, names, types);
        if (!tokens.get(nameEnd + 1).is("(")) {
            StringBuilder columns = new StringBuilder("(");
            for (int i = 0; i < names.size(); i++) {
                columns.append(i == 0 ? "" : ", ")
                        .append(names.get(i))
                        .append(' ')
                        .append(types.get(i));
            }
            return columns.append(')') + options(nameEnd);
        }
        StringBuilder text = new StringBuilder();
        int depth = 0;
        int element = nameEnd + 2;
        int column = 0;
        int copied = tokens.get(nameEnd).end();
        for (int i = nameEnd + 1; i < as; i++) {
            Token token = tokens.get(i);
            boolean ends = depth == 1 && (token.is(",") || token.is(")"));
            if (ends) {
                boolean isColumn = !NOT_COLUMNS.contains(tokens.get(element).text())
                        || tokens.get(element).kind() == Kind.QUOTED;
                if (isColumn && i == element + 1 && column < types.size()) {
                    text.append(sql, copied, tokens.get(element).end())
                            .append(' ')
                            .append(types.get(column));
                    copied = tokens.get(element).end();
                }
                column += isColumn ? 1 : 0;
                element = i + 1;
            }
            depth += token.is("(") ? 1 : token.is(")") ? -1 : 0;
            if (ends && token.is(")")) {
                text.append(sql, copied, token.end());
                if (column != types.size()) {
                    throw DbException.get(org.h2.api.ErrorCode.COLUMN_COUNT_DOES_NOT_MATCH);
                }
                return text + options(i);
            }
        }
        throw new IllegalStateException("the columns of " + sql + " have no end");
    }

    private String options(int lastOfColumns) {
        return lastOfColumns + 1 == as
                ? ""
                : " "
                        + sql.substring(
                                tokens.get(lastOfColumns + 1).start(),
                                tokens.get(as - 1).end());
    }

    private void describe(String query, List<String> names, List<String> types) {
        session.lock();
        try {
            Query compiled = (Query) session.prepare(query.strip());
            for (int i = 0; i < compiled.getColumnCount(); i++) {
                Expression expression = compiled.getExpressions().get(i);
                StringBuilder name = new StringBuilder();
                names.add(ParserUtil.quoteIdentifier(
                                name, expression.getColumnNameForView(session, i, false), HasSQL.DEFAULT_SQL_FLAGS)
                        .toString());
                TypeInfo type = expression.getType();
                // H2 has a type for NULL, which no statement can name.
                types.add(
                        type.getValueType() == Value.NULL || type.getValueType() == Value.UNKNOWN
                                ? "VARCHAR"
                                : type.getSQL(new StringBuilder(), HasSQL.DEFAULT_SQL_FLAGS)
                                        .toString());
            }
        } finally {
            session.unlock();
        }
    }
}
