package io.synod.jdbc;

import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.h2.command.CommandInterface;
import org.h2.engine.GeneratedKeysMode;
import org.h2.engine.SessionRemote;
import org.h2.expression.ParameterInterface;
import org.h2.message.DbException;
import org.h2.result.BatchResult;
import org.h2.result.ResultInterface;
import org.h2.result.ResultWithGeneratedKeys;
import org.h2.value.Value;

/**
 * A statement that outlives the session on which it was prepared: it keeps its text and the values of its parameters and is
 * prepared again where the session went. Used under its session's lock, but for {@link #cancel}.
 */
final class FailoverCommand implements CommandInterface {
    private static final Set<Integer> DATA_CHANGES = Set.of(INSERT, UPDATE, DELETE, MERGE);
    private static final Set<Integer> NEVER_COMMITS =
            Set.of(SELECT, INSERT, UPDATE, DELETE, MERGE, ROLLBACK, SAVEPOINT, ROLLBACK_TO_SAVEPOINT);
    /** Of the others, SET is looked at, and all that is left commits the transaction before it does anything. */
    private static final Set<Integer> IN_TRANSACTION = Set.of(
            UNKNOWN,
            PREPARE,
            DEALLOCATE,
            BACKUP,
            CALL,
            DELETE,
            EXECUTE,
            EXECUTE_IMMEDIATELY,
            EXPLAIN,
            EXPLAIN_ANALYZE,
            HELP,
            INSERT,
            MERGE,
            NO_OPERATION,
            RUNSCRIPT,
            SELECT,
            UPDATE,
            SET_AUTOCOMMIT_FALSE,
            COMMIT,
            ROLLBACK,
            CHECKPOINT,
            CHECKPOINT_SYNC,
            SAVEPOINT,
            ROLLBACK_TO_SAVEPOINT,
            PREPARE_COMMIT,
            COMMIT_TRANSACTION,
            ROLLBACK_TRANSACTION,
            SHUTDOWN,
            SHUTDOWN_IMMEDIATELY,
            SHUTDOWN_COMPACT,
            SHUTDOWN_DEFRAG,
            BEGIN);

    private static final Pattern DELTA_TABLE = Pattern.compile("(?is).*\\b(?:FINAL|NEW|OLD)\\s+TABLE\\b.*");
    /** What leaves the transaction as it is. */
    private static final Pattern PLAIN_PART =
            Pattern.compile("(?is)(?:SELECT|INSERT|UPDATE|DELETE|MERGE|REPLACE|VALUES|WITH|TABLE)\\b.*");

    private static final Pattern SEVERAL_STATEMENTS = Pattern.compile("(?s).*;\\s*\\S.*");

    private final FailoverSession session;
    private final String sql;
    private final ArrayList<ParameterInterface> parameters = new ArrayList<>();
    private volatile boolean cancelled;
    private volatile CommandInterface inner;
    private SessionRemote preparedOn;
    private int type;
    private boolean query;
    private boolean readOnly;

    FailoverCommand(FailoverSession session, String sql) {
        this.session = session;
        this.sql = sql;
    }

    /** @return this command, prepared on that session and with its values set */
    CommandInterface on(SessionRemote remote) {
        if (preparedOn != remote) {
            CommandInterface fresh = remote.prepareCommand(sql);
            boolean first = inner == null;
            inner = fresh;
            preparedOn = remote;
            type = fresh.getCommandType();
            query = fresh.isQuery();
            readOnly = RemoteInternals.isReadOnly(fresh);
            if (first) {
                parameters.addAll(fresh.getParameters());
            }
        }
        List<? extends ParameterInterface> targets = inner.getParameters();
        for (ParameterInterface parameter : parameters) {
            if (parameter.isValueSet()) {
                parameter.setValue(RemoteValues.sendable(parameter.getParamValue()), false);
            }
        }
        for (int i = 0; i < Math.min(targets.size(), parameters.size()); i++) {
            if (targets.get(i) != parameters.get(i) && parameters.get(i).isValueSet()) {
                targets.get(i).setValue(parameters.get(i).getParamValue(), false);
            }
        }
        return inner;
    }

    /** It is prepared again when it is executed next: its text has got another meaning. */
    void forget() {
        close();
        preparedOn = null;
    }

    String sql() {
        return sql;
    }

    List<Value> parameterValues() {
        List<Value> values = new ArrayList<>();
        for (ParameterInterface parameter : parameters) {
            values.add(parameter.getParamValue());
        }
        return values;
    }

    /** A lost transaction is rolled back: who asks for just that need not be told. */
    boolean isRollback() {
        return type == ROLLBACK && !isList() || sql.trim().equalsIgnoreCase("ROLLBACK");
    }

    /** Whether these are several statements: H2 says of them what the first one is. */
    boolean isList() {
        return SEVERAL_STATEMENTS.matcher(sql).matches() && SqlList.split(sql).size() > 1;
    }

    /** Whether parts of it may commit before it ends, under no number of their own. */
    boolean mayCommitInParts() {
        return type == RUNSCRIPT
                || isList()
                        && !SqlList.split(sql).stream()
                                .allMatch(part -> PLAIN_PART.matcher(part).matches());
    }

    /** Whether it ends the transaction with a commit, even where that fails, and does nothing else. */
    boolean commits() {
        return (type == COMMIT || type == SET_AUTOCOMMIT_TRUE || type == PREPARE_COMMIT) && !isList()
                || sql.trim().equalsIgnoreCase("COMMIT");
    }

    /** Whether it ends the transaction that was lost, or is no part of any. */
    boolean isPossibleWhereLost() {
        return isRollback() || isDecision() || type == SET_AUTOCOMMIT_FALSE && !isList();
    }

    /** Whether it ends another transaction, one that was prepared, and leaves the open one alone. */
    boolean isDecision() {
        return (type == COMMIT_TRANSACTION || type == ROLLBACK_TRANSACTION) && !isList();
    }

    /** @return whether this statement by itself may have made something durable; errs on the side of true */
    boolean mayCommit(boolean autoCommit) {
        if (SEVERAL_STATEMENTS.matcher(sql).matches()) {
            return true;
        }
        if (autoCommit) {
            return !(query && readOnly && !DELTA_TABLE.matcher(sql).matches());
        }
        return !NEVER_COMMITS.contains(type);
    }

    /** @return whether it ends the transaction with a commit before it does what it is there for: DDL, an isolation level */
    boolean commitsFirst() {
        if (SEVERAL_STATEMENTS.matcher(sql).matches() || IN_TRANSACTION.contains(type)) {
            return false;
        }
        return type != SET
                || !SessionState.isSessionSetting(sql, type)
                || "ISOLATION".equals(SessionState.setting(sql));
    }

    @Override
    public int getCommandType() {
        return type;
    }

    @Override
    public boolean isQuery() {
        return query;
    }

    @Override
    public ArrayList<? extends ParameterInterface> getParameters() {
        return parameters;
    }

    @Override
    public ResultInterface executeQuery(long maxRows, int fetchSize, boolean scrollable) {
        return session.execute(
                this,
                (remote, command) ->
                        new FailoverResult(session, remote, command.executeQuery(maxRows, fetchSize, scrollable)),
                null);
    }

    @Override
    public ResultWithGeneratedKeys executeUpdate(Object generatedKeysRequest) {
        long count = DATA_CHANGES.contains(type) ? Statement.SUCCESS_NO_INFO : 0;
        return session.execute(
                this,
                (remote, command) -> command.executeUpdate(generatedKeysRequest),
                wantsKeys(generatedKeysRequest) ? null : ResultWithGeneratedKeys.of(count));
    }

    @Override
    public BatchResult executeBatchUpdate(ArrayList<Value[]> batchParameters, Object generatedKeysRequest) {
        // In auto-commit mode a batch commits although some of its statements failed: which ones is in the answer only.
        boolean known = batchParameters.size() == 1 && !wantsKeys(generatedKeysRequest);
        long[] counts = new long[batchParameters.size()];
        Arrays.fill(counts, Statement.SUCCESS_NO_INFO);
        for (Value[] values : batchParameters) {
            for (int i = 0; i < values.length; i++) {
                values[i] = RemoteValues.sendable(values[i]);
            }
        }
        return session.execute(
                this,
                (remote, command) -> command.executeBatchUpdate(batchParameters, generatedKeysRequest),
                known ? new BatchResult(counts, null, new ArrayList<>()) : null);
    }

    private static boolean wantsKeys(Object request) {
        return GeneratedKeysMode.valueOf(request) != GeneratedKeysMode.NONE;
    }

    @Override
    public ResultInterface getMetaData() {
        return session.read(remote -> on(remote).getMetaData());
    }

    @Override
    public void stop(boolean commitIfAutoCommit) {
        // The node stops its own commands.
    }

    @Override
    public void close() {
        CommandInterface command = inner;
        if (command != null) {
            try {
                command.close();
            } catch (DbException e) {
                if (!Broken.isBroken(e.getSQLException())) {
                    throw e;
                }
            }
        }
    }

    /** Whether the running execution was cancelled: a cancellation may come before there is anything to wait for. */
    boolean isCancelled() {
        return cancelled;
    }

    void ended() {
        cancelled = false;
    }

    @Override
    public void cancel() {
        cancelled = true;
        CommandInterface command = inner;
        if (!session.cancelWait() && command != null) {
            command.cancel();
        }
    }
}
