package io.synod.engine.snapshot;

import java.io.FilterInputStream;
import java.io.FilterReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import org.h2.api.ErrorCode;
import org.h2.engine.Database;
import org.h2.message.DbException;
import org.h2.store.DataHandler;
import org.h2.store.FileStore;
import org.h2.store.LobStorageInterface;
import org.h2.util.SmallLRUCache;
import org.h2.util.TempFileDeleter;
import org.h2.value.CompareMode;
import org.h2.value.ValueBlob;
import org.h2.value.ValueClob;
import org.h2.value.ValueLob;

/**
 * A database's LOBs as sessions create and read them outside of statements: parameters are stored while they are set. What
 * changes the store passes the gate, so that no checkpoint holds half of it; while the application's stream is waited for, the
 * gate is free. Thread-safe.
 */
final class GatedLobs implements DataHandler, LobStorageInterface {
    private final Database database;
    private final LobStorageInterface lobs;
    private final StatementGate gate;

    GatedLobs(Database database, StatementGate gate) {
        this.database = database;
        this.lobs = database.getLobStorage();
        this.gate = gate;
    }

    @Override
    public ValueBlob createBlob(InputStream in, long maxLength) {
        gate.enterOpenTransaction();
        try {
            return lobs.createBlob(new FreeInputStream(in), maxLength);
        } finally {
            gate.exit();
        }
    }

    @Override
    public ValueClob createClob(Reader reader, long maxLength) {
        gate.enterOpenTransaction();
        try {
            return lobs.createClob(new FreeReader(reader), maxLength);
        } finally {
            gate.exit();
        }
    }

    @Override
    public ValueLob copyLob(ValueLob old, int tableId) {
        gate.enterOpenTransaction();
        try {
            return lobs.copyLob(old, tableId);
        } finally {
            gate.exit();
        }
    }

    @Override
    public InputStream getInputStream(long lobId, long byteCount) throws IOException {
        try {
            return lobs.getInputStream(lobId, byteCount);
        } catch (NullPointerException e) {
            throw gone(lobId, e); // H2 does not look whether it has found anything
        }
    }

    @Override
    public InputStream getInputStream(long lobId, int tableId, long byteCount) throws IOException {
        try {
            return lobs.getInputStream(lobId, tableId, byteCount);
        } catch (NullPointerException e) {
            throw gone(lobId, e);
        }
    }

    private static DbException gone(long lobId, NullPointerException cause) {
        return DbException.get(ErrorCode.LOB_CLOSED_ON_TIMEOUT_1, cause, Long.toString(lobId));
    }

    @Override
    public void removeLob(ValueLob lob) {
        lobs.removeLob(lob);
    }

    @Override
    public void removeAllForTable(int tableId) {
        gate.enterOpenTransaction();
        try {
            lobs.removeAllForTable(tableId);
        } finally {
            gate.exit();
        }
    }

    @Override
    public boolean isReadOnly() {
        return lobs.isReadOnly();
    }

    // ---- the database's -------------------------------------------------------------------------------------------

    @Override
    public LobStorageInterface getLobStorage() {
        return this;
    }

    @Override
    public String getDatabasePath() {
        return database.getDatabasePath();
    }

    @Override
    public FileStore openFile(String name, String mode, boolean mustExist) {
        return database.openFile(name, mode, mustExist);
    }

    @Override
    public void checkPowerOff() {
        database.checkPowerOff();
    }

    @Override
    public void checkWritingAllowed() {
        database.checkWritingAllowed();
    }

    @Override
    public int getMaxLengthInplaceLob() {
        return database.getMaxLengthInplaceLob();
    }

    @Override
    public TempFileDeleter getTempFileDeleter() {
        return database.getTempFileDeleter();
    }

    @Override
    public Object getLobSyncObject() {
        return database.getLobSyncObject();
    }

    @Override
    public SmallLRUCache<String, String[]> getLobFileListCache() {
        return database.getLobFileListCache();
    }

    @Override
    public int readLob(long lobId, byte[] hmac, long offset, byte[] buff, int off, int length) {
        return database.readLob(lobId, hmac, offset, buff, off, length);
    }

    @Override
    public CompareMode getCompareMode() {
        return database.getCompareMode();
    }

    // ---- the application's streams --------------------------------------------------------------------------------

    private final class FreeInputStream extends FilterInputStream {
        FreeInputStream(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] to, int offset, int length) throws IOException {
            gate.exit();
            try {
                return in.read(to, offset, length);
            } finally {
                gate.enterOpenTransaction();
            }
        }
    }

    private final class FreeReader extends FilterReader {
        FreeReader(Reader in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            char[] one = new char[1];
            return read(one, 0, 1) < 0 ? -1 : one[0];
        }

        @Override
        public int read(char[] to, int offset, int length) throws IOException {
            gate.exit();
            try {
                return in.read(to, offset, length);
            } finally {
                gate.enterOpenTransaction();
            }
        }
    }
}
