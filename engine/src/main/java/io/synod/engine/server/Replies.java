package io.synod.engine.server;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.sql.SQLException;
import org.h2.engine.Session;
import org.h2.engine.SessionRemote;
import org.h2.engine.SynodSessionBridge;
import org.h2.jdbc.JdbcException;
import org.h2.message.DbException;
import org.h2.result.ResultColumn;
import org.h2.result.ResultInterface;
import org.h2.value.Transfer;
import org.h2.value.Value;
import org.h2.value.ValueLob;

/** Writes results and errors to a client. Used by its connection's thread. */
final class Replies {
    private final Transfer transfer;

    Replies(Transfer transfer) {
        this.transfer = transfer;
    }

    void error(Throwable error) throws IOException {
        transfer.writeInt(SessionRemote.STATUS_ERROR);
        exception(DbException.convert(error).getSQLException());
        transfer.flush();
    }

    void exception(SQLException e) throws IOException {
        StringWriter trace = new StringWriter();
        e.printStackTrace(new PrintWriter(trace));
        boolean ofH2 = e instanceof JdbcException;
        transfer.writeString(e.getSQLState())
                .writeString(ofH2 ? ((JdbcException) e).getOriginalMessage() : e.getMessage())
                .writeString(ofH2 ? ((JdbcException) e).getSQL() : null)
                .writeInt(e.getErrorCode())
                .writeString(trace.toString());
    }

    void columns(ResultInterface result, long rowCount) throws IOException {
        int columns = result.getVisibleColumnCount();
        transfer.writeInt(columns).writeRowCount(rowCount);
        for (int i = 0; i < columns; i++) {
            ResultColumn.writeColumn(transfer, result, i);
        }
    }

    void whole(ResultInterface result, SynodSessionBridge session) throws IOException {
        long rowCount = result.getRowCount();
        columns(result, rowCount);
        rows(result, rowCount, session);
    }

    /** Writes up to {@code count} rows; an error on the way takes the place of a row. */
    void rows(ResultInterface result, long count, SynodSessionBridge session) throws IOException {
        Session before = result.isLazy() ? session.setThreadLocalSession() : null;
        try {
            for (long i = 0; i < count; i++) {
                boolean more;
                try {
                    more = result.next();
                } catch (RuntimeException e) {
                    transfer.writeByte((byte) -1);
                    exception(DbException.convert(e).getSQLException());
                    return;
                }
                transfer.writeByte((byte) (more ? 1 : 0));
                if (!more) {
                    return;
                }
                row(result, session);
            }
        } finally {
            if (result.isLazy()) {
                session.resetThreadLocalSession(before);
            }
        }
    }

    private void row(ResultInterface result, SynodSessionBridge session) throws IOException {
        Value[] values = result.currentRow();
        int columns = result.getVisibleColumnCount();
        for (int i = 0; i < columns; i++) {
            Value value = values[i];
            if (value instanceof ValueLob lob && result.isLazy()) {
                // The row may be gone from the table when the client asks for the object's bytes.
                ValueLob copy = lob.copyToResult();
                value = copy == lob ? lob : session.addTemporaryLob(copy);
            }
            try {
                transfer.writeValue(value);
            } catch (RuntimeException e) {
                // The content of a large object cannot be read, and the client is in the middle of its row.
                throw new IOException("a row cannot be sent to its end", e);
            }
        }
    }
}
