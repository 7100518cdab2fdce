package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.jdbc.SynodUrl;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One node by URL on files that are not as it left them, or not its own. */
class ExistingFileTest {
    @TempDir
    Path directory;

    private Connection connect(String more) throws SQLException {
        return DriverManager.getConnection("jdbc:synod:file:" + directory.resolve("shop") + more, "sa", "secret");
    }

    private Connection stock() throws SQLException {
        return DriverManager.getConnection("jdbc:h2:file:" + directory.resolve("shop"), "sa", "secret");
    }

    private static void run(Connection connection, String... sql) throws SQLException {
        try (connection;
                Statement statement = connection.createStatement()) {
            for (String one : sql) {
                statement.execute(one);
            }
        }
    }

    private static String value(Connection connection, String sql) throws SQLException {
        try (connection;
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }

    private SQLException refused(String more) {
        return assertThrows(SQLException.class, () -> connect(more).close());
    }

    @Test
    void a_file_of_h2_opens_by_changing_the_url_and_goes_on() throws Exception {
        run(stock(), "CREATE TABLE T(ID INT AUTO_INCREMENT PRIMARY KEY, X VARCHAR)", "INSERT INTO T(X) VALUES('h2')");
        SQLException wrong = assertThrows(
                SQLException.class,
                () -> DriverManager.getConnection("jdbc:synod:file:" + directory.resolve("shop"), "sa", "no"));
        assertEquals("28000", wrong.getSQLState());
        run(connect(""), "INSERT INTO T(X) VALUES('synod')", "CREATE TABLE U(ID INT)");
        for (int start = 0; start < 2; start++) {
            assertEquals("h2,synod", value(connect(""), "SELECT LISTAGG(X, ',') WITHIN GROUP (ORDER BY ID) FROM T"));
        }
        run(connect(""), "INSERT INTO T(X) VALUES('again')");
        assertEquals("3", value(connect(""), "SELECT COUNT(*) FROM T"));
    }

    @Test
    void changes_behind_its_back_are_refused_then_discarded_or_adopted_as_told() throws Exception {
        run(connect(""), "CREATE TABLE T(ID INT PRIMARY KEY, X VARCHAR)", "INSERT INTO T VALUES(1, 'synod')");
        run(stock(), "UPDATE T SET X = 'outside'", "DROP TABLE IF EXISTS NONE");
        SQLException e = refused("");
        assertEquals("90048", e.getSQLState());
        assertTrue(
                e.getMessage().contains("OUTSIDE_CHANGES=ADOPT")
                        && e.getMessage().contains("DISCARD"),
                e.getMessage());
        assertEquals("synod", value(connect(";OUTSIDE_CHANGES=DISCARD"), "SELECT X FROM T"));
        assertEquals("synod", value(connect(""), "SELECT X FROM T"));

        run(stock(), "UPDATE T SET X = 'outside'", "CREATE TABLE U(ID INT)", "INSERT INTO U VALUES(5)");
        assertEquals("outside", value(connect(";OUTSIDE_CHANGES=ADOPT"), "SELECT X FROM T"));
        run(connect(""), "INSERT INTO U VALUES(6)");
        assertEquals("11", value(connect(""), "SELECT SUM(ID) FROM U"));
    }

    @Test
    void a_damaged_file_is_rebuilt_from_the_log_or_refused_where_the_log_does_not_reach() throws Exception {
        run(connect(""), "CREATE TABLE T(ID INT PRIMARY KEY, X VARCHAR)", "INSERT INTO T VALUES(1, 'synod')");
        Path file = directory.resolve("shop.mv.db");
        byte[] whole = Files.readAllBytes(file);
        Files.write(file, new byte[whole.length]);
        assertEquals("synod", value(connect(""), "SELECT X FROM T"));
        assertTrue(value(connect(""), "SELECT COUNT(*) FROM T").equals("1"));
        assertTrue(Files.exists(directory.resolve("shop.damaged.mv.db")));
        run(connect(""), "INSERT INTO T VALUES(2, 'more')");
        Files.delete(file);
        assertEquals("2", value(connect(""), "SELECT COUNT(*) FROM T"));
    }

    @Test
    void a_damaged_file_that_began_as_one_of_h2_is_refused_with_the_way_out() throws Exception {
        run(stock(), "CREATE TABLE T(ID INT PRIMARY KEY)");
        run(connect(""), "INSERT INTO T VALUES(2)");
        Path file = directory.resolve("shop.mv.db");
        byte[] whole = Files.readAllBytes(file);
        Files.write(file, new byte[100]);
        SQLException e = refused("");
        assertEquals("90030", e.getSQLState());
        assertTrue(e.getMessage().contains("backup") && e.getMessage().contains("shop.mv.db"), e.getMessage());
        Files.write(file, whole);
        assertEquals("1", value(connect(""), "SELECT COUNT(*) FROM T"));
    }

    @Test
    void space_is_shown_and_given_back_by_a_call() throws Exception {
        run(connect(";DB_CLOSE_DELAY=-1"), "CREATE TABLE T(ID INT PRIMARY KEY, X VARCHAR)");
        for (int i = 0; i < 5; i++) {
            run(
                    connect(""),
                    "MERGE INTO T SELECT X, REPEAT('x', 1000) || " + i + " FROM SYSTEM_RANGE(1, 500)",
                    "CALL SYNOD.SPACE()",
                    "CALL SYNOD.RECLAIM()");
        }
        assertEquals("500", value(connect(""), "SELECT COUNT(*) FROM T WHERE X LIKE '%4'"));
        EmbeddedEngine.stop(SynodUrl.parse("jdbc:synod:file:" + directory.resolve("shop"), null));
        assertTrue(Files.size(directory.resolve("shop.mv.db")) < 4_000_000);
        assertEquals("500", value(connect(""), "SELECT COUNT(*) FROM T WHERE X LIKE '%4'"));
    }

    @Test
    void names_in_another_spelling_and_ciphers_are_refused() throws Exception {
        Files.writeString(directory.resolve("Shop.mv.db"), "whatever");
        SQLException spelling = refused("");
        assertTrue(spelling.getMessage().contains("rename it to shop.mv.db"), spelling.getMessage());
        Files.delete(directory.resolve("Shop.mv.db"));
        SQLException noFile = refused(";BASE=a");
        assertTrue(
                noFile.getMessage().contains("no file") && noFile.getMessage().contains("BASE=a"), noFile.getMessage());
        SQLException cipher = refused(";CIPHER=AES");
        assertEquals("90113", cipher.getSQLState());
        assertTrue(cipher.getMessage().contains("encrypt the disk"), cipher.getMessage());
    }
}
