package io.synod.engine.session;

import io.synod.engine.session.SqlText.Token;
import io.synod.engine.session.StatementRouter.Decision;
import io.synod.engine.session.StatementRouter.Route;
import io.synod.jdbc.RemoteValues;
import java.util.ArrayList;
import java.util.List;
import org.h2.api.ErrorCode;
import org.h2.command.Command;
import org.h2.command.CommandInterface;
import org.h2.command.SynodCommandBridge;
import org.h2.engine.Session;
import org.h2.engine.SessionLocal;
import org.h2.expression.ParameterInterface;
import org.h2.message.DbException;
import org.h2.result.BatchResult;
import org.h2.result.ResultInterface;
import org.h2.result.ResultWithGeneratedKeys;
import org.h2.result.SimpleResult;
import org.h2.value.Value;
import org.h2.value.ValueLob;

/**
 * A statement that was prepared once and may be executed many times, each time where the session's state asks for. It is
 * compiled by this node's H2, which also gives parameters and metadata; on the leader it is compiled again, when it first
 * runs there.
 *
 * <p>Called under the session's lock, but for {@link #cancel}.
 */
final class RoutedCommand implements CommandInterface, PlainRead {
    private final RoutedSession session;
    private final String sql;
    /** What the application has sent: the same, but for passwords. */
    private String sent;

    private final List<Token> tokens;
    private final Decision decision;
    /** {@code null} for a system call, and for what only the leader can compile. */
    private Command local;
    /** The inner session that has compiled it. */
    private SessionLocal compiledBy;

    private final SystemCalls.Call systemCall;
    /** {@code null} where the session's level counts. */
    private final ReadHint hint;

    private final boolean ofNode;

    private Session remoteSession;
    private CommandInterface remote;
    private volatile CommandInterface running;

    private RoutedCommand(
            RoutedSession session,
            String sql,
            List<Token> tokens,
            Command local,
            Decision decision,
            SystemCalls.Call systemCall,
            boolean ofNode) {
        this.session = session;
        this.sql = sql;
        this.sent = sql;
        this.tokens = tokens;
        this.local = local;
        this.compiledBy = local == null ? null : session.local();
        this.decision = decision;
        this.systemCall = systemCall;
        this.hint = ReadHint.of(sql);
        this.ofNode = ofNode;
    }

    static RoutedCommand compiled(
            RoutedSession session, String sql, List<Token> tokens, Command local, Decision decision, boolean ofNode) {
        return new RoutedCommand(session, sql, tokens, local, decision, null, ofNode);
    }

    static RoutedCommand system(RoutedSession session, String sql, List<Token> tokens, SystemCalls.Call call) {
        return new RoutedCommand(session, sql, tokens, null, null, call, false);
    }

    /** For a statement that this node's H2 cannot compile: the leader can, or says why not. */
    static RoutedCommand elsewhere(RoutedSession session, String sql, List<Token> tokens) {
        return new RoutedCommand(session, sql, tokens, null, Decision.of(Route.WRITE), null, false);
    }

    String sql() {
        return sql;
    }

    /** Errors name this text. */
    RoutedCommand sentAs(String text) {
        sent = text;
        return this;
    }

    List<Token> tokens() {
        return tokens;
    }

    Decision decision() {
        return decision;
    }

    Command local() {
        compileAnew();
        return local;
    }

    SystemCalls.Call systemCall() {
        return systemCall;
    }

    ReadHint hint() {
        return hint;
    }

    /** Whether it reads tables of the schema SYNOD and no others. */
    boolean isOfNode() {
        return ofNode && decision.route() == Route.READ;
    }

    /** Whether its result was read and has to be confirmed. */
    boolean returnsRows() {
        return isQuery();
    }

    /** A snapshot has replaced this node's copy since it was compiled: the parameters' values go along. */
    private void compileAnew() {
        SessionLocal now = session.local();
        if (local == null || compiledBy == now) {
            return;
        }
        Command old = local;
        now.lock();
        try {
            local = now.prepareLocal(sql);
        } finally {
            now.unlock();
        }
        compiledBy = now;
        List<? extends ParameterInterface> to = local.getParameters();
        for (int i = 0; i < to.size() && i < old.getParameters().size(); i++) {
            Value value = old.getParameters().get(i).getParamValue();
            if (value != null) {
                to.get(i).setValue(value, true);
            }
        }
    }

    /** Executes it on this node's H2. */
    <T> T runHere(Execution<T> execution) {
        Command command = local();
        running = command;
        try {
            return execution.on(command);
        } catch (DbException e) {
            if (e.getErrorCode() == ErrorCode.LOCK_TIMEOUT_1 && SynodCommandBridge.takeCancel(command)) {
                // It was taken out of its wait for a row.
                throw DbException.get(ErrorCode.STATEMENT_WAS_CANCELED);
            }
            throw e;
        } finally {
            running = null;
        }
    }

    /** Executes it on a session of the leader. */
    <T> T runOn(Session leader, Execution<T> execution) {
        CommandInterface target = on(leader);
        if (local != null) {
            List<? extends ParameterInterface> from = local.getParameters();
            List<? extends ParameterInterface> to = target.getParameters();
            if (!(execution instanceof Execution.Batch)) {
                // Over there one that was not set would be NULL.
                from.forEach(this::checkSet);
            }
            for (int i = 0; i < to.size() && i < from.size(); i++) {
                // Unset is not NULL, nor what it was the time before.
                to.get(i)
                        .setValue(from.get(i).isValueSet() ? carried(from.get(i).getParamValue()) : null, true);
            }
        }
        running = target;
        try {
            return execution.whole().on(target);
        } finally {
            running = null;
        }
    }

    private void checkSet(ParameterInterface parameter) {
        try {
            parameter.checkSet();
        } catch (DbException e) {
            throw ErrorSql.add(e, sql);
        }
    }

    private CommandInterface on(Session leader) {
        if (remote == null || remoteSession != leader) {
            remote = leader.prepareCommand(sql);
            remoteSession = leader;
        }
        return remote;
    }

    /**
     * A LOB that this node's H2 stores has no meaning elsewhere: its bytes have. An ENUM is read as a value of a column over
     * there, which a parameter is not: its text is assigned to one all the same.
     */
    static Value carried(Value value) {
        return value instanceof ValueLob lob ? Lobs.carried(lob) : RemoteValues.sendable(value);
    }

    @Override
    public boolean isPlainRead() {
        return systemCall == null && local != null && decision.route() == Route.READ;
    }

    @Override
    public int getCommandType() {
        if (local != null) {
            return local.getCommandType();
        }
        return systemCall != null ? systemCall.commandType() : elsewhere().getCommandType();
    }

    @Override
    public boolean isQuery() {
        if (local != null) {
            return local.isQuery();
        }
        return systemCall != null ? systemCall.isQuery() : elsewhere().isQuery();
    }

    @Override
    public ArrayList<? extends ParameterInterface> getParameters() {
        if (local != null) {
            return local.getParameters();
        }
        return systemCall != null ? new ArrayList<>() : elsewhere().getParameters();
    }

    @Override
    public ResultInterface getMetaData() {
        if (local != null) {
            session.local().lock();
            try {
                return local.getMetaData();
            } finally {
                session.local().unlock();
            }
        }
        return systemCall != null ? new SimpleResult() : elsewhere().getMetaData();
    }

    private CommandInterface elsewhere() {
        return on(session.transaction().leaderSession());
    }

    @Override
    public ResultInterface executeQuery(long maxRows, int fetchSize, boolean scrollable) {
        if (local != null && !local.isQuery() || systemCall != null && !systemCall.isQuery()) {
            // Before anything is logged: on the other members it would be executed, not queried.
            throw DbException.get(ErrorCode.METHOD_ONLY_ALLOWED_FOR_QUERY);
        }
        return run(new Execution.Query(maxRows, fetchSize, scrollable));
    }

    @Override
    public ResultWithGeneratedKeys executeUpdate(Object generatedKeysRequest) {
        return run(new Execution.Update(generatedKeysRequest));
    }

    @Override
    public BatchResult executeBatchUpdate(ArrayList<Value[]> batchParameters, Object generatedKeysRequest) {
        Execution.Batch batch = new Execution.Batch(batchParameters, generatedKeysRequest);
        if (decision == null || decision.route() != Route.WRITE) {
            return batch.oneByOne(this);
        }
        return run(batch);
    }

    private <T> T run(Execution<T> execution) {
        try {
            return session.execute(this, execution);
        } catch (DbException e) {
            throw ErrorSql.add(ErrorSql.replace(e, sql, sent), sent);
        }
    }

    @Override
    public void stop(boolean commitIfAutoCommit) {
        // Results are complete when they are returned, and commits are ours.
    }

    @Override
    public void close() {
        if (local != null && compiledBy == session.local()) {
            local.close();
        }
        if (remote != null && !remoteSession.isClosed()) {
            remote.close();
        }
        remote = null;
    }

    /** A statement that is logged is not cancelled: on the other members it would not be, either. */
    @Override
    public void cancel() {
        if (decision != null
                && decision.route() == Route.STATEMENT
                && session.database().log().servingEpoch() != 0) {
            return;
        }
        CommandInterface target = running;
        if (target != null) {
            target.cancel();
        } else if (local != null) {
            local.cancel();
        }
        session.writer().wakeLockWait();
    }

    @Override
    public String toString() {
        return sql;
    }
}
