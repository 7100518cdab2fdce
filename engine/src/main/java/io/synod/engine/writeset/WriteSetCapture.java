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

    /** Says that a write set does not fit into the budget; known by reference. */
    public static final byte[] OVERSIZED = new byte[0];

    /**
     * What a write set may be without being cut into parts.
     *
     * @param rows that it changes, at most
     * @param bytes of its rows in memory, roughly, LOBs included
     */
    public record Budget(int rows, long bytes) {}

    private WriteSetCapture() {}

    /** The write set of a transaction that has changed nothing, where there has to be one. */
    public static byte[] nothing() {
        // No tables, no marks.
        return new byte[] {WriteSetFormat.VERSION, 0, 0};
    }

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
        return capture(session, tables, marks, new Budget(Integer.MAX_VALUE, Long.MAX_VALUE));
    }

    /**
     * The same with a bound.
     *
     * @param budget bounds what is held in memory
     * @return {@link #OVERSIZED} when the changes may be more than that: see {@link LargeCapture}
     */
    public static byte[] capture(SessionLocal session, TableRegistry tables, SequenceMarks marks, Budget budget) {
        if (!session.hasPendingTransaction()) {
            return null;
        }
        List<TableChanges> changes = new Collector(session, tables, budget).collect();
        if (changes == null) {
            return OVERSIZED;
        }
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

    /**
     * The table whose rows a map holds.
     *
     * @return {@code null} where the map holds something else, or rows that are not replicated
     */
    static TableRegistry.TableEntry replicated(TableRegistry tables, Store store, MVMap<?, ?> map) {
        if (map == null || map.isClosed()) {
            throw rebuilt();
        }
        String name = map.getName();
        if (!name.startsWith("table.")) {
            return null;
        }
        MVTable table = store.getTable(name);
        if (table == null) {
            throw rebuilt();
        }
        if (!TableRegistry.isReplicated(table)) {
            return null;
        }
        TableRegistry.TableEntry entry = tables.find(table);
        if (entry == null) {
            throw new IllegalStateException("table " + TableRegistry.name(table)
                    + " was changed, but was not created through the log: its rows cannot be replicated");
        }
        return entry;
    }

    private static IllegalStateException rebuilt() {
        return new IllegalStateException("a table that this transaction changed was altered or dropped meanwhile");
    }

    /** Sorts the records of the undo log by table. */
    private static final class Collector {
        private final SessionLocal session;
        private final Budget budget;
        private final TableRegistry tables;
        private final Store store;
        private final List<TableChanges> changes = new ArrayList<>(2);
        private int lastMapId = -1;
        private TableChanges last;

        Collector(SessionLocal session, TableRegistry tables, Budget budget) {
            this.session = session;
            this.budget = budget;
            this.tables = tables;
            this.store = session.getDatabase().getStore();
        }

        /** @return {@code null} when the budget is exceeded */
        List<TableChanges> collect() {
            SynodUndoLog log = new SynodUndoLog(session.getTransaction());
            int rows = 0;
            while (log.next()) {
                if (log.mapId() != lastMapId) {
                    lastMapId = log.mapId();
                    last = find(lastMapId, log.map());
                }
                if (last != null && log.isFirst()) {
                    last.add((Long) log.key());
                    if (++rows > budget.rows) {
                        return null;
                    }
                }
            }
            long bytesLeft = budget.bytes;
            for (TableChanges table : changes) {
                bytesLeft = table.fold(bytesLeft);
                if (bytesLeft < 0) {
                    return null;
                }
            }
            changes.removeIf(table -> table.size == 0);
            changes.sort((a, b) -> Integer.compare(a.entry.number(), b.entry.number()));
            return changes;
        }

        private TableChanges find(int mapId, MVMap<?, ?> map) {
            for (TableChanges table : changes) {
                if (table.mapId == mapId) {
                    return table;
                }
            }
            TableRegistry.TableEntry entry = replicated(tables, store, map);
            if (entry == null) {
                return null;
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
            if (size == keys.length) {
                keys = Arrays.copyOf(keys, size * 2);
            }
            keys[size++] = key;
        }

        /**
         * Keeps the rows that have really changed.
         *
         * @return what is left of the bytes, negative when they do not suffice
         */
        long fold(long bytes) {
            Arrays.sort(keys, 0, size);
            long left = bytes;
            before = new Row[size];
            after = new Row[size];
            int kept = 0;
            for (int i = 0; i < size; i++) {
                long key = keys[i];
                VersionedValue<SearchRow> value = rows.get(key);
                Row old = value == null ? null : (Row) value.getCommittedValue();
                Row now = value == null ? null : (Row) value.getCurrentValue();
                if (old != now) { // the same object where the row was only locked
                    before[kept] = old;
                    after[kept] = now;
                    keys[kept++] = key; // never overtakes the reading: kept <= i
                    left -= RowImages.sizeOf(old, now);
                    if (left < 0) {
                        return left;
                    }
                }
            }
            size = kept;
            return left;
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
