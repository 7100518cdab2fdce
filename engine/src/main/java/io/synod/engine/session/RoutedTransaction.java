package io.synod.engine.session;

import io.synod.engine.database.CommitId;
import io.synod.engine.database.CommitLevel;
import io.synod.engine.database.Errors;
import io.synod.engine.database.HostedDatabase;
import io.synod.engine.database.Writer;
import io.synod.engine.session.StatementRouter.Route;
import java.util.function.Supplier;
import org.h2.engine.IsolationLevel;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The transaction of a {@link RoutedSession}: in which place it runs, and when it ends. {@link RoutedExecution} runs its
 * statements there.
 *
 * <p><b>Order.</b> A transaction that writes runs wholly in one place: this node while it leads ({@link Writer}) or the
 * leader's ({@link ForwardedSession}). Under READ COMMITTED one that began with local reads moves there at its first
 * write, which changes nothing it could have noticed; above that it begins there, unless the connection is read-only.
 *
 * <p><b>Concurrency.</b> All methods under the routed session's lock; the inner session's is taken after it.
 *
 * <p><b>Failure.</b> A transaction that lost its place surely did not commit (40001), unless its commit was on its way:
 * then it is looked up under its {@link CommitId}, and only when nobody can tell in time is the outcome unknown (08007).
 */
final class RoutedTransaction {
    enum Place {
        NONE,
        HERE,
        FORWARDED
    }

    private static final Logger LOG = LoggerFactory.getLogger(RoutedTransaction.class);

    private final HostedDatabase database;
    private SessionLocal local;
    private Writer writer;
    private final Forwarding forwarding;
    private final CommitIds ids;
    private final Placement placement;
    private final Levels levels;
    private final boolean internal;
    private final Runnable onOrphan;

    private Place place = Place.NONE;
    private boolean autoCommit = true;
    private boolean autoCommitAtEnd;
    private boolean readOnly;
    private boolean snapshotHere;
    private final LastCommit last;

    /** Why it was lost in its middle, which the application has not ended yet; {@code null} otherwise. */
    private String lost;

    /** Whether it may have written, or locked, something in this database. */
    private boolean written;
    /** Whether it may have written. */
    private boolean changed;
    /** The oldest catalogue by which the leader's queries in it only read; MAX_VALUE for none. */
    private long readBy = Long.MAX_VALUE;

    private final OtherBranches others;
    private final StatementGroup group = new StatementGroup(this);
    private long commits;

    /**
     * @param internal of a session that another node has opened here: it runs here or not at all
     * @param onOrphan called when the inner session cannot go on, because nobody knows the outcome of a commit here, or because H2 could
     *     not undo what is open in it; never fails
     */
    RoutedTransaction(
            HostedDatabase database,
            SessionLocal local,
            Writer writer,
            Forwarding forwarding,
            CommitIds ids,
            Levels levels,
            OtherBranches others,
            boolean internal,
            Runnable onOrphan) {
        this.database = database;
        this.local = local;
        this.writer = writer;
        this.forwarding = forwarding;
        this.ids = ids;
        this.placement = new Placement(database, local, writer, forwarding, internal);
        this.levels = levels;
        this.others = others;
        this.internal = internal;
        this.onOrphan = onOrphan;
        this.last = new LastCommit(database, levels, forwarding, writer);
    }

    /**
     * This node's copy was replaced by a snapshot: goes on in a session of the new one. A transaction on the leader does not
     * notice; one that was open here is lost, which {@link #settle} tells.
     */
    void move(SessionLocal session, Writer itsWriter) {
        boolean wasHere = place == Place.HERE || snapshotHere;
        last.move(itsWriter);
        writer.forsake();
        local = session;
        writer = itsWriter;
        placement.move(session, itsWriter);
        if (wasHere) {
            place = Place.NONE;
            snapshotHere = false;
            lost = "this node's copy was replaced by a snapshot";
        }
    }

    boolean isOpen() {
        return place != Place.NONE;
    }

    /** Here, on the leader, or in another database only. */
    boolean isOpenAnywhere() {
        return isOpen() || others.haveBegun();
    }

    /**
     * A statement that may write or lock something in this database is about to run.
     *
     * @param changes false for one that only locks
     */
    void writes(boolean changes) {
        written = true;
        changed |= changes;
    }

    /** The leader is about to execute a query that only reads by this node's catalogue, as of that number. */
    void readsThere(long catalogue) {
        readBy = Math.min(readBy, catalogue);
    }

    /** Before it ends beside others: where the catalogue is another one by now, what has read over there may have written. */
    void checkReads() {
        if (place == Place.FORWARDED && !changed && readBy != Long.MAX_VALUE) {
            try {
                database.reads().awaitReadable();
            } catch (DbException e) {
                // The transaction is over, and whoever tries its end again must not take nothing for success.
                throw Errors.retry("it could not be known whether what has read database " + database.name()
                        + " has come to write there (" + e.getMessage() + ")");
            }
            if (local.getDatabase().getModificationMetaId() != readBy) {
                writes(true);
            }
        }
    }

    /** Whether it may have written, or locked, something in this database. */
    boolean hasWritten() {
        return written && isOpen();
    }

    /** Whether it may have written something in this database. */
    boolean hasChanged() {
        return changed && isOpen();
    }

    /** Whether it has done anything that binds it to a place. */
    boolean hasBegun() {
        return isOpen() || snapshotHere || others.haveBegun();
    }

    /** How many have been committed: what was open before another one is not lost. */
    long commits() {
        return commits;
    }

    /** Whether it is open by BEGIN, while the session is in auto-commit mode otherwise. */
    boolean isSuspended() {
        return autoCommitAtEnd;
    }

    /**
     * It had begun, and was lost in the middle, which the application has been told: what it does next may be the other half of it
     * and must not become a transaction of its own. As in PostgreSQL, the session waits for a rollback.
     *
     * @param suspended see {@link #isSuspended()}, of the lost one
     */
    void lost(String why, boolean suspended) {
        assert !hasBegun();
        lost = why;
        autoCommit = false;
        autoCommitAtEnd = suspended;
    }

    /** Whether that ends the transaction, even where it fails. */
    static boolean commits(Route route) {
        return route == Route.COMMIT || route == Route.AUTOCOMMIT_ON || route == Route.PREPARE_BRANCH;
    }

    /** Whether it was lost and waits for a rollback. */
    boolean isLost() {
        return lost != null;
    }

    Place place() {
        return place;
    }

    boolean isForwarded() {
        return place == Place.FORWARDED;
    }

    boolean isAutoCommit() {
        return autoCommit;
    }

    /** BEGIN: until the transaction ends. */
    void suspendAutoCommit() {
        autoCommitAtEnd |= autoCommit;
        autoCommit = false;
    }

    void setAutoCommit(boolean on) {
        if (on && !autoCommit) {
            commit(commitId());
        }
        autoCommit = on;
        autoCommitAtEnd = false;
    }

    boolean isReadOnly() {
        return readOnly;
    }

    void setReadOnly(boolean readOnly) {
        this.readOnly = readOnly;
    }

    /** Whether each statement is a transaction of its own. */
    boolean isSingle() {
        return autoCommit && !group.isRunning();
    }

    // ---- where it runs --------------------------------------------------------------------------------------------

    /** Where the next read belongs: above READ COMMITTED it begins a transaction that may write later. */
    Place placeOfRead() {
        if (place == Place.NONE && !autoCommit && !readOnly && isSnapshotIsolation()) {
            place = placement.await();
        }
        return place;
    }

    /** Outside of any writing transaction. */
    void readsHere() {
        snapshotHere |= !autoCommit && isSnapshotIsolation();
    }

    /** Whether it reads as of one moment, which was on this node. */
    boolean hasSnapshotHere() {
        return snapshotHere;
    }

    boolean isSnapshotIsolation() {
        return local.getIsolationLevel().compareTo(IsolationLevel.READ_COMMITTED) > 0;
    }

    SessionActivity.State activity() {
        if (last.isUnsettled()) {
            return SessionActivity.State.UNSETTLED;
        }
        return isOpen() ? SessionActivity.State.IN_TRANSACTION : SessionActivity.State.IDLE;
    }

    /** Asks the leader for something: when it is lost meanwhile, so is the transaction that is open there. */
    <T> T fetch(Supplier<T> call) {
        try {
            return call.get();
        } catch (DbException e) {
            if (place == Place.FORWARDED && forwarding.isBroken()) {
                forwarding.close();
                ended();
                throw forwarding.lost(" in the middle of the transaction");
            }
            throw e;
        }
    }

    /** A result outlives its transaction. */
    void keepRows() {
        if (place == Place.FORWARDED) {
            fetch(() -> {
                forwarding.keepRows(local);
                return null;
            });
        }
    }

    Placement placement() {
        return placement;
    }

    /** Begins a writing transaction where the leader is, waiting for one; true when it runs here. */
    boolean begin() {
        place = placement.await();
        return place == Place.HERE;
    }

    /** Its first statement has failed, and nothing has happened: it may begin in another place. */
    void hasNotBegun() {
        place = Place.NONE;
    }

    /** @return {@code null} where this node leads */
    ForwardedSession leaderSession() {
        if (place == Place.NONE) {
            place = placement.await();
            if (place == Place.HERE) {
                // For the application nothing has begun, nor ended.
                writer.rollback();
                place = Place.NONE;
            }
        }
        return forwarding.session();
    }

    // ---- ends -----------------------------------------------------------------------------------------------------

    /** @throws DbException 40001 or 08007, see the class */
    void commit(CommitId id) {
        commit(id, levels.commit());
    }

    private void commit(CommitId id, CommitLevel level) {
        if (others.commit(id, level)) {
            // What is left has only read.
            rollback();
            commits++;
            return;
        }
        commitBranch(id, level);
    }

    /** Commits what was written in this database. */
    void commitBranch(CommitId id, CommitLevel level) {
        keepRows();
        last.begins(id);
        Place was = place;
        place = Place.NONE;
        try {
            switch (was) {
                case HERE -> {
                    last.ended(writer.commit(id, level), level);
                }
                case FORWARDED -> {
                    try {
                        forwarding.commitLevel(level, local);
                    } catch (DbException e) {
                        // Nothing was committed; what is open over there must not go into a later commit.
                        forwarding.rollback(local);
                        throw e;
                    }
                    // An implicit one has no number of the client's, and must be looked up all the same.
                    last.ended(forwarding.commit(ids.orOwn(id)), level);
                }
                case NONE -> writer.endRead();
            }
            if (was != Place.NONE) {
                commits++;
            }
        } finally {
            reset();
            checkOrphaned();
        }
    }

    /** Nobody knows the outcome of a commit here: the inner session cannot go on. */
    void checkOrphaned() {
        if (writer.isOrphaned()) {
            onOrphan.run();
        }
    }

    /** What was prepared is committed: a transaction that was open before is not lost. */
    void committedAsBranch() {
        commits++;
    }

    /** It ran on a node that was lost; whatever else comes of the running statement, the next one says so. */
    void lostThere() {
        assert place != Place.HERE;
        boolean suspended = isSuspended();
        ended();
        if (!internal && (suspended || !autoCommit)) {
            lost(Errors.LEADER_LOST + " in the middle of it", suspended);
        }
    }

    /** As H2 does before a statement that cannot be part of a transaction. */
    void commitImplicitly() {
        commitImplicitly(CommitId.NONE);
    }

    void commitImplicitly(CommitId id) {
        commit(id, levels.commit() == CommitLevel.LOCAL ? CommitLevel.QUORUM : levels.commit());
        others.goOn();
    }

    /** What is executed as one. */
    StatementGroup group() {
        return group;
    }

    LastCommit lastCommit() {
        return last;
    }

    /**
     * Whether what comes next may be done: not in a transaction that was lost. Waits for the end of a commit that was answered
     * at level LOCAL before.
     *
     * @param next news of a lost commit are kept for the call after a rollback; {@code null} for something else than a statement
     * @throws DbException 40000 when that commit was lost, 40001 when the transaction was
     */
    void settle(Route next) {
        boolean rollback = next == Route.ROLLBACK;
        if (lost != null && !rollback && next != Route.DECIDE_BRANCH && next != Route.AUTOCOMMIT_OFF) {
            String why = lost;
            if (commits(next) || internal || autoCommit) {
                // It ends, and not as was asked for. Another node's session tells its client by itself; where each
                // statement commits by itself, nobody calls rollback().
                rollback();
            }
            throw Errors.stillLost(why);
        }
        if (last.settle()) {
            checkOrphaned();
        }
        if (!rollback) {
            last.tell();
        }
    }

    /**
     * Ends it, and never fails: what this node's H2 cannot undo is dropped with its session. Nothing of it is in the log, and
     * whoever has got here by an error, or by a commit that is decided, has something else to tell.
     */
    void rollback() {
        Place was = place;
        place = Place.NONE;
        lost = null;
        try {
            switch (was) {
                case HERE -> writer.rollback();
                case FORWARDED -> forwarding.rollback(local);
                case NONE -> writer.endRead();
            }
        } catch (RuntimeException e) {
            dropped(e);
        }
        reset();
    }

    private void dropped(RuntimeException e) {
        LOG.warn("database {}: what a session has left open is dropped", database.name(), e);
        boolean undone = e instanceof DbException error && Errors.isRefusal(error);
        // One whose copy was replaced goes on in the new one.
        if (!undone && !database.storage().isReplaced(local)) {
            onOrphan.run();
        }
    }

    /** Takes back what the transaction has done, and stays in it: after BEGIN auto-commit does not come back yet. */
    void undoAll() {
        boolean atEnd = autoCommitAtEnd;
        autoCommitAtEnd = false;
        rollback();
        autoCommitAtEnd = atEnd;
    }

    /** It is over in its place, by no call of this class. */
    void ended() {
        place = Place.NONE;
        reset();
    }

    private void reset() {
        snapshotHere = false;
        written = false;
        changed = false;
        readBy = Long.MAX_VALUE;
        others.rollback();
        if (autoCommitAtEnd) {
            autoCommit = true;
            autoCommitAtEnd = false;
        }
    }

    /** The id of the commit that the running request may make. */
    CommitId commitId() {
        if (group.isBeforeLastPart()) {
            return CommitId.NONE;
        }
        boolean mayBeAskedFor = place == Place.FORWARDED || levels.commit() == CommitLevel.LOCAL || others.haveBegun();
        return ids.next(mayBeAskedFor);
    }
}
