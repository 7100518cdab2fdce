package io.synod.engine.database;

import io.synod.branch.BranchState;
import io.synod.branch.Participant;
import io.synod.branch.Participation.Known;
import io.synod.engine.snapshot.H2Store;
import io.synod.engine.writeset.AppliedState;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.h2.engine.IsolationLevel;
import org.h2.engine.SessionLocal;
import org.h2.index.Index;
import org.h2.message.DbException;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.db.MVIndex;
import org.h2.schema.Schema;
import org.h2.table.Table;
import org.h2.value.VersionedValue;

/**
 * This node's copy of one database at one moment: all its rows, and which global transactions are among them. By one thread.
 */
public final class CutSnapshot implements AutoCloseable {
    private static final long MOMENT_NANOS = 5_000_000L;

    private final HostedDatabase database;
    private final H2Store store;
    private final SessionLocal session;
    private Map<String, Known> global = Map.of();

    private CutSnapshot(HostedDatabase database, String user) {
        this.database = database;
        this.store = database.store();
        this.session = store.session(user);
        session.setIsolationLevel(IsolationLevel.SNAPSHOT);
    }

    /** @throws DbException 90032 there is no such user any more */
    public static CutSnapshot of(HostedDatabase database, String user) {
        return new CutSnapshot(database, user);
    }

    /** It reads as of {@link #take}. */
    public SessionLocal session() {
        return session;
    }

    /** Goes on to the present moment. */
    public void take() {
        session.lock();
        try {
            session.rollback();
            Set<MVMap<Object, VersionedValue<Object>>> maps = new HashSet<>();
            for (Schema schema : store.database().getAllSchemasNoMeta()) {
                for (Table table : schema.getAllTablesAndViews(null)) {
                    addMaps(table, maps);
                }
            }
            BranchFold fold = database.copy().branches().fold();
            fold.addMap(maps);
            session.getTransaction().markStatementStart(new HashSet<>(maps));
            session.getTransaction().markStatementEnd();
            global = fold.several(session);
        } finally {
            session.unlock();
        }
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static void addMaps(Table table, Set<MVMap<Object, VersionedValue<Object>>> maps) {
        List<Index> indexes = table.getIndexes();
        if (indexes == null) {
            return;
        }
        for (Index index : indexes) {
            if (index instanceof MVIndex<?, ?> kept) {
                maps.add((MVMap) kept.getMVMap());
            }
        }
    }

    /** Whether the copy has been replaced by a snapshot of another node since. */
    public boolean isOver() {
        return database.storage().isReplaced(session);
    }

    /**
     * A global transaction that another one of these has and this one has not.
     *
     * @param there the other one
     * @return its name; {@code null} for none
     */
    public String lacks(CutSnapshot there) {
        String name = database.name();
        for (Map.Entry<String, Known> each : there.global.entrySet()) {
            Known known = each.getValue();
            if (known.standing().state() == BranchState.COMMITTED
                    && known.branch() != null
                    && known.branch().participants().stream()
                            .map(Participant::database)
                            .anyMatch(name::equals)
                    && !has(each.getKey())) {
                return each.getKey();
            }
        }
        return null;
    }

    private boolean has(String gid) {
        Known known = global.get(gid);
        return known == null ? wasForgotten(gid) : known.standing().state() == BranchState.COMMITTED;
    }

    /** Whether it was committed here, long enough ago that all its databases have it. Known over a restart. */
    private boolean wasForgotten(String gid) {
        // In this order: what was not known when its decision was, is known no more.
        AppliedState.Decision decision = database.copy().state().decision(gid);
        return decision != null
                && decision.committed()
                && !database.copy().branches().fold().isKnown(gid);
    }

    /** Waits until this copy has it, or until it may be worth a look, some milliseconds. */
    public void await(String gid) {
        BranchFold fold = database.copy().branches().fold();
        long deadline = System.nanoTime() + MOMENT_NANOS;
        while (fold.standing(gid).state() != BranchState.COMMITTED && !wasForgotten(gid)) {
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                return;
            }
            database.log().awaitApplied(database.log().appliedIndex() + 1, left);
        }
    }

    /**
     * What was read is in memory: old versions of rows need not be kept any longer.
     *
     * @throws DbException 0A000 when rows were changed, which is undone: they would be on this node only
     */
    public void release() {
        session.lock();
        try {
            if (session.isClosed()) {
                return;
            }
            if (session.hasPendingTransaction()) {
                session.rollback();
                throw Errors.readChanged();
            }
            session.rollback();
        } finally {
            session.unlock();
        }
    }

    @Override
    public void close() {
        session.lock();
        try {
            if (!session.isClosed()) {
                session.rollback();
                session.close();
            }
        } finally {
            session.unlock();
        }
    }
}
