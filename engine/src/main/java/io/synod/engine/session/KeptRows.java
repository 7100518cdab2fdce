package io.synod.engine.session;

import io.synod.jdbc.RemoteInternals;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Arrays;
import org.h2.engine.SessionLocal;
import org.h2.expression.Expression;
import org.h2.expression.ExpressionColumn;
import org.h2.message.DbException;
import org.h2.result.LocalResult;
import org.h2.result.ResultInterface;
import org.h2.store.DataHandler;
import org.h2.table.Column;
import org.h2.value.TypeInfo;
import org.h2.value.Value;
import org.h2.value.ValueBlob;
import org.h2.value.ValueClob;
import org.h2.value.ValueLob;
import org.h2.value.ValueNull;
import org.h2.value.ValueVarbinary;
import org.h2.value.lob.LobDataFetchOnDemand;

/**
 * Rows of another node's result, kept on this one as H2 keeps its own: in memory while they are few (MAX_MEMORY_ROWS), else in
 * a temporary file. Under the session's lock.
 *
 * <p>A LOB that the other node stores stays there: what names it is kept in a column of its own, because H2's file takes only
 * LOBs of its own database.
 */
final class KeptRows {
    private static final long NOT_TEXT = -1;

    private final LocalResult rows;
    private final int columns;
    /** Where the LOBs are read. */
    private DataHandler lobs;

    /** @param like has the same columns */
    KeptRows(SessionLocal local, ResultInterface like) {
        columns = like.getVisibleColumnCount();
        Expression[] expressions = new Expression[columns + 1];
        for (int i = 0; i <= columns; i++) {
            TypeInfo type = i < columns ? like.getColumnType(i) : TypeInfo.TYPE_VARBINARY;
            expressions[i] = new ExpressionColumn(local.getDatabase(), new Column("C" + i, type));
        }
        rows = new LocalResult(local, expressions, columns + 1, columns + 1);
    }

    void add(Value[] row) {
        Value[] mine = Arrays.copyOf(row, columns + 1);
        mine[columns] = ValueNull.INSTANCE;
        ByteArrayOutputStream bytes = null;
        try {
            for (int i = 0; i < columns; i++) {
                if (mine[i] instanceof ValueLob lob && lob.getLobData() instanceof LobDataFetchOnDemand data) {
                    bytes = bytes == null ? new ByteArrayOutputStream() : bytes;
                    write(new DataOutputStream(bytes), i, lob, data);
                    lobs = data.getDataHandler();
                    mine[i] = ValueNull.INSTANCE;
                } else {
                    // LOBs that came with the row, or are part of a value.
                    mine[i] = Lobs.replaced(mine[i], Lobs::inMemory);
                }
            }
        } catch (IOException e) {
            throw DbException.convertIOException(e, "keeping a row of the leader's");
        }
        if (bytes != null) {
            mine[columns] = ValueVarbinary.getNoCopy(bytes.toByteArray());
        }
        rows.addRow(mine);
    }

    /** All have been added. */
    void done() {
        rows.done();
    }

    /** @return {@code null} after the last */
    Value[] next() {
        if (!rows.next()) {
            return null;
        }
        Value[] kept = rows.currentRow();
        Value[] row = Arrays.copyOf(kept, columns);
        if (kept[columns] != ValueNull.INSTANCE) {
            try {
                read(kept[columns].getBytesNoCopy(), row);
            } catch (IOException e) {
                throw DbException.convertIOException(e, "reading a row of the leader's");
            }
        }
        return row;
    }

    void reset() {
        rows.reset();
    }

    void close() {
        rows.close();
    }

    private static void write(DataOutputStream out, int column, ValueLob lob, LobDataFetchOnDemand data)
            throws IOException {
        byte[] mac = RemoteInternals.lobMac(data);
        out.writeInt(column);
        out.writeInt(data.getTableId());
        out.writeLong(data.getLobId());
        out.writeInt(mac.length);
        out.write(mac);
        out.writeLong(lob.octetLength());
        out.writeLong(lob instanceof ValueClob ? lob.charLength() : NOT_TEXT);
    }

    private void read(byte[] bytes, Value[] row) throws IOException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
        while (in.available() > 0) {
            int column = in.readInt();
            int table = in.readInt();
            long id = in.readLong();
            byte[] mac = in.readNBytes(in.readInt());
            LobDataFetchOnDemand data = new LobDataFetchOnDemand(lobs, table, id, mac);
            long octets = in.readLong();
            long characters = in.readLong();
            row[column] =
                    characters == NOT_TEXT ? new ValueBlob(data, octets) : new ValueClob(data, octets, characters);
        }
    }
}
