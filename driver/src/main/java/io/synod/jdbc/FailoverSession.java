package io.synod.jdbc;

import java.sql.SQLException;
import java.sql.SQLWarning;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Supplier;
import org.h2.api.ErrorCode;
import org.h2.command.CommandInterface;
import org.h2.engine.SessionRemote;
import org.h2.jdbc.meta.DatabaseMeta;
import org.h2.message.DbException;
import org.h2.result.ResultWithGeneratedKeys;

/**
 * A session on some node of a cluster, which survives that node. It wraps H2's remote session; when that breaks it opens
 * another one and gives it the same state.
 *
 * <p><b>What the application sees.</b> Between transactions: a pause. In a transaction: 40001, for what was not committed with
 * the node's last breath is rolled back there. For a statement that may have committed (COMMIT; anything in auto-commit mode
 * but a plain read; DDL) the new node is asked by the commit id, (session, request number). Committed: the call returns
 * normally. Not committed: a COMMIT gets 40001, a statement with nothing before it is run again, at most {@value
 * Losses#REPETITIONS} times, not counting nodes that went silent.
 *
 * <p><b>What this needs from the node.</b> {@code SYNOD.RESOLVE(session, n)} = FALSE must mean that request n will not commit
 * from then on either, although the connection that carried it may still be open on the old node.
 *
 * <p><b>Concurrency.</b> Everything runs under {@link #lock()}; only {@link #cancel}, {@link #cancelWait} and the
 * {@link Watchdog} come from other threads without it.
 */
final class FailoverSession extends RemoteView implements SessionNotices {
    /** What is executed on the session of the moment. */
    @FunctionalInterface
    interface Execution<T> {
        T run(SessionRemote remote, CommandInterface command);
    }

    /**
     * A request whose answer is awaited.
     *
     * @param limitNanos after which its node is given up even if that answers others
     */
    record Waiting(SessionRemote remote, long sinceNanos, long limitNanos) {
        Waiting(SessionRemote remote, long sinceNanos) {
            this(remote, sinceNanos, Long.MAX_VALUE);
        }
    }

    private final SynodUrl url;
    private final UUID id = UUID.randomUUID();
    private final Reconnection reconnection;
    private final SessionState state = new SessionState();
    private final FailoverDatabaseMeta meta = new FailoverDatabaseMeta(this);
    private final CommitOutcome outcome;
    private final LeaderMove move;
    private volatile SessionRemote remote;
    /** Of {@link #remote}; of the last one where that is lost. */
    private NodeSession node;

    private int openResults;
    private long seenIndex;
    private final SessionWarnings warnings = new SessionWarnings();
    private volatile Waiting waiting;
    private volatile SessionRemote silent;
    private volatile boolean closed;
    private volatile FailoverCommand current;
    private long requests;
    private final OpenTransaction transaction = new OpenTransaction();

    private FailoverSession(SynodUrl url, char[] password) {
        this.url = url;
        this.reconnection = new Reconnection(url, new Connector(url, id, password));
        this.outcome = new CommitOutcome(this, id, url, reconnection);
        this.move = new LeaderMove(url, reconnection, this::restore);
    }

    /**
     * @param password is overwritten
     * @throws SQLException 28000, 90013 as the node says; 08001 when no node answers, each asked for CONNECT_TIMEOUT at the most, all of them at least
     *     once
     */
    static FailoverSession connect(SynodUrl url, char[] password) throws SQLException {
        RemoteInternals.check();
        FailoverSession session = new FailoverSession(url, password);
        session.attach(session.reconnection.connectFirst());
        session.transaction.setAutoCommit(session.remote.getAutoCommit());
        Watchdog.watch(session);
        return session;
    }

    /** For the watchdog's thread. */
    Waiting waiting() {
        return waiting;
    }

    /** For the watchdog's thread. */
    SynodUrl url() {
        return url;
    }

    /** For the watchdog's thread: the node does not answer it either, or cannot serve while another one can. */
    void sever(Waiting overdue) {
        silent = overdue.remote();
        RemoteInternals.sever(overdue.remote());
    }

    /** For the watchdog's thread. */
    String endpoint() {
        return reconnection.endpoint();
    }

    /**
     * @param ifCommitted what to return when the answer was lost and the statement is known to be committed; {@code null} when
     *     that cannot be told, then it is SY001
     */
    <T> T execute(FailoverCommand command, Execution<T> execution, T ifCommitted) {
        lock();
        try {
            refuseWhereLost(command);
            if (transaction.isOpen() && command.commitsFirst()) {
                commitBefore();
            }
            Deadline deadline = Deadline.of(url, state.queryTimeoutMillis());
            reconnection.serves(command::isCancelled);
            moveToLeader();
            Losses losses = new Losses();
            for (; ; ) {
                long number = 0;
                CommitAge age = CommitAge.now();
                try {
                    if (!command.isRollback()) {
                        connected(deadline, false);
                        outcome.settle(node, deadline);
                    }
                    SessionRemote target = connected(deadline, command.isRollback());
                    // Where it is prepared again that is asked of the node first.
                    waitsFor(target);
                    CommandInterface prepared = command.on(target);
                    outcome.mayBeIn(node.databases());
                    number = announceNext(target);
                    waitsFor(target);
                    current = command;
                    T result = execution.run(target, prepared);
                    executed(target, command, age);
                    return result;
                } catch (DbException e) {
                    waiting = null;
                    SQLException cause = e.getSQLException();
                    if (cause.getErrorCode() == RemoteInternals.PREPARE_AGAIN && !deadline.hasPassed()) {
                        command.forget();
                        continue;
                    }
                    if (closed || remote == null || !Broken.isBroken(remote, e)) {
                        if (command.commits()) {
                            transaction.ended();
                        }
                        throw e;
                    }
                    boolean transactionLost = transaction.isOpen();
                    boolean mayCommit = number > 0 && command.mayCommit(transaction.isAutoCommit());
                    losses.lost(remote, silent, deadline);
                    lost();
                    if (command.commits()) {
                        transaction.ended();
                    }
                    if (mayCommit && outcome.isCommitted(number, age, cause, deadline)) {
                        if (!command.isDecision()) {
                            transaction.ended();
                        }
                        return committed(number, ifCommitted, cause);
                    }
                    if (number > 0 && command.mayCommitInParts()) {
                        transaction.ended();
                        reconnectQuietly(deadline);
                        throw Errors.wrap(Errors.partsCommitted(cause));
                    }
                    if (transactionLost && !command.isRollback()) {
                        reconnectQuietly(deadline);
                        throw Errors.wrap(Errors.transactionLost(cause));
                    }
                    if (losses.tooMany()) {
                        throw Errors.wrap(Errors.statementGivenUp(losses.count(), cause));
                    }
                }
            }
        } catch (DbException e) {
            transaction.count(e.getSQLException());
            throw e;
        } finally {
            reconnection.serves(() -> false);
            command.ended();
            current = null;
            waiting = null;
            unlock();
        }
    }

    /** A request has one number: if both were in it, nobody could tell whether only the commit has happened. */
    private void commitBefore() {
        try {
            update("COMMIT");
        } catch (DbException e) {
            if (Errors.isRolledBack(e.getSQLException())) {
                // It is another statement that the application sees fail.
                transaction.lose();
            }
            throw e;
        }
    }

    private void refuseWhereLost(FailoverCommand command) {
        if (transaction.isLost() && !command.isPossibleWhereLost()) {
            if (command.commits()) {
                transaction.ended();
            }
            throw Errors.wrap(Errors.transactionStillLost());
        }
    }

    @Override
    public long lostTransactions() {
        return transaction.losses();
    }

    private <T> T committed(long number, T ifCommitted, SQLException cause) {
        if (ifCommitted == null) {
            throw Errors.wrap(Errors.resultLost(outcome.name(number), cause));
        }
        return ifCommitted;
    }

    @Override
    <T> T read(Function<SessionRemote, T> call) {
        return read(call, false);
    }

    private <T> T read(Function<SessionRemote, T> call, boolean forRollback) {
        lock();
        try {
            Deadline deadline = Deadline.of(url, state.queryTimeoutMillis());
            Losses losses = new Losses();
            for (; ; ) {
                SessionRemote target = connected(deadline, forRollback);
                waitsFor(target);
                try {
                    return call.apply(target);
                } catch (DbException e) {
                    if (closed || !Broken.isBroken(target, e)) {
                        throw e;
                    }
                    boolean transactionLost = transaction.isOpen() && !forRollback;
                    losses.lost(target, silent, deadline);
                    lost();
                    if (transactionLost) {
                        throw Errors.wrap(Errors.transactionLost(e.getSQLException()));
                    }
                    if (losses.tooMany()) {
                        throw Errors.wrap(Errors.statementGivenUp(losses.count(), e.getSQLException()));
                    }
                }
            }
        } catch (DbException e) {
            transaction.count(e.getSQLException());
            throw e;
        } finally {
            waiting = null;
            unlock();
        }
    }

    /** @return the session of the moment; a new one when the last was lost, with the same state */
    SessionRemote connected(Deadline deadline, boolean forRollback) {
        if (closed) {
            // By abort() in another thread, after this one's connection was found open.
            throw DbException.get(ErrorCode.OBJECT_CLOSED);
        }
        SessionRemote current = remote;
        if (current != null && !current.isClosed()) {
            return current;
        }
        if (transaction.isOpen() && !forRollback) {
            lost();
            throw Errors.wrap(Errors.transactionLost(null));
        }
        for (; ; ) {
            lost();
            try {
                attach(reconnection.reconnect(deadline, requests, seenIndex));
                SessionRemote fresh = remote;
                restore(fresh);
                return fresh;
            } catch (DbException e) {
                if (remote == null || !Broken.isBroken(remote, e) || deadline.hasPassed()) {
                    throw e;
                }
                // Lost again while its state was set: the deadline bounds this loop.
                reconnection.failed();
            } catch (SQLException e) {
                throw Errors.wrap(e);
            }
        }
    }

    private void restore(SessionRemote fresh) {
        waitsFor(fresh);
        if (fresh.getAutoCommit() != transaction.isAutoCommit()) {
            fresh.setAutoCommit(transaction.isAutoCommit());
        }
        for (SessionState.Replay replay : state.replay()) {
            CommandInterface command = fresh.prepareCommand(replay.sql());
            for (int i = 0; i < replay.parameters().size(); i++) {
                command.getParameters().get(i).setValue(replay.parameters().get(i), false);
            }
            announceNext(fresh);
            command.executeUpdate(null);
            command.close();
        }
    }

    long announceNext(SessionRemote target) {
        long number = ++requests;
        RemoteInternals.announce(target, number);
        return number;
    }

    private void executed(SessionRemote target, FailoverCommand command, CommitAge age) {
        transaction.executed(command, target.getAutoCommit());
        state.executed(target, command);
        ReplyHead head = node.latest();
        if (head != null) {
            seenIndex = Math.max(seenIndex, head.seenIndex());
            outcome.answered(node, head.unsettled(), age);
            if (head.leads()) {
                move.found(node);
            }
            if (head.warned()) {
                warnings.fetch(target);
            }
        }
    }

    private void attach(NodeSession session) {
        node = session;
        remote = session.remote();
        openResults = 0;
    }

    /**
     * Between transactions, and where the session leaves nothing behind: every write would take the longer way through this
     * node.
     */
    private void moveToLeader() {
        SessionRemote here = remote;
        boolean bound =
                here == null || transaction.isOpen() || openResults > 0 || outcome.isUnsettled() || state.stays();
        if (!bound) {
            waitsFor(here);
        }
        NodeSession there = move.from(node, bound, requests, seenIndex);
        waiting = null;
        if (there != null) {
            attach(there);
        }
    }

    /** Under the session's lock or on the way there: only a hint for when to move. */
    void resultOpened() {
        openResults++;
    }

    void resultClosed() {
        openResults = Math.max(0, openResults - 1);
    }

    @Override
    public SQLWarning takeWarnings() {
        return warnings.take();
    }

    /** The session on the node is gone, and its transaction with it. */
    private void lost() {
        transaction.gone();
        leave();
    }

    private void leave() {
        SessionRemote old = remote;
        remote = null;
        if (old != null) {
            reconnection.failed();
            RemoteInternals.abandon(old);
        }
    }

    boolean hasNode() {
        return remote != null;
    }

    /** @return whether this error means that the node is lost; the session has left it then */
    boolean leaveIfBroken(DbException e) {
        boolean broken = Broken.isBroken(remote, e);
        if (broken) {
            lost();
        }
        return broken;
    }

    /** An answer of this node is awaited from now on. */
    void waitsFor(SessionRemote target) {
        waiting = new Waiting(target, System.nanoTime());
    }

    /** Reads what may come from the node, and has the node watched meanwhile. */
    <T> T awaiting(SessionRemote origin, Supplier<T> call) {
        lock();
        Waiting outer = waiting;
        try {
            waiting = new Waiting(origin, System.nanoTime());
            return call.get();
        } catch (DbException e) {
            transaction.count(e.getSQLException());
            throw e;
        } finally {
            // A LOB may be read while it is sent.
            waiting = outer;
            unlock();
        }
    }

    /** A result of {@code origin} could not be read to its end. */
    void rowsLost(SessionRemote origin, DbException cause) {
        lock();
        try {
            if (remote == origin) {
                if (transaction.isOpen()) {
                    transaction.countLoss();
                }
                lost();
            }
        } finally {
            unlock();
        }
    }

    /** So that the application's next statement finds the session ready; that one reports what stays wrong. */
    private void reconnectQuietly(Deadline deadline) {
        try {
            connected(deadline, true);
        } catch (DbException e) {
            remote = null;
        }
    }

    /** @return whether a wait for a node was under way and is given up now */
    boolean cancelWait() {
        boolean asking = outcome.giveUp();
        return reconnection.giveUp() || asking;
    }

    @Override
    public CommandInterface prepareCommand(String sql) {
        FailoverCommand command = new FailoverCommand(this, sql);
        try {
            read(command::on, command.isRollback());
        } catch (DbException e) {
            if (command.commits()) {
                // JDBC's commit(), as much as where it is executed.
                transaction.ended();
            }
            throw e;
        }
        return command;
    }

    @Override
    public void close() {
        lock();
        try {
            closed = true;
            move.dropLeft();
            SessionRemote current = remote;
            remote = null;
            if (current != null && !current.isClosed()) {
                // The node acknowledges it, and may have gone silent.
                waiting = new Waiting(current, System.nanoTime());
                try {
                    current.close();
                } catch (DbException e) {
                    if (!Broken.isBroken(current, e)) {
                        throw e;
                    }
                }
            }
        } finally {
            waiting = null;
            Watchdog.forget(this);
            unlock();
        }
    }

    @Override
    public boolean isClosed() {
        return closed;
    }

    /**
     * Whether a node serves this session within the time. Neither ends a transaction nor hides that one is lost: that does not
     * make the session invalid, and its next statement tells it.
     *
     * @param seconds 0 for FAILOVER_TIMEOUT, which bounds it anyway
     */
    boolean isValid(int seconds) {
        lock();
        try {
            int limit = url.intSetting("FAILOVER_TIMEOUT");
            Deadline deadline = new Deadline(seconds > 0 ? (int) Math.min(seconds * 1000L, limit) : limit);
            while (!closed) {
                try {
                    ping(deadline);
                    return true;
                } catch (SQLException | DbException e) {
                    if (remote == null || deadline.hasPassed() || !Broken.isBroken(remote, DbException.convert(e))) {
                        return false;
                    }
                    leave();
                } finally {
                    waiting = null;
                }
            }
            return false;
        } finally {
            unlock();
        }
    }

    private void ping(Deadline deadline) throws SQLException {
        if (transaction.isOpen() && (remote == null || remote.isClosed())) {
            leave();
            RemoteInternals.abandon(
                    reconnection.reconnect(deadline, requests, seenIndex).remote());
            return;
        }
        SessionRemote target = connected(deadline, false);
        waiting = new Waiting(target, System.nanoTime(), Math.max(1, deadline.leftMillis()) * 1_000_000);
        // The shortest question of H2's protocol; the answer does not matter.
        target.hasPendingTransaction();
    }

    /** Called when the connection is closed, before the lock is taken: whoever holds it shall not wait on. */
    @Override
    public void cancel() {
        cancelWait();
        FailoverCommand command = current;
        if (command != null) {
            command.cancel();
        }
    }

    @Override
    public boolean getAutoCommit() {
        return transaction.isAutoCommit() && !transaction.isLost();
    }

    @Override
    public void setAutoCommit(boolean value) {
        lock();
        try {
            if (transaction.isLost() && value) {
                // It would commit.
                transaction.ended();
                throw Errors.wrap(Errors.transactionStillLost());
            }
            if (!transaction.isOpen()) {
                transaction.setAutoCommit(value);
            }
            read(target -> {
                target.setAutoCommit(value);
                return null;
            });
            transaction.setAutoCommit(value);
        } catch (DbException e) {
            if (value) {
                transaction.ended();
            }
            throw e;
        } finally {
            unlock();
        }
    }

    @Override
    public boolean hasPendingTransaction() {
        return transaction.isOpen() || transaction.isLost();
    }

    @Override
    public DatabaseMeta getDatabaseMeta() {
        return meta;
    }

    @Override
    void update(String sql) {
        try (CommandInterface command = prepareCommand(sql)) {
            ResultWithGeneratedKeys done = command.executeUpdate(null);
            assert done.getUpdateCount() == 0;
        }
    }
}
