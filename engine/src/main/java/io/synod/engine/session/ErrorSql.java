package io.synod.engine.session;

import org.h2.jdbc.JdbcException;
import org.h2.message.DbException;

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

    /** Another text was run: whatever names it names the sent one. */
    static DbException replace(DbException e, String run, String sent) {
        return e.getSQLException() instanceof JdbcException error && run.equals(error.getSQL()) ? set(e, sent) : e;
    }
}
