package io.synod.engine.writeset;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.WriteBuffer;
import org.h2.mvstore.db.MVTable;
import org.h2.mvstore.db.RowDataType;
import org.h2.result.Row;
import org.h2.value.Value;
import org.h2.value.ValueBlob;
import org.h2.value.ValueClob;
import org.h2.value.ValueLob;
import org.h2.value.ValueNull;
import org.h2.value.lob.LobData;
import org.h2.value.lob.LobDataDatabase;
import org.h2.value.lob.LobDataInMemory;

/**
 * Rows of one table as bytes, in H2's own coding of values. A LOB that H2 keeps beside the row has an id that means nothing
 * on another node: its content travels instead, or, where an update has not touched it, only the word that it is the same.
 */
final class RowImages {
    private final MVTable table;
    private final RowDataType coding;
    private final boolean lobs;

    RowImages(SessionLocal session, MVTable table) {
        this.table = table;
        this.coding = table.getRowFactory().getRowDataType();
        this.lobs = table.getContainsLargeObject();
    }

    void writeInserted(WriteBuffer out, Row row) {
        if (lobs) {
            out.putVarInt(0);
        }
        coding.write(out, lobs ? shipped(null, row) : row);
    }

    void writeUpdated(WriteBuffer out, Row old, Row row) {
        if (lobs) {
            int same = 0;
            for (int i = 0; i < row.getColumnCount(); i++) {
                same += isSameLob(old.getValue(i), row.getValue(i)) ? 1 : 0;
            }
            out.putVarInt(same);
            for (int i = 0; same > 0 && i < row.getColumnCount(); i++) {
                if (isSameLob(old.getValue(i), row.getValue(i))) {
                    out.putVarInt(i);
                }
            }
        }
        coding.write(out, lobs ? shipped(old, row) : row);
    }

    /** @param old the row as it stands on this member, for what is unchanged; {@code null} for a row that is new */
    Row read(ByteBuffer in, Row old) {
        int same = lobs ? DataUtils.readVarInt(in) : 0;
        int[] columns = new int[same];
        for (int i = 0; i < same; i++) {
            columns[i] = DataUtils.readVarInt(in);
        }
        Row row = (Row) coding.read(in);
        for (int column : columns) {
            row.setValue(column, old.getValue(column));
        }
        return row;
    }

    private Row shipped(Row old, Row row) {
        Value[] values = new Value[row.getColumnCount()];
        for (int i = 0; i < values.length; i++) {
            Value value = row.getValue(i);
            if (old != null && isSameLob(old.getValue(i), value)) {
                values[i] = ValueNull.INSTANCE;
            } else {
                values[i] = value instanceof ValueLob lob ? withContent(lob) : value;
            }
        }
        return table.createRow(values, 0);
    }

    private static boolean isSameLob(Value old, Value now) {
        if (!(old instanceof ValueLob oldLob) || !(now instanceof ValueLob nowLob)) {
            return false;
        }
        if (old == now) {
            return true;
        }
        LobData oldData = oldLob.getLobData();
        LobData nowData = nowLob.getLobData();
        if (oldData instanceof LobDataDatabase a && nowData instanceof LobDataDatabase b) {
            return a.getLobId() == b.getLobId();
        }
        return oldData instanceof LobDataInMemory a
                && nowData instanceof LobDataInMemory b
                && a.getSmall() == b.getSmall();
    }

    private static ValueLob withContent(ValueLob lob) {
        if (lob.getLobData() instanceof LobDataInMemory) {
            return lob;
        }
        try (var content = lob.getInputStream()) {
            byte[] bytes = content.readAllBytes();
            return lob instanceof ValueClob clob
                    ? ValueClob.createSmall(bytes, clob.charLength())
                    : ValueBlob.createSmall(bytes);
        } catch (IOException e) {
            throw DbException.convertIOException(e, "reading a LOB to replicate it");
        }
    }
}
