package io.synod.engine.session;

import io.synod.engine.database.CommitId;
import io.synod.engine.database.Errors;
import io.synod.engine.database.HostedDatabase;
import io.synod.engine.database.Writer;
import io.synod.engine.session.KnownTexts.Known;
import io.synod.engine.session.SqlText.Token;
import io.synod.engine.session.StatementRouter.Decision;
import io.synod.engine.session.StatementRouter.Route;
import io.synod.jdbc.ReplyHead;
import io.synod.replica.Patience;
import java.sql.SQLWarning;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;
import org.h2.api.ErrorCode;
import org.h2.command.Command;
import org.h2.command.CommandInterface;
import org.h2.command.query.Query;
import org.h2.engine.IsolationLevel;
import org.h2.engine.SessionLocal;
import org.h2.jdbc.meta.DatabaseMeta;
import org.h2.message.DbException;
import org.h2.store.DataHandler;
import org.h2.table.MetaTable;
import org.h2.value.Value;

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
    private final HostedDatabase database;
    private Writer writer;
    private StatementRouter router;
    private final Forwarding forwarding;
    private final CommitIds ids = new CommitIds();
    private final Levels levels;
    private final RoutedTransaction transaction;
    private final BranchCommands branches = new BranchCommands(this);
    private final OtherDatabases others;
    private final KnownTexts texts = new KnownTexts();
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
        this.router = new StatementRouter(local);
        this.forwarding = forwarding;
        this.open = open;
        this.onClose = onClose;
        this.internal = options.internal();
        this.nameOfInternal = options.name();
        this.levels = new Levels(options.read(), options.commit());
        levels.seen().shown(options.seenIndex());
        this.transaction =
                new RoutedTransaction(database, local, writer, forwarding, ids, levels, internal, this::close);
        this.others = internal ? null : new OtherDatabases(this, neighbours);
        boundQueryTimeout();
        this.dispatch = new StatementDispatch(this);
    }

    // ---- statements -----------------------------------------------------------------------------------------------

    @Override
    public CommandInterface prepareCommand(String sql) {
        checkOpen();
        Known known = texts.get(sql, local);
        if (known != null && known.decision().route() == Route.ACROSS) {
            return others.areNamed(known.tokens()) ? across(sql, known.tokens()) : parsed(sql);
        }
        if (known != null) {
            try {
                return RoutedCommand.compiled(
                        this, sql, known.tokens(), compile(sql), known.decision(), known.catalogue(), false);
            } catch (DbException e) {
                // The catalogue has changed since.
                return parsed(sql);
            }
        }
        return parsed(sql);
    }

    private RoutedCommand parsed(String sql) {
        List<Token> tokens = SqlText.tokens(sql);
        SystemCalls.Call call = SystemCalls.parse(tokens);
        if (call != null) {
            return RoutedCommand.system(this, sql, tokens, call);
        }
        if (SqlText.contains(tokens, "LINK_SCHEMA", "(")) {
            // It runs when it is compiled.
            throw Errors.refused(
                    "LINK_SCHEMA",
                    "the linked tables would be there on one node only",
                    "use CREATE LINKED TABLE for each table, or connect to that database");
        }
        int settings = local.getModificationId();
        long catalogue = catalogue();
        if (SqlText.contains(tokens, ".") && !internal && others.areNamed(tokens) && !compiles(sql)) {
            RoutedCommand command = across(sql, tokens);
            texts.add(sql, new Known(tokens, OtherDatabases.decision(), local, settings, catalogue));
            return command;
        }
        try {
            return compiled(Passwords.hidden(sql, tokens, local), tokens).sentAs(sql);
        } catch (DbException e) {
            throw ErrorSql.replace(e, Passwords.hidden(sql, tokens, local), sql);
        }
    }

    private RoutedCommand across(String sql, List<Token> tokens) {
        transaction.reaches(others);
        Middle middle = new Middle(null);
        try {
            return others.prepare(sql, tokens);
        } catch (DbException e) {
            if (Errors.isRetry(e)) {
                transaction.rollback();
            }
            middle.failed(e);
            throw e;
        }
    }

    /** A schema or an alias of this database may be called like another one. */
    private boolean compiles(String sql) {
        try {
            compile(sql).close();
            return true;
        } catch (DbException e) {
            return false;
        }
    }

    private RoutedCommand compiled(String sql, List<Token> tokens) {
        Command command;
        int settings = local.getModificationId();
        long catalogue = catalogue();
        try {
            command = compile(sql);
        } catch (DbException e) {
            if (forwarding.pinned()) {
                // It may name a table that this session has on the leader only.
                return RoutedCommand.elsewhere(this, sql, tokens);
            }
            if (!internal && others.isOpened(e, tokens)) {
                return across(sql, tokens);
            }
            if (!levels.seen().isBehind(database.log()) && database.log().servingEpoch() != 0) {
                throw e;
            }
            // The object may have been created elsewhere a moment ago.
            database.reads().awaitReadable();
            levels.seen().caughtUp();
            catalogue = catalogue();
            command = compile(sql);
        }
        Decision decision = route(command, tokens);
        boolean ofNode = isOfNode(sql, tokens);
        if (!ofNode && (decision.route() == Route.READ || decision.route() == Route.WRITE)) {
            texts.add(sql, new Known(tokens, decision, local, settings, catalogue));
        }
        return RoutedCommand.compiled(this, sql, tokens, command, decision, catalogue, ofNode);
    }

    Decision route(Command command, List<Token> tokens) {
        return router.route(command, tokens);
    }

    /** Another number after each change of the catalogue, and of settings that may matter to a compiled statement. */
    long catalogue() {
        return local.getDatabase().getModificationMetaId();
    }

    /** Whether it is about this node and nothing else: then no level has to be kept and no leader be there. */
    private boolean isOfNode(String sql, List<Token> tokens) {
        boolean actsOnSessions = LeadersAnswer.actsOnSessions(tokens);
        if (!actsOnSessions
                && !SystemCalls.namesSystemSchema(tokens)
                && !local.getCurrentSchemaName().equals(SystemSchema.NAME)) {
            return false;
        }
        local.lock();
        try {
            return local.prepare(sql) instanceof Query query
                    && query.getTables().stream()
                            .allMatch(t -> t instanceof SystemTable || actsOnSessions && t instanceof MetaTable);
        } finally {
            local.unlock();
        }
    }

    Command compile(String sql) {
        local.lock();
        try {
            return local.prepareLocal(sql);
        } finally {
            local.unlock();
            // H2 calls some functions already now.
            writer.checkUnchanged();
        }
    }

    <T> T execute(RoutedCommand command, Execution<T> execution) {
        lock();
        Route route = command.decision() == null ? null : command.decision().route();
        Middle middle = new Middle(route);
        Patience outer = patience;
        Patience mine = Patience.begin(local.getQueryTimeout() * 1_000_000L);
        patience = mine;
        try {
            checkOpen();
            activity.runs(command.sql());
            current = command;
            if (outer == null) {
                whole = command;
            }
            if (!isHarmless(command)) {
                transaction.settle(route);
            }
            if (command.systemCall() != null) {
                return SystemCalls.execute(this, command.systemCall(), execution);
            }
            return dispatch.run(command, execution);
        } catch (DbException e) {
            DbException told = mine.ended() && Errors.isTimeout(e) ? Errors.cancelled() : explained(e);
            if (told != e && Errors.isRetry(told) && transaction.isForwarded()) {
                // The leader does not know why.
                transaction.rollback();
            }
            told = middle.withCommits(told);
            String sqlState = told.getSQLException().getSQLState();
            if (sqlState != null && sqlState.startsWith("40")) {
                lostTransactions++;
            }
            middle.failed(told);
            throw told;
        } finally {
            mine.close();
            patience = outer;
            current = null;
            if (outer == null) {
                whole = null;
                if (!isNaming(command)) {
                    ids.forgetName();
                }
            }
            activity.rests(transaction.activity());
            unlock();
        }
    }

    /** Reads rows of an earlier result of this session that the leader still holds. */
    Value[] read(Supplier<Value[]> call) {
        lock();
        boolean open = transaction.isOpen();
        Middle middle = new Middle(null);
        try {
            return transaction.fetch(call);
        } catch (DbException e) {
            if (open && !transaction.isOpen()) {
                lostTransactions++;
            }
            middle.failed(e);
            throw e;
        } finally {
            unlock();
        }
    }

    /** What is found when something fails: whether the transaction was in its middle before. */
    private final class Middle {
        private final boolean begun = !internal && !transaction.isAutoCommit() && transaction.hasBegun();
        private final boolean suspended = transaction.isSuspended();
        private final long commits = transaction.commits();
        private final boolean inParts;
        private final boolean ends;

        /** @param route of the statement; {@code null} for something else */
        Middle(Route route) {
            inParts = route == Route.LIST || route == Route.RUNSCRIPT;
            ends = route == Route.ROLLBACK || RoutedTransaction.commits(route);
        }

        /** To be told as lost when nothing of it, nor of what was open before it, is committed. */
        DbException withCommits(DbException e) {
            boolean some = commits != transaction.commits() && (begun || inParts);
            return some && !internal && Errors.isLost(e) ? Errors.partsCommitted(Errors.message(e)) : e;
        }

        void failed(DbException e) {
            boolean same = begun && !ends && commits == transaction.commits();
            if (same && !transaction.hasBegun() && Errors.isLost(e)) {
                transaction.lost(Errors.message(e), suspended);
            }
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

    RoutedTransaction transaction() {
        return transaction;
    }

    CommitIds ids() {
        return ids;
    }

    long startDigest() {
        long here = database.administration().startDigest();
        return here != 0 ? here : forwarding.startDigest();
    }

    /** @param member {@code null} for any other than the leader */
    boolean transfer(String member) {
        Boolean here = database.administration().transfer(member);
        if (here != null) {
            return here;
        }
        if (internal) {
            throw Errors.notLeader(database.node(), database.log().leader());
        }
        return forwarding.transfer(member);
    }

    /** @return {@code null} for one that another node has opened */
    OtherDatabases others() {
        return others;
    }

    BranchCommands branches() {
        return branches;
    }

    /** The inner session is that of a prepared branch now. */
    void goOn() {
        if (writer.isGiven()) {
            move();
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
                others == null ? "" : others.openNames());
    }

    @Override
    public long lostTransactions() {
        return lostTransactions;
    }

    @Override
    public SQLWarning takeWarnings() {
        return levels.takeWarnings();
    }

    /** What neither needs to know how the last commit ended, nor should be kept from the user by it. */
    private static boolean isHarmless(RoutedCommand command) {
        return command.isOfNode() || command.systemCall() != null && SystemCalls.isHarmless(command.systemCall());
    }

    private void checkOpen() {
        if (closed) {
            throw DbException.get(ErrorCode.DATABASE_CALLED_AT_SHUTDOWN);
        }
        database.checkRunning();
        if (database.storage().isReplaced(local)) {
            move();
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
        router = new StatementRouter(fresh);
        transaction.move(fresh, writer);
    }

    /** An error of H2 on a copy that is being replaced says nothing of the statement. */
    private DbException explained(DbException e) {
        int code = e.getErrorCode();
        boolean saysItself = Errors.isRetry(e)
                || code == Errors.UNKNOWN_CODE
                || code == Errors.LOCAL_LOST_CODE
                || code == Errors.NOT_LEADER_CODE;
        // First: a session that has ended with its commit cannot be asked for its database.
        return !saysItself && database.storage().isReplaced(local)
                ? Errors.retry("this node's copy was replaced by a snapshot while the statement ran")
                : e;
    }

    /** Of a statement that is made of others, the one that runs; {@code null} for none. From any thread. */
    RoutedCommand partOf(RoutedCommand command) {
        RoutedCommand part = current;
        return whole == command && part != command ? part : null;
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
        return transaction.isOpen() || transaction.isLost() || others != null && others.haveBegun();
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
        dispatch.knownHere(() -> {
            super.setCurrentSchemaName(schema);
            return null;
        });
    }

    @Override
    public void setIsolationLevel(IsolationLevel level) {
        transaction.settle(null);
        Middle middle = new Middle(null);
        try {
            transaction.commitImplicitly();
        } catch (DbException e) {
            middle.failed(e);
            throw e;
        }
        local.lock();
        try {
            local.setIsolationLevel(level);
        } finally {
            local.unlock();
        }
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
