package io.synod.engine.session;

import io.synod.engine.database.Errors;
import java.io.IOException;
import java.io.InputStream;
import org.h2.engine.SessionRemote;
import org.h2.message.DbException;
import org.h2.result.ResultInterface;
import org.h2.value.Value;
import org.h2.value.ValueBlob;
import org.h2.value.ValueClob;
import org.h2.value.ValueLob;
import org.h2.value.lob.LobDataFetchOnDemand;
import org.h2.value.lob.SynodLobData;

/** The content of a LOB that stays on the leader until it is read: 40001 when that is lost. */
final class LeadersLob extends InputStream {
    private final InputStream there;
    private final SessionRemote leader;

    private LeadersLob(InputStream there, SessionRemote leader) {
        this.there = there;
        this.leader = leader;
    }

    /** Whether rows of these columns may have some. */
    static boolean mayBeIn(ResultInterface rows) {
        for (int i = 0; i < rows.getVisibleColumnCount(); i++) {
            switch (rows.getColumnType(i).getValueType()) {
                case Value.BLOB, Value.CLOB, Value.ARRAY, Value.ROW -> {
                    return true;
                }
                default -> {
                    // It is in the row.
                }
            }
        }
        return false;
    }

    static Value[] watched(Value[] row) {
        return row == null ? null : Lobs.replaced(row, LeadersLob::watched);
    }

    private static ValueLob watched(ValueLob lob) {
        if (!(lob.getLobData() instanceof LobDataFetchOnDemand data
                && data.getDataHandler() instanceof SessionRemote leader)) {
            return lob;
        }
        SynodLobData content = new SynodLobData(() -> new LeadersLob(lob.getInputStream(), leader));
        return lob instanceof ValueClob
                ? new ValueClob(content, lob.octetLength(), lob.charLength())
                : new ValueBlob(content, lob.octetLength());
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 255;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        try {
            return there.read(buffer, offset, length);
        } catch (IOException e) {
            if (!leader.isClosed()) {
                throw e;
            }
            DbException lost = Errors.lobLost(e);
            throw new IOException(lost.getSQLException().getMessage(), lost);
        }
    }

    @Override
    public void close() throws IOException {
        there.close();
    }
}
