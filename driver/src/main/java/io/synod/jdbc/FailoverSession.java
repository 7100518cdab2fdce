package io.synod.jdbc;

import java.sql.SQLException;
import java.sql.SQLWarning;
import java.util.ArrayList;
import java.util.UUID;
import java.util.function.Function;
import org.h2.api.ErrorCode;
import org.h2.api.JavaObjectSerializer;
import org.h2.command.CommandInterface;
import org.h2.engine.IsolationLevel;
import org.h2.engine.Mode;
import org.h2.engine.SessionRemote;
import org.h2.engine.SynodSessionBridge;
import org.h2.jdbc.meta.DatabaseMeta;
import org.h2.message.DbException;
import org.h2.message.Trace;
import org.h2.result.ResultInterface;
import org.h2.result.ResultWithGeneratedKeys;
import org.h2.store.DataHandler;
import org.h2.util.NetworkConnectionInfo;
import org.h2.util.StringUtils;
import org.h2.util.TimeZoneProvider;
import org.h2.value.ValueLob;
import org.h2.value.ValueTimestampTimeZone;

/**
 * A session on some node of a cluster, which survives that node. It wraps H2's remote session; when that breaks it opens
 * another one and gives it the same state.
 *
 * <p><b>What the application sees.</b> Between transactions: a pause. In a transaction: 40001, for what was not committed with
 * the node's last breath is rolled back there. For a statement that may have committed (COMMIT; anything in auto-commit mode
 * but a plain read; DDL) the new node is asked by the commit id, (session, request number). Committed: the call returns
 * normally. Not committed: a COMMIT gets 40001, a statement with nothing before it is run again, at most {@value
 * #REPETITIONS} times.
 *
 * <p><b>What this needs from the node.</b> {@code SYNOD.RESOLVE(session, n)} = FALSE must mean that request n will not commit
 * from then on either, although the connection that carried it may still be open on the old node.
 *
 * <p><b>Concurrency.</b> Everything runs under {@link #lock()}; only {@link #cancel}, {@link #cancelWait} and the
 * {@link Watchdog} come from other threads without it.
 */
final class FailoverSession extends SynodSessionBridge implements SessionNotices {
    /** A statement that is itself what kills a node must not go on to kill them all. */
    private static final int REPETITIONS = 2;

    private static final long LEFT_NANOS = 10_000_000_000L;

    /** What is executed on the session of the moment. */
    @FunctionalInterface
    interface Execution<T> {
        T run(SessionRemote remote, CommandInterface command);
    }

    /** A commit that a node has answered at level LOCAL, and that is not decided as far as this session knows. */
    private record Unsettled(NodeSession node, long number, CommitAge age) {}

    /** A request whose answer is awaited. */
    record Waiting(SessionRemote remote, long sinceNanos) {}

    private final SynodUrl url;
    private final UUID id = UUID.randomUUID();
    private final Reconnection reconnection;
    private final SessionState state = new SessionState();
    private final LeaderSearch search;
    private volatile SessionRemote remote;
    /** Of {@link #remote}; of the last one where that is lost. */
    private NodeSession node;
    /** The one before, for large objects that the application may still read from it. */
    private NodeSession left;

    private long leftNanos;
    private int openResults;
    private long seenIndex;
    /** {@code null} for none. */
    private Unsettled unsettled;

    private SQLWarning warnings;
    private volatile Waiting waiting;
    private volatile boolean closed;
    private long requests;
    private boolean autoCommit;
    private boolean begun;
    private boolean inTransaction;

    private FailoverSession(SynodUrl url, char[] password) {
        this.url = url;
        this.search = new LeaderSearch(url);
        this.reconnection = new Reconnection(url, new Connector(url, id, password));
    }

    /**
     * @param password is overwritten
     * @throws SQLException 28000, 90013 as the node says; 08001 when no node answers within CONNECT_TIMEOUT
     */
    static FailoverSession connect(SynodUrl url, char[] password) throws SQLException {
        RemoteInternals.check();
        FailoverSession session = new FailoverSession(url, password);
        session.attach(session.reconnection.connectFirst());
        session.autoCommit = session.remote.getAutoCommit();
        Watchdog.watch(session);
        return session;
    }

    /** For the watchdog's thread. */
    Waiting waiting() {
        return waiting;
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
            if (inTransaction && command.commitsFirst()) {
                // A request has one number: if both were in it, nobody could tell whether only the commit has happened.
                update("COMMIT");
            }
            Deadline deadline = new Deadline(url.intSetting("FAILOVER_TIMEOUT"));
            moveToLeader();
            for (int attempt = 1; ; attempt++) {
                long number = 0;
                CommitAge age = CommitAge.now();
                try {
                    if (!isRollback(command.sql())) {
                        connected(deadline, false);
                        settle(deadline);
                    }
                    SessionRemote target = connected(deadline, isRollback(command.sql()));
                    CommandInterface prepared = command.on(target);
                    number = announceNext(target);
                    waiting = new Waiting(target, System.nanoTime());
                    T result = execution.run(target, prepared);
                    executed(target, command, age);
                    return result;
                } catch (DbException e) {
                    waiting = null;
                    SQLException cause = e.getSQLException();
                    if (closed || remote == null || !Broken.isBroken(remote, e)) {
                        throw e;
                    }
                    boolean transactionLost = inTransaction;
                    boolean mayCommit = number > 0 && command.mayCommit(autoCommit);
                    lost();
                    if (mayCommit && resolve(number, age, cause, deadline)) {
                        return committed(number, ifCommitted, cause);
                    }
                    if (transactionLost && !isRollback(command.sql())) {
                        reconnectQuietly(deadline);
                        throw Errors.wrap(Errors.transactionLost(cause));
                    }
                    if (attempt > REPETITIONS) {
                        throw Errors.wrap(Errors.statementGivenUp(attempt, cause));
                    }
                }
            }
        } finally {
            waiting = null;
            unlock();
        }
    }

    private <T> T committed(long number, T ifCommitted, SQLException cause) {
        if (ifCommitted == null) {
            throw Errors.wrap(Errors.resultLost(id + "/" + number, cause));
        }
        return ifCommitted;
    }

    /** Runs what changes nothing: repeated elsewhere, unless a transaction was lost. */
    <T> T read(Function<SessionRemote, T> call) {
        return read(call, false);
    }

    private <T> T read(Function<SessionRemote, T> call, boolean forRollback) {
        lock();
        try {
            Deadline deadline = new Deadline(url.intSetting("FAILOVER_TIMEOUT"));
            for (int attempt = 1; ; attempt++) {
                SessionRemote target = connected(deadline, forRollback);
                waiting = new Waiting(target, System.nanoTime());
                try {
                    return call.apply(target);
                } catch (DbException e) {
                    if (closed || !Broken.isBroken(target, e)) {
                        throw e;
                    }
                    boolean transactionLost = inTransaction && !forRollback;
                    lost();
                    if (transactionLost) {
                        throw Errors.wrap(Errors.transactionLost(e.getSQLException()));
                    }
                    if (attempt > REPETITIONS) {
                        throw Errors.wrap(Errors.statementGivenUp(attempt, e.getSQLException()));
                    }
                }
            }
        } finally {
            waiting = null;
            unlock();
        }
    }

    /** @return the session of the moment; a new one when the last was lost, with the same state */
    private SessionRemote connected(Deadline deadline, boolean forRollback) {
        SessionRemote current = remote;
        if (current != null && !current.isClosed()) {
            return current;
        }
        if (inTransaction && !forRollback) {
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
        waiting = new Waiting(fresh, System.nanoTime());
        if (fresh.getAutoCommit() != autoCommit) {
            fresh.setAutoCommit(autoCommit);
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

    private long announceNext(SessionRemote target) {
        long number = ++requests;
        RemoteInternals.announce(target, number);
        return number;
    }

    private void executed(SessionRemote target, FailoverCommand command, CommitAge age) {
        boolean wasAutoCommit = autoCommit;
        int type = command.getCommandType();
        autoCommit = target.getAutoCommit();
        if (type == CommandInterface.BEGIN && wasAutoCommit && !autoCommit) {
            begun = true;
        }
        if (autoCommit
                || type == CommandInterface.COMMIT
                || type == CommandInterface.ROLLBACK
                || command.commitsFirst()) {
            // What commits first leaves nothing open: neither what was before it, nor itself.
            inTransaction = false;
            begun = false;
        } else if (!SessionState.isSessionSetting(command.sql(), type)) {
            inTransaction = true;
        }
        state.executed(target, command);
        ReplyHead head = node.latest();
        if (head != null) {
            seenIndex = Math.max(seenIndex, head.seenIndex());
            unsettled = head.unsettled() == 0 ? null : new Unsettled(node, head.unsettled(), age);
            if (head.leads()) {
                search.found();
                LeaderHints.found(url, node.endpoint());
            }
            if (head.warned()) {
                fetchWarnings(target);
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
        NodeSession here = node;
        long now = System.nanoTime();
        if (left != null && now - leftNanos > LEFT_NANOS) {
            dropLeft();
        }
        if (remote == null
                || inTransaction
                || openResults > 0
                || unsettled != null
                || state.stays()
                || !search.isDue(here.latest(), now)) {
            return;
        }
        NodeSession there = null;
        try {
            String leader = LeaderSearch.ask(here.remote());
            if (leader == null) {
                search.notKnown(now);
                return;
            }
            there = reconnection.connectTo(leader, requests, seenIndex);
            restore(there.remote());
            dropLeft();
            left = here;
            leftNanos = now;
            attach(there);
            search.found();
            LeaderHints.found(url, leader);
        } catch (SQLException | DbException e) {
            // The session goes on where it is, or finds out that it cannot.
            search.notReached(now);
            if (there != null) {
                RemoteInternals.abandon(there.remote());
            }
        } finally {
            waiting = null;
        }
    }

    private void dropLeft() {
        if (left != null) {
            RemoteInternals.abandon(left.remote());
            left = null;
        }
    }

    /** Under the session's lock or on the way there: only a hint for when to move. */
    void resultOpened() {
        openResults++;
    }

    void resultClosed() {
        openResults = Math.max(0, openResults - 1);
    }

    /** The node that answered a commit at level LOCAL was lost: the others know what became of it. */
    private void settle(Deadline deadline) {
        Unsettled last = unsettled;
        if (last == null || last.node() == node) {
            return;
        }
        unsettled = null;
        SQLException lost = new SQLException("the node " + last.node().endpoint() + " was lost");
        if (!resolve(last.number(), last.age(), lost, deadline)) {
            throw Errors.wrap(Errors.localCommitLost(id + "/" + last.number()));
        }
    }

    private void fetchWarnings(SessionRemote target) {
        CommandInterface command = target.prepareCommand("CALL SYNOD.WARNINGS()");
        try (ResultInterface rows = command.executeQuery(0, Integer.MAX_VALUE, false)) {
            while (rows.next()) {
                SQLWarning warning = new SQLWarning(rows.currentRow()[1].getString(), rows.currentRow()[0].getString());
                if (warnings == null) {
                    warnings = warning;
                } else {
                    warnings.setNextWarning(warning);
                }
            }
        } catch (DbException e) {
            if (!Broken.isBroken(target, e)) {
                throw e;
            }
            // The statement itself has been answered; the next one finds another node.
        } finally {
            if (!target.isClosed()) {
                command.close();
            }
        }
    }

    @Override
    public SQLWarning takeWarnings() {
        SQLWarning taken = warnings;
        warnings = null;
        return taken;
    }

    /** The session on the node is gone, and its transaction with it. */
    private void lost() {
        SessionRemote old = remote;
        remote = null;
        inTransaction = false;
        if (begun) {
            // BEGIN had switched auto-commit off for one transaction only.
            begun = false;
            autoCommit = true;
        }
        if (old != null) {
            reconnection.failed();
            RemoteInternals.abandon(old);
        }
    }

    /** A result of {@code origin} could not be read to its end. */
    void rowsLost(SessionRemote origin, DbException cause) {
        lock();
        try {
            if (remote == origin) {
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

    private boolean resolve(long number, CommitAge age, SQLException cause, Deadline deadline) {
        SQLException last = cause;
        while (!deadline.hasPassed()) {
            try {
                boolean committed = ask(connected(deadline, true), number);
                if (committed || age.isRemembered()) {
                    return committed;
                }
                break;
            } catch (DbException e) {
                last = e.getSQLException();
                if (remote == null) {
                    break;
                }
                if (Broken.isBroken(remote, e)) {
                    lost();
                } else if (!Errors.RETRY.equals(last.getSQLState()) || !reconnection.pause(deadline)) {
                    break;
                }
            }
        }
        throw Errors.wrap(Errors.outcomeUnknown(id + "/" + number, url.endpoints(), deadline.millis(), last));
    }

    private boolean ask(SessionRemote target, long number) {
        CommandInterface command = target.prepareCommand("CALL SYNOD.RESOLVE('" + id + "', " + number + ")");
        announceNext(target);
        waiting = new Waiting(target, System.nanoTime());
        try (ResultInterface rows = command.executeQuery(1, 1, false)) {
            rows.next();
            return rows.currentRow()[0].getBoolean();
        } finally {
            command.close();
        }
    }

    /** @return whether a wait for a node was under way and is given up now */
    boolean cancelWait() {
        return reconnection.giveUp();
    }

    @Override
    public CommandInterface prepareCommand(String sql) {
        FailoverCommand command = new FailoverCommand(this, sql);
        read(command::on, isRollback(sql));
        return command;
    }

    /** A lost transaction is rolled back: who asks for just that need not be told. */
    private static boolean isRollback(String sql) {
        return sql.trim().equalsIgnoreCase("ROLLBACK");
    }

    @Override
    public void close() {
        lock();
        try {
            closed = true;
            Watchdog.forget(this);
            dropLeft();
            SessionRemote current = remote;
            remote = null;
            if (current != null && !current.isClosed()) {
                try {
                    current.close();
                } catch (DbException e) {
                    if (!Broken.isBroken(current, e)) {
                        throw e;
                    }
                }
            }
        } finally {
            unlock();
        }
    }

    @Override
    public boolean isClosed() {
        return closed;
    }

    /** Called when the connection is closed, before the lock is taken: whoever holds it shall not wait on. */
    @Override
    public void cancel() {
        reconnection.giveUp();
    }

    @Override
    public boolean getAutoCommit() {
        return autoCommit;
    }

    @Override
    public void setAutoCommit(boolean value) {
        lock();
        try {
            if (!inTransaction) {
                autoCommit = value;
                begun = false;
            }
            read(target -> {
                target.setAutoCommit(value);
                return null;
            });
            autoCommit = value;
            begun = false;
        } finally {
            unlock();
        }
    }

    @Override
    public boolean hasPendingTransaction() {
        return inTransaction;
    }

    @Override
    public void setCurrentSchemaName(String schema) {
        if (schema == null) {
            throw DbException.get(ErrorCode.SCHEMA_NOT_FOUND_1, (String) null);
        }
        update(StringUtils.quoteIdentifier(new StringBuilder("SET SCHEMA "), schema)
                .toString());
    }

    @Override
    public void setIsolationLevel(IsolationLevel level) {
        update("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL " + level.getSQL());
    }

    private void update(String sql) {
        try (CommandInterface command = prepareCommand(sql)) {
            ResultWithGeneratedKeys done = command.executeUpdate(null);
            assert done.getUpdateCount() == 0;
        }
    }

    @Override
    public String getCurrentSchemaName() {
        return read(SessionRemote::getCurrentSchemaName);
    }

    @Override
    public IsolationLevel getIsolationLevel() {
        return read(SessionRemote::getIsolationLevel);
    }

    @Override
    public ArrayList<String> getClusterServers() {
        return read(SessionRemote::getClusterServers);
    }

    @Override
    public Trace getTrace() {
        return read(SessionRemote::getTrace);
    }

    @Override
    public DataHandler getDataHandler() {
        return read(SessionRemote::getDataHandler);
    }

    @Override
    public ValueLob addTemporaryLob(ValueLob value) {
        return value;
    }

    @Override
    public boolean isRemote() {
        return true;
    }

    @Override
    public void setNetworkConnectionInfo(NetworkConnectionInfo networkConnectionInfo) {
        // The node knows where its client is.
    }

    @Override
    public StaticSettings getStaticSettings() {
        return read(SessionRemote::getStaticSettings);
    }

    @Override
    public DynamicSettings getDynamicSettings() {
        return read(SessionRemote::getDynamicSettings);
    }

    @Override
    public DatabaseMeta getDatabaseMeta() {
        return new FailoverDatabaseMeta(this);
    }

    @Override
    public boolean isOldInformationSchema() {
        return read(SessionRemote::isOldInformationSchema);
    }

    @Override
    public ValueTimestampTimeZone currentTimestamp() {
        return read(SessionRemote::currentTimestamp);
    }

    @Override
    public TimeZoneProvider currentTimeZone() {
        return read(SessionRemote::currentTimeZone);
    }

    @Override
    public Mode getMode() {
        return read(SessionRemote::getMode);
    }

    @Override
    public JavaObjectSerializer getJavaObjectSerializer() {
        return read(SessionRemote::getJavaObjectSerializer);
    }

    @Override
    public boolean zeroBasedEnums() {
        return false;
    }
}
