package io.synod.engine.across;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Statements that name one database, which is not the connection's own. */
class OtherDatabaseTest {
    @TempDir
    private Path directory;

    private Connection sales;
    private Connection stock;

    @BeforeEach
    void open() throws SQLException {
        sales = connect("sales");
        stock = connect("stock");
        Sql.run(sales, "CREATE TABLE orders(id INT PRIMARY KEY, item INT)", "INSERT INTO orders VALUES (1, 7)");
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

    @Test
    void a_query_runs_there_and_its_result_is_that_database_s() throws SQLException {
        assertEquals(30, Sql.number(sales, "SELECT SUM(n) FROM stock.public.items"));
        try (PreparedStatement s =
                sales.prepareStatement("SELECT i.n AS left_over FROM stock.public.items i WHERE i.id = ?")) {
            assertEquals(1, s.getParameterMetaData().getParameterCount());
            assertEquals("LEFT_OVER", s.getMetaData().getColumnLabel(1));
            for (int id = 7; id <= 8; id++) {
                s.setInt(1, id);
                try (ResultSet rows = s.executeQuery()) {
                    assertTrue(rows.next());
                    assertEquals(id == 7 ? 10 : 20, rows.getInt(1));
                }
            }
        }
    }

    /** What is kept of statements is not noticed: neither another's values, nor a catalogue that was. */
    @Test
    void statements_that_are_prepared_again_follow_the_catalogues() throws SQLException {
        String sql = "SELECT n FROM stock.public.items WHERE id = ?";
        for (int i = 0; i < 5; i++) {
            try (PreparedStatement first = sales.prepareStatement(sql);
                    PreparedStatement second = sales.prepareStatement(sql)) {
                first.setInt(1, 7);
                assertEquals(
                        "90012",
                        assertThrows(SQLException.class, second::executeQuery).getSQLState());
                second.setInt(1, 8);
                assertEquals(10, first(first));
                assertEquals(20, first(second));
            }
        }
        Sql.run(stock, "DROP TABLE items");
        assertEquals(
                "42S02",
                assertThrows(SQLException.class, () -> sales.prepareStatement(sql))
                        .getSQLState());
        Sql.run(stock, "CREATE TABLE items(id INT PRIMARY KEY, n VARCHAR(9))", "INSERT INTO items VALUES (7, '70')");
        for (int i = 0; i < 3; i++) {
            try (PreparedStatement again = sales.prepareStatement(sql)) {
                assertEquals("CHARACTER VARYING", again.getMetaData().getColumnTypeName(1));
                again.setInt(1, 7);
                assertEquals(70, first(again));
            }
        }
        // A schema of the connection's own that is called like the database wins.
        Sql.run(
                sales,
                "CREATE SCHEMA stock",
                "CREATE TABLE stock.public(items INT)",
                "INSERT INTO stock.public VALUES (5)");
        assertEquals(5, Sql.number(sales, "SELECT stock.public.items FROM stock.public"));
        String own = "SELECT stock.public.items FROM stock.public";
        Sql.run(sales, "DROP SCHEMA stock CASCADE");
        assertThrows(SQLException.class, () -> sales.prepareStatement(own));
    }

    private static int first(PreparedStatement query) throws SQLException {
        try (ResultSet rows = query.executeQuery()) {
            assertTrue(rows.next());
            return rows.getInt(1);
        }
    }

    @Test
    void a_change_commits_there_under_auto_commit() throws SQLException {
        try (Statement s = sales.createStatement()) {
            assertEquals(1, s.executeUpdate("UPDATE stock.public.items SET n = n - 1 WHERE id = 7"));
        }
        assertEquals(9, Sql.number(stock, "SELECT n FROM items WHERE id = 7"));
    }

    @Test
    void a_list_that_changes_only_what_is_there_commits_under_auto_commit() throws SQLException {
        Sql.run(sales, "SELECT 1; UPDATE stock.public.items SET n = n - 1 WHERE id = 7");
        assertEquals(9, Sql.number(stock, "SELECT n FROM items WHERE id = 7"));
        assertThrows(
                SQLException.class,
                () -> Sql.run(
                        sales,
                        "SELECT 1; UPDATE stock.public.items SET n = n - 1 WHERE id = 7; INSERT INTO orders VALUES (1, 7)"));
        assertEquals(8, Sql.number(stock, "SELECT n FROM items WHERE id = 7"), "as H2: what came before stays");
    }

    @Test
    void a_script_that_ends_with_a_change_there_commits_it_under_auto_commit() throws Exception {
        Path script = directory.resolve("script.sql");
        Files.writeString(script, "UPDATE stock.public.items SET n = n - 1 WHERE id = 7;");
        Sql.run(sales, "RUNSCRIPT FROM '" + script + "'");
        assertEquals(9, Sql.number(stock, "SELECT n FROM items WHERE id = 7"));
    }

    @Test
    void a_list_that_fails_in_a_transaction_takes_back_itself_and_nothing_else() throws SQLException {
        sales.setAutoCommit(false);
        Sql.run(sales, "UPDATE stock.public.items SET n = n - 1 WHERE id = 7");
        assertThrows(
                SQLException.class,
                () -> Sql.run(sales, "INSERT INTO orders VALUES (2, 8); INSERT INTO orders VALUES (1, 7)"));
        assertEquals(9, Sql.number(sales, "SELECT n FROM stock.public.items WHERE id = 7"), "what was before the list");
        assertThrows(
                SQLException.class,
                () -> Sql.run(sales, "SELECT 1; UPDATE stock.public.items SET n = 0; SELECT 1 / (id - 1) FROM orders"));
        sales.commit();
        assertEquals(9, Sql.number(stock, "SELECT n FROM items WHERE id = 7"));
        assertEquals(20, Sql.number(stock, "SELECT n FROM items WHERE id = 8"));
        assertEquals(1, Sql.number(sales, "SELECT COUNT(*) FROM orders"));
    }

    @Test
    void a_transaction_that_writes_there_is_seen_by_itself_until_it_commits() throws SQLException {
        sales.setAutoCommit(false);
        assertEquals(1, Sql.number(sales, "SELECT COUNT(*) FROM orders"));
        Sql.run(sales, "UPDATE stock.public.items SET n = 1");
        assertEquals(2, Sql.number(sales, "SELECT SUM(n) FROM stock.public.items"));
        assertEquals(30, Sql.number(stock, "SELECT SUM(n) FROM items"));
        sales.rollback();
        assertEquals(30, Sql.number(sales, "SELECT SUM(n) FROM stock.public.items"));
        Sql.run(sales, "UPDATE stock.public.items SET n = 2");
        sales.commit();
        assertEquals(4, Sql.number(stock, "SELECT SUM(n) FROM items"));
    }

    @Test
    void a_savepoint_is_one_there_too() throws SQLException {
        sales.setAutoCommit(false);
        Sql.run(sales, "UPDATE stock.public.items SET n = 1");
        Savepoint first = sales.setSavepoint("first");
        Sql.run(sales, "UPDATE stock.public.items SET n = 2");
        sales.rollback(first);
        assertEquals(2, Sql.number(sales, "SELECT SUM(n) FROM stock.public.items"));
        sales.rollback();

        Sql.run(sales, "INSERT INTO orders VALUES (2, 8)");
        Savepoint second = sales.setSavepoint();
        Sql.run(sales, "UPDATE stock.public.items SET n = 3");
        sales.rollback(second);
        assertEquals(2, Sql.number(sales, "SELECT COUNT(*) FROM orders"));
        assertEquals(30, Sql.number(sales, "SELECT SUM(n) FROM stock.public.items"));
        sales.commit();
        assertEquals(30, Sql.number(stock, "SELECT SUM(n) FROM items"));
        assertEquals(2, Sql.number(sales, "SELECT COUNT(*) FROM orders"));
    }

    @Test
    void a_session_that_ends_leaves_nothing_open_there() throws SQLException {
        try (Connection other = connect("sales")) {
            other.setAutoCommit(false);
            Sql.run(other, "UPDATE stock.public.items SET n = 0");
        }
        Sql.run(stock, "UPDATE items SET n = n + 1");
        assertEquals(32, Sql.number(stock, "SELECT SUM(n) FROM items"));
    }

    @Test
    void names_that_do_not_exist_are_told_with_those_that_do() {
        SQLException table =
                assertThrows(SQLException.class, () -> Sql.run(sales, "SELECT * FROM stock.public.nothing"));
        assertEquals("42S02", table.getSQLState());
        assertTrue(table.getMessage().contains("ITEMS"), table.getMessage());
        SQLException database =
                assertThrows(SQLException.class, () -> Sql.run(sales, "SELECT * FROM nowhere.public.t"));
        assertEquals("90013", database.getSQLState());
        assertTrue(database.getMessage().contains("SALES, STOCK"), database.getMessage());
    }

    @Test
    void a_schema_that_does_not_exist_is_H2_s_error() {
        SQLException schema = assertThrows(SQLException.class, () -> Sql.run(sales, "SELECT * FROM nowhere.t"));
        assertEquals("90079", schema.getSQLState());
    }

    @Test
    void one_that_nobody_has_opened_is_opened() throws SQLException {
        stock.close();
        sales.close();
        sales = connect("sales");
        assertEquals(30, Sql.number(sales, "SELECT SUM(n) FROM stock.public.items"));
    }

    @Test
    void what_became_of_a_commit_is_found_in_one_that_nobody_has_opened() throws SQLException {
        stock.close();
        sales.close();
        sales = connect("sales");
        try (Statement s = sales.createStatement();
                ResultSet rows = s.executeQuery("CALL SYNOD.RESOLVE('" + UUID.randomUUID() + "', 1, 'STOCK')")) {
            assertTrue(rows.next());
            assertEquals(false, rows.getBoolean(1));
        }
    }

    @Test
    void definitions_of_another_database_are_refused() {
        SQLException refused =
                assertThrows(SQLException.class, () -> Sql.run(sales, "CREATE TABLE stock.public.more(id INT)"));
        assertEquals("0A000", refused.getSQLState());
    }
}
