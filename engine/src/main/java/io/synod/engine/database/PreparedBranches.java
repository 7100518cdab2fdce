package io.synod.engine.database;

import io.synod.branch.BranchEntry;
import io.synod.engine.snapshot.H2Store;
import io.synod.engine.writeset.LockWaits;
import io.synod.engine.writeset.LockedRows;
import io.synod.engine.writeset.Spool;
import io.synod.engine.writeset.TableRegistry;
import io.synod.engine.writeset.WriteSetApplier;
import io.synod.group.Entry;
import io.synod.group.Invariant;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.h2.api.ErrorCode;
import org.h2.engine.SessionLocal;
import org.h2.engine.SynodEngineBridge;
import org.h2.message.DbException;
import org.h2.table.Table;

/**
 * The prepared branches of one copy of the database. Each is an open transaction of H2, on every member: so its rows are locked
 * whoever leads, and nothing has to be done when somebody else does. What it is made from lies in the {@link Spool}, which
 * is in every checkpoint and snapshot; H2 rolls open transactions back when it opens a file, and then they are made again
 * from there, in the order of the log.
 *
 * <p>Where the branch was prepared, its transaction is that of the session which wrote it, taken over with its inner session,
 * so that no row is free for a moment. It frees what the others do not know of, since what is in the log must end here as
 * there: the tables of which it has changed or locked no row, and the keys that it has put in and taken out again. When it is
 * decided, by whomever, the session is its writer's again, unless that one has gone or has gone on in another session meanwhile.
 *
 * <p><b>Concurrency.</b> Changes by the holder of the apply baton, with the store's gate entered, or before anybody knows the
 * copy; {@link #find} and {@link #list} by anyone.
 */
final class PreparedBranches {
    /** More would be a manager of transactions that does not decide. */
    static final int MAX = 1_000;

    /** A branch and its transaction. */
    static final class Held {
        private final LogRecord.Prepared record;
        private final String key;
        private final long index;
        /** In whose session it is; {@code null} for one of its own. */
        private LocalTransaction given;

        private volatile SessionLocal session;
        /** H2's number of what is open in the session. */
        private volatile int transaction;

        private Held(LogRecord.Prepared record, String key, long index) {
            this.record = record;
            this.key = key;
            this.index = index;
        }

        /** Without its rows, where these are not in parts. */
        LogRecord.Prepared record() {
            return record;
        }

        long index() {
            return index;
        }

        private void isIn(SessionLocal open) {
            transaction = open.getTransaction().getId();
            session = open;
        }

        private boolean holds(Table table) {
            return session != null && session.getLocks().contains(table);
        }
    }

    private final H2Store store;
    private final TableRegistry tables;
    private final Spool spool;
    private final BranchFold fold;
    private final Map<String, Held> held = new ConcurrentHashMap<>();

    private PreparedBranches(H2Store store, TableRegistry tables, Spool spool, BranchFold fold) {
        this.fold = fold;
        this.store = store;
        this.tables = tables;
        this.spool = spool;
    }

    /** Opens those that the spool of an open store holds. */
    static PreparedBranches load(H2Store store, TableRegistry tables, Spool spool, BranchFold fold) {
        PreparedBranches branches = new PreparedBranches(store, tables, spool, fold);
        List<Held> found = spool.items().stream()
                .filter(item -> item.status() == Spool.Status.SEALED)
                .map(PreparedBranches::decode)
                .sorted(Comparator.comparingLong(Held::index))
                .toList();
        for (Held branch : found) {
            fold.opened(branch.record.branch());
            branches.add(branch);
            branches.open(branch);
        }
        fold.several()
                .keySet()
                .forEach(gid -> Invariant.that(
                        !fold.isUndecided(gid) || branches.held.containsKey(gid),
                        "a prepared branch of a global transaction has lost its write set"));
        return branches;
    }

    private static Held decode(Spool.Item item) {
        ByteBuffer in = ByteBuffer.wrap(item.head());
        long index = in.getLong();
        byte[] record = new byte[in.remaining()];
        in.get(record);
        return new Held((LogRecord.Prepared) LogRecord.decode(record), item.key(), index);
    }

    private void add(Held branch) {
        String gid = branch.record.branch().gid();
        Invariant.that(fold.isUndecided(gid), "a branch is held that is not prepared");
        Invariant.that(held.put(gid, branch) == null, "two prepared branches have one name");
    }

    /** Where they stand. */
    BranchFold fold() {
        return fold;
    }

    /** Whether a branch of this name waits for its decision. */
    boolean isPrepared(String gid) {
        return fold.isUndecided(gid);
    }

    /** @return {@code null} when there is none */
    Held find(String gid) {
        return held.get(gid);
    }

    /** The error of a statement that has waited for a row: where that is, or may be, a branch's, it names the branch. */
    DbException explained(DbException e, SessionLocal waiter) {
        if (held.isEmpty() || Errors.isHeldBy(e)) {
            return e;
        }
        int owner = LockWaits.blockerIn(e);
        if (owner >= 0) {
            return named(e, branch -> branch.transaction == owner);
        }
        if (e.getErrorCode() != ErrorCode.LOCK_TIMEOUT_1) {
            return e;
        }
        // A unique index: H2 does not tell whose the other row is.
        List<Table> tables = List.copyOf(waiter.getLocks());
        return held.values().stream()
                .filter(branch -> tables.stream().anyMatch(branch::holds))
                .findFirst()
                .map(branch -> Errors.heldBy(branch.record.branch(), "may be", e))
                .orElse(e);
    }

    /** The same of a wait for a table. */
    DbException explained(DbException e, Table table) {
        return e.getErrorCode() == ErrorCode.LOCK_TIMEOUT_1 ? named(e, branch -> branch.holds(table)) : e;
    }

    private DbException named(DbException e, Predicate<Held> isIt) {
        return held.values().stream()
                .filter(isIt)
                .findFirst()
                .map(branch -> Errors.heldBy(branch.record.branch(), "is", e))
                .orElse(e);
    }

    /** In the order of the log. */
    List<Held> list() {
        return held.values().stream()
                .sorted(Comparator.comparingLong(Held::index))
                .toList();
    }

    /**
     * The log says that a branch is prepared.
     *
     * @param session in whose transaction that is kept
     * @param given whose transaction made it, and is given away; {@code null} to make it from the record
     */
    void prepare(SessionLocal session, Entry entry, LogRecord.Prepared record, LocalTransaction given) {
        String key = record.isSpooled() ? record.key() : "b." + entry.index();
        LogRecord.Prepared kept = record.isSpooled() ? record : record.withoutRows();
        if (!record.isSpooled()) {
            spool.append(key, 0, record.rows());
        }
        byte[] bytes = kept.encode();
        byte[] head = ByteBuffer.allocate(Long.BYTES + bytes.length)
                .putLong(entry.index())
                .put(bytes)
                .array();
        spool.seal(key, record.isSpooled() ? record.parts() : 1, head);
        Held branch = new Held(kept, key, entry.index());
        fold.apply(session, new BranchEntry.Prepared(record.branch(), record.attempt()));
        add(branch);
        if (given == null) {
            open(branch);
        } else {
            branch.given = given;
            branch.isIn(given.session);
            freeOthers(record, given.session);
        }
    }

    /** What the other members do not know of. */
    private void freeOthers(LogRecord.Prepared record, SessionLocal session) {
        Set<Table> kept = new HashSet<>(WriteSetApplier.tables(tables, record.rows()));
        kept.addAll(LockedRows.tables(tables, record.locked()));
        session.lock();
        try {
            LockedRows.freeOthers(session);
            for (Table table : session.getLocks()) {
                if (TableRegistry.isReplicated(table) && !kept.contains(table)) {
                    SynodEngineBridge.detachLock(session, table);
                    table.unlock(session);
                }
            }
        } finally {
            session.unlock();
        }
    }

    private void open(Held branch) {
        SessionLocal session = store.systemSession();
        session.lock();
        try {
            byte[] head = branch.record.isSpooled()
                    ? branch.record.rows()
                    : spool.read(branch.key).readAllBytes();
            WriteSetApplier.applyPrepared(session, tables, head, spool, branch.key, branch.record.isSpooled());
            LockedRows.lock(session, tables, branch.record.locked());
        } catch (IOException e) {
            throw new IllegalStateException("a prepared branch cannot be read from the spool", e);
        } finally {
            session.unlock();
        }
        branch.isIn(session);
    }

    /**
     * The log says that the branch commits.
     *
     * @param settle writes what else belongs to this commit
     */
    void commit(String gid, Consumer<SessionLocal> settle) {
        Held branch = held.get(gid);
        Invariant.that(branch != null, "a branch that is prepared is not held");
        SessionLocal session = branch.session;
        end(branch, () -> {
            fold.apply(session, new BranchEntry.Decided(gid, true));
            settle.accept(session);
            if (branch.given == null) {
                session.commit(false);
            } else {
                branch.given.guard.commit();
            }
        });
        fold.isShown(gid);
        // Not before: who sees it no more looks in H2 for what became of its commit, and is told that it will never be.
        held.remove(gid);
        spool.drop(branch.key);
    }

    /**
     * The log says that the branch rolls back.
     *
     * @param session in whose transaction that is kept
     */
    void rollback(SessionLocal session, String gid) {
        Held branch = held.remove(gid);
        Invariant.that(branch != null, "a branch that is prepared is not held");
        fold.apply(session, new BranchEntry.Decided(gid, false));
        undo(branch);
        spool.drop(branch.key);
    }

    /** Whether a commit that was asked for by this id, or one before it of its session, waits for a global decision. */
    boolean mayStillCommit(CommitId id) {
        return held.values().stream()
                .map(Held::record)
                .anyMatch(r -> !r.branch().isAlone()
                        && r.id().session().equals(id.session())
                        && r.id().number() <= id.number());
    }

    private static void undo(Held branch) {
        end(branch, branch.given == null ? branch.session::rollback : branch.given.guard::rollback);
    }

    private static void end(Held branch, Runnable with) {
        if (branch.given != null) {
            branch.given.giveBack(with);
            return;
        }
        SessionLocal session = branch.session;
        session.lock();
        try {
            with.run();
            session.close();
        } finally {
            session.unlock();
        }
    }

    /** For a digest: what is prepared, equal on every member. */
    List<DigestLine> digest() {
        List<DigestLine> lines = new ArrayList<>(held());
        fold.several()
                .forEach((gid, known) -> lines.add(new DigestLine(
                        "GLOBAL TRANSACTION", gid, known.standing().toString())));
        return lines;
    }

    private List<DigestLine> held() {
        return list().stream()
                .map(branch -> {
                    Spool.Item item = spool.find(branch.key);
                    String checksum = item.bytes() + ":" + Integer.toHexString(Arrays.hashCode(item.head()));
                    return new DigestLine("PREPARED", branch.record.branch().gid(), checksum);
                })
                .toList();
    }

    /** The copy is about to be closed: nothing is decided by that. */
    void close() {
        list().forEach(PreparedBranches::undo);
        held.clear();
    }
}
