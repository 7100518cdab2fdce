package io.synod.engine.writeset;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.h2.engine.SessionLocal;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.WriteBuffer;
import org.h2.mvstore.db.MVPrimaryIndex;
import org.h2.mvstore.db.MVTable;
import org.h2.mvstore.db.Store;
import org.h2.mvstore.tx.SynodUndoLog;
import org.h2.mvstore.tx.TransactionMap;
import org.h2.result.SearchRow;
import org.h2.table.Table;
import org.h2.value.VersionedValue;

/**
 * The rows that a transaction has locked and not changed (SELECT … FOR UPDATE): {@code version(1) tables(varint) { number(varint)
 * rows(varint) { key(varlong) } }}. Empty where there are none. They are not in its write set, and a transaction that is
 * prepared keeps them.
 */
public final class LockedRows {
    private static final byte VERSION = 1;

    private LockedRows() {}

    /**
     * @param most how many there may be
     * @return {@code null} when there are more
     */
    public static byte[] capture(SessionLocal session, TableRegistry tables, int most) {
        Map<Integer, List<Long>> locked = new TreeMap<>();
        Map<Integer, TableRegistry.TableEntry> byMap = new HashMap<>();
        Store store = session.getDatabase().getStore();
        SynodUndoLog log = new SynodUndoLog(session.getTransaction());
        int count = 0;
        while (log.next()) {
            if (!byMap.containsKey(log.mapId())) {
                byMap.put(log.mapId(), WriteSetCapture.replicated(tables, store, log.map()));
            }
            TableRegistry.TableEntry entry = byMap.get(log.mapId());
            if (entry != null && log.isFirst() && isUnchanged(rows(session, entry.table()), (Long) log.key())) {
                locked.computeIfAbsent(entry.number(), n -> new ArrayList<>()).add((Long) log.key());
                if (++count > most) {
                    return null;
                }
            }
        }
        if (locked.isEmpty()) {
            return new byte[0];
        }
        WriteBuffer out = new WriteBuffer(64 + 10 * count);
        out.put(VERSION).putVarInt(locked.size());
        locked.forEach((number, keys) -> {
            out.putVarInt(number).putVarInt(keys.size());
            keys.forEach(out::putVarLong);
        });
        return WriteSetFormat.toBytes(out);
    }

    private static MVMap<Long, VersionedValue<SearchRow>> rows(SessionLocal session, MVTable table) {
        return ((MVPrimaryIndex) table.getScanIndex(session)).getMVMap();
    }

    private static boolean isUnchanged(MVMap<Long, VersionedValue<SearchRow>> rows, long key) {
        VersionedValue<SearchRow> value = rows.get(key);
        return value != null && value.getCurrentValue() != null && value.getCommittedValue() == value.getCurrentValue();
    }

    /**
     * Frees the keys, of rows and in indexes, that the session's open transaction has put in and taken out again. They are
     * neither in its write set nor locked rows: on the other members nobody holds them, so here nobody may either.
     */
    public static void freeOthers(SessionLocal session) {
        SynodUndoLog.dropGone(session.getTransaction());
    }

    /** The tables that have such rows. */
    public static List<MVTable> tables(TableRegistry tables, byte[] captured) {
        List<MVTable> found = new ArrayList<>();
        if (captured.length > 0) {
            ByteBuffer in = ByteBuffer.wrap(captured);
            WriteSetFormat.checkVersion(in.get(), "rows that were locked");
            for (int count = DataUtils.readVarInt(in); count > 0; count--) {
                found.add(tables.find(DataUtils.readVarInt(in)).table());
                for (int left = DataUtils.readVarInt(in); left > 0; left--) {
                    DataUtils.readVarLong(in);
                }
            }
        }
        return found;
    }

    /**
     * Locks them in the session's open transaction.
     *
     * @throws DivergenceException a row is not there, or is somebody else's
     */
    public static void lock(SessionLocal session, TableRegistry tables, byte[] captured) {
        if (captured.length == 0) {
            return;
        }
        ByteBuffer in = ByteBuffer.wrap(captured);
        WriteSetFormat.checkVersion(in.get(), "rows that were locked");
        int count = DataUtils.readVarInt(in);
        for (int i = 0; i < count; i++) {
            TableRegistry.TableEntry entry = tables.find(DataUtils.readVarInt(in));
            if (entry == null) {
                throw WriteSetApplier.diverged("a table whose rows a prepared branch has locked is missing", null);
            }
            entry.table().lock(session, Table.WRITE_LOCK);
            TransactionMap<Long, SearchRow> rows = session.getTransaction().openMapX(rows(session, entry.table()));
            for (int left = DataUtils.readVarInt(in); left > 0; left--) {
                long key = DataUtils.readVarLong(in);
                if (rows.lock(key, session.getLockTimeout()) == null) {
                    throw WriteSetApplier.diverged(
                            "row " + key + " of table " + TableRegistry.name(entry.table())
                                    + ", which a prepared branch has locked, is missing",
                            null);
                }
            }
        }
    }
}
