package io.synod.engine.across;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * A session of one H2 database, and one whose tables are in two databases, {@code sales} and {@code stock}: what is executed in
 * both must give the same.
 */
final class Pair implements AutoCloseable {
    private final Connection one;
    private final Connection several;

    /**
     * Creates the databases.
     *
     * @param home statements that make what is in the session's own
     * @param there statements that make what is in the other one
     */
    Pair(Path directory, String settings, String home, String there) throws SQLException {
        one = DriverManager.getConnection("jdbc:h2:mem:" + settings, "sa", "secret");
        several = connect(directory, "sales" + settings);
        Sql.run(one, home, there);
        Sql.run(several, home);
        try (Connection stock = connect(directory, "stock" + settings)) {
            Sql.run(stock, there);
        }
    }

    Pair(Connection one, Connection several) {
        this.one = one;
        this.several = several;
    }

    static Connection connect(Path directory, String databaseAndSettings) throws SQLException {
        return DriverManager.getConnection("jdbc:synod:file:" + directory.resolve(databaseAndSettings), "sa", "secret");
    }

    Connection one() {
        return one;
    }

    Connection several() {
        return several;
    }

    void autoCommit(boolean on) throws SQLException {
        one.setAutoCommit(on);
        several.setAutoCommit(on);
    }

    /** Names behind a colon are those of the other database. */
    Pair same(String... statements) {
        for (String sql : statements) {
            assertEquals(answer(one, here(sql)), answer(several, there(sql)), sql);
        }
        return this;
    }

    /** The same, and no error. */
    Pair works(String... statements) {
        for (String sql : statements) {
            String expected = answer(one, here(sql));
            assertTrue(!expected.startsWith("error"), sql + ": " + expected);
            assertEquals(expected, answer(several, there(sql)), sql);
        }
        return this;
    }

    void refused(String sql, String instead) {
        SQLException e = assertThrows(SQLException.class, () -> Sql.run(several, there(sql)), sql);
        assertEquals("0A000", e.getSQLState(), e.getMessage());
        assertTrue(e.getMessage().contains(instead), e.getMessage());
    }

    private static String here(String sql) {
        return sql.replaceAll(":(?=\\w)(?<!::)", "public.");
    }

    private static String there(String sql) {
        return sql.replaceAll(":(?=\\w)(?<!::)", "stock.public.");
    }

    /** Labels, types and rows, how many rows were changed, or the error. */
    private static String answer(Connection c, String sql) {
        try (Statement s = c.createStatement()) {
            if (!s.execute(sql)) {
                return "changed " + s.getUpdateCount();
            }
            StringBuilder text = new StringBuilder();
            try (ResultSet rows = s.getResultSet()) {
                ResultSetMetaData meta = rows.getMetaData();
                int columns = meta.getColumnCount();
                for (int i = 1; i <= columns; i++) {
                    text.append(meta.getColumnLabel(i).replaceAll("(?i)stock\\.public", "PUBLIC"))
                            .append(' ')
                            .append(meta.getColumnTypeName(i))
                            .append('(')
                            .append(meta.getPrecision(i))
                            .append(") ")
                            .append(meta.isNullable(i))
                            .append(", ");
                }
                while (rows.next()) {
                    for (int i = 1; i <= columns; i++) {
                        text.append(i == 1 ? "\n" : " | ").append(rows.getString(i));
                    }
                }
            }
            return text.toString();
        } catch (SQLException e) {
            return "error " + e.getSQLState();
        }
    }

    @Override
    public void close() throws SQLException {
        one.close();
        several.close();
    }
}
