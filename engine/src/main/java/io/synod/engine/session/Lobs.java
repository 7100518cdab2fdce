package io.synod.engine.session;

import io.synod.jdbc.RemoteValues;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.UnaryOperator;
import org.h2.message.DbException;
import org.h2.value.Value;
import org.h2.value.ValueArray;
import org.h2.value.ValueBlob;
import org.h2.value.ValueClob;
import org.h2.value.ValueLob;
import org.h2.value.ValueRow;
import org.h2.value.lob.LobData;
import org.h2.value.lob.LobDataDatabase;
import org.h2.value.lob.LobDataInMemory;
import org.h2.value.lob.SynodLobData;

/** Turns LOBs that one node stores into values that mean the same on another. */
final class Lobs {
    /** A larger one is read while it is sent. */
    private static final int IN_MEMORY_BYTES = 64 << 10;

    private Lobs() {}

    /** The value with these LOBs instead of its own, also inside of arrays and rows; the same one where they are its own. */
    static Value replaced(Value value, UnaryOperator<ValueLob> by) {
        if (value instanceof ValueLob lob) {
            return by.apply(lob);
        }
        if (value instanceof ValueArray array) {
            Value[] list = replaced(array.getList(), by);
            return list == array.getList() ? array : ValueArray.get(array.getComponentType(), list, null);
        }
        if (value instanceof ValueRow row) {
            Value[] list = replaced(row.getList(), by);
            return list == row.getList() ? row : ValueRow.get(row.getType(), list);
        }
        return value;
    }

    /** Whether one of its LOBs is stored somewhere else than in the value. */
    static boolean isStored(Value value) {
        boolean[] stored = {false};
        replaced(value, lob -> {
            stored[0] |= !(lob.getLobData() instanceof LobDataInMemory);
            return lob;
        });
        return stored[0];
    }

    static Value[] replaced(Value[] values, UnaryOperator<ValueLob> by) {
        Value[] changed = values;
        for (int i = 0; i < values.length; i++) {
            Value value = replaced(values[i], by);
            if (value != values[i]) {
                changed = changed == values ? values.clone() : changed;
                changed[i] = value;
            }
        }
        return changed;
    }

    /**
     * A LOB that this node's H2 stores has no meaning elsewhere: its bytes have. An ENUM is read as a value of a column over
     * there, which a parameter is not: its text is assigned to one all the same.
     */
    static Value sendable(Value value) {
        return RemoteValues.sendable(replaced(value, Lobs::carried));
    }

    /** The LOB by its content instead of by its place in this node's store. It must outlive the value. */
    static ValueLob carried(ValueLob lob) {
        if (!(lob.getLobData() instanceof LobDataDatabase)) {
            return lob;
        }
        long octets = lob.octetLength();
        if (octets > IN_MEMORY_BYTES) {
            LobData content = new SynodLobData(lob::getInputStream);
            return lob instanceof ValueClob clob
                    ? new ValueClob(content, octets, clob.charLength())
                    : new ValueBlob(content, octets);
        }
        return read(lob);
    }

    /** The LOB with its content, unless H2 keeps it in this node's store. */
    static ValueLob inMemory(ValueLob lob) {
        boolean isHere = lob.getLobData() instanceof LobDataInMemory || lob.getLobData() instanceof LobDataDatabase;
        return isHere ? lob : read(lob);
    }

    private static ValueLob read(ValueLob lob) {
        try (InputStream in = lob.getInputStream()) {
            byte[] bytes = in.readAllBytes();
            return lob instanceof ValueClob clob
                    ? ValueClob.createSmall(bytes, clob.charLength())
                    : ValueBlob.createSmall(bytes);
        } catch (IOException e) {
            throw DbException.convertIOException(e, "reading a LOB on its way to or from the leader");
        }
    }
}
