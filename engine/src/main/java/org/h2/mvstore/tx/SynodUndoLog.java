package org.h2.mvstore.tx;

import org.h2.mvstore.Cursor;
import org.h2.mvstore.MVMap;
import org.h2.value.VersionedValue;

/**
 * Reads the undo log of an open transaction, oldest record first: its records are visible in this package only. By the thread
 * that holds the transaction's session; the transaction must not change meanwhile, but other things may happen between two
 * calls of {@link #next()} after {@link #pause()}.
 */
public final class SynodUndoLog {
    private final TransactionStore store;
    private final MVMap<Long, Record<?, ?>> log;
    private Cursor<Long, Record<?, ?>> records;
    private long from;
    private int mapId = -1;
    private MVMap<?, ?> map;
    private Record<?, ?> record;

    public SynodUndoLog(Transaction transaction) {
        store = transaction.store;
        int id = transaction.getId();
        log = store.store.openMap(TransactionStore.UNDO_LOG_NAME_PREFIX + '.' + id, store.createUndoLogBuilder());
        from = TransactionStore.getOperationId(id, 0);
    }

    /** Goes to the next record; false when there is none. */
    public boolean next() {
        if (records == null) {
            records = log.cursor(from);
        }
        while (records.hasNext()) {
            from = records.next() + 1;
            record = records.getValue();
            if (record.mapId < 0) {
                continue; // the mark of a commit
            }
            if (record.mapId != mapId) {
                mapId = record.mapId;
                map = store.openMap(mapId);
            }
            return true;
        }
        return false;
    }

    /** Lets go of what the store would have to keep for it, before a pause of any length. */
    public void pause() {
        records = null;
    }

    public int mapId() {
        return mapId;
    }

    /** The map that was changed; {@code null} when it has been removed since. */
    public MVMap<?, ?> map() {
        return map;
    }

    public Object key() {
        return record.key;
    }

    /** Whether the transaction has changed or locked this key for the first time here. */
    public boolean isFirst() {
        // What it finds of its own changes carries the number of the record that made it.
        return record.oldValue == null || record.oldValue.getOperationId() == 0;
    }

    /**
     * Takes out of maps and undo log what the transaction has put in and taken out again, as if it had never been there: such a
     * key would stay the transaction's until that ends. A later commit or rollback of H2 does without these records. By the
     * transaction's thread, or whoever has its session.
     */
    public static void dropGone(Transaction transaction) {
        SynodUndoLog all = new SynodUndoLog(transaction);
        while (all.next()) {
            VersionedValue<?> value = all.map == null ? null : (VersionedValue<?>) all.map.get(all.key());
            if (value == null || value.getCurrentValue() != null || value.getCommittedValue() != null) {
                continue;
            }
            long number = all.from - 1;
            all.log.remove(number);
            if (value.getOperationId() == number) {
                // This was the last of them.
                remove(all.map, all.key());
            }
        }
    }

    private static <K> void remove(MVMap<K, ?> map, Object key) {
        @SuppressWarnings("unchecked")
        K own = (K) key;
        map.remove(own);
    }
}
