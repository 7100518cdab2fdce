package io.synod.engine.federation;

import java.io.IOException;
import java.io.InputStream;
import org.h2.engine.Session;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.h2.store.DataHandler;
import org.h2.value.Value;
import org.h2.value.ValueArray;
import org.h2.value.ValueBlob;
import org.h2.value.ValueClob;
import org.h2.value.ValueLob;
import org.h2.value.ValueRow;
import org.h2.value.lob.LobDataDatabase;
import org.h2.value.lob.LobDataInMemory;

/**
 * LOBs of one database in another one. A stored LOB is a number, and each database has numbers of its own: H2 would take it for
 * the number of another LOB, or of none.
 */
final class ForeignLobs {
    private static final int IN_MEMORY_BYTES = 64 << 10;

    /** Has a store for what is larger; {@code null} where all is to be in memory. */
    private final Session session;

    private final DataHandler store;

    private ForeignLobs(Session session, DataHandler store) {
        this.session = session;
        this.store = store;
    }

    /** Values for a query of a branch. */
    static Value[] inMemory(Value[] values) {
        return new ForeignLobs(null, null).all(values);
    }

    /** Values for a change of rows of a branch. */
    static Value[] in(Branch branch, Value[] values) {
        return new ForeignLobs(branch.session(), branch.catalogue().getDatabase()).all(values);
    }

    /** Values of a scratch database, which may be a file. */
    static Value[] in(SessionLocal scratch, Value[] values) {
        return new ForeignLobs(scratch, scratch.getDatabase()).all(values);
    }

    /** @return bytes that the value takes, a LOB with its content */
    static long bytes(Value value) {
        return value instanceof ValueLob lob ? Math.max(lob.getMemory(), lob.octetLength()) : value.getMemory();
    }

    /** @return the same where none of them is changed */
    private Value[] all(Value[] values) {
        Value[] all = values;
        for (int i = 0; i < values.length; i++) {
            Value value = one(values[i]);
            if (value != values[i]) {
                all = all == values ? values.clone() : all;
                all[i] = value;
            }
        }
        return all;
    }

    private Value one(Value value) {
        if (value instanceof ValueLob lob) {
            return lob(lob);
        }
        if (value instanceof ValueArray array) {
            Value[] all = all(array.getList());
            return all == array.getList() ? array : ValueArray.get(array.getComponentType(), all, null);
        }
        if (value instanceof ValueRow row) {
            Value[] all = all(row.getList());
            return all == row.getList() ? row : ValueRow.get(row.getType(), all);
        }
        return value;
    }

    private ValueLob lob(ValueLob lob) {
        boolean own = lob.getLobData() instanceof LobDataDatabase data && data.getDataHandler() == store;
        if (own || lob.getLobData() instanceof LobDataInMemory) {
            return lob;
        }
        try {
            if (session == null || lob.octetLength() <= IN_MEMORY_BYTES) {
                return read(lob);
            }
            ValueLob copy;
            if (lob instanceof ValueClob) {
                copy = session.getDataHandler().getLobStorage().createClob(lob.getReader(), -1);
            } else {
                try (InputStream in = lob.getInputStream()) {
                    copy = session.getDataHandler().getLobStorage().createBlob(in, -1);
                }
            }
            return session.addTemporaryLob(copy);
        } catch (IOException e) {
            throw DbException.convertIOException(e, "reading a LOB on its way to another database");
        }
    }

    private static ValueLob read(ValueLob lob) throws IOException {
        try (InputStream in = lob.getInputStream()) {
            byte[] bytes = in.readAllBytes();
            return lob instanceof ValueClob clob
                    ? ValueClob.createSmall(bytes, clob.charLength())
                    : ValueBlob.createSmall(bytes);
        }
    }
}
