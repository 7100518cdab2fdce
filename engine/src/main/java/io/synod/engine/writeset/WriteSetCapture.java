package io.synod.engine.writeset;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.h2.engine.SessionLocal;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.WriteBuffer;
import org.h2.mvstore.db.MVPrimaryIndex;
import org.h2.mvstore.db.MVTable;
import org.h2.mvstore.db.Store;
import org.h2.mvstore.tx.SynodUndoLog;
import org.h2.result.Row;
import org.h2.result.SearchRow;
import org.h2.value.VersionedValue;

/**
 * Reads what the open transaction of a session has changed. Stateless; thread-safe between sessions.
 *
 * <p>H2's undo log says which rows were touched; the table's map says, for each, what was committed before and what stands
 * there now. So a row that was changed several times folds into one image by itself, and the work of statements that
 * failed or were rolled back to a savepoint never shows.
 */
public final class WriteSetCapture {
    /** More than this is not reserved in one go: estimates for wide rows are generous. */
    private static final int MAX_FIRST_BUFFER_BYTES = 1 << 20;

    private WriteSetCapture() {}

    /**
     * The changes of the session's open transaction, as they stand now: row images folded to one per row. Called by the
     * thread that holds the session, before H2's commit. Rows that were only locked, rows inserted and deleted again, and
     * temporary tables are left out.
     *
     * @param marks its sequences' marks that are due are put into the write set
     * @return {@code null} when no replicated row was changed
     * @throws IllegalStateException a table was changed that no applied DDL has created, or that was rebuilt meanwhile
     */
    public static byte[] capture(SessionLocal session, TableRegistry tables, SequenceMarks marks) {
        if (!session.hasPendingTransaction()) {
            return null;
        }
        List<TableChanges> changes = new Collector(session, tables).collect();
        if (changes.isEmpty()) {
            return null;
        }
        WriteBuffer out = new WriteBuffer(firstBufferBytes(changes));
        out.put(WriteSetFormat.VERSION).putVarInt(changes.size());
        for (TableChanges table : changes) {
            out.putVarInt(table.entry.number()).putVarLong(table.entry.version());
        }
        marks.write(out);
        for (TableChanges table : changes) {
            table.write(out);
        }
        return WriteSetFormat.toBytes(out);
    }

    /** H2's buffer grows by a mebibyte at least, which would cost more than a small transaction: so guess well. */
    private static int firstBufferBytes(List<TableChanges> changes) {
        long bytes = 256;
        for (TableChanges table : changes) {
            bytes += table.estimatedBytes();
        }
        return (int) Math.min(bytes, MAX_FIRST_BUFFER_BYTES);
    }

    /** Sorts the records of the undo log by table. */
    private static final class Collector implements SynodUndoLog.Visitor {
        private final SessionLocal session;
        private final TableRegistry tables;
        private final Store store;
        private final List<TableChanges> changes = new ArrayList<>(2);
        private int lastMapId = -1;
        private TableChanges last;

        Collector(SessionLocal session, TableRegistry tables) {
            this.session = session;
            this.tables = tables;
            this.store = session.getDatabase().getStore();
        }

        List<TableChanges> collect() {
            SynodUndoLog.forEach(session.getTransaction(), this);
            changes.removeIf(table -> !table.fold());
            changes.sort((a, b) -> Integer.compare(a.entry.number(), b.entry.number()));
            return changes;
        }

        @Override
        public void changed(int mapId, MVMap<?, ?> map, Object key) {
            if (mapId != lastMapId) {
                lastMapId = mapId;
                last = find(mapId, map);
            }
            if (last != null) {
                last.add((Long) key);
            }
        }

        private TableChanges find(int mapId, MVMap<?, ?> map) {
            for (TableChanges table : changes) {
                if (table.mapId == mapId) {
                    return table;
                }
            }
            if (map == null || map.isClosed()) {
                throw new IllegalStateException(
                        "a table that this transaction changed was altered or dropped meanwhile");
            }
            String name = map.getName();
            if (!name.startsWith("table.")) {
                return null;
            }
            MVTable table = store.getTable(name);
            if (table == null) {
                throw new IllegalStateException(
                        "a table that this transaction changed was altered or dropped meanwhile");
            }
            if (!TableRegistry.isReplicated(table)) {
                return null;
            }
            TableRegistry.TableEntry entry = tables.find(table);
            if (entry == null) {
                throw new IllegalStateException("table " + TableRegistry.name(table)
                        + " was changed, but was not created through the log: its rows cannot be replicated");
            }
            TableChanges found = new TableChanges(session, mapId, entry);
            changes.add(found);
            return found;
        }
    }

    /** The changed rows of one table, in the order of their keys. */
    private static final class TableChanges {
        final TableRegistry.TableEntry entry;
        final int mapId;
        private final SessionLocal session;
        private final MVMap<Long, VersionedValue<SearchRow>> rows;
        private long[] keys = new long[4];
        private int size;
        private Row[] before;
        private Row[] after;

        TableChanges(SessionLocal session, int mapId, TableRegistry.TableEntry entry) {
            this.session = session;
            this.mapId = mapId;
            this.entry = entry;
            this.rows = ((MVPrimaryIndex) entry.table().getScanIndex(session)).getMVMap();
        }

        void add(long key) {
            // Locking a row and changing it are two records in a row, mostly.
            if (size > 0 && keys[size - 1] == key) {
                return;
            }
            if (size == keys.length) {
                keys = Arrays.copyOf(keys, size * 2);
            }
            keys[size++] = key;
        }

        /** @return whether any row has really changed */
        boolean fold() {
            Arrays.sort(keys, 0, size);
            before = new Row[size];
            after = new Row[size];
            int kept = 0;
            for (int i = 0; i < size; i++) {
                long key = keys[i];
                if (i + 1 < size && keys[i + 1] == key) {
                    continue;
                }
                VersionedValue<SearchRow> value = rows.get(key);
                Row old = value == null ? null : (Row) value.getCommittedValue();
                Row now = value == null ? null : (Row) value.getCurrentValue();
                if (old != now) { // the same object where the row was only locked
                    before[kept] = old;
                    after[kept] = now;
                    keys[kept++] = key; // never overtakes the reading: kept <= i
                }
            }
            size = kept;
            return kept > 0;
        }

        long estimatedBytes() {
            Row sample = after[0];
            return 16L + size * (long) (12 + (sample == null ? 0 : sample.getMemory()));
        }

        void write(WriteBuffer out) {
            RowImages images = new RowImages(session, entry.table());
            for (int i = 0; i < size; i++) {
                Row old = before[i];
                Row now = after[i];
                if (now == null) {
                    out.put(WriteSetFormat.DELETE).putVarLong(keys[i]);
                } else if (old == null) {
                    out.put(WriteSetFormat.INSERT).putVarLong(keys[i]);
                    images.writeInserted(out, now);
                } else {
                    out.put(WriteSetFormat.UPDATE).putVarLong(keys[i]);
                    images.writeUpdated(out, old, now);
                }
            }
            out.put(WriteSetFormat.END);
        }
    }
}
