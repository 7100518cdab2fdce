package io.synod.engine.session;

import io.synod.engine.database.CommitId;
import io.synod.engine.database.CommitLevel;
import io.synod.engine.database.Errors;
import io.synod.engine.database.HostedDatabase;
import io.synod.engine.database.Writer;
import io.synod.engine.session.StatementRouter.Route;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Supplier;
import org.h2.api.ErrorCode;
import org.h2.command.query.Query;
import org.h2.engine.IsolationLevel;
import org.h2.engine.Session;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.h2.result.ResultInterface;
import org.h2.table.Table;

/**
 * The transaction of a {@link RoutedSession}: in which place it runs, and when it ends.
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

    private final HostedDatabase database;
    private SessionLocal local;
    private Writer writer;
    private final Forwarding forwarding;
    private final CommitIds ids;
    private final Levels levels;
    private final boolean internal;
    private final Runnable onOrphan;

    private Place place = Place.NONE;
    private boolean autoCommit = true;
    private boolean autoCommitAtEnd;
    private boolean readOnly;
    private boolean snapshotHere;
    /** Of an earlier commit that was answered too early; told with the next call. */
    private DbException lost;

    private long lastCommitIndex;
    private CommitId lastCommitId = CommitId.NONE;
    /** Unsettled in a copy that a snapshot has replaced; {@code null} for none. */
    private CommitId unsettledBefore;

    private boolean inList;
    private boolean lastPart;

    /**
     * @param internal of a session that another node has opened here: it runs here or not at all
     * @param onOrphan called when nobody knows the outcome of a commit here, so that the inner session cannot go on
     */
    RoutedTransaction(
            HostedDatabase database,
            SessionLocal local,
            Writer writer,
            Forwarding forwarding,
            CommitIds ids,
            Levels levels,
            boolean internal,
            Runnable onOrphan) {
        this.database = database;
        this.local = local;
        this.writer = writer;
        this.forwarding = forwarding;
        this.ids = ids;
        this.levels = levels;
        this.internal = internal;
        this.onOrphan = onOrphan;
    }

    /**
     * This node's copy was replaced by a snapshot: goes on in a session of the new one. A transaction on the leader does not
     * notice.
     *
     * @throws DbException 40001 when a transaction was open here
     */
    void move(SessionLocal session, Writer itsWriter) {
        boolean lost = place == Place.HERE || snapshotHere;
        if (writer.isUnsettled()) {
            unsettledBefore = lastCommitId;
        }
        local = session;
        writer = itsWriter;
        if (lost) {
            place = Place.NONE;
            ended();
            throw Errors.retry("this node's copy was replaced by a snapshot");
        }
    }

    boolean isOpen() {
        return place != Place.NONE;
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
    private boolean isSingle() {
        return autoCommit && !inList;
    }

    // ---- reads ----------------------------------------------------------------------------------------------------

    /** Where the next read belongs: above READ COMMITTED it begins a transaction that may write later. */
    Place placeOfRead() {
        if (place == Place.NONE && !autoCommit && !readOnly && isSnapshotIsolation()) {
            place = awaitPlace();
        }
        return place;
    }

    /** Outside of any writing transaction. */
    void readsHere() {
        snapshotHere |= !autoCommit && isSnapshotIsolation();
    }

    private boolean isSnapshotIsolation() {
        return local.getIsolationLevel().compareTo(IsolationLevel.READ_COMMITTED) > 0;
    }

    /** Runs what neither writes nor locks, outside of any writing transaction. */
    <T> T onLocal(RoutedCommand command, Execution<T> execution) {
        if (place == Place.HERE) {
            return here(command, execution);
        }
        T result = command.runHere(execution);
        endLocalRead();
        return result;
    }

    /** What this node says of itself, wherever the transaction is. */
    <T> T ofNode(RoutedCommand command, Execution<T> execution) {
        if (place == Place.HERE) {
            return here(command, execution);
        }
        T result = command.runHere(execution);
        if (place == Place.FORWARDED) {
            writer.endRead();
        } else {
            endLocalRead();
        }
        return result;
    }

    SessionActivity.State activity() {
        if (isUnsettled()) {
            return SessionActivity.State.UNSETTLED;
        }
        return isOpen() ? SessionActivity.State.IN_TRANSACTION : SessionActivity.State.IDLE;
    }

    /** H2 keeps a transaction open after a read, which counts against its bound and pins old versions. */
    private void endLocalRead() {
        if (place == Place.NONE && (autoCommit || !isSnapshotIsolation())) {
            writer.endRead();
        }
    }

    // ---- writes ---------------------------------------------------------------------------------------------------

    <T> T write(RoutedCommand command, Execution<T> execution) {
        T result = place == Place.NONE ? first(command, execution) : inPlace(command, execution);
        if (place == Place.HERE && command.returnsRows()) {
            confirmed(result);
        }
        if (isSingle()) {
            commit(commitId());
        } else if (place == Place.HERE) {
            coverSequences();
        }
        return result;
    }

    /** A transaction's first statement: where it went to a node that did not lead, nothing was executed. */
    private <T> T first(RoutedCommand command, Execution<T> execution) {
        endLocalSnapshot();
        long deadline = System.nanoTime() + database.timeoutMillis() * 1_000_000L;
        while (true) {
            place = awaitPlace();
            keepSnapshot();
            try {
                return inPlace(command, execution);
            } catch (DbException e) {
                if (internal || !Forwarding.shallAskAgain(e, deadline)) {
                    throw e;
                }
                place = Place.NONE;
            }
        }
    }

    /** A snapshot that was read here cannot go on over there. */
    private void keepSnapshot() {
        if (place == Place.FORWARDED && snapshotHere) {
            // Next time it begins there.
            readOnly = false;
            writer.endRead();
            rollback();
            throw Errors.retry("the transaction began as a read-only one on this node and writes now");
        }
    }

    private <T> T inPlace(RoutedCommand command, Execution<T> execution) {
        return place == Place.HERE ? here(command, execution) : forward(command, execution);
    }

    /** A value that the client sees must not be given out again by another leader, even if this transaction fails. */
    private void coverSequences() {
        try {
            database.coverSequences();
        } catch (DbException e) {
            rollback();
            throw e;
        }
    }

    private void confirmed(Object result) {
        try {
            database.reads().confirm(writer);
        } catch (DbException e) {
            if (result instanceof ResultInterface rows) {
                rows.close();
            }
            rollback();
            throw e;
        }
    }

    private void endLocalSnapshot() {
        if (!isSnapshotIsolation() || autoCommit) {
            writer.endRead();
        }
    }

    /** Runs a statement in the transaction that is open here. */
    <T> T here(RoutedCommand command, Execution<T> execution) {
        try {
            return writer.execute(() -> {
                if (command.decision().route() == Route.LOCKING_READ) {
                    lockTables(command);
                }
                return WritingQueries.isOne(command)
                        ? WritingQueries.run(command, execution, local)
                        : command.runHere(execution);
            });
        } catch (DbException e) {
            if (!writer.isOpen()) {
                place = Place.NONE;
                ended();
            } else if (isSingle()) {
                rollback();
            }
            throw explained(command, e);
        }
    }

    /** The guard's error says what was tried, not what to do. */
    private static DbException explained(RoutedCommand command, DbException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            int code = cause instanceof DbException d
                    ? d.getErrorCode()
                    : cause instanceof SQLException sql ? sql.getErrorCode() : 0;
            if (code == ErrorCode.COMMIT_ROLLBACK_NOT_ALLOWED) {
                return Errors.refused(
                        RoutedSession.firstWords(command.tokens())
                                + " …, which runs a Java function or trigger that commits,",
                        "what it commits, or changes in the catalogue, would be on this node only",
                        "let the application commit, and change the catalogue in a statement of its own");
            }
        }
        return e;
    }

    /** H2 locks the rows only: a shared lock on the table makes DDL wait for them. */
    private void lockTables(RoutedCommand command) {
        local.lock();
        try {
            if (local.prepare(command.sql()) instanceof Query query) {
                for (Table table : query.getTables()) {
                    table.lock(local, Table.WRITE_LOCK);
                }
            }
        } finally {
            local.unlock();
        }
    }

    <T> T forward(RoutedCommand command, Execution<T> execution) {
        try {
            return forwarding.run(command, execution, local);
        } catch (DbException e) {
            if (forwarding.isBroken()) {
                forwarding.close();
                place = Place.NONE;
                ended();
                throw Errors.retry("the leader was lost in the middle of the transaction");
            }
            if (e.getErrorCode() == Errors.RETRY_CODE) {
                place = Place.NONE;
                ended();
            } else if (isSingle()) {
                rollback();
            }
            throw e;
        }
    }

    /** Begins a writing transaction where the leader is, waiting for one; true when it runs here. */
    boolean begin() {
        place = awaitPlace();
        return place == Place.HERE;
    }

    private Place awaitPlace() {
        long deadline = System.nanoTime() + database.timeoutMillis() * 1_000_000L;
        while (true) {
            if (writer.begin()) {
                return Place.HERE;
            }
            if (internal) {
                throw Errors.notLeader(database.node(), database.log().leader());
            }
            long left = deadline - System.nanoTime();
            String leader = left > 0 ? database.log().awaitLeader(left) : null;
            if (leader == null) {
                throw Errors.noLeader(database.name(), database.timeoutMillis());
            }
            if (!leader.equals(database.node()) && forwarding.begin(leader, local, deadline)) {
                return Place.FORWARDED;
            }
        }
    }

    Session leaderSession() {
        if (place == Place.NONE) {
            place = awaitPlace();
        }
        return forwarding.session();
    }

    <T> T rollbackToSavepoint(RoutedCommand command, Execution<T> execution) {
        if (place == Place.FORWARDED) {
            return forward(command, execution);
        }
        if (place == Place.HERE) {
            return writer.executeUnguarded(() -> command.runHere(execution));
        }
        return command.runHere(execution);
    }

    // ---- ends -----------------------------------------------------------------------------------------------------

    /** @throws DbException 40001 or 08007, see the class */
    void commit(CommitId id) {
        commit(id, levels.commit());
    }

    private void commit(CommitId id, CommitLevel level) {
        lastCommitIndex = 0;
        lastCommitId = id;
        Place was = place;
        place = Place.NONE;
        try {
            switch (was) {
                case HERE -> {
                    lastCommitIndex = writer.commit(id, level);
                    committed(level);
                }
                case FORWARDED -> {
                    try {
                        forwarding.commitLevel(level, local);
                    } catch (DbException e) {
                        // Nothing was committed; what is open over there must not go into a later commit.
                        forwarding.rollback();
                        throw e;
                    }
                    // An implicit one has no number of the client's, and must be looked up all the same.
                    committed(forwarding.commit(id.isNone() ? ids.own() : id));
                }
                case NONE -> writer.endRead();
            }
        } finally {
            ended();
            if (writer.isOrphaned()) {
                onOrphan.run();
            }
        }
    }

    /** As H2 does before a statement that cannot be part of a transaction. */
    void commitImplicitly() {
        commit(CommitId.NONE, levels.commit() == CommitLevel.LOCAL ? CommitLevel.QUORUM : levels.commit());
    }

    private void committed(CommitLevel level) {
        if (lastCommitIndex == 0 || writer.isUnsettled()) {
            return;
        }
        levels.seen().shown(lastCommitIndex);
        if (level == CommitLevel.ALL) {
            List<String> missing = database.awaitEverywhere(lastCommitIndex);
            if (!missing.isEmpty()) {
                levels.warn("committed on a majority, but COMMIT=ALL was not reached: no confirmation from "
                        + String.join(", ", missing));
            }
        }
    }

    private void committed(ForwardedSession.Committed there) {
        lastCommitIndex = there.index();
        if (there.warning() != null) {
            levels.warn(there.warning());
        }
        if (there.index() > 0 && there.settled()) {
            levels.seen().shown(there.index());
        } else if (there.settled()) {
            levels.seen().changedElsewhere();
        }
    }

    /** Where the last commit stands in the log; 0 where it left nothing there, or its place is not known. */
    long lastCommitIndex() {
        return lastCommitIndex;
    }

    CommitId lastCommitId() {
        return lastCommitId;
    }

    /** Whether the last commit was answered before it was decided. */
    boolean isUnsettled() {
        return unsettledBefore != null || writer.isUnsettled() || forwarding.isUnsettled();
    }

    /**
     * Waits for the end of a commit that was answered at level LOCAL, before anything else is done.
     *
     * @param quietly keeps the bad news for the next call
     * @throws DbException 40000 when it was lost
     */
    void settle(boolean quietly) {
        try {
            if (unsettledBefore != null) {
                settleBefore();
            }
            levels.seen().shown(writer.settle());
            long there = forwarding.settle();
            if (there < 0) {
                levels.seen().changedElsewhere();
            }
            levels.seen().shown(there);
        } catch (DbException e) {
            lost = e;
            if (writer.isOrphaned()) {
                onOrphan.run();
            }
        }
        if (lost != null && !quietly) {
            DbException told = lost;
            lost = null;
            throw told;
        }
    }

    private void settleBefore() {
        CommitId id = unsettledBefore;
        unsettledBefore = null;
        if (!forwarding.resolve(id)) {
            throw Errors.localCommitLost("this node lost its leadership before a majority had it");
        }
        levels.seen().changedElsewhere();
    }

    void rollback() {
        Place was = place;
        place = Place.NONE;
        try {
            switch (was) {
                case HERE -> writer.rollback();
                case FORWARDED -> forwarding.rollback();
                case NONE -> writer.endRead();
            }
        } finally {
            ended();
        }
    }

    private void ended() {
        snapshotHere = false;
        if (autoCommitAtEnd) {
            autoCommit = true;
            autoCommitAtEnd = false;
        }
    }

    /** The id of the commit that the running request may make. */
    CommitId commitId() {
        if (inList && !lastPart) {
            return CommitId.NONE;
        }
        return ids.next(place == Place.FORWARDED || levels.commit() == CommitLevel.LOCAL);
    }

    // ---- logged statements, lists ---------------------------------------------------------------------------------

    void statementEnded() {
        place = Place.NONE;
        ended();
    }

    <T> T forwardStatement(RoutedCommand command, Execution<T> execution) {
        T result = forward(command, execution);
        levels.seen().changedElsewhere();
        // What JDBC asks this node's H2 without a statement (mode, schema, settings) has to know it, too. It has
        // happened,
        // even where this takes too long.
        database.log().awaitReadable(database.timeoutMillis() * 1_000_000L);
        return result;
    }

    /** The commits of all parts of a list but the last are implicit ones. */
    void lastPart() {
        lastPart = true;
    }

    boolean isList() {
        return inList;
    }

    /** Runs the parts of a list as one request: under auto-commit they commit together. */
    <T> T asList(Supplier<T> parts) {
        boolean outer = inList;
        inList = true;
        lastPart = false;
        try {
            T result = parts.get();
            inList = outer;
            if (autoCommit && !outer && place != Place.NONE) {
                commit(commitId());
            }
            return result;
        } catch (RuntimeException e) {
            inList = outer;
            if (autoCommit && !outer && place != Place.NONE) {
                endAfter(e);
            }
            throw e;
        }
    }

    /** H2 commits each part by itself: those before the one that failed stay, unless the transaction itself is lost. */
    private void endAfter(RuntimeException e) {
        if (e instanceof DbException error && error.getErrorCode() != Errors.RETRY_CODE) {
            commitImplicitly();
        } else {
            rollback();
        }
    }
}
