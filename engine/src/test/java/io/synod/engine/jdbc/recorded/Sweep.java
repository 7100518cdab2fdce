package io.synod.engine.jdbc.recorded;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.Reader;
import java.io.StringReader;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.math.BigDecimal;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.sql.Array;
import java.sql.Blob;
import java.sql.Clob;
import java.sql.Date;
import java.sql.JDBCType;
import java.sql.NClob;
import java.sql.Ref;
import java.sql.RowId;
import java.sql.SQLException;
import java.sql.SQLType;
import java.sql.SQLXML;
import java.sql.Time;
import java.sql.Timestamp;
import java.sql.Types;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Calendar;
import java.util.Comparator;
import java.util.GregorianCalendar;
import java.util.List;
import java.util.Map;
import java.util.TimeZone;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Calls the methods of a JDBC interface by reflection, with samples of what their parameters take. */
final class Sweep {
    private final Calls calls;

    Sweep(Calls calls) {
        this.calls = calls;
    }

    /** In the same order on every JVM. */
    static List<Method> methods(Class<?> type, Predicate<Method> which) {
        return Stream.of(type.getMethods())
                .filter(m -> !Modifier.isStatic(m.getModifiers()) && which.test(m))
                .sorted(Comparator.comparing(m -> Recorder.key(type, m)))
                .toList();
    }

    /** Calls a method; an error is in the recording. */
    Object call(Object target, Method method, Object... arguments) {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            return null;
        } catch (IllegalAccessException e) {
            throw new AssertionError(e);
        }
    }

    /** All methods of a kind, those with parameters once for each set of samples. */
    void all(Class<?> type, Object target, Predicate<Method> which) throws SQLException {
        for (Method method : methods(type, which)) {
            for (Object[] arguments : arguments(method, 0)) {
                call(target, method, arguments);
            }
        }
    }

    /** Sets of arguments for the parameters from a position on: as many sets as the richest parameter has samples. */
    List<Object[]> arguments(Method method, int from) throws SQLException {
        Class<?>[] types = method.getParameterTypes();
        int sets = 1;
        for (int i = from; i < types.length; i++) {
            sets = Math.max(sets, samples(method, types[i]).size());
        }
        List<Object[]> all = new ArrayList<>();
        for (int set = 0; set < sets; set++) {
            Object[] arguments = new Object[types.length];
            for (int i = from; i < types.length; i++) {
                // Made anew each time: streams are read only once.
                List<Object> samples = samples(method, types[i]);
                arguments[i] = samples.get(set % samples.size());
            }
            all.add(arguments);
        }
        return all;
    }

    private List<Object> samples(Method method, Class<?> type) throws SQLException {
        if (type == int.class) {
            String name = method.getName();
            boolean typed =
                    name.startsWith("setObject") || name.startsWith("setNull") || name.startsWith("updateObject");
            return typed ? List.of(Types.VARCHAR, Types.INTEGER, Types.OTHER) : List.of(4);
        }
        if (type == long.class) {
            return List.of(4L);
        }
        if (type == boolean.class) {
            return List.of(true, false);
        }
        if (type == byte.class) {
            return List.of((byte) 7);
        }
        if (type == short.class) {
            return List.of((short) 8);
        }
        if (type == float.class) {
            return List.of(1.5f);
        }
        if (type == double.class) {
            return List.of(2.25);
        }
        if (type == String.class) {
            return listOf("text", "42", "2024-02-29", null);
        }
        if (type == Object.class) {
            return objects();
        }
        if (type == Class.class) {
            return new ArrayList<>(CLASSES);
        }
        if (type == Map.class) {
            return listOf(Map.of(), null, Map.of("X", String.class));
        }
        if (type == Calendar.class) {
            return listOf(new GregorianCalendar(TimeZone.getTimeZone("Asia/Tokyo")), null);
        }
        if (type == SQLType.class) {
            return List.of(JDBCType.VARCHAR, JDBCType.INTEGER);
        }
        if (type == InputStream.class) {
            return listOf(new ByteArrayInputStream("stream".getBytes(StandardCharsets.US_ASCII)), null);
        }
        if (type == Reader.class) {
            return listOf(new StringReader("reader"), null);
        }
        return jdbcObjects(type);
    }

    private List<Object> jdbcObjects(Class<?> type) throws SQLException {
        if (type == BigDecimal.class) {
            return listOf(new BigDecimal("12.50"), null);
        }
        if (type == byte[].class) {
            return listOf(new byte[] {1, 2}, null);
        }
        if (type == Date.class) {
            return listOf(Date.valueOf("2024-02-29"), null);
        }
        if (type == Time.class) {
            return listOf(Time.valueOf("12:34:56"), null);
        }
        if (type == Timestamp.class) {
            return listOf(Timestamp.valueOf("2024-02-29 12:34:56.789"), null);
        }
        if (type == URL.class) {
            return listOf(url(), null);
        }
        if (type == Blob.class) {
            Blob blob = calls.connection().createBlob();
            blob.setBytes(1, new byte[] {3, 4});
            return listOf(blob, null);
        }
        if (type == NClob.class || type == Clob.class) {
            NClob clob = calls.connection().createNClob();
            clob.setString(1, "clob");
            return listOf(clob, null);
        }
        if (type == SQLXML.class) {
            SQLXML xml = calls.connection().createSQLXML();
            xml.setString("<x/>");
            return listOf(xml, null);
        }
        if (type == Array.class) {
            return listOf(calls.connection().createArrayOf("INTEGER", new Object[] {1, 2}), null);
        }
        if (type == Ref.class || type == RowId.class) {
            return listOf((Object) null);
        }
        throw new AssertionError("no sample of " + type);
    }

    private static URL url() {
        try {
            return URI.create("http://localhost/").toURL();
        } catch (java.net.MalformedURLException e) {
            throw new AssertionError(e);
        }
    }

    private static List<Object> objects() {
        return listOf(
                5,
                "object",
                6L,
                new BigDecimal("1.25"),
                true,
                LocalDate.of(2024, 2, 29),
                OffsetDateTime.parse("2024-02-29T01:02:03+02:00"),
                new UUID(1, 2),
                new byte[] {9},
                new Integer[] {1, 2},
                'c',
                null);
    }

    /** What {@code getObject} may be asked for. */
    private static final List<Class<?>> CLASSES = List.of(
            String.class,
            Integer.class,
            Long.class,
            BigDecimal.class,
            Boolean.class,
            Double.class,
            UUID.class,
            byte[].class,
            LocalDate.class,
            java.time.LocalTime.class,
            java.time.LocalDateTime.class,
            OffsetDateTime.class,
            java.time.ZonedDateTime.class,
            java.time.Instant.class,
            java.time.Duration.class,
            java.time.Period.class,
            Timestamp.class,
            Blob.class,
            Clob.class,
            Array.class,
            Object.class,
            Thread.class);

    private static List<Object> listOf(Object... values) {
        return new ArrayList<>(java.util.Arrays.asList(values));
    }
}
