package io.synod.engine.writeset;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.h2.api.ErrorCode;
import org.h2.engine.SessionLocal;
import org.h2.index.Index;
import org.h2.message.DbException;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.db.MVPrimaryIndex;
import org.h2.mvstore.db.MVTable;
import org.h2.mvstore.tx.TransactionMap;
import org.h2.result.Row;
import org.h2.result.SearchRow;
import org.h2.table.Table;

/**
 * Puts a write set into this member's H2. Called by one thread at a time, in log order.
 *
 * <p>It goes through H2's indexes and not through SQL: no constraint is checked and no trigger runs, since both did on the
 * leader and what they did is in the write set. All removes of the whole transaction come before all adds, so that two rows
 * may swap their values of a unique index.
 */
public final class WriteSetApplier {
    /** What became of a write set; the same on every member. */
    public enum Outcome {
        /** Its changes stand in the session's open transaction. */
        APPLIED,
        /** It stands behind a DDL that changed one of its tables: nothing was done, and its commit failed (40001). */
        VOID
    }

    /** One row's change: either row may be missing, not both. */
    private record Change(MVTable table, Row old, Row now) {}

    private WriteSetApplier() {}

    /**
     * Applies a write set of another node's transaction, and its marks, in the session's open transaction (or a new one).
     * Does not commit: the caller puts the applied index into the same transaction ({@link AppliedState}) and commits.
     *
     * @throws DivergenceException this member's rows are not what the log says they must be
     */
    public static Outcome apply(SessionLocal session, TableRegistry tables, SequenceMarks marks, ByteBuffer writeSet) {
        ByteBuffer in = writeSet.duplicate();
        List<MVTable> touched = currentTables(tables, in);
        if (touched == null) {
            return Outcome.VOID;
        }
        marks.read(session, in);
        applyRows(session, touched, in);
        return Outcome.APPLIED;
    }

    private static void applyRows(SessionLocal session, List<MVTable> touched, ByteBuffer in) {
        List<Change> changes = new ArrayList<>();
        for (MVTable table : touched) {
            readTable(session, table, in, changes);
        }
        try {
            changes.forEach(change -> removeOld(session, change));
            changes.forEach(change -> addNow(session, change));
        } catch (DbException e) {
            throw isDivergence(e) ? diverged(e.getMessage(), e) : e;
        }
        touched.forEach(session::registerTableAsUpdated); // else other sessions go on serving cached results
    }

    /**
     * The same for the write set of the session's own open transaction, whose rows are in place already: decides whether it
     * is void and applies the marks only. When VOID, the caller rolls the transaction back.
     */
    public static Outcome applyOwn(
            SessionLocal session, TableRegistry tables, SequenceMarks marks, ByteBuffer writeSet) {
        ByteBuffer in = writeSet.duplicate();
        if (currentTables(tables, in) == null) {
            return Outcome.VOID;
        }
        marks.read(session, in);
        return Outcome.APPLIED;
    }

    /**
     * The same as {@link #apply} for a write set that was cut into parts by {@link LargeCapture}: reads it from the spool, twice
     * where rows may have to make room for each other, so that its size costs no memory. What the spool holds stays there.
     *
     * @param head what {@link LargeCapture#head} returned; {@link #applyOwn} takes it as well
     * @param spool holds all parts
     * @param key of the write set in the spool
     */
    public static Outcome applySpooled(
            SessionLocal session, TableRegistry tables, SequenceMarks marks, byte[] head, Spool spool, String key) {
        ByteBuffer in = ByteBuffer.wrap(head);
        List<MVTable> touched = currentTables(tables, in);
        if (touched == null) {
            return Outcome.VOID;
        }
        marks.read(session, in);
        applySpooledRows(session, tables, touched, in, spool, key);
        return Outcome.APPLIED;
    }

    private static void applySpooledRows(
            SessionLocal session, TableRegistry tables, List<MVTable> touched, ByteBuffer in, Spool spool, String key) {
        try {
            new SpooledApplier(session, tables, spool, key).apply(in);
        } catch (DbException e) {
            throw isDivergence(e) ? diverged(e.getMessage(), e) : e;
        }
        touched.forEach(session::registerTableAsUpdated);
    }

    /**
     * Puts the rows of a prepared branch into the session's open transaction, which holds them locked from then on, and its
     * tables as any transaction that writes. Its marks count since it was prepared ({@link #applyOwn} has applied them), whatever
     * becomes of it.
     *
     * @param head its write set; where {@code spooled}, what {@link LargeCapture#head} returned
     * @param spool holds the parts, if it has any
     * @param spooled whether it has parts
     * @throws DivergenceException rows or tables are not what they were when it was prepared
     */
    public static void applyPrepared(
            SessionLocal session, TableRegistry tables, byte[] head, Spool spool, String key, boolean spooled) {
        ByteBuffer in = ByteBuffer.wrap(head);
        List<MVTable> touched = currentTables(tables, in);
        if (touched == null) {
            throw diverged("a table of the prepared branch in " + key + " is not what it was", null);
        }
        SequenceMarks.skip(in);
        for (MVTable table : touched) {
            table.lock(session, Table.WRITE_LOCK);
        }
        if (spooled) {
            applySpooledRows(session, tables, touched, in, spool, key);
        } else {
            applyRows(session, touched, in);
        }
    }

    /** The tables that the write set names; {@code null} when one of them is not what it was for the write set. */
    private static List<MVTable> currentTables(TableRegistry tables, ByteBuffer in) {
        WriteSetFormat.checkVersion(in.get(), "a write set");
        int count = WriteSetFormat.readCount(in);
        List<MVTable> found = new ArrayList<>(count);
        boolean current = true;
        for (int i = 0; i < count; i++) {
            TableRegistry.TableEntry entry = tables.find(DataUtils.readVarInt(in));
            long version = DataUtils.readVarLong(in);
            current &= entry != null && entry.version() == version;
            found.add(entry == null ? null : entry.table());
        }
        return current ? found : null;
    }

    /** The tables that a write set names, as they are called here. */
    public static List<MVTable> tables(TableRegistry tables, byte[] head) {
        List<MVTable> found = currentTables(tables, ByteBuffer.wrap(head));
        if (found == null) {
            throw diverged("a table of a write set is not what it was", null);
        }
        return found;
    }

    private static void readTable(SessionLocal session, MVTable table, ByteBuffer in, List<Change> changes) {
        RowImages images = new RowImages(session, table);
        TransactionMap<Long, SearchRow> rows =
                session.getTransaction().openMapX(((MVPrimaryIndex) table.getScanIndex(session)).getMVMap());
        for (byte op = in.get(); op != WriteSetFormat.END; op = in.get()) {
            long key = DataUtils.readVarLong(in);
            Row old = null;
            if (op != WriteSetFormat.INSERT) {
                old = (Row) rows.getImmediate(key);
                if (old == null) {
                    throw diverged("row " + key + " of table " + TableRegistry.name(table) + " is missing", null);
                }
                old.setKey(key);
            }
            Row now = null;
            if (op != WriteSetFormat.DELETE) {
                now = images.read(in, old);
                now.setKey(key);
            }
            changes.add(new Change(table, old, now));
        }
    }

    private static void removeOld(SessionLocal session, Change change) {
        if (change.old == null) {
            return;
        }
        List<Index> indexes = change.table.getIndexes();
        for (int i = indexes.size() - 1; i >= 0; i--) {
            Index index = indexes.get(i);
            if (change.now == null) {
                index.remove(session, change.old);
            } else if (index.isRowIdIndex()) {
                index.update(session, change.old, change.now);
            } else if (!index.areRowsEquivalent(change.old, change.now)) {
                index.remove(session, change.old);
            }
        }
    }

    private static void addNow(SessionLocal session, Change change) {
        if (change.now == null) {
            return;
        }
        for (Index index : change.table.getIndexes()) {
            if (change.old == null || !index.isRowIdIndex() && !index.areRowsEquivalent(change.old, change.now)) {
                index.add(session, change.now);
            }
        }
    }

    private static boolean isDivergence(DbException e) {
        return switch (e.getErrorCode()) {
            case ErrorCode.ROW_NOT_FOUND_WHEN_DELETING_1,
                    ErrorCode.ROW_NOT_FOUND_IN_PRIMARY_INDEX,
                    ErrorCode.DUPLICATE_KEY_1,
                    ErrorCode.CONCURRENT_UPDATE_1 -> true;
            default -> false;
        };
    }

    static DivergenceException diverged(String what, Throwable cause) {
        return new DivergenceException(
                "this member's rows are not those of the log: " + what
                        + "; the member must be rebuilt from the log or from a peer",
                cause);
    }
}
