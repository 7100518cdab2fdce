package io.synod.engine;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** What nearly every test says to a connection. */
public final class Sql {
    private Sql() {}

    public static void run(Connection c, String... statements) throws SQLException {
        try (Statement s = c.createStatement()) {
            for (String sql : statements) {
                s.execute(sql);
            }
        }
    }

    /** Under auto-commit, where leadership may be on its way: what got 40001 has not happened, and is run again. */
    public static void untilDone(Connection c, String... statements) throws SQLException {
        for (String sql : statements) {
            boolean done = false;
            while (!done) {
                try {
                    run(c, sql);
                    done = true;
                } catch (SQLException e) {
                    if (!"40001".equals(e.getSQLState())) {
                        throw e;
                    }
                }
            }
        }
    }

    /** The first column of the first row. */
    public static long number(Connection c, String sql) throws SQLException {
        try (Statement s = c.createStatement();
                ResultSet rows = s.executeQuery(sql)) {
            assertTrue(rows.next(), sql);
            return rows.getLong(1);
        }
    }
}
