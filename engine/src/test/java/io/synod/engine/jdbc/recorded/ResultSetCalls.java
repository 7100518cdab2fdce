package io.synod.engine.jdbc.recorded;

import java.lang.reflect.Method;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.h2.jdbc.JdbcResultSet;

/** Calls of {@link ResultSet} and {@link ResultSetMetaData}: every getter and updater on every type of column. */
final class ResultSetCalls {
    static final List<Program> PROGRAMS = List.of(
            new Program("every getter by index", c -> getters(c, int.class)),
            new Program("every getter by label", c -> getters(c, String.class)),
            new Program("moving about", ResultSetCalls::moving),
            new Program("every updater by index", c -> updaters(c, int.class)),
            new Program("every updater by label", c -> updaters(c, String.class)),
            new Program("updatable result sets", ResultSetCalls::updatable),
            new Program("metadata of a result set", ResultSetCalls::metaData),
            new Program("a closed result set", ResultSetCalls::closed));

    private static final String TABLE =
            "CREATE TABLE t(id INT PRIMARY KEY, c_bool BOOLEAN, c_tiny TINYINT, c_small SMALLINT,"
                    + " c_big BIGINT, c_dec DECIMAL(20, 4), c_real REAL, c_double DOUBLE PRECISION, c_decfloat DECFLOAT(20),"
                    + " c_char CHAR(5), c_text VARCHAR(50), c_ignore VARCHAR_IGNORECASE(20), c_bin BINARY(3), c_vbin VARBINARY(20),"
                    + " c_date DATE, c_time TIME(3), c_ttz TIME WITH TIME ZONE, c_ts TIMESTAMP, c_tstz TIMESTAMP WITH TIME ZONE,"
                    + " c_iv INTERVAL DAY TO SECOND, c_ym INTERVAL YEAR TO MONTH, c_uuid UUID, c_json JSON,"
                    + " c_enum ENUM('one', 'two'), c_arr INT ARRAY, c_row ROW(a INT, b VARCHAR), c_blob BLOB, c_clob CLOB,"
                    + " c_geo GEOMETRY, c_obj JAVA_OBJECT, c_num VARCHAR(10))";
    private static final String VALUES =
            "INSERT INTO t VALUES (1, TRUE, 1, 2, 3, 4.5, 5.5, 6.5, 7.125, 'c', 'text ü€😀', 'IgnoRe',"
                    + " X'010203', X'0405', '2024-02-29', '12:34:56.789', '12:34:56+02:00', '2024-02-29 12:34:56.789123',"
                    + " '2024-02-29 12:34:56.789+02:00', INTERVAL '1 2:03:04' DAY TO SECOND, INTERVAL '1-2' YEAR TO MONTH,"
                    + " '00000000-0000-0001-0000-000000000002', JSON '{\"k\":[1,2]}', 'two', ARRAY[1, 2], ROW(1, 'x'), X'0607',"
                    + " 'clob text', 'POINT (1 2)', NULL, '42')";

    private ResultSetCalls() {}

    private static List<String> labels(ResultSet rows) throws SQLException {
        ResultSetMetaData meta = ((ResultSet) Recorder.plain(rows)).getMetaData();
        List<String> labels = new ArrayList<>();
        for (int i = 1; i <= meta.getColumnCount(); i++) {
            labels.add(meta.getColumnLabel(i));
        }
        return labels;
    }

    private static void getters(Calls calls, Class<?> by) throws SQLException {
        calls.run(TABLE, VALUES, "INSERT INTO t(id) VALUES (2)");
        Sweep sweep = new Sweep(calls);
        Statement s = calls.connection().createStatement();
        ResultSet r = s.executeQuery("SELECT * FROM t ORDER BY id");
        List<String> labels = labels(r);
        calls.attempt(() -> r.getInt(1));
        for (int row = 0; row < 2; row++) {
            r.next();
            for (Method m : Sweep.methods(
                    ResultSet.class,
                    m -> m.getName().startsWith("get")
                            && m.getParameterCount() > 0
                            && m.getParameterTypes()[0] == by)) {
                for (Object[] arguments : sweep.arguments(m, 1)) {
                    for (int i = 0; i < labels.size(); i++) {
                        arguments[0] = by == int.class ? (Object) (i + 1) : labels.get(i);
                        sweep.call(r, m, arguments);
                    }
                    arguments[0] = by == int.class ? (Object) 99 : "nothing";
                    sweep.call(r, m, arguments);
                }
            }
            r.wasNull();
        }
        for (String label : labels) {
            r.findColumn(label);
        }
        calls.attempt(() -> r.findColumn("nothing"));
        calls.attempt(() -> r.findColumn(null));
    }

    private static void moving(Calls calls) throws SQLException {
        Connection c = calls.connection();
        int[] types = {ResultSet.TYPE_FORWARD_ONLY, ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.TYPE_SCROLL_SENSITIVE};
        for (int type : types) {
            for (int rows : new int[] {0, 1, 5}) {
                Statement s = c.createStatement(type, ResultSet.CONCUR_READ_ONLY);
                s.setFetchSize(2);
                ResultSet r = s.executeQuery("SELECT x FROM SYSTEM_RANGE(1, " + rows + ")");
                Sweep sweep = new Sweep(calls);
                String[] moves = {
                    "isBeforeFirst",
                    "isFirst",
                    "next",
                    "isFirst",
                    "previous",
                    "last",
                    "isLast",
                    "getRow",
                    "next",
                    "isAfterLast",
                    "previous",
                    "first",
                    "beforeFirst",
                    "next",
                    "afterLast",
                    "previous",
                    "getRow"
                };
                for (String move : moves) {
                    sweep.all(ResultSet.class, r, m -> m.getName().equals(move) && m.getParameterCount() == 0);
                    calls.attempt(() -> r.getInt(1));
                }
                for (int row : new int[] {1, 3, -1, -2, 0, 99, -99}) {
                    calls.attempt(() -> r.absolute(row));
                    calls.attempt(() -> r.getInt(1));
                    calls.attempt(() -> r.relative(row));
                    calls.attempt(() -> r.getInt(1));
                    calls.attempt(r::getRow);
                }
                calls.attempt(() -> r.setFetchDirection(ResultSet.FETCH_REVERSE));
                calls.attempt(() -> r.setFetchSize(3));
                calls.attempt(() -> r.setFetchSize(-3));
                r.getFetchSize();
                r.getFetchDirection();
                r.getType();
                r.getConcurrency();
                r.getHoldability();
                r.getStatement().isClosed();
                r.getWarnings();
                r.clearWarnings();
                calls.attempt(r::getCursorName);
                r.isWrapperFor(JdbcResultSet.class);
                r.isWrapperFor(String.class);
                r.unwrap(ResultSet.class).isClosed();
                calls.attempt(() -> r.unwrap(String.class));
                r.close();
                r.isClosed();
            }
        }
    }

    private static void updaters(Calls calls, Class<?> by) throws SQLException {
        calls.run(TABLE, VALUES);
        Sweep sweep = new Sweep(calls);
        Statement s = calls.connection().createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE);
        ResultSet r = s.executeQuery("SELECT * FROM t");
        List<String> labels = labels(r);
        r.next();
        for (Method m : Sweep.methods(
                ResultSet.class,
                m -> m.getName().startsWith("update") && m.getParameterCount() > 0 && m.getParameterTypes()[0] == by)) {
            int written = 0;
            for (int i = 1; i < labels.size(); i++) {
                Object column = by == int.class ? (Object) (i + 1) : labels.get(i);
                List<Object[]> sets = sweep.arguments(m, 1);
                Object[] arguments = sets.get(i % sets.size());
                arguments[0] = column;
                sweep.call(r, m, arguments);
                String label = labels.get(i);
                calls.attempt(() -> r.getObject(label));
                if (i % 6 == 4 && written++ < 4) {
                    calls.attempt(r::updateRow);
                }
                r.cancelRowUpdates();
            }
            Object[] outside = sweep.arguments(m, 1).get(0);
            outside[0] = by == int.class ? (Object) 99 : "nothing";
            sweep.call(r, m, outside);
        }
        Results.dump(calls.connection().createStatement().executeQuery("SELECT * FROM t"));
    }

    private static void updatable(Calls calls) throws SQLException {
        calls.run(
                "CREATE TABLE t(id INT PRIMARY KEY, x INT, y VARCHAR DEFAULT 'y')",
                "INSERT INTO t(id, x) VALUES (1, 10), (2, 20), (3, 30)",
                "CREATE TABLE keyless(x INT)",
                "INSERT INTO keyless VALUES (1)");
        Connection c = calls.connection();
        for (boolean autoCommit : new boolean[] {true, false}) {
            c.setAutoCommit(autoCommit);
            for (int type : new int[] {ResultSet.TYPE_FORWARD_ONLY, ResultSet.TYPE_SCROLL_SENSITIVE}) {
                int base = (autoCommit ? 10 : 100) * (type % 10);
                Statement s = c.createStatement(type, ResultSet.CONCUR_UPDATABLE);
                ResultSet r = s.executeQuery("SELECT id, x, y FROM t ORDER BY id");
                calls.attempt(r::updateRow);
                calls.attempt(r::deleteRow);
                r.next();
                r.updateInt("x", 11);
                r.rowUpdated();
                r.updateRow();
                r.rowUpdated();
                r.refreshRow();
                r.getInt(2);
                r.updateInt(2, 12);
                r.cancelRowUpdates();
                r.getInt(2);
                r.moveToInsertRow();
                calls.attempt(() -> r.getInt(1));
                calls.attempt(r::updateRow);
                calls.attempt(r::deleteRow);
                calls.attempt(r::refreshRow);
                calls.attempt(r::insertRow);
                r.updateInt(1, base + 5);
                r.updateNull("x");
                r.insertRow();
                r.rowInserted();
                calls.attempt(r::insertRow);
                r.moveToCurrentRow();
                calls.attempt(r::insertRow);
                r.getInt(1);
                r.next();
                r.deleteRow();
                r.rowDeleted();
                calls.attempt(() -> r.getInt(1));
                calls.attempt(r::updateRow);
                calls.attempt(r::next);
                calls.attempt(() -> r.updateInt(1, 1));
                calls.attempt(r::updateRow);
                r.close();
                Results.dump(c.createStatement().executeQuery("SELECT * FROM t ORDER BY id"));
                calls.run("MERGE INTO t(id, x) KEY(id) VALUES (2, 20)");
            }
            c.rollback();
            Results.dump(c.createStatement().executeQuery("SELECT * FROM t ORDER BY id"));
        }
        c.setAutoCommit(true);
        for (String query : new String[] {
            "SELECT x FROM t",
            "SELECT * FROM keyless",
            "SELECT t.id, u.id FROM t, t u",
            "SELECT COUNT(*) c FROM t",
            "SELECT id, x + 1 FROM t"
        }) {
            Statement s = c.createStatement(ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_UPDATABLE);
            calls.attempt(() -> {
                ResultSet r = s.executeQuery(query);
                r.getConcurrency();
                r.next();
                calls.attempt(() -> r.updateInt(1, 5));
                calls.attempt(r::updateRow);
                calls.attempt(r::moveToInsertRow);
                calls.attempt(r::deleteRow);
            });
        }
        ResultSet readOnly = c.createStatement().executeQuery("SELECT * FROM t");
        readOnly.next();
        calls.attempt(() -> readOnly.updateInt(1, 1));
        calls.attempt(readOnly::insertRow);
        calls.attempt(readOnly::deleteRow);
        calls.attempt(readOnly::moveToInsertRow);
        calls.attempt(readOnly::moveToCurrentRow);
        calls.attempt(readOnly::cancelRowUpdates);
        calls.attempt(readOnly::refreshRow);
        calls.attempt(readOnly::rowUpdated);
    }

    private static void metaData(Calls calls) throws SQLException {
        calls.run(TABLE, VALUES, "CREATE TABLE keys(id BIGINT GENERATED ALWAYS AS IDENTITY, n INT NOT NULL)");
        Sweep sweep = new Sweep(calls);
        for (String query : new String[] {
            "SELECT * FROM t",
            "SELECT id AS alias, c_text || 'x', COUNT(*) FROM t GROUP BY id, c_text",
            "SELECT * FROM keys",
            "CALL 1",
            "VALUES (1, 'x')",
            "SELECT * FROM FINAL TABLE (INSERT INTO keys(n) VALUES (1))",
            "SHOW TABLES"
        }) {
            ResultSet r = calls.connection().createStatement().executeQuery(query);
            ResultSetMetaData meta = r.getMetaData();
            for (Method m : Sweep.methods(
                    ResultSetMetaData.class,
                    m -> m.getParameterCount() == 1 && m.getParameterTypes()[0] == int.class)) {
                for (int i = 0; i <= meta.getColumnCount() + 1; i++) {
                    sweep.call(meta, m, i);
                }
            }
            meta.isWrapperFor(ResultSetMetaData.class);
            meta.unwrap(ResultSetMetaData.class).getColumnCount();
            r.close();
            calls.attempt(meta::getColumnCount);
            calls.attempt(r::getMetaData);
        }
    }

    private static void closed(Calls calls) throws SQLException {
        ResultSet r = calls.connection().createStatement().executeQuery("SELECT 1");
        r.close();
        Sweep sweep = new Sweep(calls);
        sweep.all(ResultSet.class, r, m -> m.getParameterCount() == 0);
        for (Method m : Sweep.methods(
                ResultSet.class, m -> m.getParameterCount() == 1 && m.getParameterTypes()[0] == int.class)) {
            sweep.call(r, m, 1);
        }
        r.close();
        r.isClosed();
    }
}
