package io.synod.engine.federation;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.h2.result.ResultInterface;
import org.h2.value.TypeInfo;

/**
 * What H2 says of a column of the user's own text, had it all tables in one database.
 *
 * @param label its label
 * @param schema the table's schema, {@code null} for an expression; of another database with its name before it, or
 *     whoever changes rows through a result would find the connection's own table of that name
 * @param table the table's name or {@code null}
 * @param column the column's name or {@code null}
 * @param type its type
 * @param identity whether it is an identity column
 * @param nullable as in {@code java.sql.ResultSetMetaData}
 */
record ResultColumn(
        String label, String schema, String table, String column, TypeInfo type, boolean identity, int nullable) {
    private static final Pattern SCRATCH_SCHEMA = Pattern.compile("\"+([A-Z0-9_]+\\.[A-Z0-9_]+)\"+(?=\\.)");

    /** @param own the connection's database, whose schemas have no database before their name */
    static List<ResultColumn> of(ResultInterface result, String own) {
        List<ResultColumn> columns = new ArrayList<>();
        for (int i = 0; i < result.getVisibleColumnCount(); i++) {
            String schema = result.getSchemaName(i);
            columns.add(new ResultColumn(
                    named(result.getAlias(i)),
                    schema != null && schema.startsWith(own + ".") ? schema.substring(own.length() + 1) : schema,
                    result.getTableName(i),
                    named(result.getColumnName(i)),
                    result.getColumnType(i),
                    result.isIdentity(i),
                    result.getNullable(i)));
        }
        return columns;
    }

    /** Of rows that one other database gives. */
    static List<ResultColumn> elsewhere(ResultInterface result, String database) {
        List<ResultColumn> columns = new ArrayList<>();
        for (int i = 0; i < result.getVisibleColumnCount(); i++) {
            String schema = result.getSchemaName(i);
            columns.add(new ResultColumn(
                    result.getAlias(i),
                    schema == null ? null : database + "." + schema,
                    result.getTableName(i),
                    result.getColumnName(i),
                    result.getColumnType(i),
                    result.isIdentity(i),
                    result.getNullable(i)));
        }
        return columns;
    }

    /** An expression as H2 writes it, with the names of databases and schemas as the user wrote them. */
    static String named(String expression) {
        return expression == null ? null : SCRATCH_SCHEMA.matcher(expression).replaceAll("$1");
    }
}
