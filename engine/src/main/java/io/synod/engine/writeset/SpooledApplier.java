package io.synod.engine.writeset;

import io.synod.group.Invariant;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.h2.engine.SessionLocal;
import org.h2.index.Index;
import org.h2.message.DbException;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.db.MVPrimaryIndex;
import org.h2.mvstore.db.MVTable;
import org.h2.result.Row;
import org.h2.result.SearchRow;
import org.h2.store.LobStorageInterface;
import org.h2.store.RangeInputStream;
import org.h2.value.ValueBlob;
import org.h2.value.ValueClob;
import org.h2.value.ValueLob;
import org.h2.value.VersionedValue;

/**
 * Applies the body of one oversized write set in the session's open transaction.
 *
 * <p><b>Order.</b> The first reading changes the rows and takes what is old out of the other indexes; the second one puts into
 * these what is new, finding old and new in the rows' own map. So all removes come before all adds, and no two rows are in
 * memory at the same time. Where every row is new there is nothing to remove, and one reading does.
 */
final class SpooledApplier {
    /** A table and what reading its rows takes. */
    private record Target(MVTable table, MVMap<Long, VersionedValue<SearchRow>> rows, RowImages images) {}

    private final SessionLocal session;
    private final TableRegistry tables;
    private final Spool spool;
    private final String key;
    private final LobStorageInterface lobStorage;
    private final Map<Integer, Target> targets = new HashMap<>();
    /** The LOBs of the row that follows, by column. */
    private final Map<Integer, ValueLob> lobs = new TreeMap<>();

    private DataInputStream in;
    private boolean onlyInserts;
    private long applied;

    SpooledApplier(SessionLocal session, TableRegistry tables, Spool spool, String key) {
        this.session = session;
        this.tables = tables;
        this.spool = spool;
        this.key = key;
        this.lobStorage = session.getDatabase().getLobStorage();
    }

    /** @param head what follows its tables and marks */
    void apply(ByteBuffer head) {
        long inserts = DataUtils.readVarLong(head);
        long updates = DataUtils.readVarLong(head);
        long deletes = DataUtils.readVarLong(head);
        onlyInserts = updates == 0 && deletes == 0;
        try {
            read(true);
            if (!onlyInserts && inserts + updates > 0) {
                read(false);
            }
        } catch (IOException e) {
            throw DbException.convertIOException(e, "reading a spooled write set");
        }
        Invariant.that(
                applied == inserts + updates + deletes,
                "a write set of %d rows has %d in its parts",
                inserts + updates + deletes,
                applied);
    }

    private void read(boolean first) throws IOException {
        in = new DataInputStream(new java.io.BufferedInputStream(spool.read(key), 16 << 10));
        for (int op = in.read(); op >= 0; op = in.read()) {
            switch (op) {
                case WriteSetFormat.LOB -> lob(first);
                case WriteSetFormat.INSERT, WriteSetFormat.UPDATE, WriteSetFormat.DELETE -> {
                    Target target = target((int) readVarLong());
                    long rowKey = readVarLong();
                    if (first) {
                        change(op, target, rowKey);
                        applied++;
                    } else if (op != WriteSetFormat.DELETE) {
                        in.skipNBytes(readVarLong());
                        addToIndexes(target, rowKey);
                    }
                }
                default ->
                    throw new IllegalStateException("a spooled write set has an operation " + op
                            + "; this release of Synod knows 1 to 4: update this node");
            }
        }
    }

    private Target target(int number) {
        return targets.computeIfAbsent(number, n -> {
            MVTable table = tables.find(n).table();
            MVMap<Long, VersionedValue<SearchRow>> rows = ((MVPrimaryIndex) table.getScanIndex(session)).getMVMap();
            return new Target(table, rows, new RowImages(session, table));
        });
    }

    private void lob(boolean first) throws IOException {
        int column = (int) readVarLong();
        long octets = readVarLong();
        long characters = readVarLong();
        if (!first) {
            in.skipNBytes(octets);
            return;
        }
        InputStream content = new RangeInputStream(new Unclosed(in), 0, octets);
        ValueBlob blob = lobStorage.createBlob(content, octets);
        lobs.put(column, characters < 0 ? blob : new ValueClob(blob.getLobData(), octets, characters));
    }

    private void change(int op, Target target, long rowKey) throws IOException {
        Row old = null;
        if (op != WriteSetFormat.INSERT) {
            VersionedValue<SearchRow> value = target.rows.get(rowKey);
            old = value == null ? null : (Row) value.getCurrentValue();
            if (old == null) {
                throw WriteSetApplier.diverged(
                        "row " + rowKey + " of table " + TableRegistry.name(target.table) + " is missing", null);
            }
            old.setKey(rowKey);
        }
        if (op == WriteSetFormat.DELETE) {
            removeRow(target, old);
            return;
        }
        byte[] image = new byte[(int) readVarLong()];
        in.readFully(image);
        Row now = target.images.read(ByteBuffer.wrap(image), old);
        now.setKey(rowKey);
        lobs.forEach(now::setValue);
        if (old == null) {
            addRow(target, now);
        } else {
            updateRow(target, old, now);
        }
        // The row has a copy of its own by now.
        lobs.values().forEach(ValueLob::remove);
        lobs.clear();
    }

    private void removeRow(Target target, Row old) {
        var indexes = target.table.getIndexes();
        for (int i = indexes.size() - 1; i >= 0; i--) {
            indexes.get(i).remove(session, old);
        }
    }

    private void addRow(Target target, Row now) {
        for (Index index : target.table.getIndexes()) {
            if (onlyInserts || index.isRowIdIndex()) {
                index.add(session, now);
            }
        }
    }

    private void updateRow(Target target, Row old, Row now) {
        for (Index index : target.table.getIndexes()) {
            if (index.isRowIdIndex()) {
                index.update(session, old, now);
            } else if (!index.areRowsEquivalent(old, now)) {
                index.remove(session, old);
            }
        }
    }

    private void addToIndexes(Target target, long rowKey) {
        VersionedValue<SearchRow> value = target.rows.get(rowKey);
        Row old = (Row) value.getCommittedValue();
        Row now = (Row) value.getCurrentValue();
        now.setKey(rowKey);
        if (old != null) {
            old.setKey(rowKey);
        }
        for (Index index : target.table.getIndexes()) {
            if (!index.isRowIdIndex() && (old == null || !index.areRowsEquivalent(old, now))) {
                index.add(session, now);
            }
        }
    }

    private long readVarLong() throws IOException {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            byte b = in.readByte();
            value |= (long) (b & 0x7f) << shift;
            if (b >= 0) {
                return value;
            }
        }
        return value;
    }

    /** H2 closes what it has read a LOB from. */
    private static final class Unclosed extends java.io.FilterInputStream {
        Unclosed(InputStream in) {
            super(in);
        }

        @Override
        public void close() {
            // The rows that follow come from the same stream.
        }
    }
}
