package org.h2.mvstore.tx;

import org.h2.mvstore.Cursor;
import org.h2.mvstore.MVMap;

/** Opens H2's undo log to the capture of write sets: its records are visible in this package only. */
public final class SynodUndoLog {
    /** Told of each record, oldest first. */
    public interface Visitor {
        /** @param map the map that was changed; {@code null} when it has been removed since */
        void changed(int mapId, MVMap<?, ?> map, Object key);
    }

    private SynodUndoLog() {}

    public static void forEach(Transaction transaction, Visitor visitor) {
        TransactionStore store = transaction.store;
        int id = transaction.getId();
        MVMap<Long, Record<?, ?>> log =
                store.store.openMap(TransactionStore.UNDO_LOG_NAME_PREFIX + '.' + id, store.createUndoLogBuilder());
        Cursor<Long, Record<?, ?>> records = log.cursor(TransactionStore.getOperationId(id, 0));
        int lastMapId = -1;
        MVMap<?, ?> map = null;
        while (records.hasNext()) {
            records.next();
            Record<?, ?> record = records.getValue();
            if (record.mapId < 0) {
                continue; // the mark of a commit
            }
            if (record.mapId != lastMapId) {
                lastMapId = record.mapId;
                map = store.openMap(lastMapId);
            }
            visitor.changed(lastMapId, map, record.key);
        }
    }
}
