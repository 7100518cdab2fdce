package io.synod.engine.session;

import io.synod.engine.database.Errors;
import io.synod.engine.federation.FederatedCommand;
import io.synod.engine.session.SqlText.Kind;
import io.synod.engine.session.SqlText.Token;
import io.synod.engine.session.StatementRouter.Decision;
import io.synod.engine.session.StatementRouter.Route;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;
import org.h2.api.ErrorCode;
import org.h2.command.Command;
import org.h2.command.CommandInterface;
import org.h2.command.SynodCommandBridge;
import org.h2.engine.SessionLocal;
import org.h2.expression.Parameter;
import org.h2.expression.ParameterInterface;
import org.h2.message.DbException;
import org.h2.result.BatchResult;
import org.h2.result.ResultInterface;
import org.h2.result.ResultWithGeneratedKeys;
import org.h2.result.SimpleResult;
import org.h2.value.Value;

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
    private Decision decision;
    /** {@code null} for a system call, and for what only the leader can compile. */
    private Command local;
    /** The inner session that has compiled it. */
    private SessionLocal compiledBy;
    /** H2's number of the catalogue at that time, or before. */
    private long catalogue;

    private final SystemCalls.Call systemCall;
    /** {@code null} where the session's level counts. */
    private final ReadHint hint;

    private final boolean ofNode;

    /** Whether a driver would repeat it without asking for its commit. */
    private boolean promised;
    /** Whether its client knows {@link Errors#prepareAgain}. */
    private boolean preparedAgain;

    private ForwardedSession remoteSession;
    private CommandInterface remote;
    /** Of several; {@code null} for one that this node's H2 has compiled, or that stands alone. */
    private CommandInterface first;
    /** Of all of them. */
    private ArrayList<Parameter> parameters;
    /** What runs in other databases; {@code null} for none. */
    private FederatedCommand across;
    /** That it names, where it runs in other databases. */
    private Collection<String> variables = List.of();

    private final CommandCancel cancelling;

    private RoutedCommand(
            RoutedSession session,
            String sql,
            List<Token> tokens,
            Command local,
            Decision decision,
            SystemCalls.Call systemCall,
            long catalogue,
            boolean ofNode) {
        this.session = session;
        this.cancelling = new CommandCancel(session, this);
        this.sql = sql;
        this.sent = sql;
        this.tokens = tokens;
        this.local = local;
        this.compiledBy = local == null ? null : session.local();
        this.decision = decision;
        this.systemCall = systemCall;
        this.catalogue = catalogue;
        this.hint = ReadHint.of(sql);
        this.ofNode = ofNode;
    }

    /** @param catalogue H2's number of it before the statement was compiled and routed */
    static RoutedCommand compiled(
            RoutedSession session,
            String sql,
            List<Token> tokens,
            Command local,
            Decision decision,
            long catalogue,
            boolean ofNode) {
        return new RoutedCommand(session, sql, tokens, local, decision, null, catalogue, ofNode);
    }

    static RoutedCommand system(RoutedSession session, String sql, List<Token> tokens, SystemCalls.Call call) {
        return new RoutedCommand(session, sql, tokens, null, null, call, 0, false);
    }

    /** For a statement that this node's H2 cannot compile: the leader can, or says why not. */
    static RoutedCommand elsewhere(RoutedSession session, String sql, List<Token> tokens) {
        return new RoutedCommand(session, sql, tokens, null, Decision.of(Route.WRITE), null, 0, false);
    }

    /** @param command what the databases that it names made of it */
    static RoutedCommand across(RoutedSession session, String sql, List<Token> tokens, FederatedCommand command) {
        RoutedCommand routed = new RoutedCommand(session, sql, tokens, null, OtherDatabases.decision(), null, 0, false);
        routed.across = command;
        routed.variables = SessionVariables.namedIn(tokens);
        return routed;
    }

    /**
     * Several statements in one text, of which some name other databases, or the first is one that only Synod knows.
     *
     * @param first the first one, whose type and columns are those of all
     */
    static RoutedCommand list(RoutedSession session, String sql, List<Token> tokens, CommandInterface first) {
        RoutedCommand list = new RoutedCommand(session, sql, tokens, null, Decision.of(Route.LIST), null, 0, false);
        list.first = first;
        list.parameters = SqlText.parameters(tokens);
        return list;
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
        if (local != null && compiledBy != session.local()) {
            // A snapshot has replaced this node's copy since: the parameters' values go along.
            compileAgain();
        }
        return local;
    }

    /** Whether H2 executes it inside the open transaction rather than behind its end. */
    boolean isTransactional() {
        return local() == null || local().isTransactional();
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

    /** Whether it neither needs to know how the last commit ended, nor should be kept from the user by it. */
    boolean isHarmless() {
        return isOfNode() || systemCall != null && SystemCalls.isHarmless(systemCall);
    }

    /**
     * Whether the leader's H2 finds out by itself what the text means at the time. It takes a statement apart only once, and
     * keeps of '' what it meant in the mode of that time.
     */
    boolean canBeKept() {
        if (decision == null || hasEmptyText()) {
            return false;
        }
        return switch (decision.route()) {
            case WRITE, READ, LOCKING_READ -> true;
            default -> false;
        };
    }

    private boolean hasEmptyText() {
        return tokens.stream()
                .anyMatch(t -> t.kind() == Kind.LITERAL && t.text().isEmpty());
    }

    private void compileAgain() {
        Command old = local;
        local = session.compiler().compile(sql);
        compiledBy = session.local();
        StatementCompiler.copyParameters(old, local);
    }

    /** By which it is what it was found to be. */
    long catalogue() {
        return catalogue;
    }

    /**
     * Whether what was found to read only still does: the same text may stand for another view or function now, and H2 would
     * compile that when it executes it.
     */
    boolean stillReads() {
        long now = session.compiler().catalogue();
        if (now != catalogue || compiledBy != session.local()) {
            compileAgain();
            decision = session.compiler().route(local, tokens);
            catalogue = now;
        }
        boolean reads = decision.route() == Route.READ;
        if (promised && !reads) {
            throw Errors.prepareAgain();
        }
        return reads;
    }

    /** Executes it on this node's H2. */
    <T> T runHere(Execution<T> execution) {
        if (local == null) {
            compileHere();
        }
        Command command = local();
        try {
            return cancelling.whileRunning(command, () -> execution.on(command));
        } catch (DbException e) {
            if (e.getErrorCode() == ErrorCode.LOCK_TIMEOUT_1 && SynodCommandBridge.takeCancel(command)) {
                // It was taken out of its wait for a row.
                throw DbException.get(ErrorCode.STATEMENT_WAS_CANCELED);
            }
            throw e;
        }
    }

    /** Executes it in the databases that it names. */
    <T> T runAcross(Execution<T> execution) {
        try {
            session.others().begin(variables);
            T result = cancelling.whileRunning(across, () -> execution.on(across));
            session.others().executed(tokens);
            return result;
        } finally {
            session.others().left();
        }
    }

    /** Executes it on a session of the leader. */
    <T> T runOn(ForwardedSession leader, Execution<T> execution) {
        CommandInterface target = on(leader);
        if (session.others() != null) {
            session.others().keys().tell(leader);
        }
        if (local != null) {
            List<? extends ParameterInterface> from = local.getParameters();
            List<? extends ParameterInterface> to = target.getParameters();
            if (!(execution instanceof Execution.Batch)) {
                // Over there one that was not set would be NULL.
                from.forEach(this::checkSet);
            }
            for (int i = 0; i < to.size() && i < from.size(); i++) {
                // Unset is not NULL, nor what it was the time before.
                Value value =
                        from.get(i).isValueSet() ? Lobs.sendable(from.get(i).getParamValue()) : null;
                to.get(i).setValue(value, true);
            }
        }
        return cancelling.whileRunning(target, () -> execution.elsewhere().on(target));
    }

    /** For rows of its result that the leader still holds. */
    Value[] read(Supplier<Value[]> call) {
        return session.read(call);
    }

    private void checkSet(ParameterInterface parameter) {
        try {
            parameter.checkSet();
        } catch (DbException e) {
            throw ErrorSql.add(e, sql);
        }
    }

    private CommandInterface on(ForwardedSession leader) {
        if (remote == null || remoteSession != leader) {
            remote = leader.take(sql);
            remoteSession = leader;
        }
        return remote;
    }

    @Override
    public boolean isPlainRead() {
        return systemCall == null && local != null && decision.route() == Route.READ;
    }

    @Override
    public boolean promisePlainRead() {
        preparedAgain = true;
        promised = isPlainRead();
        return promised;
    }

    /**
     * Before anything is executed that commits by itself, in a database that the client has not heard of: if the answer were lost, it
     * would not ask there what became of it, and would repeat it.
     *
     * @param told those that it has heard of
     */
    void checkTold(String told) {
        boolean untold = !session.otherBranches().names().equals(told);
        if (preparedAgain && untold && session.transaction().isAutoCommit()) {
            throw Errors.prepareAgain();
        }
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
        if (first != null) {
            return parameters;
        }
        return systemCall != null ? systemCall.parameters() : elsewhere().getParameters();
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
        if (first != null) {
            return first;
        }
        if (across != null) {
            return across;
        }
        ForwardedSession leader = session.transaction().leaderSession();
        if (leader == null) {
            compileHere();
            return local;
        }
        return on(leader);
    }

    /** Another node led when it was prepared, and had what it names. */
    private void compileHere() {
        local = session.compiler().compile(sql);
        compiledBy = session.local();
    }

    @Override
    public ResultInterface executeQuery(long maxRows, int fetchSize, boolean scrollable) {
        if (local != null && !local.isQuery()
                || systemCall != null && !systemCall.isQuery()
                || across != null && !across.isQuery()) {
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
        // Statements have run to their end when their result is returned, and commits are ours.
    }

    @Override
    public void close() {
        if (local != null && compiledBy == session.local()) {
            local.close();
        }
        if (first != null) {
            first.close();
        }
        if (across != null) {
            session.others().giveBack(sql, across, !hasEmptyText());
            across = null;
        }
        if (remote != null) {
            remoteSession.giveBack(sql, remote, canBeKept());
        }
        remote = null;
    }

    @Override
    public void cancel() {
        cancelling.cancel(() -> across == null ? local : across);
    }

    CommandCancel cancelling() {
        return cancelling;
    }

    @Override
    public String toString() {
        return sql;
    }
}
