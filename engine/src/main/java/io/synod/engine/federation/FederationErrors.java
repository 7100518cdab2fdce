package io.synod.engine.federation;

import java.util.Collection;
import java.util.TreeSet;
import org.h2.api.ErrorCode;
import org.h2.jdbc.JdbcException;
import org.h2.message.DbException;
import org.h2.util.StringUtils;

/** The errors that a federated query gives by itself: message, SQLState and H2's code. */
final class FederationErrors {
    /** Vendor code of a query that would ship more than it may. */
    static final int TOO_MUCH_SHIPPED = 90_944;

    /** Names in a list of what exists. */
    private static final int LISTED = 20;

    private FederationErrors() {}

    static DbException noDatabase(String name, Collection<String> existing) {
        return error(
                "Database " + StringUtils.quoteIdentifier(name) + " not found" + list(existing),
                ErrorCode.DATABASE_NOT_FOUND_1);
    }

    static DbException noSchema(String database, String name, Collection<String> existing) {
        return error(
                "Schema " + StringUtils.quoteIdentifier(name) + " not found in database " + database + list(existing),
                ErrorCode.SCHEMA_NOT_FOUND_1);
    }

    static DbException noTable(String database, String schema, String name, Collection<String> existing) {
        return error(
                "Table " + StringUtils.quoteIdentifier(name) + " not found in " + database + "." + schema
                        + list(existing),
                ErrorCode.TABLE_OR_VIEW_NOT_FOUND_1);
    }

    static DbException unsupported(String message) {
        return wrap(message, "0A000", ErrorCode.FEATURE_NOT_SUPPORTED_1);
    }

    static DbException noSequence(String database, String schema, String name) {
        return error(
                "Sequence " + StringUtils.quoteIdentifier(name) + " not found in " + database + "." + schema,
                ErrorCode.SEQUENCE_NOT_FOUND_1);
    }

    static DbException noFunction(String database, String schema, String name) {
        return error(
                "Function " + StringUtils.quoteIdentifier(name) + " not found in " + database + "." + schema,
                ErrorCode.FUNCTION_NOT_FOUND_1);
    }

    static DbException tooMuchShipped(String database, String bound, long value) {
        return wrap(
                "a query across databases may ship " + value + " " + bound + ", and database " + database
                        + " has more for it: add conditions on its tables, or raise the bound of shipped " + bound
                        + "; EXPLAIN shows what is shipped",
                "54000",
                TOO_MUCH_SHIPPED);
    }

    static DbException changing(String database) {
        return wrap(
                "other transactions go on changing which rows of database " + database
                        + " the statement is about: run the transaction again",
                "40001",
                ErrorCode.DEADLOCK_1);
    }

    /** An error that a scratch database gave, with the names of schemas as the user wrote them. */
    static DbException named(DbException e, String sql) {
        if (!(e.getSQLException() instanceof JdbcException given)) {
            return e;
        }
        String message = ResultColumn.named(given.getOriginalMessage());
        return DbException.convert(DbException.getJdbcSQLException(
                message,
                sql,
                e.getSQLException().getSQLState(),
                e.getErrorCode(),
                e.getSQLException().getCause(),
                null));
    }

    private static String list(Collection<String> existing) {
        if (existing.isEmpty()) {
            return "; there is none";
        }
        StringBuilder names = new StringBuilder("; there are: ");
        int n = 0;
        for (String name : new TreeSet<>(existing)) {
            if (n++ == LISTED) {
                return names.append(" and ")
                        .append(existing.size() - LISTED)
                        .append(" more")
                        .toString();
            }
            names.append(n == 1 ? "" : ", ").append(name);
        }
        return names.toString();
    }

    private static DbException error(String message, int code) {
        return wrap(message, ErrorCode.getState(code), code);
    }

    private static DbException wrap(String message, String state, int code) {
        return DbException.convert(DbException.getJdbcSQLException(message, null, state, code, (Throwable) null, null));
    }
}
