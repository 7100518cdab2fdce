package io.synod.engine.session;

import io.synod.branch.Attempt;
import io.synod.branch.Branch;
import io.synod.branch.BranchRequest;
import io.synod.engine.database.CommitId;
import io.synod.engine.database.CommitLevel;
import io.synod.engine.database.Errors;
import io.synod.engine.database.HostedDatabase;
import io.synod.engine.database.Writer;
import io.synod.engine.session.StatementRouter.Route;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.h2.engine.IsolationLevel;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.h2.result.ResultInterface;

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
    private final Repetition repetition;
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
    /** {@code null} until a statement names another database. */
    private OtherDatabases others;

    private boolean inList;
    private boolean lastPart;
    private long commits;

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
        this.repetition = new Repetition(forwarding, ids);
        this.placement = new Placement(database, local, writer, forwarding, internal);
        this.levels = levels;
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

    /** The session's transactions from now on may have branches there. */
    void reaches(OtherDatabases databases) {
        others = databases;
    }

    boolean isOpen() {
        return place != Place.NONE;
    }

    /** Here, on the leader, or in another database only. */
    boolean isOpenAnywhere() {
        return isOpen() || others != null && others.haveBegun();
    }

    boolean hasWritten() {
        return written && isOpen();
    }

    /** Whether it has done anything that binds it to a place. */
    boolean hasBegun() {
        return isOpen() || snapshotHere || others != null && others.haveBegun();
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
    private boolean isSingle() {
        return autoCommit && !inList;
    }

    // ---- reads ----------------------------------------------------------------------------------------------------

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
        if (last.isUnsettled()) {
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
        written |= command.decision().route() != Route.SAVEPOINT;
        return place == Place.NONE ? first(command, execution) : inPlace(command, execution);
    }

    private <T> T inPlace(RoutedCommand command, Execution<T> execution) {
        T result = place == Place.HERE ? here(command, execution) : forward(command, execution);
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

    /** A transaction's first statement: where it went to a node that did not lead, nothing was executed. See {@link Repetition}. */
    private <T> T first(RoutedCommand command, Execution<T> execution) {
        endLocalSnapshot();
        long deadline = System.nanoTime() + database.timeoutMillis() * 1_000_000L;
        while (true) {
            place = placement.await();
            keepSnapshot();
            repetition.begins(local, isForwarded());
            try {
                return inPlace(command, execution);
            } catch (DbException e) {
                if (internal || !repetition.isDue(e, isSingle(), command, execution, deadline)) {
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

    /** A value that the client sees must not be given out again by another leader, even if this transaction fails. */
    private void coverSequences() {
        try {
            database.coverSequences();
        } catch (DbException e) {
            rollback();
            throw e;
        }
    }

    /** This node still led after the rows were read; else the transaction is over, and they are not shown. */
    void confirmed(Object result) {
        try {
            database.reads().confirm(writer);
        } catch (DbException e) {
            if (result instanceof ResultInterface rows) {
                rows.close();
            }
            // What is over must not look as if it were open, as after a time-out of H2's.
            DbException told = isSingle() || Errors.isRetry(e) ? e : Errors.retry(Errors.message(e));
            rollback();
            throw told;
        }
    }

    private void endLocalSnapshot() {
        if (!isSnapshotIsolation() || autoCommit) {
            writer.endRead();
        }
    }

    /** Runs a statement in the transaction that is open here. */
    <T> T here(RoutedCommand command, Execution<T> execution) {
        return here(command, () -> writer.execute(() -> LeaderExecution.run(command, execution, local)));
    }

    /** ROLLBACK TO SAVEPOINT: in the open transaction, where there is one. */
    <T> T backToSavepoint(RoutedCommand command, Execution<T> execution) {
        return switch (place) {
            case HERE -> here(command, () -> writer.executeUnguarded(() -> command.runHere(execution)));
            case FORWARDED -> forward(command, execution);
            case NONE -> command.runHere(execution);
        };
    }

    private <T> T here(RoutedCommand command, Supplier<T> run) {
        try {
            return run.get();
        } catch (DbException e) {
            if (!writer.isOpen()) {
                place = Place.NONE;
                ended();
            } else if (isSingle()) {
                rollback();
            }
            throw LeaderExecution.explained(command, e);
        }
    }

    <T> T forward(RoutedCommand command, Execution<T> execution) {
        return forward(command, execution, isSingle());
    }

    /** @param whole whether all rows of its result are to be here when this returns */
    <T> T forward(RoutedCommand command, Execution<T> execution, boolean whole) {
        try {
            return fetch(() -> forwarding.run(command, execution, local, whole));
        } catch (DbException e) {
            if (place == Place.NONE) {
                throw e;
            }
            if (Errors.isRetry(e)) {
                place = Place.NONE;
                ended();
            } else if (isSingle()) {
                rollback();
            }
            throw e;
        }
    }

    /** Asks the leader for something: when it is lost meanwhile, so is the transaction that is open there. */
    <T> T fetch(Supplier<T> call) {
        try {
            return call.get();
        } catch (DbException e) {
            if (place == Place.FORWARDED && forwarding.isBroken()) {
                forwarding.close();
                place = Place.NONE;
                ended();
                throw forwarding.lost(" in the middle of the transaction");
            }
            throw e;
        }
    }

    /** A result outlives its transaction. */
    private void keepRows() {
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
        if (others != null && others.haveBegun() && commitElsewhere(id, level)) {
            // What is left has only read.
            rollback();
            commits++;
            return;
        }
        commitBranch(id, level);
    }

    private boolean commitElsewhere(CommitId id, CommitLevel level) {
        try {
            return others.commit(id, level);
        } catch (DbException e) {
            if (!Errors.isRefusal(e) || !hasWritten() && !others.haveWritten()) {
                rollback();
            }
            throw e;
        }
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
                    last.ended(forwarding.commit(ids.orOwn(id)));
                }
                case NONE -> writer.endRead();
            }
            if (was != Place.NONE) {
                commits++;
            }
        } finally {
            ended();
            if (writer.isOrphaned()) {
                onOrphan.run();
            }
        }
    }

    /**
     * Prepares the open transaction as a branch. An error that leaves it open says so by its code; 40001 and 08007 do not.
     *
     * @return false when it has written nothing: it has ended
     */
    boolean prepare(String gid) {
        if (others != null && others.haveWritten()) {
            throw Errors.refused(
                    "PREPARE COMMIT of a transaction that has written other databases",
                    "a branch with a name is one database's",
                    "use COMMIT, which commits in all of them or in none, or give the manager a connection to each");
        }
        if (place == Place.NONE) {
            writer.endRead();
            ended();
            return false;
        }
        Branch branch = place == Place.HERE ? database.branches().named(gid) : null;
        CommitId id = commitId();
        return prepare(
                () -> writer.prepare(id, branch, Attempt.NONE), () -> forwarding.prepare(ids.orOwn(id), gid), id);
    }

    /**
     * Prepares the open transaction as the branch of a transaction of several groups, even if it has changed nothing.
     *
     * @param id by which its client knows the whole
     * @throws DbException as {@link #prepare(String)}; what is not prepared then is refused by whoever asks next
     */
    void prepare(BranchRequest.CanCommit branch, CommitId id) {
        if (place == Place.NONE) {
            throw Errors.retry("the transaction is not open any more");
        }
        prepare(
                () -> writer.prepare(id, branch.branch(), branch.attempt()),
                () -> forwarding.canCommit(branch, id),
                id);
    }

    /** What was prepared is committed: a transaction that was open before is not lost. */
    void committedAsBranch() {
        commits++;
    }

    private boolean prepare(LongSupplier here, BooleanSupplier there, CommitId id) {
        Place was = place;
        try {
            keepRows();
            if (was == Place.FORWARDED) {
                boolean prepared = there.getAsBoolean();
                place = Place.NONE;
                levels.seen().changedElsewhere();
                return prepared;
            }
            place = Place.NONE;
            last.begins(id);
            last.ended(here.getAsLong(), CommitLevel.QUORUM);
            return last.index() > 0;
        } catch (DbException e) {
            if (was == Place.HERE && writer.isOpen()) {
                place = Place.HERE;
            } else if (forwarding.isBroken() || Errors.isRetry(e)) {
                place = Place.NONE;
            }
            throw e;
        } finally {
            if (place == Place.NONE) {
                ended();
            }
            if (writer.isOrphaned()) {
                onOrphan.run();
            }
        }
    }

    /** It ran on a node that was lost; whatever else comes of the running statement, the next one says so. */
    void lostThere() {
        assert place != Place.HERE;
        boolean suspended = isSuspended();
        place = Place.NONE;
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
                // statement
                // commits by itself, nobody calls rollback().
                rollback();
            }
            throw Errors.stillLost(why);
        }
        if (last.settle() && writer.isOrphaned()) {
            onOrphan.run();
        }
        if (!rollback) {
            last.tell();
        }
    }

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
        } finally {
            ended();
        }
    }

    /** Takes back what the transaction has done, and stays in it: after BEGIN auto-commit does not come back yet. */
    void undoAll() {
        boolean atEnd = autoCommitAtEnd;
        autoCommitAtEnd = false;
        try {
            rollback();
        } finally {
            autoCommitAtEnd = atEnd;
        }
    }

    private void ended() {
        snapshotHere = false;
        written = false;
        if (others != null) {
            others.rollback();
        }
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
        boolean mayBeAskedFor = place == Place.FORWARDED
                || levels.commit() == CommitLevel.LOCAL
                || others != null && others.haveBegun();
        return ids.next(mayBeAskedFor);
    }

    // ---- logged statements, lists ---------------------------------------------------------------------------------

    void statementEnded() {
        place = Place.NONE;
        ended();
    }

    <T> T forwardStatement(RoutedCommand command, Execution<T> execution) {
        T result = forward(command, execution);
        if (SqlText.startsWith(command.tokens(), "DROP")) {
            fetch(() -> {
                forwarding.dropped();
                return null;
            });
        }
        levels.seen().changedElsewhere();
        // What JDBC asks this node's H2 without a statement (mode, schema, settings) has to know it, too. It has
        // happened, even where this takes too long.
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
            if (autoCommit && !outer && isOpenAnywhere()) {
                commit(commitId());
            }
            return result;
        } catch (RuntimeException e) {
            inList = outer;
            if (autoCommit && !outer && isOpenAnywhere()) {
                endAfter(e);
            }
            throw e;
        }
    }

    /** Runs a statement that names other databases: under auto-commit, all that it has done commits together. */
    <T> T across(Supplier<T> statement) {
        boolean outer = inList;
        inList = true;
        try {
            T result = statement.get();
            inList = outer;
            if (isSingle()) {
                commit(commitId());
            }
            return result;
        } catch (RuntimeException e) {
            inList = outer;
            if (isSingle() || e instanceof DbException error && Errors.isRetry(error)) {
                rollback();
            }
            throw e;
        }
    }

    /** H2 commits each part by itself: those before the one that failed stay, unless the transaction itself is lost. */
    private void endAfter(RuntimeException e) {
        if (e instanceof DbException error && !Errors.isRetry(error)) {
            commitImplicitly();
        } else {
            rollback();
        }
    }
}
