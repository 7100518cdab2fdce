package io.synod.engine.database;

import io.synod.engine.snapshot.Checkpoint;
import io.synod.engine.snapshot.DamagedStoreException;
import io.synod.engine.snapshot.H2Store;
import io.synod.engine.writeset.AppliedState;
import io.synod.engine.writeset.LockedRows;
import io.synod.engine.writeset.SequenceMarks;
import io.synod.engine.writeset.Spool;
import io.synod.engine.writeset.TableRegistry;
import io.synod.engine.writeset.WriteSetCapture;
import java.io.IOException;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.h2.table.Table;

/**
 * One H2 store and what has been read from it. A snapshot that is installed makes another one of these; everything of the
 * old is over then.
 */
record LocalCopy(
        H2Store store,
        Table sentinel,
        AppliedState state,
        TableRegistry tables,
        SequenceMarks marks,
        Transients transients,
        Spool spool,
        PreparedBranches branches,
        EntryApplier entries,
        Checkpoint checkpoints) {
    private static final String SENTINEL = "SYNOD_SENTINEL";

    /** @throws IOException what the file holds does not fit together: it has to be rebuilt */
    static LocalCopy of(H2Store store, EntryEndings endings, Digests digests) throws IOException {
        try {
            SessionLocal applySession = store.systemSession();
            AppliedState state;
            TableRegistry tables;
            SequenceMarks marks;
            Transients transients;
            BranchFold fold;
            applySession.lock();
            try {
                state = AppliedState.load(applySession);
                tables = TableRegistry.load(applySession);
                marks = SequenceMarks.load(applySession);
                transients = Transients.load(applySession);
                fold = BranchFold.load(applySession);
                applySession.commit(false);
            } finally {
                applySession.unlock();
            }
            Table sentinel = createSentinel(store.systemSession());
            Spool spool = Spool.open(store.database().getStore().getMvStore());
            PreparedBranches branches = PreparedBranches.load(store, tables, spool, fold);
            EntryApplier entries = new EntryApplier(
                    store, applySession, state, tables, marks, transients, spool, branches, endings, digests);
            Checkpoint checkpoints = store.checkpoints(
                    () -> new Checkpoint.Position(state.appliedIndex(), state.appliedEpoch(), state.members()));
            return new LocalCopy(
                    store, sentinel, state, tables, marks, transients, spool, branches, entries, checkpoints);
        } catch (IllegalStateException | DbException e) {
            if (store.health().lacksSpace(e)) {
                throw new IOException(store.name() + " cannot be opened, the disk is full: " + e.getMessage(), e);
            }
            throw new DamagedStoreException("the database " + store.name() + " is not whole: " + e.getMessage(), e);
        }
    }

    /**
     * The write set of the session's open transaction: {@code null} when it changed nothing that is replicated, {@link
     * WriteSetCapture#OVERSIZED} when it is more than one entry may hold.
     */
    byte[] capture(SessionLocal session) {
        return WriteSetCapture.capture(session, tables, marks, Shipments.ONE_ENTRY);
    }

    /**
     * The rows that the session's open transaction has locked and not changed.
     *
     * @throws DbException 0A000 too many to be kept
     */
    byte[] lockedRows(SessionLocal session) {
        byte[] rows = LockedRows.capture(session, tables, Shipments.ONE_ENTRY.rows());
        if (rows == null) {
            throw Errors.refused(
                    "PREPARE COMMIT of a transaction with more than " + Shipments.ONE_ENTRY.rows()
                            + " rows that it has locked and not changed",
                    "their locks have to outlive this node",
                    "lock fewer, or change them");
        }
        return rows;
    }

    /** A table that is nobody's: it lives in one session, and is known by reference only. */
    private static Table createSentinel(SessionLocal session) {
        session.lock();
        try {
            session.prepareLocal("CREATE LOCAL TEMPORARY TABLE " + SENTINEL + "(X INT)")
                    .executeUpdate(null);
            session.commit(false);
            return session.findLocalTempTable(SENTINEL);
        } finally {
            session.unlock();
        }
    }
}
