package io.synod.engine.session;

import org.h2.api.ErrorCode;
import org.h2.command.query.Query;
import org.h2.engine.Session;
import org.h2.engine.SessionLocal;
import org.h2.expression.Expression;
import org.h2.index.Cursor;
import org.h2.message.DbException;
import org.h2.result.Row;
import org.h2.schema.Schema;
import org.h2.table.Column;
import org.h2.table.Table;
import org.h2.value.Value;
import org.h2.value.ValueNull;

/** Gives a new column its values in the session's transaction, as ALTER TABLE does: no trigger fires. */
final class ColumnFill {
    private ColumnFill() {}

    static void run(SessionLocal session, String schema, String table, DdlPlan.Fill what) {
        session.lock();
        Session outer = session.setThreadLocalSession();
        try {
            session.startStatementWithinTransaction(null);
            try {
                Schema found = session.getDatabase().getSchema(schema);
                fill(session, found.getTableOrView(session, table), what);
            } finally {
                session.endStatement();
            }
        } finally {
            session.resetThreadLocalSession(outer);
            session.unlock();
        }
    }

    private static void fill(SessionLocal session, Table table, DdlPlan.Fill what) {
        table.lock(session, Table.WRITE_LOCK);
        Column column = table.getColumn(what.column());
        int id = column.getColumnId();
        Query query = (Query) session.prepare("SELECT " + what.expression());
        Expression value = query.getExpressions().get(0);
        Cursor rows = table.getScanIndex(session).find(session, null, null, false);
        for (long number = 1; rows.next(); number++) {
            Row old = table.lockRow(session, rows.get(), -1);
            if (old == null || old.getValue(id) != ValueNull.INSTANCE) {
                continue;
            }
            // NEXT VALUE FOR gives one value per row.
            query.setCurrentRowNumber(number);
            Value[] values = old.getValueList().clone();
            values[id] = column.convert(session, value.getValue(session));
            if (what.notNull() && values[id] == ValueNull.INSTANCE) {
                throw DbException.get(ErrorCode.NULL_NOT_ALLOWED, what.column());
            }
            Row now = table.createRow(values, Row.MEMORY_CALCULATE);
            now.setKey(old.getKey());
            table.updateRow(session, old, now);
        }
        session.registerTableAsUpdated(table);
    }
}
