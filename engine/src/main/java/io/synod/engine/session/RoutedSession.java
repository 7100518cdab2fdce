package io.synod.engine.session;

import io.synod.engine.database.CommitId;
import io.synod.engine.database.Errors;
import io.synod.engine.database.HostedDatabase;
import io.synod.engine.database.ReadLevel;
import io.synod.engine.database.Writer;
import io.synod.engine.session.SqlText.Token;
import io.synod.engine.session.StatementRouter.Decision;
import io.synod.engine.session.StatementRouter.Route;
import java.util.List;
import java.util.UUID;
import org.h2.api.ErrorCode;
import org.h2.command.Command;
import org.h2.command.CommandInterface;
import org.h2.command.query.Query;
import org.h2.engine.IsolationLevel;
import org.h2.engine.Session;
import org.h2.engine.SessionLocal;
import org.h2.jdbc.meta.DatabaseMeta;
import org.h2.message.DbException;
import org.h2.result.ResultInterface;
import org.h2.table.Table;

/**
 * A session as JDBC sees it, which decides per statement where it runs: reads on this node's H2, transactions that write
 * on the leader's, wherever that is.
 *
 * <p><b>Order.</b> A transaction that writes runs wholly in one place: this node while it leads ({@link Writer}) or the
 * leader's ({@link ForwardedSession}). Under READ COMMITTED one that began with local reads moves there at its first
 * write, which changes nothing it could have noticed; above that it begins there, unless the connection is read-only.
 *
 * <p><b>Concurrency.</b> All methods under this session's lock, as H2's JDBC classes do, but for {@link #cancel}; the inner
 * session's lock is always taken after it.
 *
 * <p><b>Failure.</b> A transaction that lost its place surely did not commit (40001), unless its commit was on its way:
 * then it is looked up under its {@link CommitId}, and only when nobody can tell in time is the outcome unknown (08007).
 *
 * <p>H2 would commit in many places by itself; the guard in {@link Writer} refuses all of them, and this class does
 * instead what they are meant to do.
 */
final class RoutedSession extends LocalView {
    private enum Place {
        NONE,
        HERE,
        FORWARDED
    }

    private final HostedDatabase database;
    private final Writer writer;
    private final StatementRouter router;
    private final Forwarding forwarding;
    private final DdlRunner ddl;
    private final UUID ownId = UUID.randomUUID();
    private final Runnable onClose;
    private final boolean internal;

    private Place place = Place.NONE;
    private boolean autoCommit = true;
    private boolean autoCommitAtEnd;
    private boolean readOnly;
    private boolean snapshotHere;
    private boolean behind;
    private boolean inList;
    private boolean closed;
    private ReadLevel readLevel;
    private CommitId request = CommitId.NONE;
    private CommitId named;
    private CommitId used = CommitId.NONE;
    private boolean lastPart;
    private long ownNumber;

    RoutedSession(
            HostedDatabase database,
            SessionLocal local,
            Forwarding forwarding,
            SessionOptions options,
            Runnable onClose) {
        super(local);
        this.database = database;
        this.writer = database.writer(local);
        this.router = new StatementRouter(local);
        this.forwarding = forwarding;
        this.ddl = new DdlRunner(this);
        this.onClose = onClose;
        this.internal = options.internal();
        this.readLevel = options.readLevel();
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
        return compiled(Passwords.hidden(sql, tokens, local), tokens);
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
            if (!behind && database.log().servingEpoch() != 0) {
                throw e;
            }
            // The object may have been created elsewhere a moment ago.
            database.reads().awaitReadable();
            behind = false;
            command = compile(sql);
        }
        return RoutedCommand.compiled(this, sql, tokens, command, router.route(command, tokens));
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
            if (command.systemCall() != null) {
                return SystemCalls.execute(this, command.systemCall(), execution);
            }
            return dispatch(command, execution);
        } finally {
            if (!inList && !isNaming(command)) {
                named = null;
            }
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
                return write(command, execution);
            }
            case STATEMENT -> {
                return ddl.execute(command, execution);
            }
            case ROLLBACK_TO_SAVEPOINT -> {
                return rollbackToSavepoint(command, execution);
            }
            case SESSION_STATE -> {
                return onLocal(command, execution);
            }
            case ISOLATION -> {
                commitImplicitly();
                return onLocal(command, execution);
            }
            case SCRIPT -> {
                commitImplicitly();
                return read(command, execution);
            }
            case SESSION_TABLE -> {
                return sessionTable(command, execution);
            }
            case COMMIT -> commit(commitId());
            case ROLLBACK -> rollback();
            case BEGIN -> {
                autoCommitAtEnd |= autoCommit;
                autoCommit = false;
            }
            case AUTOCOMMIT_ON -> setAutoCommit(true);
            case AUTOCOMMIT_OFF -> setAutoCommit(false);
            case NOTHING -> nodeSetting(command.tokens());
            case LIST -> {
                return new StatementList(this).execute(command, execution);
            }
            case RUNSCRIPT -> new StatementList(this).runScript(command);
            case IMMEDIATE -> {
                return immediate(command, execution);
            }
            case REFUSED -> throw Errors.refused(firstWords(command.tokens()), decision.why());
        }
        return execution.nothing();
    }

    private void nodeSetting(List<Token> tokens) {
        if (tokens.size() > 2 && tokens.get(1).is("DB_CLOSE_DELAY")) {
            database.setStaysOpen(!tokens.get(tokens.size() - 1).is("0")
                    && !tokens.get(tokens.size() - 1).text().equals("0"));
        }
    }

    private static String firstWords(List<Token> tokens) {
        StringBuilder words = new StringBuilder();
        for (Token token : tokens.subList(0, Math.min(3, tokens.size()))) {
            words.append(words.isEmpty() ? "" : " ").append(token.text());
        }
        return words.toString();
    }

    private <T> T read(RoutedCommand command, Execution<T> execution) {
        if (place == Place.NONE && !autoCommit && !readOnly && isSnapshotIsolation()) {
            place = begin();
        }
        switch (place) {
            case HERE -> {
                T result = here(command, execution);
                if (readLevel == ReadLevel.LINEARIZABLE) {
                    database.reads().confirm(writer);
                }
                return result;
            }
            case FORWARDED -> {
                return forward(command, execution);
            }
            default -> {
                if (forwarding.pinned()) {
                    return write(command, execution);
                }
                snapshotHere |= !autoCommit && isSnapshotIsolation();
                T result = database.reads().read(readLevel, behind, () -> onLocal(command, execution));
                behind = false;
                return result;
            }
        }
    }

    private boolean isSnapshotIsolation() {
        return local.getIsolationLevel().compareTo(IsolationLevel.READ_COMMITTED) > 0;
    }

    /** Runs what neither writes nor locks, outside of any writing transaction. */
    private <T> T onLocal(RoutedCommand command, Execution<T> execution) {
        if (place == Place.HERE) {
            return here(command, execution);
        }
        T result = command.runHere(execution);
        endLocalRead();
        return result;
    }

    /** H2 keeps a transaction open after a read, which counts against its bound and pins old versions. */
    private void endLocalRead() {
        if (place == Place.NONE && (autoCommit || !isSnapshotIsolation())) {
            writer.endRead();
        }
    }

    private <T> T write(RoutedCommand command, Execution<T> execution) {
        T result = place == Place.NONE ? first(command, execution) : inPlace(command, execution);
        if (place == Place.HERE && command.returnsRows()) {
            confirmed(result);
        }
        if (autoCommit && !inList) {
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
            place = begin();
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
    private <T> T here(RoutedCommand command, Execution<T> execution) {
        try {
            return writer.execute(() -> {
                if (command.decision().route() == Route.LOCKING_READ) {
                    lockTables(command);
                }
                return command.runHere(execution);
            });
        } catch (DbException e) {
            if (!writer.isOpen()) {
                place = Place.NONE;
                transactionEnded();
            } else if (autoCommit && !inList) {
                rollback();
            }
            throw e;
        }
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

    private <T> T forward(RoutedCommand command, Execution<T> execution) {
        try {
            return forwarding.run(command, execution, local);
        } catch (DbException e) {
            if (forwarding.isBroken()) {
                forwarding.close();
                place = Place.NONE;
                transactionEnded();
                throw Errors.retry("the leader was lost in the middle of the transaction");
            }
            if (e.getErrorCode() == Errors.RETRY_CODE) {
                place = Place.NONE;
                transactionEnded();
            } else if (autoCommit && !inList) {
                rollback();
            }
            throw e;
        }
    }

    /** Begins a writing transaction where the leader is, waiting for one. */
    private Place begin() {
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
            place = begin();
        }
        return forwarding.session();
    }

    private <T> T rollbackToSavepoint(RoutedCommand command, Execution<T> execution) {
        if (place == Place.FORWARDED) {
            return forward(command, execution);
        }
        if (place == Place.HERE) {
            return writer.executeUnguarded(() -> command.runHere(execution));
        }
        return command.runHere(execution);
    }

    /** A table of this session only lives in one inner session: here on the leader, else on the leader, pinned. */
    private <T> T sessionTable(RoutedCommand command, Execution<T> execution) {
        commitImplicitly();
        place = begin();
        if (place == Place.HERE) {
            try {
                return writer.executeUnguarded(() -> command.runHere(execution));
            } finally {
                rollback();
            }
        }
        T result = forward(command, execution);
        forwarding.pin();
        return result;
    }

    private <T> T immediate(RoutedCommand command, Execution<T> execution) {
        int start = command.tokens().get(2).start();
        String expression = command.sql().substring(start);
        CommandInterface text = prepareCommand("SELECT " + expression);
        String sql;
        try (ResultInterface rows = text.executeQuery(1, 1, false)) {
            rows.next();
            sql = rows.currentRow()[0].getString();
        } finally {
            text.close();
        }
        CommandInterface inner = prepareCommand(sql);
        try {
            return execution.on(inner);
        } finally {
            inner.close();
        }
    }

    // ---- transactions ---------------------------------------------------------------------------------------------

    /** @throws DbException 40001 or 08007, see the class */
    void commit(CommitId id) {
        Place was = place;
        place = Place.NONE;
        try {
            switch (was) {
                case HERE -> writer.commit(id);
                case FORWARDED -> {
                    // An implicit one has no number of the client's, and must be looked up all the same.
                    forwarding.commit(id.isNone() ? ownCommitId() : id);
                    behind = true;
                }
                case NONE -> writer.endRead();
            }
        } finally {
            transactionEnded();
            if (writer.isOrphaned()) {
                close();
            }
        }
    }

    /** As H2 does before a statement that cannot be part of a transaction. */
    void commitImplicitly() {
        commit(CommitId.NONE);
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
            transactionEnded();
        }
    }

    private void transactionEnded() {
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
        CommitId id = named != null ? named : request;
        if (!id.isNone()) {
            // A request that commits twice is known by its first commit: a second one of the same id would be void.
            CommitId once = id.equals(used) ? CommitId.NONE : id;
            used = id;
            return once;
        }
        return place == Place.FORWARDED ? ownCommitId() : CommitId.NONE;
    }

    private CommitId ownCommitId() {
        return new CommitId(ownId, ++ownNumber);
    }

    @Override
    public void request(UUID clientSession, long number) {
        request = new CommitId(clientSession, number);
    }

    void name(CommitId id) {
        named = id;
    }

    private static boolean isNaming(RoutedCommand command) {
        return command.systemCall() != null && command.systemCall().name().equals("REQUEST");
    }

    boolean resolve(CommitId id) {
        return forwarding.resolve(id);
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

    /** Begins a transaction for a logged statement; true when it runs here. */
    boolean beginStatement() {
        place = begin();
        return place == Place.HERE;
    }

    void statementEnded() {
        place = Place.NONE;
        transactionEnded();
    }

    <T> T forwardStatement(RoutedCommand command, Execution<T> execution) {
        T result = forward(command, execution);
        behind = true;
        return result;
    }

    /** The commits of all parts of a list but the last are implicit ones. */
    void lastPart() {
        lastPart = true;
    }

    /** Runs the parts of a list as one request: under auto-commit they commit together. */
    <T> T asList(java.util.function.Supplier<T> parts) {
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
                rollback();
            }
            throw e;
        }
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

    void setReadLevel(ReadLevel level) {
        readLevel = level;
    }

    void setReadOnly(boolean readOnly) {
        this.readOnly = readOnly;
    }

    private void checkOpen() {
        if (closed) {
            throw DbException.get(ErrorCode.DATABASE_CALLED_AT_SHUTDOWN);
        }
        database.checkRunning();
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
            onClose.run();
        }
    }

    @Override
    public boolean isClosed() {
        return closed || local.isClosed() && !writer.isOrphaned();
    }

    @Override
    public void cancel() {
        local.cancel();
        forwarding.cancel();
    }

    @Override
    public boolean hasPendingTransaction() {
        return place != Place.NONE;
    }

    @Override
    public boolean getAutoCommit() {
        return autoCommit;
    }

    @Override
    public void setAutoCommit(boolean on) {
        if (on && !autoCommit) {
            commit(commitId());
        }
        autoCommit = on;
        autoCommitAtEnd = false;
    }

    @Override
    public void setIsolationLevel(IsolationLevel level) {
        commitImplicitly();
        local.lock();
        try {
            local.setIsolationLevel(level);
        } finally {
            local.unlock();
        }
    }

    @Override
    public DatabaseMeta getDatabaseMeta() {
        DatabaseMeta meta = database.reads().read(readLevel, behind, local::getDatabaseMeta);
        behind = false;
        return meta;
    }
}
