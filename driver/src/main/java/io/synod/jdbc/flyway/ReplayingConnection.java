package io.synod.jdbc.flyway;

import io.synod.jdbc.SynodConnection;
import java.io.InputStream;
import java.io.Reader;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A connection that does what an application does with 40001: it runs the transaction again. Flyway cannot: a migration's
 * statements are partly committed, and its lock on the history is a transaction that stays open while others do the work.
 *
 * <p>What was executed since the last commit is remembered, as text and parameters, and executed again after a loss; a
 * statement that then changes another number of rows ends this with the 40001. Batches, calls, savepoints and the content of streams are
 * not remembered: a transaction with one of these fails as on any connection. Used by one thread at a time.
 */
final class ReplayingConnection implements InvocationHandler {
    private static final String RETRY = "40001";
    private static final int ATTEMPTS = 10;

    private final Connection raw;
    private final SynodConnection synod;
    private final List<Step> steps = new ArrayList<>();
    private boolean replayable = true;

    private ReplayingConnection(Connection raw, SynodConnection synod) {
        this.raw = raw;
        this.synod = synod;
    }

    /** @return the connection itself where it is none of Synod */
    static Connection of(Connection connection) {
        try {
            if (!connection.isWrapperFor(SynodConnection.class)) {
                return connection;
            }
            return proxy(
                    Connection.class, new ReplayingConnection(connection, connection.unwrap(SynodConnection.class)));
        } catch (SQLException e) {
            throw new IllegalStateException("The connection cannot be unwrapped", e);
        }
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(
                Proxy.newProxyInstance(ReplayingConnection.class.getClassLoader(), new Class<?>[] {type}, handler));
    }

    @Override
    public Object invoke(Object proxy, Method method, Object[] args) throws Throwable {
        switch (method.getName()) {
            case "createStatement":
                return proxy(Statement.class, new Statements((Statement) again(raw, method, args), null));
            case "prepareStatement":
                return proxy(PreparedStatement.class, new Statements((Statement) again(raw, method, args), (String)
                        args[0]));
            case "prepareCall", "setSavepoint":
                replayable = false;
                return call(raw, method, args);
            case "getMetaData":
                DatabaseMetaData metaData = raw.getMetaData();
                return proxy(DatabaseMetaData.class, (p, m, a) -> again(metaData, m, a));
            case "commit", "setAutoCommit":
                Object done = again(raw, method, args);
                forget();
                return done;
            case "rollback", "close", "abort":
                if (args == null || !(args[0] instanceof Savepoint)) {
                    forget();
                }
                return call(raw, method, args);
            default:
                return again(raw, method, args);
        }
    }

    private void forget() {
        steps.clear();
        replayable = true;
    }

    /** Calls; after a 40001 runs the transaction up to here again, and calls again. */
    private Object again(Object target, Method method, Object[] args) throws Throwable {
        for (int attempt = 1; ; attempt++) {
            try {
                return call(target, method, args);
            } catch (SQLException e) {
                if (!isRetry(e) || !replayable) {
                    throw e;
                }
                attempt = replay(e, attempt);
            }
        }
    }

    /** @return how many attempts are used up */
    private int replay(SQLException cause, int attempt) throws SQLException {
        for (int used = attempt; used < ATTEMPTS; used++) {
            try {
                raw.rollback();
                for (Step step : steps) {
                    step.run(raw);
                }
                return used;
            } catch (SQLException e) {
                if (!isRetry(e)) {
                    cause.addSuppressed(e);
                    throw cause;
                }
            }
        }
        throw cause;
    }

    private static boolean isRetry(SQLException e) {
        return RETRY.equals(e.getSQLState());
    }

    private static Object call(Object target, Method method, Object[] args) throws Throwable {
        try {
            return method.invoke(target, args);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    /** A setter of a parameter, with its arguments. */
    private record Setter(Method method, Object[] args) {
        /** Whether it can be called again: a stream has been read to its end. */
        boolean isRepeatable() {
            return Stream.of(args).noneMatch(arg -> arg instanceof InputStream || arg instanceof Reader);
        }
    }

    /**
     * A statement that was executed.
     *
     * @param count of changed rows, -1 for a query
     */
    private record Step(String sql, List<Setter> parameters, long count) {
        void run(Connection connection) throws SQLException {
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                for (Setter setter : parameters) {
                    try {
                        call(statement, setter.method(), setter.args());
                    } catch (SQLException | RuntimeException | Error e) {
                        throw e;
                    } catch (Throwable e) {
                        throw new SQLException("A parameter cannot be set again", e);
                    }
                }
                statement.execute();
                long now = statement.getLargeUpdateCount();
                if (now != count) {
                    throw new SQLException("Executed again after a failover, this changed " + now + " rows and not "
                            + count + ": " + sql);
                }
            }
        }
    }

    /** A statement, prepared or not. */
    private final class Statements implements InvocationHandler {
        private final Statement statement;
        private final String prepared;
        /** The last one of each parameter, by its number. */
        private final Map<Object, Setter> parameters = new LinkedHashMap<>();

        Statements(Statement statement, String prepared) {
            this.statement = statement;
            this.prepared = prepared;
        }

        @Override
        public Object invoke(Object proxy, Method method, Object[] args) throws Throwable {
            switch (method.getName()) {
                case "execute", "executeQuery", "executeUpdate", "executeLargeUpdate":
                    Object result = again(statement, method, args);
                    executed(args != null && args.length > 0 ? (String) args[0] : prepared);
                    return result;
                case "executeBatch", "executeLargeBatch":
                    replayable = false;
                    return call(statement, method, args);
                case "clearParameters":
                    parameters.clear();
                    return call(statement, method, args);
                default:
                    if (prepared != null && method.getName().startsWith("set") && args.length > 1) {
                        parameters.put(args[0], new Setter(method, args));
                    }
                    return call(statement, method, args);
            }
        }

        private void executed(String sql) throws SQLException {
            if (synod.hasOpenTransaction()) {
                replayable &= parameters.values().stream().allMatch(Setter::isRepeatable);
                steps.add(new Step(sql, List.copyOf(parameters.values()), statement.getLargeUpdateCount()));
            } else {
                forget();
            }
        }
    }
}
