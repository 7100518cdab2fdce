package io.synod.engine.writeset;

import java.io.IOException;
import java.io.InputStream;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.WriteBuffer;
import org.h2.mvstore.db.MVPrimaryIndex;
import org.h2.mvstore.db.Store;
import org.h2.mvstore.tx.SynodUndoLog;
import org.h2.result.Row;
import org.h2.result.SearchRow;
import org.h2.value.Value;
import org.h2.value.ValueClob;
import org.h2.value.ValueLob;
import org.h2.value.VersionedValue;

/**
 * Reads what the open transaction of a session has changed, part by part, for {@link Spool}s: neither the number of rows nor
 * the size of their LOBs costs memory, only the largest single row does.
 *
 * <p>H2's undo log is read once, oldest record first. The first record of a row stands for the row, wherever it stands in the
 * end; further records of the same row are told by what they found: a change of this same transaction.
 *
 * <p>Called by the thread that holds the session, which must not change anything until the last part; the session's lock need
 * not be held between two parts.
 */
public final class LargeCapture implements AutoCloseable {
    /** Of each part but the last: an entry of the log, with its header, fits into what peers send at once. */
    public static final int PART_BYTES = 240 << 10;

    /** A longer LOB travels before its row and not in it. */
    private static final int INLINE_LOB_BYTES = 64 << 10;

    /** What the image of a row takes, mostly. */
    private static final int IMAGE_BYTES = 8 << 10;

    /** A table that was changed. */
    private record Changed(
            TableRegistry.TableEntry entry, MVMap<Long, VersionedValue<SearchRow>> rows, RowImages images) {}

    private final SessionLocal session;
    private final TableRegistry tables;
    private final int partBytes;
    private final int inlineLobBytes;
    private final Store store;
    private final SynodUndoLog log;
    private final Map<Integer, Changed> byMap = new HashMap<>();
    private final Map<Integer, TableRegistry.TableEntry> byNumber = new TreeMap<>();

    private WriteBuffer image = new WriteBuffer(IMAGE_BYTES);
    private WriteBuffer out;
    /** How much of {@link #out} has been taken. */
    private int taken;

    private int lastMapId = -1;
    private Changed last;

    /** The row whose LOBs are on their way. */
    private Row old;

    private Row now;
    private long key;
    private Changed table;
    private BitSet apart = new BitSet();
    private int nextLob = -1;
    private InputStream lob;
    private long lobLeft;

    private long inserts;
    private long updates;
    private long deletes;
    private boolean complete;

    public LargeCapture(SessionLocal session, TableRegistry tables) {
        this(session, tables, PART_BYTES, INLINE_LOB_BYTES);
    }

    LargeCapture(SessionLocal session, TableRegistry tables, int partBytes, int inlineLobBytes) {
        this.session = session;
        this.tables = tables;
        this.partBytes = partBytes;
        this.inlineLobBytes = inlineLobBytes;
        this.out = new WriteBuffer(partBytes + IMAGE_BYTES);
        this.store = session.getDatabase().getStore();
        this.log = new SynodUndoLog(session.getTransaction());
    }

    /**
     * The next part.
     *
     * @return {@code null} when there is none
     * @throws IllegalStateException a table was changed that no applied DDL has created, or that was rebuilt meanwhile
     */
    public byte[] next() {
        try {
            while (out.position() - taken < partBytes && advance()) {
                if (out.position() > 2 * partBytes && taken > partBytes) {
                    compact();
                }
            }
        } finally {
            log.pause();
        }
        int size = Math.min(partBytes, out.position() - taken);
        if (size == 0) {
            complete = true;
            return null;
        }
        byte[] part = new byte[size];
        int end = out.position();
        out.position(taken);
        out.get(part);
        out.position(end);
        taken += size;
        if (taken == end) {
            reset();
        }
        return part;
    }

    /**
     * What completes the parts: to be called when {@link #next} has returned {@code null}.
     *
     * @param marks its sequences' marks that are due are put into the head
     * @return {@code null} when no replicated row was changed
     */
    public byte[] head(SequenceMarks marks) {
        if (!complete) {
            throw new IllegalStateException("the head was asked for before the last part was taken");
        }
        if (inserts + updates + deletes == 0) {
            return null;
        }
        WriteBuffer head = new WriteBuffer(256);
        Collection<TableRegistry.TableEntry> changed = byNumber.values();
        head.put(WriteSetFormat.VERSION).putVarInt(changed.size());
        for (TableRegistry.TableEntry entry : changed) {
            head.putVarInt(entry.number()).putVarLong(entry.version());
        }
        marks.write(head);
        head.putVarLong(inserts).putVarLong(updates).putVarLong(deletes);
        return WriteSetFormat.toBytes(head);
    }

    /** How many rows were changed so far. */
    public long rows() {
        return inserts + updates + deletes;
    }

    private void reset() {
        taken = 0;
        if (out.capacity() > 8 * partBytes) {
            out = new WriteBuffer(partBytes + IMAGE_BYTES); // a wide row is behind us
        } else {
            out.clear();
        }
    }

    private void compact() {
        byte[] rest = new byte[out.position() - taken];
        out.position(taken);
        out.get(rest);
        reset();
        out.put(rest);
    }

    /** One step: some bytes of a LOB, or a row. False when there is nothing left. */
    private boolean advance() {
        if (lob != null) {
            copyLob();
            return true;
        }
        if (table != null) {
            nextLob = apart.nextSetBit(nextLob + 1);
            if (nextLob >= 0) {
                beginLob((ValueLob) now.getValue(nextLob));
            } else {
                writeRow();
                table = null;
            }
            return true;
        }
        return nextRow();
    }

    private boolean nextRow() {
        while (log.next()) {
            if (!log.isFirst()) {
                continue;
            }
            Changed changed = changed();
            if (changed == null) {
                continue;
            }
            key = (Long) log.key();
            VersionedValue<SearchRow> value = changed.rows.get(key);
            old = value == null ? null : (Row) value.getCommittedValue();
            now = value == null ? null : (Row) value.getCurrentValue();
            if (old != now) { // the same object, mostly, where the row was only locked
                table = changed;
                apart = now == null ? new BitSet() : changed.images.apart(old, now, inlineLobBytes);
                nextLob = -1;
                return true;
            }
        }
        return false;
    }

    private Changed changed() {
        if (log.mapId() != lastMapId) {
            lastMapId = log.mapId();
            if (!byMap.containsKey(lastMapId)) {
                byMap.put(lastMapId, open(WriteSetCapture.replicated(tables, store, log.map())));
            }
            last = byMap.get(lastMapId);
        }
        return last;
    }

    private Changed open(TableRegistry.TableEntry entry) {
        if (entry == null) {
            return null;
        }
        MVMap<Long, VersionedValue<SearchRow>> rows =
                ((MVPrimaryIndex) entry.table().getScanIndex(session)).getMVMap();
        return new Changed(entry, rows, new RowImages(session, entry.table()));
    }

    private void beginLob(ValueLob value) {
        lob = value.getInputStream();
        lobLeft = value.octetLength();
        long characters = value.getValueType() == Value.CLOB ? ((ValueClob) value).charLength() : -1;
        out.put(WriteSetFormat.LOB).putVarInt(nextLob).putVarLong(lobLeft).putVarLong(characters);
    }

    private void copyLob() {
        try {
            byte[] bytes = lob.readNBytes((int) Math.min(lobLeft, partBytes - (out.position() - taken)));
            out.put(bytes);
            lobLeft -= bytes.length;
            if (lobLeft > 0 && bytes.length == 0) {
                throw new IOException("it ends " + lobLeft + " bytes early");
            }
            if (lobLeft == 0) {
                lob.close();
                lob = null;
            }
        } catch (IOException e) {
            throw DbException.convertIOException(e, "reading a LOB to replicate it");
        }
    }

    private void writeRow() {
        byNumber.putIfAbsent(table.entry.number(), table.entry);
        if (now == null) {
            begin(WriteSetFormat.DELETE);
            deletes++;
            return;
        }
        begin(old == null ? WriteSetFormat.INSERT : WriteSetFormat.UPDATE);
        if (image.capacity() > 8 * partBytes) {
            image = new WriteBuffer(IMAGE_BYTES);
        }
        image.clear();
        if (old == null) {
            inserts++;
            table.images.writeInserted(image, now, apart);
        } else {
            updates++;
            table.images.writeUpdated(image, old, now, apart);
        }
        int size = image.position();
        out.putVarInt(size);
        image.position(0);
        image.limit(size);
        out.put(image.getBuffer());
    }

    private void begin(byte op) {
        out.put(op).putVarInt(table.entry.number()).putVarLong(key);
    }

    @Override
    public void close() {
        log.pause();
        if (lob != null) {
            try {
                lob.close();
            } catch (IOException e) {
                throw DbException.convertIOException(e, "closing a LOB");
            } finally {
                lob = null;
            }
        }
    }
}
