package io.synod.engine.federation;

import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.h2.api.ErrorCode;
import org.h2.command.CommandInterface;
import org.h2.engine.Session;
import org.h2.engine.SessionLocal;
import org.h2.expression.ParameterInterface;
import org.h2.message.DbException;
import org.h2.result.BatchResult;
import org.h2.result.MergedResult;
import org.h2.result.ResultInterface;
import org.h2.result.ResultWithGeneratedKeys;
import org.h2.result.SimpleResult;
import org.h2.value.TypeInfo;
import org.h2.value.Value;
import org.h2.value.ValueVarchar;

/**
 * A statement over several databases as a session holds it: prepared once, executed any number of times, and planned again
 * when a catalogue has changed in between. Made by {@link Federation#command}. {@link #cancel} may be called by any thread,
 * the rest by one at a time, the session's.
 */
public final class FederatedCommand implements CommandInterface {
    private final Federation federation;
    private final String sql;
    private final Databases databases;
    private final ShippingLimits limits;
    private final StatementText text;
    /** Whether its text is another one for each answer of the session. */
    private final boolean asks;

    private final ArrayList<FederatedParameter> parameters = new ArrayList<>();
    private final Running running = new Running();
    private FederatedStatement statement;
    /** Where one database executes all of it. */
    private CommandInterface local;

    private Session localSession;
    private String localDatabase;
    /** For which {@link #local} is known to be right; {@code null} if that is not known. */
    private Meaning meaning;

    /**
     * All that the meaning of a text depends on which one database executes: as long as nothing of it has changed, the text
     * need not be looked at again.
     *
     * @param settings a number that H2 raises with each change of the session's schema, path or temporary tables
     */
    private record Meaning(
            String database,
            SessionLocal own,
            int settings,
            String mode,
            long catalogue,
            SessionLocal there,
            long itsCatalogue,
            Session session) {
        /** @return {@code null} if there is no such database any more */
        static Meaning now(String database, Databases databases) {
            Branch branch = Federation.branch(databases, database);
            if (branch == null) {
                return null;
            }
            SessionLocal own = databases.own().catalogue();
            SessionLocal there = branch.catalogue();
            return new Meaning(
                    database,
                    own,
                    own.getModificationId(),
                    own.getMode().getName(),
                    own.getDatabase().getModificationMetaId(),
                    there,
                    there.getDatabase().getModificationMetaId(),
                    branch.session());
        }
    }

    FederatedCommand(Federation federation, String sql, Databases databases, ShippingLimits limits) {
        this.federation = federation;
        this.sql = sql;
        this.databases = databases;
        this.limits = limits;
        var settings = databases.own().catalogue().getStaticSettings();
        this.text = StatementText.of(sql, settings);
        this.asks = SessionWords.areIn(text.sql(), settings);
        prepareAgain();
    }

    /**
     * Finds what the text means now, for one who takes the command after another: then parameters and columns are described as
     * if it had been made now.
     *
     * @throws DbException as {@link Federation#command}
     */
    public void prepareAgain() {
        told(() -> {
            prepare(false);
            return null;
        });
    }

    private void prepare(boolean executing) {
        // Before the text is looked at: what changes meanwhile is found by the next one who compares.
        Meaning before = local == null ? null : Meaning.now(localDatabase, databases);
        if (!asks && before != null && before.equals(meaning)) {
            return;
        }
        meaning = null;
        StatementText answered = asks ? SessionWords.answered(text, databases, executing) : text;
        try {
            prepare(answered, before);
        } catch (DbException e) {
            if (!databases.catchUp(sql, e)) {
                throw e;
            }
            prepare(answered, before);
        }
    }

    private void prepare(StatementText answered, Meaning before) {
        FederatedStatement now = federation.statement(answered, text, databases);
        if (now instanceof FederatedQuery query && query.way() instanceof FederatedQuery.Local in) {
            Session session = Federation.branch(databases, in.database()).session();
            if (now == statement && session == localSession) {
                meaning = before;
                return;
            }
            closeLocal();
            local = session.prepareCommand(in.sql());
            localSession = session;
            localDatabase = in.database();
            List<FederatedParameter.Description> found = new ArrayList<>();
            local.getParameters()
                    .forEach(p -> found.add(new FederatedParameter.Description(p.getType(), p.getNullable())));
            describe(found);
        } else if (now != statement) {
            closeLocal();
            describe(now.description().parameters());
        }
        statement = now;
    }

    private void describe(List<FederatedParameter.Description> found) {
        for (int i = 0; i < found.size(); i++) {
            if (i < parameters.size()) {
                parameters.get(i).describe(found.get(i));
            } else {
                parameters.add(new FederatedParameter(i, found.get(i)));
            }
        }
    }

    private void closeLocal() {
        if (local != null) {
            local.close();
        }
        local = null;
        localSession = null;
        localDatabase = null;
        meaning = null;
    }

    /** Errors name the user's text, not the one that H2 has executed. */
    private <T> T told(Supplier<T> action) {
        try {
            return action.get();
        } catch (DbException e) {
            throw FederationErrors.named(e, sql);
        }
    }

    private <T> T once(Supplier<T> execution) {
        try {
            return told(execution);
        } finally {
            running.ended();
        }
    }

    /** What came too late for an execution is not for the next one, which is somebody else's. */
    public void forgetCancel() {
        running.ended();
    }

    /**
     * Tells which database runs what.
     *
     * @return lines that begin with the database, or with {@code here} for what runs in the scratch database
     */
    public String explain() {
        return told(() -> {
            prepare(false);
            return statement.explain();
        });
    }

    @Override
    public int getCommandType() {
        if (text.explain()) {
            return text.analyze() ? EXPLAIN_ANALYZE : EXPLAIN;
        }
        if (text.variable() != null) {
            return SET;
        }
        return local != null ? local.getCommandType() : statement.description().commandType();
    }

    @Override
    public boolean isQuery() {
        return text.explain()
                || text.variable() == null && (local != null ? local.isQuery() : statement instanceof FederatedQuery);
    }

    @Override
    public ArrayList<? extends ParameterInterface> getParameters() {
        return parameters;
    }

    @Override
    public ResultInterface getMetaData() {
        return told(() -> {
            prepare(false);
            if (text.explain()) {
                return plan(List.of());
            }
            if (text.variable() != null) {
                return null;
            }
            if (local != null) {
                return named(local.getMetaData());
            }
            return statement instanceof FederatedQuery query
                    ? new FederatedResult(
                            new SimpleResult(),
                            query.columns(),
                            new int[0],
                            null,
                            databases.own().catalogue(),
                            new Meter(limits))
                    : null;
        });
    }

    /** What H2's EXPLAIN gives: one column with one text. */
    private static ResultInterface plan(List<String> rows) {
        SimpleResult result = new SimpleResult();
        result.addColumn("PLAN", TypeInfo.TYPE_VARCHAR);
        rows.forEach(row -> result.addRow(ValueVarchar.get(row)));
        return result;
    }

    @Override
    public ResultInterface executeQuery(long maxRows, int fetchSize, boolean scrollable) {
        return once(() -> {
            begin();
            if (!isQuery()) {
                throw DbException.get(ErrorCode.METHOD_ONLY_ALLOWED_FOR_QUERY);
            }
            if (!text.explain()) {
                return rows(maxRows, fetchSize, scrollable);
            }
            String plan = statement.explain();
            if (text.analyze()) {
                plan += "\n" + executed(fetchSize);
            }
            return plan(List.of(plan));
        });
    }

    private ResultInterface rows(long maxRows, int fetchSize, boolean scrollable) {
        if (local != null) {
            Value[] values = isElsewhere() ? ForeignLobs.inMemory(values(local)) : values(local);
            return named(running.run(local, values, c -> c.executeQuery(maxRows, fetchSize, scrollable)));
        }
        return ((FederatedQuery) statement).execute(databases, values(), maxRows, limits, running);
    }

    private boolean isElsewhere() {
        return !localDatabase.equals(databases.own().database());
    }

    /** Columns of another database's tables are none of this one's. */
    private ResultInterface named(ResultInterface result) {
        if (result == null || !isElsewhere() && statement.description() == null) {
            return result;
        }
        return new FederatedResult(
                result,
                statement.description() == null
                        ? ResultColumn.elsewhere(result, localDatabase)
                        : ((FederatedQuery) statement).columns(),
                FederatedResult.inOrder(result.getVisibleColumnCount()),
                null,
                databases.own().catalogue(),
                new Meter(limits));
    }

    private String executed(int fetchSize) {
        if (local != null ? !local.isQuery() : statement instanceof FederatedUpdate) {
            return "/* changed " + update(Boolean.FALSE).getUpdateCount() + " rows */";
        }
        try (ResultInterface result = rows(0, fetchSize, false)) {
            return "/* " + result.getRowCount() + " rows"
                    + (local == null && result instanceof FederatedResult shipped
                            ? ", " + shipped.shippedRows() + " shipped of " + shipped.readRows() + " read */"
                            : " */");
        }
    }

    @Override
    public ResultWithGeneratedKeys executeUpdate(Object generatedKeysRequest) {
        return once(() -> {
            begin();
            if (isQuery()) {
                throw DbException.get(ErrorCode.METHOD_NOT_ALLOWED_FOR_QUERY);
            }
            return update(generatedKeysRequest);
        });
    }

    private ResultWithGeneratedKeys update(Object generatedKeysRequest) {
        if (text.variable() != null) {
            assign();
            return ResultWithGeneratedKeys.of(0);
        }
        if (local != null) {
            Value[] values = ForeignLobs.in(Federation.branch(databases, localDatabase), values(local));
            return running.run(local, values, c -> c.executeUpdate(generatedKeysRequest));
        }
        return ((FederatedUpdate) statement).execute(databases, values(), generatedKeysRequest, limits, running);
    }

    private void assign() {
        SessionLocal own = databases.own().catalogue();
        try (ResultInterface result = rows(1, 1, false)) {
            result.next();
            Value value = ForeignLobs.inMemory(result.currentRow())[0];
            own.lock();
            try {
                own.setVariable(text.variable(), value);
            } finally {
                own.unlock();
            }
        }
    }

    private void begin() {
        running.begin(databases.own().catalogue().getQueryTimeout());
        prepare(true);
    }

    private Value[] values() {
        Value[] values = new Value[statement.description().parameters().size()];
        for (int i = 0; i < values.length; i++) {
            parameters.get(i).checkSet();
            values[i] = parameters.get(i).getParamValue();
        }
        return values;
    }

    private Value[] values(CommandInterface command) {
        Value[] values = new Value[command.getParameters().size()];
        for (int i = 0; i < values.length; i++) {
            parameters.get(i).checkSet();
            values[i] = parameters.get(i).getParamValue();
        }
        return values;
    }

    @Override
    public BatchResult executeBatchUpdate(ArrayList<Value[]> batchParameters, Object generatedKeysRequest) {
        long[] counts = new long[batchParameters.size()];
        List<SQLException> errors = new ArrayList<>();
        boolean keys = generatedKeysRequest != null && !Boolean.FALSE.equals(generatedKeysRequest);
        MergedResult merged = new MergedResult();
        for (int i = 0; i < counts.length; i++) {
            Value[] values = batchParameters.get(i);
            for (int j = 0; j < values.length && j < parameters.size(); j++) {
                parameters.get(j).setValue(values[j], true);
            }
            try {
                ResultWithGeneratedKeys result = executeUpdate(generatedKeysRequest);
                counts[i] = result.getUpdateCount();
                if (keys && result.getGeneratedKeys() != null) {
                    merged.add(result.getGeneratedKeys());
                }
            } catch (DbException e) {
                errors.add(e.getSQLException());
                counts[i] = Statement.EXECUTE_FAILED;
            }
        }
        return new BatchResult(counts, keys ? merged.getResult() : null, errors);
    }

    @Override
    public void stop(boolean commitIfAutoCommit) {
        // Statements have run to their end when their result is returned.
    }

    @Override
    public void close() {
        closeLocal();
        statement = null;
    }

    @Override
    public void cancel() {
        running.cancel();
    }

    @Override
    public String toString() {
        return sql;
    }
}
