package io.synod.engine.session;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.h2.api.ErrorCode;
import org.h2.command.CommandInterface;
import org.h2.engine.SysProperties;
import org.h2.expression.ParameterInterface;
import org.h2.message.DbException;
import org.h2.result.BatchResult;
import org.h2.result.MergedResult;
import org.h2.result.ResultInterface;
import org.h2.result.ResultWithGeneratedKeys;
import org.h2.value.Value;

/**
 * One of the three ways in which JDBC executes a command, as a value: where it runs is decided later.
 *
 * @param <T> what it returns
 */
interface Execution<T> {
    /** Executes it on H2's command of this node or of the leader. */
    T on(CommandInterface command);

    /** The same for a command of another node: values are such that they mean something there, rows come in portions. */
    default Execution<T> elsewhere() {
        return this;
    }

    /** The result with other rows, where it has any. */
    default T withRows(T result, UnaryOperator<ResultInterface> change) {
        return result;
    }

    /** Whether rows may be read more than once. */
    default boolean isScrollable() {
        return false;
    }

    /** The result of a statement that gives no rows and counts none. */
    T nothing();

    /** The result of a statement that gives no rows and has this update count. */
    default T counted(long count) {
        return nothing();
    }

    /** The result where the rows are known already. */
    T rows(ResultInterface rows);

    /** Carried over to the parts of a list: only the first part's result is the result of the list. */
    static void run(CommandInterface command) {
        if (command.isQuery()) {
            command.executeQuery(0, Integer.MAX_VALUE, false).close();
        } else {
            command.executeUpdate(null);
        }
    }

    /** {@code executeQuery}. */
    record Query(long maxRows, int fetchSize, boolean scrollable) implements Execution<ResultInterface> {
        @Override
        public ResultInterface on(CommandInterface command) {
            return command.executeQuery(maxRows, fetchSize, scrollable);
        }

        /** What is fetched at once takes memory on the way, and on a remote client's way it is a node's. */
        private static final int LARGEST_PORTION = 1_000;

        /** How many rows to fetch at once. @param fetchSize not above 0 for any */
        static int portion(int fetchSize) {
            return fetchSize <= 0 ? SysProperties.SERVER_RESULT_SET_FETCH_SIZE : Math.min(fetchSize, LARGEST_PORTION);
        }

        @Override
        public Execution<ResultInterface> elsewhere() {
            // A scrollable one would come whole, in one answer.
            return new Query(maxRows, portion(fetchSize), false);
        }

        @Override
        public ResultInterface withRows(ResultInterface result, UnaryOperator<ResultInterface> change) {
            return change.apply(result);
        }

        @Override
        public boolean isScrollable() {
            return scrollable;
        }

        @Override
        public ResultInterface nothing() {
            throw DbException.get(ErrorCode.METHOD_ONLY_ALLOWED_FOR_QUERY);
        }

        @Override
        public ResultInterface rows(ResultInterface rows) {
            return rows;
        }
    }

    /** {@code executeUpdate}. */
    record Update(Object generatedKeys) implements Execution<ResultWithGeneratedKeys> {
        @Override
        public ResultWithGeneratedKeys on(CommandInterface command) {
            return command.executeUpdate(generatedKeys);
        }

        @Override
        public ResultWithGeneratedKeys counted(long count) {
            return ResultWithGeneratedKeys.of(count);
        }

        @Override
        public ResultWithGeneratedKeys nothing() {
            return ResultWithGeneratedKeys.of(0);
        }

        @Override
        public ResultWithGeneratedKeys rows(ResultInterface rows) {
            rows.close();
            return nothing();
        }
    }

    /** {@code executeBatchUpdate} of rows and nothing else: one call, one transaction under auto-commit. */
    record Batch(ArrayList<Value[]> parameters, Object generatedKeys) implements Execution<BatchResult> {
        @Override
        public BatchResult on(CommandInterface command) {
            return command.executeBatchUpdate(parameters, generatedKeys);
        }

        @Override
        public Execution<BatchResult> elsewhere() {
            ArrayList<Value[]> carried = new ArrayList<>(parameters.size());
            for (Value[] values : parameters) {
                Value[] copy = new Value[values.length];
                for (int i = 0; i < values.length; i++) {
                    copy[i] = Lobs.sendable(values[i]);
                }
                carried.add(copy);
            }
            return new Batch(carried, generatedKeys);
        }

        @Override
        public BatchResult nothing() {
            return new BatchResult(new long[parameters.size()], null, List.of());
        }

        @Override
        public BatchResult rows(ResultInterface rows) {
            rows.close();
            return nothing();
        }

        /** The same, one execution after the other, for statements that are not rows. */
        BatchResult oneByOne(RoutedCommand command) {
            long[] counts = new long[parameters.size()];
            List<SQLException> errors = new ArrayList<>();
            boolean wantsKeys = generatedKeys != null && !Boolean.FALSE.equals(generatedKeys);
            MergedResult keys = new MergedResult();
            for (int i = 0; i < counts.length; i++) {
                List<? extends ParameterInterface> targets = command.getParameters();
                Value[] values = parameters.get(i);
                for (int j = 0; j < values.length; j++) {
                    targets.get(j).setValue(values[j], true);
                }
                try {
                    ResultWithGeneratedKeys result = command.executeUpdate(wantsKeys ? generatedKeys : null);
                    counts[i] = result.getUpdateCount();
                    if (result.getGeneratedKeys() != null) {
                        keys.add(result.getGeneratedKeys());
                    }
                } catch (DbException e) {
                    errors.add(e.getSQLException());
                    counts[i] = java.sql.Statement.EXECUTE_FAILED;
                }
            }
            return new BatchResult(counts, wantsKeys ? keys.getResult() : null, errors);
        }
    }
}
