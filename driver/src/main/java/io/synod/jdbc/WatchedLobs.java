package io.synod.jdbc;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.function.Supplier;
import org.h2.engine.SessionRemote;
import org.h2.message.DbException;
import org.h2.value.Value;
import org.h2.value.ValueArray;
import org.h2.value.ValueBlob;
import org.h2.value.ValueClob;
import org.h2.value.ValueLob;
import org.h2.value.ValueRow;
import org.h2.value.lob.LobDataFetchOnDemand;
import org.h2.value.lob.SynodLobData;

/**
 * LOBs of a row whose content stays on the node until it is read: reading it is a request like others, watched meanwhile, and
 * ends with 40001 when the node is lost; of a stream that is the cause of its I/O error.
 */
final class WatchedLobs {
    private final FailoverSession session;
    private final SessionRemote origin;

    WatchedLobs(FailoverSession session, SessionRemote origin) {
        this.session = session;
        this.origin = origin;
    }

    /** @return the same array where there are none */
    Value[] in(Value[] values) {
        Value[] watched = values;
        for (int i = 0; values != null && i < values.length; i++) {
            Value value = in(values[i]);
            if (value != values[i]) {
                watched = watched == values ? values.clone() : watched;
                watched[i] = value;
            }
        }
        return watched;
    }

    private Value in(Value value) {
        if (value instanceof ValueLob lob && lob.getLobData() instanceof LobDataFetchOnDemand) {
            SynodLobData data = new SynodLobData(() -> new Content(lob::getInputStream));
            return lob instanceof ValueClob
                    ? new ValueClob(data, lob.octetLength(), lob.charLength())
                    : new ValueBlob(data, lob.octetLength());
        }
        if (value instanceof ValueArray array) {
            Value[] list = in(array.getList());
            return list == array.getList() ? array : ValueArray.get(array.getComponentType(), list, null);
        }
        if (value instanceof ValueRow row) {
            Value[] list = in(row.getList());
            return list == row.getList() ? row : ValueRow.get(row.getType(), list);
        }
        return value;
    }

    private final class Content extends InputStream {
        private final InputStream there;

        private Content(Supplier<InputStream> there) {
            this.there = there.get();
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 255;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            try {
                return session.awaiting(origin, () -> {
                    try {
                        return there.read(buffer, offset, length);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
            } catch (UncheckedIOException e) {
                throw lost(e.getCause());
            }
        }

        private IOException lost(IOException e) {
            DbException error = DbException.convert(e.getCause() == null ? e : e.getCause());
            if (!Broken.isBroken(origin, error)) {
                return e;
            }
            // That the transaction is lost is said by the next statement.
            return new IOException(e.getMessage(), Errors.wrap(Errors.rowsLost(error.getSQLException())));
        }

        @Override
        public void close() throws IOException {
            there.close();
        }
    }
}
