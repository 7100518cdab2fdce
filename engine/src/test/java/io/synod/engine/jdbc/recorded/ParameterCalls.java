package io.synod.engine.jdbc.recorded;

import java.lang.reflect.Method;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.JDBCType;
import java.sql.ParameterMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.List;

/** Calls of {@link PreparedStatement} and {@link CallableStatement}: every setter with every kind of value. */
final class ParameterCalls {
    static final List<Program> PROGRAMS = List.of(
            new Program("every setter", ParameterCalls::setters),
            new Program("every setter into a table", ParameterCalls::settersIntoTable),
            new Program("prepared statements", ParameterCalls::prepared),
            new Program("what a prepared statement inherits", ParameterCalls::inherited),
            new Program("callable statements", ParameterCalls::callable),
            new Program("callable statements by name", ParameterCalls::named));

    private ParameterCalls() {}

    private static boolean isIndexedSetter(Method m) {
        return m.getName().startsWith("set") && m.getParameterCount() > 1 && m.getParameterTypes()[0] == int.class;
    }

    private static void setters(Calls calls) throws SQLException {
        Sweep sweep = new Sweep(calls);
        PreparedStatement p = calls.connection().prepareStatement("SELECT ?");
        CallableStatement call = calls.connection().prepareCall("CALL ?");
        for (Method m : Sweep.methods(PreparedStatement.class, ParameterCalls::isIndexedSetter)) {
            for (PreparedStatement on : List.of(p, call)) {
                for (Object[] arguments : sweep.arguments(m, 1)) {
                    arguments[0] = 1;
                    sweep.call(on, m, arguments);
                    calls.attempt(() -> Results.dump(on.executeQuery()));
                }
            }
            Object[] outside = sweep.arguments(m, 1).get(0);
            outside[0] = 2;
            sweep.call(p, m, outside);
        }
    }

    private static void settersIntoTable(Calls calls) throws SQLException {
        String[] types = {
            "INT",
            "DECIMAL(10, 2)",
            "DOUBLE PRECISION",
            "VARCHAR",
            "BOOLEAN",
            "DATE",
            "TIMESTAMP",
            "UUID",
            "VARBINARY",
            "BLOB",
            "CLOB",
            "JSON",
            "INT ARRAY",
            "JAVA_OBJECT"
        };
        Sweep sweep = new Sweep(calls);
        Connection c = calls.connection();
        for (int i = 0; i < types.length; i++) {
            calls.run("CREATE TABLE t" + i + "(x " + types[i] + ")");
            PreparedStatement p = c.prepareStatement("INSERT INTO t" + i + " VALUES (?)");
            for (Method m : Sweep.methods(PreparedStatement.class, ParameterCalls::isIndexedSetter)) {
                Object[] arguments = sweep.arguments(m, 1).get(0);
                arguments[0] = 1;
                sweep.call(p, m, arguments);
                calls.attempt(p::executeUpdate);
            }
            try (Statement s = c.createStatement()) {
                Results.dump(s.executeQuery("SELECT x FROM t" + i + " ORDER BY _ROWID_"));
            }
        }
    }

    private static void describe(Calls calls, ParameterMetaData meta) throws SQLException {
        meta.getParameterCount();
        meta.isWrapperFor(ParameterMetaData.class);
        meta.unwrap(ParameterMetaData.class).getParameterCount();
        Sweep sweep = new Sweep(calls);
        for (Method m : Sweep.methods(
                ParameterMetaData.class, m -> m.getParameterCount() == 1 && m.getParameterTypes()[0] == int.class)) {
            for (int i = 0; i <= meta.getParameterCount() + 1; i++) {
                sweep.call(meta, m, i);
            }
        }
    }

    private static void prepared(Calls calls) throws SQLException {
        Connection c = calls.connection();
        calls.run("CREATE TABLE t(id INT PRIMARY KEY, name VARCHAR(20), d DECIMAL(10, 2))");
        for (String sql : new String[] {
            "INSERT INTO t VALUES (?, ?, ?)",
            "SELECT id, name, d FROM t WHERE id = ? OR name LIKE ?",
            "SELECT CAST(? AS VARCHAR(5))",
            "UPDATE t SET name = ? WHERE id = ?",
            "CALL ? + 1",
            "SELECT * FROM FINAL TABLE (UPDATE t SET d = ?)",
            "SELECT 1; SELECT ?",
            "SELECT ?2, ?1"
        }) {
            calls.attempt(() -> {
                PreparedStatement p = c.prepareStatement(sql);
                describe(calls, p.getParameterMetaData());
                ResultSetMetaData meta = p.getMetaData();
                if (Recorder.plain(meta) != null) {
                    for (int i = 1; i <= meta.getColumnCount(); i++) {
                        meta.getColumnName(i);
                        meta.getColumnType(i);
                    }
                }
                calls.attempt(p::execute);
                calls.attempt(() -> p.setInt(1, 1));
                calls.attempt(() -> p.setString(2, "x"));
                calls.attempt(() -> p.setInt(3, 4));
                calls.attempt(() -> {
                    if (p.execute()) {
                        Results.dump(p.getResultSet());
                    }
                    p.getUpdateCount();
                });
                calls.attempt(() -> Results.dump(p.executeQuery()));
                calls.attempt(p::executeUpdate);
                calls.attempt(p::executeLargeUpdate);
                p.clearParameters();
                calls.attempt(p::execute);
                p.close();
                calls.attempt(p::execute);
                calls.attempt(p::getMetaData);
            });
        }
        PreparedStatement p = c.prepareStatement("SELECT COUNT(*) FROM t");
        Results.dump(p.executeQuery());
        calls.run("INSERT INTO t VALUES (77, 'x', 1)");
        Results.dump(p.executeQuery());
        calls.run("ALTER TABLE t ADD COLUMN more INT");
        Results.dump(p.executeQuery());
        calls.run("DROP TABLE t");
        calls.attempt(p::executeQuery);
    }

    /** The methods of Statement are other code there. */
    private static void inherited(Calls calls) throws SQLException {
        Connection c = calls.connection();
        Sweep sweep = new Sweep(calls);
        for (Class<? extends PreparedStatement> type : List.of(PreparedStatement.class, CallableStatement.class)) {
            PreparedStatement p =
                    type == PreparedStatement.class ? c.prepareStatement("SELECT 1") : c.prepareCall("CALL 1");
            sweep.all(
                    type,
                    p,
                    m -> m.getParameterCount() == 0
                            && !m.getName().equals("close")
                            && !m.getName().equals("closeOnCompletion"));
            for (Method m : Sweep.methods(type, m -> isOfStatement(m) && m.getParameterCount() > 0)) {
                sweep.call(p, m, argumentsOfStatement(m));
            }
            p.closeOnCompletion();
            p.isCloseOnCompletion();
            p.close();
            p.isClosed();
        }
    }

    private static boolean isOfStatement(Method m) {
        try {
            return Statement.class.getMethod(m.getName(), m.getParameterTypes()) != null;
        } catch (NoSuchMethodException e) {
            return false;
        }
    }

    private static Object[] argumentsOfStatement(Method m) {
        Class<?>[] types = m.getParameterTypes();
        Object[] arguments = new Object[types.length];
        for (int i = 0; i < types.length; i++) {
            if (types[i] == String.class) {
                arguments[i] = "SELECT 2";
            } else if (types[i] == int.class) {
                arguments[i] = 1;
            } else if (types[i] == long.class) {
                arguments[i] = 1L;
            } else if (types[i] == boolean.class) {
                arguments[i] = true;
            } else if (types[i] == int[].class) {
                arguments[i] = new int[] {1};
            } else if (types[i] == String[].class) {
                arguments[i] = new String[] {"X"};
            } else {
                arguments[i] = Statement.class;
            }
        }
        return arguments;
    }

    private static final String[] FUNCTIONS = {
        "CREATE ALIAS larger FOR 'java.lang.Math.max(int, int)'",
        "CREATE ALIAS half FOR 'java.lang.Math.sqrt(double)'",
        "CREATE TABLE t(a INT, b VARCHAR, c DATE, d BLOB, e CLOB, f INT ARRAY, g TIMESTAMP, h BOOLEAN, i UUID)",
        "INSERT INTO t VALUES (1, 'b', '2024-02-29', X'01', 'clob', ARRAY[1, 2], '2024-02-29 01:02:03', TRUE,"
                + " '00000000-0000-0001-0000-000000000002')"
    };

    private static void callable(Calls calls) throws SQLException {
        calls.run(FUNCTIONS);
        Connection c = calls.connection();
        CallableStatement s = c.prepareCall("{? = CALL larger(?, 42)}");
        s.registerOutParameter(1, Types.INTEGER);
        s.setInt(2, 21);
        s.execute();
        s.getInt(1);
        s.wasNull();
        s.setInt(2, 210);
        s.execute();
        s.getInt(1);
        s.getObject(1);
        calls.attempt(() -> s.getInt(2));
        calls.attempt(() -> s.getInt(9));
        calls.attempt(() -> s.registerOutParameter(1, Types.DECIMAL, 2));
        calls.attempt(() -> s.registerOutParameter(1, Types.OTHER, "INTEGER"));
        calls.attempt(() -> s.registerOutParameter(1, JDBCType.INTEGER));
        calls.attempt(() -> s.registerOutParameter(1, JDBCType.INTEGER, 2));
        calls.attempt(() -> s.registerOutParameter(1, JDBCType.INTEGER, "INTEGER"));
        calls.attempt(() -> s.registerOutParameter(9, Types.INTEGER));
        s.executeUpdate();
        s.getDouble(1);
        s.getString(1);
        describe(calls, s.getParameterMetaData());
        calls.attempt(() -> Results.dump(s.executeQuery()));
        s.close();
        calls.attempt(() -> s.getInt(1));
        CallableStatement root = c.prepareCall("CALL half(?)");
        root.setDouble(1, 16);
        Results.dump(root.executeQuery());
        root.setInt(1, 25);
        calls.attempt(() -> root.getDouble(1));
        CallableStatement all = c.prepareCall("SELECT a, b, c, d, e, f, g, h, i FROM t");
        Sweep sweep = new Sweep(calls);
        for (int i = 1; i <= 9; i++) {
            int column = i;
            calls.attempt(() -> all.registerOutParameter(column, Types.OTHER));
        }
        all.execute();
        for (Method m : Sweep.methods(
                CallableStatement.class,
                m -> m.getName().startsWith("get")
                        && m.getParameterCount() > 0
                        && m.getParameterTypes()[0] == int.class
                        && !m.getName().equals("getMoreResults"))) {
            for (Object[] arguments : sweep.arguments(m, 1)) {
                for (int i = 1; i <= 9; i++) {
                    arguments[0] = i;
                    sweep.call(all, m, arguments);
                }
            }
        }
    }

    private static void named(Calls calls) throws SQLException {
        calls.run(FUNCTIONS);
        Sweep sweep = new Sweep(calls);
        CallableStatement s = calls.connection().prepareCall("SELECT a, b, c, d, e, f, g, h, i, ?1 AS p FROM t");
        for (String name : new String[] {"A", "b", "P", "nothing", null}) {
            calls.attempt(() -> s.registerOutParameter(name, Types.INTEGER));
            calls.attempt(() -> s.registerOutParameter(name, Types.DECIMAL, 2));
            calls.attempt(() -> s.registerOutParameter(name, Types.OTHER, "INTEGER"));
            calls.attempt(() -> s.registerOutParameter(name, JDBCType.INTEGER));
            calls.attempt(() -> s.registerOutParameter(name, JDBCType.INTEGER, 2));
            calls.attempt(() -> s.registerOutParameter(name, JDBCType.INTEGER, "INTEGER"));
        }
        for (Method m : Sweep.methods(
                CallableStatement.class,
                m -> m.getName().startsWith("set")
                        && m.getParameterCount() > 1
                        && m.getParameterTypes()[0] == String.class)) {
            for (Object[] arguments : sweep.arguments(m, 1)) {
                arguments[0] = "A";
                sweep.call(s, m, arguments);
            }
        }
        calls.attempt(() -> s.setInt(1, 5));
        calls.attempt(s::execute);
        for (Method m : Sweep.methods(
                CallableStatement.class,
                m -> m.getName().startsWith("get")
                        && m.getParameterCount() > 0
                        && m.getParameterTypes()[0] == String.class)) {
            for (Object[] arguments : sweep.arguments(m, 1)) {
                for (String name : new String[] {"A", "B", "G", "nothing"}) {
                    arguments[0] = name;
                    sweep.call(s, m, arguments);
                }
            }
        }
        calls.attempt(() -> s.getObject("A", ResultSet.class));
    }
}
