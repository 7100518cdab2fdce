package io.synod.engine.writeset;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.BitSet;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.WriteBuffer;
import org.h2.mvstore.db.MVTable;
import org.h2.mvstore.db.RowDataType;
import org.h2.result.Row;
import org.h2.table.Column;
import org.h2.value.Value;
import org.h2.value.ValueArray;
import org.h2.value.ValueBlob;
import org.h2.value.ValueClob;
import org.h2.value.ValueCollectionBase;
import org.h2.value.ValueLob;
import org.h2.value.ValueNull;
import org.h2.value.ValueRow;
import org.h2.value.lob.LobData;
import org.h2.value.lob.LobDataDatabase;
import org.h2.value.lob.LobDataInMemory;

/**
 * Rows of one table as bytes, in H2's own coding of values. A LOB that H2 keeps beside the row has an id that means nothing
 * on another node: its content travels instead, or, where an update has not touched it, only the word that it is the same.
 */
final class RowImages {
    private static final BitSet NONE = new BitSet();

    private final MVTable table;
    private final RowDataType coding;
    private final SessionLocal session;
    /** Has columns that are LOBs: H2 keeps track of these. */
    private final boolean lobs;
    /** Has columns that may hold LOBs inside: H2 takes these as they come. */
    private final boolean collections;

    RowImages(SessionLocal session, MVTable table) {
        this.session = session;
        this.table = table;
        this.coding = table.getRowFactory().getRowDataType();
        this.lobs = table.getContainsLargeObject();
        boolean found = false;
        for (Column column : table.getColumns()) {
            int type = column.getType().getValueType();
            found |= type == Value.ARRAY || type == Value.ROW;
        }
        this.collections = found;
    }

    void writeInserted(WriteBuffer out, Row row) {
        writeInserted(out, row, NONE);
    }

    /** @param apart columns whose LOBs travel apart from the row */
    void writeInserted(WriteBuffer out, Row row, BitSet apart) {
        if (lobs) {
            out.putVarInt(0);
        }
        coding.write(out, lobs || collections ? shipped(null, row, apart) : row);
    }

    void writeUpdated(WriteBuffer out, Row old, Row row) {
        writeUpdated(out, old, row, NONE);
    }

    /** @param apart columns whose LOBs travel apart from the row */
    void writeUpdated(WriteBuffer out, Row old, Row row, BitSet apart) {
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
        coding.write(out, lobs || collections ? shipped(old, row, apart) : row);
    }

    /** @param old the row as it stands on this member, for what is unchanged; {@code null} for a row that is new */
    Row read(ByteBuffer in, Row old) {
        int same = lobs ? WriteSetFormat.readCount(in) : 0;
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

    /**
     * The columns whose LOBs are too large to travel in the row.
     *
     * @param old what an update has not touched does not travel at all; may be {@code null}
     * @param bytes how many are not too large
     */
    BitSet apart(Row old, Row row, int bytes) {
        if (!lobs) {
            return NONE;
        }
        BitSet columns = NONE;
        for (int i = 0; i < row.getColumnCount(); i++) {
            if (row.getValue(i) instanceof ValueLob lob
                    && lob.getLobData() instanceof LobDataDatabase
                    && lob.octetLength() > bytes
                    && (old == null || !isSameLob(old.getValue(i), lob))) {
                if (columns == NONE) {
                    columns = new BitSet();
                }
                columns.set(i);
            }
        }
        return columns;
    }

    /** Bytes of a changed row in memory, roughly, with those of its LOBs that travel; either may be {@code null}. */
    static long sizeOf(Row old, Row now) {
        if (now == null) {
            return 16;
        }
        long bytes = now.getMemory();
        for (int i = 0; i < now.getColumnCount(); i++) {
            if (now.getValue(i) instanceof ValueLob lob
                    && lob.getLobData() instanceof LobDataDatabase
                    && (old == null || !isSameLob(old.getValue(i), lob))) {
                bytes += lob.octetLength();
            }
        }
        return bytes;
    }

    private Row shipped(Row old, Row row, BitSet apart) {
        Value[] values = new Value[row.getColumnCount()];
        for (int i = 0; i < values.length; i++) {
            Value value = row.getValue(i);
            if (apart.get(i) || old != null && isSameLob(old.getValue(i), value)) {
                values[i] = ValueNull.INSTANCE;
            } else {
                values[i] = withContent(value);
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

    private Value withContent(Value value) {
        if (value instanceof ValueLob lob) {
            return withContent(lob);
        }
        if (!(value instanceof ValueCollectionBase collection)) {
            return value;
        }
        Value[] elements = collection.getList().clone();
        boolean changed = false;
        for (int i = 0; i < elements.length; i++) {
            Value element = withContent(elements[i]);
            changed |= element != elements[i];
            elements[i] = element;
        }
        if (!changed) {
            return value;
        }
        return value instanceof ValueArray array
                ? ValueArray.get(array.getComponentType(), elements, session)
                : ValueRow.get(value.getType(), elements);
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
