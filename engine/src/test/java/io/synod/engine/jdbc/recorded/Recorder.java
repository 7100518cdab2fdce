package io.synod.engine.jdbc.recorded;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Array;
import java.sql.BatchUpdateException;
import java.sql.Blob;
import java.sql.CallableStatement;
import java.sql.Clob;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.Driver;
import java.sql.NClob;
import java.sql.ParameterMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLClientInfoException;
import java.sql.SQLException;
import java.sql.SQLXML;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Calendar;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import javax.sql.ConnectionPoolDataSource;
import javax.sql.DataSource;
import javax.sql.PooledConnection;
import org.h2.api.ErrorCode;

/**
 * Writes down every call of a JDBC object and of all objects that come from it: method, arguments, and the value or the error.
 * Two recordings of the same program are equal when its two databases behave the same. Used by one thread.
 */
final class Recorder {
    /** In the order in which a value of unknown type is looked at. */
    static final List<Class<?>> RECORDED = List.of(
            Driver.class,
            DataSource.class,
            ConnectionPoolDataSource.class,
            PooledConnection.class,
            Connection.class,
            CallableStatement.class,
            PreparedStatement.class,
            Statement.class,
            ResultSet.class,
            ResultSetMetaData.class,
            ParameterMetaData.class,
            DatabaseMetaData.class,
            Savepoint.class,
            Blob.class,
            NClob.class,
            Clob.class,
            SQLXML.class,
            Array.class);

    private static final Pattern STATEMENT = Pattern.compile("(?s)(; SQL statement:.*)?( \\[\\d+-\\d+])?$");
    private static final int LONG = 2_000;

    private final String catalog;
    private final List<String> lines = new ArrayList<>();
    private final Set<String> called = new TreeSet<>();

    /** @param catalog name of the database, which the two have different */
    Recorder(String catalog) {
        this.catalog = catalog;
    }

    /** What was written down so far. */
    List<String> lines() {
        return Collections.unmodifiableList(lines);
    }

    /** The methods that were called, as {@link #key} names them. */
    Set<String> called() {
        return Collections.unmodifiableSet(called);
    }

    /** A title among the calls. */
    void note(String text) {
        lines.add("# " + text);
    }

    static String key(Class<?> type, Method method) {
        StringBuilder key = new StringBuilder(type.getSimpleName());
        key.append('.').append(method.getName()).append('(');
        String comma = "";
        for (Class<?> parameter : method.getParameterTypes()) {
            key.append(comma).append(parameter.getSimpleName());
            comma = ", ";
        }
        return key.append(')').toString();
    }

    /** The object, every call of which is written down. */
    <T> T record(Class<T> type, T target) {
        return type.cast(Proxy.newProxyInstance(
                Recorder.class.getClassLoader(), new Class<?>[] {type}, new Recording(type, target)));
    }

    /** The object behind a recording. */
    static Object plain(Object value) {
        if (value != null
                && Proxy.isProxyClass(value.getClass())
                && Proxy.getInvocationHandler(value) instanceof Recording recording) {
            return recording.target;
        }
        return value;
    }

    private final class Recording implements InvocationHandler {
        private final Class<?> type;
        private final Object target;

        Recording(Class<?> type, Object target) {
            this.type = type;
            this.target = target;
        }

        @Override
        public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
            if (method.getDeclaringClass() == Object.class) {
                return method.getName().equals("equals")
                        ? target.equals(plain(arguments[0]))
                        : method.invoke(target, arguments);
            }
            called.add(key(type, method));
            Object[] values = arguments == null ? new Object[0] : arguments.clone();
            String call = type.getSimpleName() + '.' + method.getName() + texts(values);
            for (int i = 0; i < values.length; i++) {
                values[i] = plain(values[i]);
                if (values[i] instanceof Object[] array && values[i].getClass() == Object[].class) {
                    values[i] = Arrays.stream(array).map(Recorder::plain).toArray();
                }
            }
            try {
                return returned(call, method.getReturnType(), method.invoke(target, values));
            } catch (InvocationTargetException e) {
                lines.add(call + " ! " + error(e.getCause()));
                throw e.getCause();
            }
        }
    }

    private Object returned(String call, Class<?> type, Object value) {
        if (value instanceof InputStream stream) {
            byte[] bytes = bytes(stream);
            lines.add(call + " = stream " + text(bytes));
            return new ByteArrayInputStream(bytes);
        }
        if (value instanceof Reader reader) {
            String text = characters(reader);
            lines.add(call + " = reader " + text(text));
            return new StringReader(text);
        }
        boolean isHint = call.startsWith("ResultSet.getFetchSize");
        lines.add(call + (type == void.class || isHint ? "" : " = " + text(value)));
        for (Class<?> recorded : RECORDED) {
            if (recorded == type || type == Object.class && recorded.isInstance(value)) {
                return value == null ? null : recordAs(recorded, value);
            }
        }
        return value;
    }

    private <T> T recordAs(Class<T> type, Object value) {
        return record(type, type.cast(value));
    }

    private static byte[] bytes(InputStream stream) {
        try (stream) {
            return stream.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String characters(Reader reader) {
        StringBuilder text = new StringBuilder();
        char[] buffer = new char[4096];
        try (reader) {
            for (int n; (n = reader.read(buffer)) > 0; ) {
                text.append(buffer, 0, n);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.toString();
    }

    static String error(Throwable e) {
        if (!(e instanceof SQLException sql)) {
            return e.getClass().getName();
        }
        String message = STATEMENT
                .matcher(String.valueOf(sql.getMessage()))
                .replaceAll("")
                .strip();
        if (message.startsWith("Data conversion error converting")) {
            // The value is named, and a large object by the place where it is kept.
            message = "Data conversion error";
        }
        if (sql.getErrorCode() == ErrorCode.GENERAL_ERROR_1) {
            // The JVM says less about a null pointer once it has compiled the method.
            message = "General error";
        }
        // Which of H2's own classes and lines it came from says nothing to an application.
        String text = sql.getSQLState()
                + ' '
                + sql.getErrorCode()
                + ' '
                + jdbcClass(sql)
                + ' '
                + message.lines().findFirst().orElse("");
        if (sql instanceof BatchUpdateException batch) {
            text += " counts " + Arrays.toString(batch.getUpdateCounts())
                    + Arrays.toString(batch.getLargeUpdateCounts());
        }
        if (sql instanceof SQLClientInfoException info) {
            text += " failed " + info.getFailedProperties();
        }
        return sql.getNextException() == null ? text : text + " then " + error(sql.getNextException());
    }

    private static String jdbcClass(SQLException e) {
        Class<?> type = e.getClass();
        while (!type.getName().startsWith("java.sql.")) {
            type = type.getSuperclass();
        }
        return type.getSimpleName();
    }

    private String texts(Object[] values) {
        List<String> texts = new ArrayList<>();
        for (Object value : values) {
            texts.add(text(value));
        }
        return "(" + String.join(", ", texts) + ")";
    }

    private String text(Object value) {
        Object plain = plain(value);
        for (Class<?> recorded : RECORDED) {
            if (recorded.isInstance(plain)) {
                return recorded.getSimpleName();
            }
        }
        if (plain instanceof byte[] bytes) {
            return "bytes " + shortened(HexFormat.of().formatHex(bytes));
        }
        if (plain instanceof Object[] array) {
            return plain.getClass().getComponentType().getSimpleName() + texts(array);
        }
        if (plain instanceof int[] array) {
            return Arrays.toString(array);
        }
        if (plain instanceof long[] array) {
            return Arrays.toString(array);
        }
        if (plain instanceof InputStream || plain instanceof Reader || plain instanceof Throwable) {
            return plain.getClass().getSimpleName();
        }
        if (plain instanceof Calendar calendar) {
            return "Calendar " + calendar.getTimeZone().getID();
        }
        if (plain == null || plain instanceof Class<?> || plain.getClass().isEnum()) {
            return String.valueOf(plain);
        }
        if (plain.equals(catalog)) {
            return "the catalog";
        }
        String text = String.valueOf(plain);
        boolean identity = text.endsWith("@" + Integer.toHexString(System.identityHashCode(plain)));
        return plain.getClass().getSimpleName() + ' ' + (identity ? "" : shortened(text));
    }

    private static String shortened(String text) {
        return text.length() <= LONG
                ? text
                : text.substring(0, LONG) + "… " + text.length() + " characters, hash " + text.hashCode();
    }
}
