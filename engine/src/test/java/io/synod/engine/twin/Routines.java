package io.synod.engine.twin;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import org.h2.api.AggregateFunction;
import org.h2.api.Trigger;
import org.h2.tools.SimpleResultSet;

/** What statements of the corpus call: functions, triggers, an aggregate. H2 finds them by name. */
public final class Routines {
    private Routines() {}

    public static int plus(int a, int b) {
        return a + b;
    }

    public static boolean isShort(String text) {
        return text == null || text.length() < 10;
    }

    /** Fills anew the database in memory that linked tables of the corpus lead to; all nodes are in this process. */
    public static void target(String name) throws SQLException {
        try (Connection connection =
                        DriverManager.getConnection("jdbc:h2:mem:" + name + ";DB_CLOSE_DELAY=-1", "sa", "");
                Statement statement = connection.createStatement()) {
            statement.execute("DROP ALL OBJECTS");
            statement.execute("CREATE TABLE ORIGINAL(ID INT PRIMARY KEY, V VARCHAR(10))");
            statement.execute("INSERT INTO ORIGINAL VALUES (1, 'one'), (2, 'two')");
        }
    }

    /** Writes a line and returns how many there are. */
    public static int note(Connection connection, String what) throws SQLException {
        insert(connection, what);
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT COUNT(*) FROM LOG")) {
            rows.next();
            return rows.getInt(1);
        }
    }

    private static void insert(Connection connection, String what) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("INSERT INTO LOG(WHAT) VALUES (?)")) {
            statement.setString(1, what);
            statement.executeUpdate();
        }
    }

    /** A procedure: it returns nothing. */
    public static void fill(Connection connection, int count) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("INSERT INTO T VALUES (?, ?)")) {
            for (int i = 1; i <= count; i++) {
                statement.setInt(1, i);
                statement.setInt(2, i * i);
                statement.addBatch();
            }
            statement.executeBatch();
        }
    }

    public static ResultSet numbers(int count) {
        SimpleResultSet rows = new SimpleResultSet();
        rows.addColumn("N", Types.INTEGER, 10, 0);
        rows.addColumn("S", Types.VARCHAR, 20, 0);
        for (int i = 1; i <= count; i++) {
            rows.addRow(i, "number " + i);
        }
        return rows;
    }

    /** A table of one row, which writes a line, but not when H2 asks for its columns. */
    public static ResultSet noted(Connection connection, String what) throws SQLException {
        SimpleResultSet rows = new SimpleResultSet();
        rows.addColumn("LINES", Types.INTEGER, 10, 0);
        if (!connection.getMetaData().getURL().equals("jdbc:columnlist:connection")) {
            rows.addRow(note(connection, what));
        }
        return rows;
    }

    public static int failing(String why) {
        throw new IllegalArgumentException(why);
    }

    /** Writes what happened. */
    public static final class Audit implements Trigger {
        private String name;

        @Override
        public void init(Connection connection, String schema, String trigger, String table, boolean before, int type) {
            name = trigger;
        }

        @Override
        public void fire(Connection connection, Object[] old, Object[] now) throws SQLException {
            insert(connection, name + " " + (old == null ? "-" : old[0]) + " " + (now == null ? "-" : now[0]));
        }
    }

    /** Changes what is about to be written. */
    public static final class AddTen implements Trigger {
        @Override
        public void fire(Connection connection, Object[] old, Object[] now) {
            now[1] = (Integer) now[1] + 10;
        }
    }

    /** Writes that somebody has asked. */
    public static final class Asked implements Trigger {
        @Override
        public void fire(Connection connection, Object[] old, Object[] now) throws SQLException {
            insert(connection, "asked");
        }
    }

    /** Does nothing. */
    public static final class Quiet implements Trigger {
        @Override
        public void fire(Connection connection, Object[] old, Object[] now) {
            // That it may be called is what is tested.
        }
    }

    /** Refuses every row. */
    public static final class Veto implements Trigger {
        @Override
        public void fire(Connection connection, Object[] old, Object[] now) throws SQLException {
            throw new SQLException("no row is good enough", "45000");
        }
    }

    /** Instead of writing through a view. */
    public static final class IntoLog implements Trigger {
        @Override
        public void fire(Connection connection, Object[] old, Object[] now) throws SQLException {
            insert(connection, "instead " + (old == null ? "-" : old[0]) + " " + (now == null ? "-" : now[0]));
        }
    }

    /** The longest text of a group. */
    public static final class Longest implements AggregateFunction {
        private String longest = "";

        @Override
        public int getType(int[] inputTypes) {
            return Types.VARCHAR;
        }

        @Override
        public void add(Object value) {
            String text = String.valueOf(value);
            if (text.length() > longest.length()) {
                longest = text;
            }
        }

        @Override
        public Object getResult() {
            return longest;
        }
    }
}
