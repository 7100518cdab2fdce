package io.synod.engine.session;

import io.synod.engine.database.CommitId;
import io.synod.engine.database.Errors;
import io.synod.engine.database.HostedDatabase;
import io.synod.engine.database.Writer;
import io.synod.engine.session.StatementRouter.Route;
import io.synod.jdbc.ReplyHead;
import io.synod.replica.Patience;
import java.sql.SQLWarning;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.h2.api.ErrorCode;
import org.h2.command.CommandInterface;
import org.h2.engine.IsolationLevel;
import org.h2.engine.SessionLocal;
import org.h2.jdbc.meta.DatabaseMeta;
import org.h2.message.DbException;
import org.h2.mvstore.MVStoreException;
import org.h2.store.DataHandler;
import org.h2.value.Value;
import org.h2.value.ValueLob;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A session as JDBC sees it, which decides per statement where it runs: reads on this node's H2, transactions that write
 * on the leader's, wherever that is.
 *
 * <p><b>Concurrency.</b> All methods under this session's lock, as H2's JDBC classes do, but for {@link #cancel}; the inner
 * session's lock is always taken after it.
 *
 * <p><b>Order and failure</b> of what writes: see {@link RoutedTransaction}.
 *
 * <p>H2 would commit in many places by itself; the guard in {@link Writer} refuses all of them, and this class and its
 * {@link RoutedTransaction} do instead what they are meant to do.
 */
final class RoutedSession extends LocalView {
    /**
     * For how long a session that has committed in several databases waits for its inner one before its next statement; most of these
     * have to wait anyway until the commit is shown. A fresh one costs a fifth of a millisecond.
     */
    private static final long DECISION_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private static final Logger LOG = LoggerFactory.getLogger(RoutedSession.class);

    private final HostedDatabase database;
    private Writer writer;
    private final Forwarding forwarding;
    private final CommitIds ids = new CommitIds();
    private final Levels levels;
    private final RoutedTransaction transaction;
    private final BranchPreparation preparation = new BranchPreparation(this);
    private final BranchCommands branches = new BranchCommands(this);
    private final OtherBranches otherBranches;
    private final OtherDatabases others;
    private final StatementCompiler compiler;
    private final RoutedExecution execution;
    private final StatementDispatch dispatch;
    private final OpenSessions open;
    private final Runnable onClose;
    private final SessionActivity activity = new SessionActivity();
    private final boolean internal;
    private final String nameOfInternal;
    private long lostTransactions;

    private volatile boolean closed;
    private volatile RoutedCommand current;
    /** What the application runs: the current one, or what that is a part of. */
    private volatile RoutedCommand whole;
    /** Of the statement that runs; {@code null} for none. */
    private volatile Patience patience;

    private final DatabaseMeta meta = new RoutedDatabaseMeta(this);

    RoutedSession(
            HostedDatabase database,
            SessionLocal local,
            Forwarding forwarding,
            SessionOptions options,
            OpenSessions open,
            Neighbours neighbours,
            Runnable onClose) {
        super(local);
        this.database = database;
        this.writer = database.writer(local);
        this.forwarding = forwarding;
        this.open = open;
        this.onClose = onClose;
        this.internal = options.internal();
        this.nameOfInternal = options.name();
        this.levels = new Levels(options.read(), options.commit());
        levels.seen().shown(options.seenIndex());
        this.otherBranches = new OtherBranches(this, neighbours);
        this.transaction = new RoutedTransaction(
                database, local, writer, forwarding, ids, levels, otherBranches, internal, this::drop);
        this.others = internal ? null : new OtherDatabases(this, neighbours, otherBranches);
        boundQueryTimeout();
        this.compiler = new StatementCompiler(this);
        this.execution = new RoutedExecution(this);
        this.dispatch = new StatementDispatch(this);
    }

    // ---- statements -----------------------------------------------------------------------------------------------

    @Override
    public CommandInterface prepareCommand(String sql) {
        checkOpen();
        return compiler.prepare(sql);
    }

    <T> T execute(RoutedCommand command, Execution<T> execution) {
        lock();
        Route route = command.decision() == null ? null : command.decision().route();
        TransactionLoss loss = new TransactionLoss(this, route);
        RoutedCommand parent = current;
        Patience outer = patience;
        Patience mine = Patience.begin(local.getQueryTimeout() * 1_000_000L);
        patience = mine;
        try {
            checkOpen();
            activity.runs(command.sql());
            current = command;
            if (outer == null) {
                whole = command;
            } else if (route != Route.ROLLBACK_TO_SAVEPOINT) {
                // But not where the parts before it are undone.
                parent.cancelling().check(whole.cancelling());
            }
            command.cancelling().begins();
            if (!command.isHarmless()) {
                transaction.settle(route);
            }
            if (command.systemCall() != null) {
                return SystemCalls.execute(this, command.systemCall(), execution);
            }
            return dispatch.run(command, execution);
        } catch (DbException | MVStoreException thrown) {
            DbException e = DbException.convert(thrown);
            DbException told = mine.ended() && Errors.isTimeout(e) ? Errors.cancelled() : loss.explained(e);
            if (told != e && Errors.isRetry(told) && transaction.isForwarded()) {
                // The leader does not know why.
                transaction.rollback();
            }
            told = loss.withCommits(told);
            String sqlState = told.getSQLException().getSQLState();
            if (sqlState != null && sqlState.startsWith("40")) {
                lostTransactions++;
            }
            loss.failed(told);
            throw told;
        } finally {
            mine.close();
            patience = outer;
            current = parent;
            if (parent != command) {
                command.cancelling().forget();
            }
            if (outer == null) {
                whole = null;
                if (!isNaming(command)) {
                    ids.forgetName();
                }
                activity.rests(transaction.activity());
            } else {
                // A part of a statement has ended: that one goes on, and may wait in another database.
                activity.runs(parent.sql());
            }
            unlock();
        }
    }

    /** Reads rows of an earlier result of this session that the leader still holds. */
    Value[] read(Supplier<Value[]> call) {
        lock();
        boolean open = transaction.isOpen();
        TransactionLoss loss = new TransactionLoss(this, null);
        try {
            return transaction.fetch(call);
        } catch (DbException e) {
            if (open && !transaction.isOpen()) {
                lostTransactions++;
            }
            loss.failed(e);
            throw e;
        } finally {
            unlock();
        }
    }

    @Override
    public void request(UUID clientSession, long number) {
        ids.request(new CommitId(clientSession, number));
    }

    private static boolean isNaming(RoutedCommand command) {
        return command.systemCall() != null && command.systemCall().name().equals("REQUEST");
    }

    // ---- for the helpers of this session --------------------------------------------------------------------------

    HostedDatabase database() {
        return database;
    }

    Writer writer() {
        return writer;
    }

    Forwarding forwarding() {
        return forwarding;
    }

    StatementCompiler compiler() {
        return compiler;
    }

    /** Runs statements where the transaction is. */
    RoutedExecution execution() {
        return execution;
    }

    RoutedTransaction transaction() {
        return transaction;
    }

    CommitIds ids() {
        return ids;
    }

    long startDigest() {
        return forwarding.startDigest();
    }

    /** @param member {@code null} for any other than the leader */
    boolean transfer(String member) {
        if (!internal) {
            return forwarding.transfer(member);
        }
        Boolean here = database.administration().transfer(member);
        if (here == null) {
            throw Errors.notLeader(database.node(), database.log().leader());
        }
        return here;
    }

    /** @return {@code null} for one that another node has opened */
    OtherDatabases others() {
        return others;
    }

    OtherBranches otherBranches() {
        return otherBranches;
    }

    BranchPreparation preparation() {
        return preparation;
    }

    BranchCommands branches() {
        return branches;
    }

    /** Has an inner session again, as {@link #goOn(long)}. */
    void goOn() {
        goOn(DECISION_NANOS);
    }

    /**
     * Has an inner session again, where the last one may be that of a prepared branch now.
     *
     * @param nanos for which that branch's decision is waited for; until then there is none
     */
    void goOn(long nanos) {
        Writer before = writer;
        if (!before.hasSession(nanos)) {
            move();
            // Also where it has come back just now.
            before.close();
        }
    }

    Levels levels() {
        return levels;
    }

    OpenSessions open() {
        return open;
    }

    SessionActivity activity() {
        return activity;
    }

    /** Whether another node has opened it, for a session of its own. */
    boolean isInternal() {
        return internal;
    }

    /** By which the node knows it that has opened it; {@code null} for a client's. */
    String nameOfInternal() {
        return nameOfInternal;
    }

    @Override
    public ReplyHead replyHead() {
        return new ReplyHead(
                database.log().servingEpoch() != 0,
                levels.hasWarnings(),
                levels.seen().index(),
                transaction.lastCommit().isUnsettled()
                        ? transaction.lastCommit().id().number()
                        : 0,
                otherBranches.names());
    }

    @Override
    public long lostTransactions() {
        return lostTransactions;
    }

    @Override
    public SQLWarning takeWarnings() {
        return levels.takeWarnings();
    }

    private void checkOpen() {
        if (closed) {
            throw DbException.get(ErrorCode.DATABASE_CALLED_AT_SHUTDOWN);
        }
        database.checkRunning();
        if (database.storage().isReplaced(local)) {
            move();
        } else {
            goOn();
        }
    }

    /** The inner session is somebody else's now, or its database is gone and a snapshot has taken its place. */
    private void move() {
        SessionLocal old = local;
        SessionLocal fresh = database.store().session(old.getUser().getName());
        try {
            SessionState.move(old, fresh, dispatch::move);
        } catch (RuntimeException e) {
            fresh.close();
            throw e;
        }
        local = fresh;
        writer = database.writer(fresh);
        compiler.move(fresh);
        transaction.move(fresh, writer);
    }

    /** Of a statement that runs, the part that does, or itself; {@code null} where it does not run. From any thread. */
    RoutedCommand runningOf(RoutedCommand command) {
        RoutedCommand now = current;
        return now == command || whole == command ? now : null;
    }

    /** The statement that runs waits no longer for a leader or a majority; from any thread. */
    void stopWaiting() {
        Patience running = patience;
        if (running != null) {
            running.giveUp();
        }
    }

    /** MAX_QUERY_TIMEOUT of this node; what was forwarded here has its own node's. */
    void boundQueryTimeout() {
        int max = database.store().maxQueryTimeout();
        int timeout = local.getQueryTimeout();
        if (max > 0 && !internal && (timeout == 0 || timeout > max)) {
            local.setQueryTimeout(max);
        }
    }

    // ---- H2's session ---------------------------------------------------------------------------------------------

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            if (others != null) {
                others.close();
            }
            forwarding.close();
            writer.close();
        } finally {
            open.remove(this);
            onClose.run();
        }
    }

    /** As {@link #close}, where what it was closed for is all that there is to tell. */
    void drop() {
        try {
            close();
        } catch (RuntimeException e) {
            LOG.warn("database {}: a session could not be closed as it should", database.name(), e);
        }
    }

    @Override
    public boolean isClosed() {
        return closed || database.isClosed() || local.isClosed() && !writer.isOrphaned();
    }

    /** Called when the connection is closed, from any thread: whoever uses it shall not go on. */
    @Override
    public void cancel() {
        stopWaiting();
        writer.cancel();
        RoutedCommand running = current;
        if (running != null) {
            running.cancel();
        }
    }

    @Override
    public boolean hasPendingTransaction() {
        return transaction.isOpen() || transaction.isLost() || otherBranches.haveBegun();
    }

    @Override
    public boolean getAutoCommit() {
        return transaction.isAutoCommit();
    }

    @Override
    public void setAutoCommit(boolean on) {
        transaction.settle(on ? Route.AUTOCOMMIT_ON : Route.AUTOCOMMIT_OFF);
        transaction.setAutoCommit(on);
    }

    @Override
    public void setCurrentSchemaName(String schema) {
        checkOpen();
        dispatch.knownHere(() -> {
            super.setCurrentSchemaName(schema);
            return null;
        });
    }

    @Override
    public void setIsolationLevel(IsolationLevel level) {
        checkOpen();
        transaction.settle(null);
        TransactionLoss loss = new TransactionLoss(this, null);
        try {
            transaction.commitImplicitly();
            local.lock();
            try {
                local.setIsolationLevel(level);
            } finally {
                local.unlock();
            }
        } catch (DbException | MVStoreException e) {
            DbException told = loss.explained(DbException.convert(e));
            loss.failed(told);
            throw told;
        }
    }

    @Override
    public ValueLob addTemporaryLob(ValueLob v) {
        // A branch that has the inner session would remove it with its end.
        return here(() -> super.addTemporaryLob(v));
    }

    @Override
    public DataHandler getDataHandler() {
        return database.store().lobs();
    }

    @Override
    public DatabaseMeta getDatabaseMeta() {
        return meta;
    }

    @Override
    public <T> T readCatalogue(Supplier<T> query) {
        return here(() -> database.reads().read(levels.read(), levels.seen(), query));
    }

    /** What is on this node, whatever is applied. */
    <T> T here(Supplier<T> query) {
        lock();
        try {
            checkOpen();
            return query.get();
        } finally {
            unlock();
        }
    }
}
