package io.synod.engine.session;

import io.synod.engine.database.CommitId;
import io.synod.engine.database.Errors;
import io.synod.engine.database.HostedDatabase;
import io.synod.engine.database.ReadDemand;
import io.synod.engine.database.ReadLevel;
import io.synod.engine.database.Writer;
import io.synod.engine.session.SqlText.Token;
import io.synod.engine.session.StatementRouter.Decision;
import io.synod.engine.session.StatementRouter.Route;
import io.synod.jdbc.ReplyHead;
import java.sql.SQLWarning;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.h2.api.ErrorCode;
import org.h2.command.Command;
import org.h2.command.CommandInterface;
import org.h2.command.query.Query;
import org.h2.engine.IsolationLevel;
import org.h2.engine.SessionLocal;
import org.h2.expression.ParameterInterface;
import org.h2.jdbc.meta.DatabaseMeta;
import org.h2.message.DbException;
import org.h2.store.DataHandler;
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
    private final DdlRunner ddl;
    private final CommitIds ids = new CommitIds();
    private final Levels levels;
    private final RoutedTransaction transaction;
    private final NamedStatements named = new NamedStatements(this);
    private final Consumer<RoutedSession> onClose;
    private final SessionActivity activity = new SessionActivity();
    private final boolean internal;

    private volatile boolean closed;
    private volatile RoutedCommand current;

    RoutedSession(
            HostedDatabase database,
            SessionLocal local,
            Forwarding forwarding,
            SessionOptions options,
            Consumer<RoutedSession> onClose) {
        super(local);
        this.database = database;
        this.writer = database.writer(local);
        this.router = new StatementRouter(local);
        this.forwarding = forwarding;
        this.ddl = new DdlRunner(this);
        this.onClose = onClose;
        this.internal = options.internal();
        this.levels = new Levels(options.read(), options.commit());
        levels.seen().shown(options.seenIndex());
        this.transaction =
                new RoutedTransaction(database, local, writer, forwarding, ids, levels, internal, this::close);
    }

    // ---- statements -----------------------------------------------------------------------------------------------

    @Override
    public CommandInterface prepareCommand(String sql) {
        checkOpen();
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
        try {
            return compiled(Passwords.hidden(sql, tokens, local), tokens).sentAs(sql);
        } catch (DbException e) {
            throw ErrorSql.replace(e, Passwords.hidden(sql, tokens, local), sql);
        }
    }

    private RoutedCommand compiled(String sql, List<Token> tokens) {
        Command command;
        try {
            command = compile(sql);
        } catch (DbException e) {
            if (forwarding.pinned()) {
                // It may name a table that this session has on the leader only.
                return RoutedCommand.elsewhere(this, sql, tokens);
            }
            if (!levels.seen().isBehind(database.log()) && database.log().servingEpoch() != 0) {
                throw e;
            }
            // The object may have been created elsewhere a moment ago.
            database.reads().awaitReadable();
            levels.seen().caughtUp();
            command = compile(sql);
        }
        return RoutedCommand.compiled(this, sql, tokens, command, router.route(command, tokens), isOfNode(sql, tokens));
    }

    /** Whether it reads tables about this node and no others: then no level has to be kept and no leader be there. */
    private boolean isOfNode(String sql, List<Token> tokens) {
        if (!SystemCalls.namesSystemSchema(tokens)
                && !local.getCurrentSchemaName().equals(SystemSchema.NAME)) {
            return false;
        }
        local.lock();
        try {
            return local.prepare(sql) instanceof Query query
                    && query.getTables().stream().allMatch(SystemTable.class::isInstance);
        } finally {
            local.unlock();
        }
    }

    private Command compile(String sql) {
        local.lock();
        try {
            return local.prepareLocal(sql);
        } finally {
            local.unlock();
        }
    }

    <T> T execute(RoutedCommand command, Execution<T> execution) {
        lock();
        try {
            checkOpen();
            activity.runs(command.sql());
            current = command;
            if (!isHarmless(command)) {
                transaction.settle(
                        command.decision() != null && command.decision().route() == Route.ROLLBACK);
            }
            if (command.systemCall() != null) {
                return SystemCalls.execute(this, command.systemCall(), execution);
            }
            return dispatch(command, execution);
        } catch (DbException e) {
            throw explained(e);
        } finally {
            current = null;
            if (!transaction.isList() && !isNaming(command)) {
                ids.forgetName();
            }
            activity.rests(transaction.activity());
            unlock();
        }
    }

    private <T> T dispatch(RoutedCommand command, Execution<T> execution) {
        Decision decision = command.decision();
        switch (decision.route()) {
            case READ -> {
                return read(command, execution);
            }
            case WRITE, LOCKING_READ, SAVEPOINT -> {
                return transaction.write(command, execution);
            }
            case STATEMENT -> {
                return ddl.execute(command, execution);
            }
            case ROLLBACK_TO_SAVEPOINT -> {
                return transaction.rollbackToSavepoint(command, execution);
            }
            case SESSION_STATE -> {
                return namesSchema(command)
                        ? read(command, execution)
                        : knownHere(() -> transaction.onLocal(command, execution));
            }
            case ISOLATION -> {
                transaction.commitImplicitly();
                return transaction.onLocal(command, execution);
            }
            case NODE_STATE -> {
                transaction.commitImplicitly();
                return nodeState(command, execution);
            }
            case SCRIPT -> {
                transaction.commitImplicitly();
                // To a file of this node it goes without the leader, who knows best where sequences stand.
                boolean toFile = command.tokens().stream().anyMatch(t -> t.is("TO"));
                return toFile ? read(command, execution) : readAtLeader(command, execution);
            }
            case SESSION_TABLE -> {
                return sessionTable(command, execution);
            }
            case COMMIT -> transaction.commit(transaction.commitId());
            case ROLLBACK -> transaction.rollback();
            case BEGIN -> transaction.suspendAutoCommit();
            case AUTOCOMMIT_ON -> transaction.setAutoCommit(true);
            case AUTOCOMMIT_OFF -> transaction.setAutoCommit(false);
            case NOTHING -> {
                return execution.nothing();
            }
            case CHECKPOINT -> local.getUser().checkAdmin();
            case PREPARE -> {
                transaction.commitImplicitly();
                T result = transaction.onLocal(command, execution);
                named.prepare(command);
                return result;
            }
            case EXECUTE -> {
                return named.execute(command, execution);
            }
            case DEALLOCATE -> {
                transaction.commitImplicitly();
                T result = transaction.onLocal(command, execution);
                named.deallocate(command);
                return result;
            }
            case BACKUP -> backup(command);
            case SHUTDOWN -> shutdown(command);
            case LIST -> {
                return new StatementList(this).execute(command, execution);
            }
            case RUNSCRIPT -> {
                return execution.counted(new Script(this).run(command));
            }
            case IMMEDIATE -> {
                return immediate(command, execution);
            }
            case REFUSED -> throw Errors.refused(firstWords(command.tokens()), decision.why(), decision.instead());
            case QUERY, SETTING -> throw new IllegalStateException("not a route to run: " + decision.route());
        }
        return execution.nothing();
    }

    /** What a session is set to, a schema say, may have been created elsewhere a moment ago. */
    private <T> T knownHere(Supplier<T> call) {
        try {
            return call.get();
        } catch (DbException e) {
            if (database.log().servingEpoch() != 0) {
                throw e;
            }
            database.reads().awaitReadable();
            return call.get();
        }
    }

    private <T> T nodeState(RoutedCommand command, Execution<T> execution) {
        List<Token> tokens = command.tokens();
        if (tokens.get(1).is("DB_CLOSE_DELAY")) {
            local.getUser().checkAdmin();
            database.setStaysOpen(!tokens.get(tokens.size() - 1).text().equals("0"));
            return execution.nothing();
        }
        return transaction.onLocal(command, execution);
    }

    /** BACKUP TO expression: the file lies on this node. */
    private void backup(RoutedCommand command) {
        local.getUser().checkAdmin();
        String file =
                evaluate(command.sql().substring(command.tokens().get(2).start()), command.getParameters())[0]
                        .getString();
        database.reads().awaitReadable();
        database.backup(file);
    }

    private void shutdown(RoutedCommand command) {
        local.getUser().checkAdmin();
        if (database.log().members().all().size() > 1) {
            throw Errors.refused(
                    firstWords(command.tokens()),
                    "it would close one node's copy and leave the others without it",
                    "close the connections, or stop the node's process; CALL SYNOD.TRANSFER() hands over its leadership");
        }
        boolean immediately = command.getCommandType() == CommandInterface.SHUTDOWN_IMMEDIATELY;
        if (immediately) {
            transaction.rollback();
        } else {
            transaction.commitImplicitly();
        }
        database.shutdown(immediately);
    }

    static String firstWords(List<Token> tokens) {
        StringBuilder words = new StringBuilder();
        for (Token token : tokens.subList(0, Math.min(3, tokens.size()))) {
            words.append(words.isEmpty() ? "" : " ").append(token.text());
        }
        return words.toString();
    }

    private <T> T read(RoutedCommand command, Execution<T> execution) {
        if (command.isOfNode()) {
            return transaction.ofNode(command, execution);
        }
        ReadDemand demand =
                command.hint() == null ? levels.read() : command.hint().over(levels.read());
        switch (transaction.placeOfRead()) {
            case HERE -> {
                T result = transaction.here(command, execution);
                if (demand.level() == ReadLevel.LINEARIZABLE) {
                    database.reads().confirm(writer);
                }
                return result;
            }
            case FORWARDED -> {
                return transaction.forward(command, execution);
            }
            default -> {
                if (forwarding.pinned()) {
                    return transaction.write(command, execution);
                }
                transaction.readsHere();
                return database.reads().read(demand, levels.seen(), () -> transaction.onLocal(command, execution));
            }
        }
    }

    /** A table of this session only lives in one inner session: here on the leader, else on the leader, pinned. */
    private <T> T sessionTable(RoutedCommand command, Execution<T> execution) {
        transaction.commitImplicitly();
        if (transaction.begin()) {
            try {
                return writer.executeUnguarded(() -> command.runHere(execution));
            } finally {
                transaction.rollback();
            }
        }
        T result = transaction.forward(command, execution);
        forwarding.pin();
        return result;
    }

    private <T> T readAtLeader(RoutedCommand command, Execution<T> execution) {
        boolean here = transaction.begin();
        try {
            if (!here) {
                return transaction.forward(command, execution);
            }
        } finally {
            transaction.rollback();
        }
        return read(command, execution);
    }

    /** It may have been created a moment ago. */
    private static boolean namesSchema(RoutedCommand command) {
        return command.tokens().stream()
                .limit(2)
                .anyMatch(t -> t.is("SCHEMA") || t.is("SCHEMA_SEARCH_PATH") || t.is("USE"));
    }

    private <T> T immediate(RoutedCommand command, Execution<T> execution) {
        String expression = command.sql().substring(command.tokens().get(2).start());
        String sql = evaluate(expression, command.getParameters())[0].getString();
        if (sql == null) {
            throw DbException.getInvalidValueException("SQL command", null);
        }
        CommandInterface inner;
        try {
            inner = prepareCommand(sql);
        } catch (DbException e) {
            boolean syntax =
                    e.getErrorCode() == ErrorCode.SYNTAX_ERROR_1 || e.getErrorCode() == ErrorCode.SYNTAX_ERROR_2;
            throw syntax ? ErrorSql.set(e, command.sql()) : e;
        }
        try {
            if (inner.isQuery()) {
                throw DbException.get(ErrorCode.SYNTAX_ERROR_2, sql, "<not a query>");
            }
            return execution.on(inner);
        } finally {
            inner.close();
        }
    }

    /** The values of these expressions, separated by commas. */
    Value[] evaluate(String expressions, List<? extends ParameterInterface> parameters) {
        return NamedStatements.evaluate(this, expressions, parameters);
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
        long here = database.startDigest();
        return here != 0 ? here : forwarding.startDigest();
    }

    /** @param member {@code null} for any other than the leader */
    boolean transfer(String member) {
        Boolean here = database.transfer(member);
        if (here != null) {
            return here;
        }
        if (internal) {
            throw Errors.notLeader(database.node(), database.log().leader());
        }
        return forwarding.transfer(member);
    }

    Levels levels() {
        return levels;
    }

    SessionActivity activity() {
        return activity;
    }

    /** Whether another node has opened it, for a session of its own. */
    boolean isInternal() {
        return internal;
    }

    @Override
    public ReplyHead replyHead() {
        return new ReplyHead(
                database.log().servingEpoch() != 0,
                levels.hasWarnings(),
                levels.seen().index(),
                transaction.isUnsettled() ? transaction.lastCommitId().number() : 0);
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
        if (database.isReplaced(local)) {
            move();
        }
    }

    /** The inner session's database is gone, a snapshot has taken its place. */
    private void move() {
        SessionLocal old = local;
        SessionLocal fresh = database.store().session(old.getUser().getName());
        SessionState.move(old, fresh);
        local = fresh;
        writer = database.writer(fresh);
        router = new StatementRouter(fresh);
        transaction.move(fresh, writer);
    }

    /** An error of H2 on a copy that is being replaced says nothing of the statement. */
    private DbException explained(DbException e) {
        int code = e.getErrorCode();
        boolean saysItself = code == Errors.RETRY_CODE
                || code == Errors.UNKNOWN_CODE
                || code == Errors.LOCAL_LOST_CODE
                || code == Errors.NOT_LEADER_CODE;
        return database.isReplaced(local) && !saysItself
                ? Errors.retry("this node's copy was replaced by a snapshot while the statement ran")
                : e;
    }

    // ---- H2's session ---------------------------------------------------------------------------------------------

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            forwarding.close();
            writer.close();
        } finally {
            onClose.accept(this);
        }
    }

    @Override
    public boolean isClosed() {
        return closed || database.isClosed() || local.isClosed() && !writer.isOrphaned();
    }

    /** Called when the connection is closed, from any thread: whoever uses it shall not go on. */
    @Override
    public void cancel() {
        writer.cancel();
        RoutedCommand running = current;
        if (running != null) {
            running.cancel();
        }
    }

    @Override
    public boolean hasPendingTransaction() {
        return transaction.isOpen();
    }

    @Override
    public boolean getAutoCommit() {
        return transaction.isAutoCommit();
    }

    @Override
    public void setAutoCommit(boolean on) {
        transaction.settle(false);
        transaction.setAutoCommit(on);
    }

    @Override
    public void setCurrentSchemaName(String schema) {
        knownHere(() -> {
            super.setCurrentSchemaName(schema);
            return null;
        });
    }

    @Override
    public void setIsolationLevel(IsolationLevel level) {
        transaction.settle(false);
        transaction.commitImplicitly();
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
        return database.reads().read(levels.read(), levels.seen(), local::getDatabaseMeta);
    }
}
