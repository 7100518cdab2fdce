package io.synod.jdbc;

import java.sql.SQLException;
import java.sql.SQLWarning;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Supplier;
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
 * <p><b>Concurrency.</b> Everything runs under {@link #lock()}; only {@link #cancel}, {@link #cancelWait} and
 * {@link #isClosed} come from other threads without it; and the {@link Watchdog}, which looks at the {@link NodeLink}.
 */
final class FailoverSession extends RemoteView implements SessionNotices {
    /** What is executed on the session of the moment. */
    @FunctionalInterface
    interface Execution<T> {
        T run(SessionRemote remote, CommandInterface command);
    }

    private final SynodUrl url;
    private final UUID id = UUID.randomUUID();
    private final Reconnection reconnection;
    private final SessionState state = new SessionState();
    private final FailoverDatabaseMeta meta = new FailoverDatabaseMeta(this);
    private final CommitOutcome outcome;
    private final NodeLink link;
    private final SessionWarnings warnings = new SessionWarnings();
    private volatile FailoverCommand current;
    private final OpenTransaction transaction = new OpenTransaction();

    private FailoverSession(SynodUrl url, char[] password) {
        this.url = url;
        this.reconnection = new Reconnection(url, new Connector(url, id, password));
        this.link = new NodeLink(url, reconnection, state, transaction);
        this.outcome = new CommitOutcome(link, id, url, reconnection);
    }

    /**
     * @param password is overwritten
     * @throws SQLException 28000, 90013 as the node says; 08001 when no node answers, each asked for CONNECT_TIMEOUT at the most, all of them at least
     *     once
     */
    static FailoverSession connect(SynodUrl url, char[] password) throws SQLException {
        RemoteInternals.check();
        FailoverSession session = new FailoverSession(url, password);
        session.link.connect();
        return session;
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
            link.moveToLeader(outcome.isUnsettled());
            Losses losses = new Losses();
            for (; ; ) {
                long number = 0;
                CommitAge age = CommitAge.now();
                try {
                    if (!command.isRollback()) {
                        link.connected(deadline, false);
                        outcome.settle(link.node(), deadline);
                    }
                    SessionRemote target = link.connected(deadline, command.isRollback());
                    // Where it is prepared again that is asked of the node first.
                    link.waitsFor(target);
                    CommandInterface prepared = command.on(target);
                    outcome.mayBeIn(link.node().databases());
                    number = link.announceNext(target);
                    link.waitsFor(target);
                    current = command;
                    T result = execution.run(target, prepared);
                    executed(target, command, age);
                    return result;
                } catch (DbException e) {
                    link.waitsNoLonger();
                    SQLException cause = e.getSQLException();
                    if (cause.getErrorCode() == RemoteInternals.PREPARE_AGAIN && !deadline.hasPassed()) {
                        command.forget();
                        continue;
                    }
                    if (!link.isToBeReplaced(e)) {
                        if (command.commits()) {
                            transaction.ended();
                        }
                        throw e;
                    }
                    boolean transactionLost = transaction.isOpen();
                    boolean mayCommit = number > 0 && command.mayCommit(transaction.isAutoCommit());
                    losses.lost(link.remote(), link.silent(), deadline);
                    link.lost();
                    if (command.commits()) {
                        transaction.ended();
                    }
                    if (mayCommit && outcome.isCommitted(number, age, cause, deadline)) {
                        if (!command.isDecision()) {
                            transaction.ended();
                        }
                        fetchWarnings(link.remote());
                        return committed(number, ifCommitted, cause);
                    }
                    if (number > 0 && command.mayCommitInParts()) {
                        transaction.ended();
                        link.reconnectQuietly(deadline);
                        throw Errors.wrap(Errors.partsCommitted(cause));
                    }
                    if (transactionLost && !command.isRollback()) {
                        link.reconnectQuietly(deadline);
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
            link.waitsNoLonger();
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
                SessionRemote target = link.connected(deadline, forRollback);
                link.waitsFor(target);
                try {
                    return call.apply(target);
                } catch (DbException e) {
                    if (link.isClosed() || !Broken.isBroken(target, e)) {
                        throw e;
                    }
                    boolean transactionLost = transaction.isOpen() && !forRollback;
                    losses.lost(target, link.silent(), deadline);
                    link.lost();
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
            link.waitsNoLonger();
            unlock();
        }
    }

    private void executed(SessionRemote target, FailoverCommand command, CommitAge age) {
        transaction.executed(command, target.getAutoCommit());
        state.executed(target, command);
        link.answered();
        ReplyHead head = link.node().latest();
        if (head != null) {
            link.answered(head);
            outcome.answered(link.node(), head.unsettled(), age);
        }
        fetchWarnings(target);
    }

    private void fetchWarnings(SessionRemote target) {
        ReplyHead head = link.node().latest();
        if (head != null && head.warned()) {
            warnings.fetch(target);
        }
    }

    @Override
    public SQLWarning takeWarnings() {
        return warnings.take();
    }

    /** The node of the moment. */
    NodeLink link() {
        return link;
    }

    /** Reads what may come from the node, and has the node watched meanwhile. */
    <T> T awaiting(SessionRemote origin, Supplier<T> call) {
        lock();
        try {
            return link.awaiting(origin, call);
        } catch (DbException e) {
            transaction.count(e.getSQLException());
            throw e;
        } finally {
            unlock();
        }
    }

    /** A result of {@code origin} could not be read to its end. */
    void rowsLost(SessionRemote origin, DbException cause) {
        lock();
        try {
            if (link.remote() == origin) {
                if (transaction.isOpen()) {
                    transaction.countLoss();
                }
                link.lost();
            }
        } finally {
            unlock();
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
            link.close();
        } finally {
            unlock();
        }
    }

    @Override
    public boolean isClosed() {
        return link.isClosed();
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
            return link.isValid(seconds);
        } finally {
            unlock();
        }
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
