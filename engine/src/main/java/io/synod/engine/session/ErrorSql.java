package io.synod.engine.session;

import java.sql.SQLException;
import org.h2.jdbc.JdbcException;
import org.h2.message.DbException;
import org.h2.util.HasSQL;
import org.h2.util.ParserUtil;

/** The statement that an error of H2's names: the one that the application has sent, whatever was run for it. */
final class ErrorSql {
    private ErrorSql() {}

    static DbException set(DbException e, String sql) {
        if (e.getSQLException() instanceof JdbcException error) {
            error.setSQL(sql);
        }
        return e;
    }

    /** Leaves one that is named already. */
    static DbException add(DbException e, String sql) {
        return e.getSQLException() instanceof JdbcException error && error.getSQL() == null ? set(e, sql) : e;
    }

    /** Names an object by its later name. In a message H2 quotes names once more. */
    static DbException rename(DbException e, String from, String to) {
        if (from == null
                || !(e.getSQLException() instanceof JdbcException error)
                || !error.getOriginalMessage().contains(from)) {
            return e;
        }
        String quoted = ParserUtil.quoteIdentifier(new StringBuilder(), to, HasSQL.TRACE_SQL_FLAGS)
                .toString()
                .replace("\"", "\"\"");
        String message = error.getOriginalMessage()
                .replace("\"\"" + from + "\"\"", quoted)
                .replace(from, to.replace("\"", "\"\""));
        SQLException old = e.getSQLException();
        return DbException.convert(DbException.getJdbcSQLException(
                message, error.getSQL(), old.getSQLState(), old.getErrorCode(), e.getCause(), null));
    }

    /** Another text was run: whatever names it names the sent one. */
    static DbException replace(DbException e, String run, String sent) {
        return e.getSQLException() instanceof JdbcException error && run.equals(error.getSQL()) ? set(e, sent) : e;
    }
}
