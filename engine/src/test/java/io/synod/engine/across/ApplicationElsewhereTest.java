package io.synod.engine.across;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import java.io.StringReader;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.h2.command.CommandInterface;
import org.h2.jdbc.JdbcConnection;
import org.h2.message.DbException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an application does with JDBC and H2 in one database, done with tables of two. */
public class ApplicationElsewhereTest {
    private static final String JOIN = " FROM orders o JOIN stock.public.items i ON i.id = o.item";

    private static final int LARGE = 100_000;

    @TempDir
    private Path directory;

    private Connection sales;
    private Connection stock;

    @BeforeEach
    void open() throws SQLException {
        sales = connect("sales");
        stock = connect("stock");
        Sql.run(
                sales,
                "CREATE TABLE orders(id INT PRIMARY KEY, item INT)",
                "INSERT INTO orders VALUES (1, 7), (2, 8), (3, 9)");
        Sql.run(stock, "CREATE TABLE items(id INT PRIMARY KEY, n INT)", "INSERT INTO items VALUES (7, 10), (8, 20)");
    }

    @AfterEach
    void close() throws SQLException {
        sales.close();
        stock.close();
    }

    private Connection connect(String database) throws SQLException {
        return DriverManager.getConnection("jdbc:synod:file:" + directory.resolve(database), "sa", "secret");
    }

    private static List<String> rows(Connection c, String sql) throws SQLException {
        try (Statement s = c.createStatement();
                ResultSet rows = s.executeQuery(sql)) {
            return rows(rows);
        }
    }

    private static List<String> rows(ResultSet rows) throws SQLException {
        List<String> found = new ArrayList<>();
        int columns = rows.getMetaData().getColumnCount();
        while (rows.next()) {
            StringBuilder row = new StringBuilder(rows.getString(1));
            for (int i = 2; i <= columns; i++) {
                row.append(' ').append(rows.getString(i));
            }
            found.add(row.toString());
        }
        return found;
    }

    private static String state(Connection c, String sql) {
        return assertThrows(SQLException.class, () -> Sql.run(c, sql), sql).getSQLState();
    }

    /** Each database numbers its own: a number of one is another LOB, or none, in the other. */
    @Test
    void large_objects_keep_their_content_on_their_way() throws SQLException {
        String table = "CREATE TABLE doc(id INT PRIMARY KEY, c CLOB, b BLOB)";
        Sql.run(
                sales,
                table,
                "INSERT INTO doc VALUES (1, REPEAT('s', 2000), CAST(REPEAT('s', 2000) AS VARBINARY)),"
                        + " (2, REPEAT('S', 70000), CAST(REPEAT('S', 70000) AS VARBINARY))");
        Sql.run(stock, table, "INSERT INTO doc VALUES (7, REPEAT('x', 100000), CAST(REPEAT('y', 2000) AS VARBINARY))");
        String look =
                "SELECT id, LENGTH(c), LEFT(c, 1), RIGHT(c, 1), LENGTH(b), CAST(SUBSTRING(b, 1, 1) AS VARCHAR) FROM ";
        String join = " FROM orders o JOIN stock.public.doc d ON d.id = o.item";
        assertEquals(
                List.of("1 100000 x x 2000 y"),
                rows(
                        sales,
                        "SELECT o.id, LENGTH(d.c), LEFT(d.c, 1), RIGHT(d.c, 1), LENGTH(d.b), CAST(SUBSTRING(d.b, 1, 1) AS VARCHAR)"
                                + join));
        assertEquals("x".repeat(LARGE), rows(sales, "SELECT d.c" + join).get(0));
        assertEquals("x".repeat(LARGE), rows(sales, "SELECT TOP 1 d.c" + join).get(0));

        Sql.run(sales, "INSERT INTO doc SELECT * FROM stock.public.doc");
        assertEquals(List.of("7 100000 x x 2000 y"), rows(sales, look + "doc WHERE id = 7"));
        Sql.run(sales, "UPDATE doc SET c = (SELECT c || 'z' FROM stock.public.doc) WHERE id = 7");
        assertEquals(List.of("7 100001 x z 2000 y"), rows(sales, look + "doc WHERE id = 7"));
        Sql.run(
                sales,
                "MERGE INTO stock.public.doc t USING doc s ON s.id = t.id WHEN MATCHED THEN UPDATE SET c = s.c"
                        + " WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.c, s.b)");
        List<String> all = List.of("1 2000 s s 2000 s", "2 70000 S S 70000 S", "7 100001 x z 2000 y");
        assertEquals(all, rows(stock, look + "doc ORDER BY id"));
        assertEquals(all, rows(sales, look + "stock.public.doc ORDER BY id"));

        for (String sql : List.of(
                "UPDATE stock.public.doc SET c = ? WHERE id = 7",
                "UPDATE stock.public.doc SET c = ? WHERE id IN (SELECT item FROM orders)",
                "UPDATE doc SET c = ? WHERE id IN (SELECT id FROM stock.public.items)")) {
            try (PreparedStatement update = sales.prepareStatement(sql)) {
                update.setCharacterStream(1, new StringReader("p".repeat(LARGE) + sql.length()));
                assertEquals(1, update.executeUpdate());
            }
            String changed = sql.startsWith("UPDATE doc") ? "doc" : "stock.public.doc";
            assertEquals(
                    "p".repeat(LARGE) + sql.length(),
                    rows(sales, "SELECT c FROM " + changed + " WHERE id = 7").get(0),
                    sql);
        }
    }

    /** H2 looks for the table by the names that the result has. */
    @Test
    void rows_of_another_database_are_not_changed_through_a_result() throws SQLException {
        Sql.run(sales, "CREATE TABLE items(id INT PRIMARY KEY, n INT)", "INSERT INTO items VALUES (7, 1)");
        for (String sql : List.of(
                "SELECT id, n FROM stock.public.items WHERE id = 7",
                "SELECT i.* FROM stock.public.items i WHERE i.id IN (SELECT item FROM orders) ORDER BY id")) {
            try (Statement s = sales.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE);
                    ResultSet rows = s.executeQuery(sql)) {
                assertTrue(rows.next());
                assertEquals("STOCK.PUBLIC", rows.getMetaData().getSchemaName(2));
                assertEquals("ITEMS", rows.getMetaData().getTableName(2));
                rows.updateInt(2, 5);
                assertEquals(
                        "90127",
                        assertThrows(SQLException.class, rows::updateRow, sql).getSQLState());
            }
        }
        assertEquals(1, Sql.number(sales, "SELECT n FROM items"));
        assertEquals(10, Sql.number(stock, "SELECT n FROM items WHERE id = 7"));
        try (Statement s = sales.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE);
                ResultSet rows = s.executeQuery(
                        "SELECT o.* FROM orders o WHERE o.item IN (SELECT id FROM stock.public.items) ORDER BY id")) {
            assertTrue(rows.next());
            rows.updateInt(2, 8);
            rows.updateRow();
        }
        assertEquals(8, Sql.number(sales, "SELECT item FROM orders WHERE id = 1"));
    }

    private static final String ENDLESS =
            "SELECT COUNT(*) FROM orders o, stock.public.items i, SYSTEM_RANGE(1, 1000000) a, SYSTEM_RANGE(1, 1000000) b"
                    + " WHERE a.x + b.x + i.n + o.id < 0";

    @Test
    void what_runs_between_the_databases_ends_when_its_time_is_over() throws SQLException {
        try (Statement s = sales.createStatement()) {
            s.setQueryTimeout(1);
            assertEquals(
                    "57014",
                    assertThrows(SQLException.class, () -> s.executeQuery(ENDLESS))
                            .getSQLState());
            s.setQueryTimeout(0);
            assertEquals(2, Sql.number(sales, "SELECT COUNT(*)" + JOIN));
        }
    }

    @Test
    void what_runs_between_the_databases_is_cancelled() throws Exception {
        try (Statement s = sales.createStatement()) {
            CountDownLatch ended = new CountDownLatch(1);
            Thread other = new Thread(() -> {
                while (ended.getCount() > 0) {
                    try {
                        s.cancel();
                        ended.await(20, java.util.concurrent.TimeUnit.MILLISECONDS);
                    } catch (SQLException | InterruptedException e) {
                        return;
                    }
                }
            });
            other.start();
            assertEquals(
                    "57014",
                    assertThrows(SQLException.class, () -> s.executeQuery(ENDLESS))
                            .getSQLState());
            ended.countDown();
            other.join();
        }
        assertEquals(2, Sql.number(sales, "SELECT COUNT(*)" + JOIN));
    }

    /** JDBC's statement passes on one cancel only: it would be lost. */
    @Test
    void a_cancel_that_comes_before_the_execution_ends_that_one_and_no_other() throws SQLException {
        try (CommandInterface command =
                sales.unwrap(JdbcConnection.class).getSession().prepareCommand("SELECT COUNT(*)" + JOIN)) {
            command.cancel();
            assertEquals(
                    "57014",
                    assertThrows(DbException.class, () -> command.executeQuery(0, 0, false))
                            .getSQLException()
                            .getSQLState());
            command.executeQuery(0, 0, false).close();
            command.cancel();
        }
        assertEquals(2, Sql.number(sales, "SELECT COUNT(*)" + JOIN));
    }

    /** H2 takes such a column when all its values are equal, and else refuses it. */
    @Test
    void a_column_beside_an_aggregate_that_is_not_grouped_is_refused() throws SQLException {
        assertEquals("90016", state(sales, "SELECT COUNT(*), o.id" + JOIN));
        assertEquals(
                "90016", state(sales, "SELECT SUM(i.n), i.id, o.id" + JOIN + " GROUP BY o.id - o.id, i.id - i.id"));
        assertEquals(List.of("1 2"), rows(sales, "SELECT COUNT(*), o.id" + JOIN + " WHERE o.id = 2"));
        assertEquals(
                List.of("10 7 1", "20 8 2"),
                rows(sales, "SELECT SUM(i.n), o.item, o.id" + JOIN + " GROUP BY o.id ORDER BY o.id"));
    }

    @Test
    void a_table_of_the_session_is_joined_with_those_of_other_databases() throws SQLException {
        Sql.run(
                sales,
                "CREATE LOCAL TEMPORARY TABLE mine(id INT, t VARCHAR(9))",
                "INSERT INTO mine VALUES (7, 'seven')");
        String query = "m.id, i.n FROM mine m JOIN stock.public.items i ON i.id = m.id";
        assertEquals(List.of("7 10"), rows(sales, "SELECT " + query));
        assertEquals(List.of("7 10"), rows(sales, "SELECT TOP 5 " + query));
        assertEquals(
                List.of("1 seven 10"), rows(sales, "SELECT o.id, m.t, i.n" + JOIN + " JOIN mine m ON m.id = o.item"));
        assertEquals(
                List.of("1 seven 10"),
                rows(sales, "SELECT TOP 5 o.id, m.t, i.n" + JOIN + " JOIN mine m ON m.id = o.item"));
        Sql.run(sales, "UPDATE stock.public.items SET n = n + 1 WHERE EXISTS (SELECT 1 FROM mine WHERE id = items.id)");
        sales.setAutoCommit(false);
        Sql.run(sales, "INSERT INTO mine VALUES (8, 'eight')");
        assertEquals(List.of("7 11", "8 20"), rows(sales, "SELECT " + query + " ORDER BY 1"));
        sales.rollback();
        sales.setAutoCommit(true);
        assertEquals(List.of("7 11"), rows(sales, "SELECT " + query));
        // Another session's is another table.
        try (Connection other = connect("sales")) {
            Sql.run(other, "CREATE LOCAL TEMPORARY TABLE mine(id VARCHAR(9))", "INSERT INTO mine VALUES ('8')");
            assertEquals(List.of("8 20"), rows(other, "SELECT " + query));
        }
        assertEquals(List.of("7 11"), rows(sales, "SELECT " + query));
        Sql.run(sales, "DROP TABLE mine");
        assertEquals("42S02", state(sales, "SELECT " + query));
    }

    @Test
    void a_user_who_was_dropped_there_is_told_so() throws SQLException {
        for (Connection c : List.of(sales, stock)) {
            Sql.run(c, "CREATE USER bob PASSWORD 'bob'", "GRANT ALL ON SCHEMA PUBLIC TO bob");
        }
        try (Connection bob =
                DriverManager.getConnection("jdbc:synod:file:" + directory.resolve("sales"), "bob", "bob")) {
            assertEquals(2, Sql.number(bob, "SELECT COUNT(*)" + JOIN));
            Sql.run(stock, "DROP USER bob");
            assertEquals("90032", state(bob, "SELECT COUNT(*)" + JOIN));
            assertEquals("90032", state(bob, "SELECT COUNT(*) FROM stock.public.items"));
            assertEquals(3, Sql.number(bob, "SELECT COUNT(*) FROM orders"));
        }
    }

    @Test
    void a_batch_gives_the_keys_that_it_has_drawn() throws SQLException {
        Sql.run(stock, "CREATE TABLE log(id INT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, n INT)");
        for (String sql : List.of(
                "INSERT INTO stock.public.log(n) VALUES (?)",
                "INSERT INTO stock.public.log(n) SELECT id + ? FROM orders WHERE id = 1")) {
            try (PreparedStatement insert = sales.prepareStatement(sql, Statement.RETURN_GENERATED_KEYS)) {
                for (int n = 1; n <= 3; n++) {
                    insert.setInt(1, n);
                    insert.addBatch();
                }
                assertEquals(3, insert.executeBatch().length);
                try (ResultSet keys = insert.getGeneratedKeys()) {
                    assertEquals(3, rows(keys).size(), sql);
                }
            }
        }
        assertEquals(6, Sql.number(stock, "SELECT MAX(id) FROM log"));
    }

    public static int twice(int n) {
        return 2 * n;
    }

    public static int count(Connection c) throws SQLException {
        return (int) Sql.number(c, "SELECT COUNT(*) FROM orders");
    }

    /** They are the connection's own, wherever the tables are. */
    @Test
    void functions_domains_and_constants_of_the_database_itself() throws SQLException {
        String java = ApplicationElsewhereTest.class.getName();
        Sql.run(
                sales,
                "CREATE SCHEMA more",
                "CREATE ALIAS twice FOR '" + java + ".twice'",
                "CREATE ALIAS more.twice_too FOR '" + java + ".twice'",
                "CREATE ALIAS counted FOR '" + java + ".count'",
                "CREATE DOMAIN small AS INT CHECK (VALUE < 15)",
                "CREATE CONSTANT seven VALUE 7",
                "CREATE CONSTANT n VALUE 99");
        // Another function of this name.
        Sql.run(stock, "CREATE ALIAS twice FOR 'java.lang.Math.abs(int)'", "CREATE CONSTANT seven VALUE 8");
        assertEquals(List.of("2 20", "4 40"), rows(sales, "SELECT twice(o.id), twice(i.n)" + JOIN + " ORDER BY 1"));
        assertEquals(List.of("2"), rows(sales, "SELECT more.twice_too(o.id)" + JOIN + " WHERE i.id = seven"));
        assertEquals(List.of("20", "40"), rows(sales, "SELECT twice(n) FROM stock.public.items ORDER BY 1"));
        assertEquals(List.of("10"), rows(sales, "SELECT CAST(i.n AS small)" + JOIN + " WHERE i.id = 7"));
        assertEquals("23513", state(sales, "SELECT CAST(i.n AS small)" + JOIN));
        Sql.run(
                sales,
                "UPDATE orders SET item = twice((SELECT n FROM stock.public.items WHERE id = seven)) WHERE id = 3");
        assertEquals(20, Sql.number(sales, "SELECT item FROM orders WHERE id = 3"));
        Sql.run(sales, "UPDATE stock.public.items SET n = (SELECT twice(MAX(id)) FROM orders) WHERE id = 8");
        assertEquals(6, Sql.number(stock, "SELECT n FROM items WHERE id = 8"));
        // A column hides a constant.
        Sql.run(sales, "UPDATE stock.public.items SET n = n + 1 WHERE id = 8");
        assertEquals(7, Sql.number(sales, "SELECT n FROM stock.public.items WHERE id = 8"));
        assertEquals(List.of("3", "3"), rows(sales, "SELECT counted()" + JOIN));
        Sql.run(sales, "UPDATE stock.public.items SET n = twice(n) WHERE id IN (SELECT item FROM orders) AND id = 7");
        Sql.run(sales, "UPDATE stock.public.items SET n = twice(n) + 1");
        assertEquals(List.of("15", "41"), rows(stock, "SELECT n FROM items ORDER BY n"));
    }
}
