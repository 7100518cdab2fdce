package io.synod.engine.across;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import io.synod.engine.node.ClusterFixture;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Transactions that write several databases, on one node and from each of three. */
class SeveralDatabasesTest {
    private static final List<String> ALL = List.of("sales", "stock", "bank");

    @TempDir
    private Path directory;

    private static Connection connect(String url) throws SQLException {
        return DriverManager.getConnection(url, "sa", "secret");
    }

    private static void create(Connection c) throws SQLException {
        Sql.run(
                c,
                "CREATE TABLE account(id INT PRIMARY KEY, n INT CHECK (n >= 0))",
                "INSERT INTO account VALUES (1, 100)");
    }

    private static long sum(Connection c) throws SQLException {
        long sum = 0;
        for (String database : ALL) {
            sum += Sql.number(c, "SELECT SUM(n) FROM " + database + ".public.account");
        }
        return sum;
    }

    @Test
    void it_commits_in_all_or_in_none() throws SQLException {
        try (Connection sales = connect("jdbc:synod:file:" + directory.resolve("sales"));
                Connection stock = connect("jdbc:synod:file:" + directory.resolve("stock"));
                Connection bank = connect("jdbc:synod:file:" + directory.resolve("bank"))) {
            create(sales);
            create(stock);
            create(bank);
            sales.setAutoCommit(false);
            Sql.run(
                    sales,
                    "UPDATE account SET n = n - 30",
                    "UPDATE stock.public.account SET n = n + 10",
                    "UPDATE bank.public.account SET n = n + 20");
            assertEquals(100, Sql.number(stock, "SELECT n FROM account"));
            sales.commit();
            assertEquals(70, Sql.number(sales, "SELECT n FROM account"));
            assertEquals(110, Sql.number(stock, "SELECT n FROM account"));
            assertEquals(120, Sql.number(bank, "SELECT n FROM account"));
            Sql.run(sales, "UPDATE account SET n = 0", "UPDATE stock.public.account SET n = 0");
            sales.rollback();
            assertEquals(300, sum(sales));
            Sql.run(sales, "UPDATE stock.public.account SET n = n - 10", "UPDATE bank.public.account SET n = n + 10");
            sales.commit();
            assertEquals(100, Sql.number(stock, "SELECT n FROM account"));
            assertEquals(300, sum(sales));
            sales.commit();
            assertEquals(
                    0, Sql.number(sales, "SELECT COUNT(*) FROM SYNOD.GLOBAL_TRANSACTIONS WHERE STATE <> 'COMMITTED'"));
        }
    }

    @Test
    void a_statement_that_fails_leaves_the_others_and_the_transaction() throws SQLException {
        try (Connection sales = connect("jdbc:synod:file:" + directory.resolve("sales"));
                Connection stock = connect("jdbc:synod:file:" + directory.resolve("stock"))) {
            create(sales);
            create(stock);
            sales.setAutoCommit(false);
            Sql.run(sales, "UPDATE account SET n = n - 30");
            SQLException check = assertThrows(
                    SQLException.class, () -> Sql.run(sales, "UPDATE stock.public.account SET n = n - 130"));
            assertEquals("23513", check.getSQLState());
            Sql.run(sales, "UPDATE stock.public.account SET n = n + 30");
            sales.commit();
            assertEquals(70, Sql.number(sales, "SELECT n FROM account"));
            assertEquals(130, Sql.number(stock, "SELECT n FROM account"));
        }
    }

    @Test
    void one_statement_reads_and_writes_several() throws SQLException {
        try (Connection sales = connect("jdbc:synod:file:" + directory.resolve("sales"));
                Connection stock = connect("jdbc:synod:file:" + directory.resolve("stock"))) {
            create(sales);
            create(stock);
            assertEquals(
                    200,
                    Sql.number(sales, "SELECT a.n + s.n FROM account a JOIN stock.public.account s ON s.id = a.id"));
            Sql.run(sales, "INSERT INTO account SELECT id + 1, n FROM stock.public.account");
            assertEquals(2, Sql.number(sales, "SELECT COUNT(*) FROM account"));
            Sql.run(sales, "UPDATE stock.public.account SET n = (SELECT SUM(n) FROM account)");
            assertEquals(200, Sql.number(stock, "SELECT n FROM account"));
            sales.setAutoCommit(false);
            Sql.run(sales, "UPDATE stock.public.account SET n = 1", "UPDATE account SET n = 2");
            assertEquals(
                    3, Sql.number(sales, "SELECT a.n + s.n FROM account a JOIN stock.public.account s ON s.id = a.id"));
            assertEquals(200, Sql.number(stock, "SELECT n FROM account"));
            sales.rollback();
        }
    }

    private static void abortTheOther(Connection c) throws SQLException {
        long other = Sql.number(
                c,
                "SELECT MAX(SESSION_ID) FROM INFORMATION_SCHEMA.SESSIONS WHERE USER_NAME = 'SA' AND SESSION_ID <> SESSION_ID()");
        Sql.run(c, "CALL ABORT_SESSION(" + other + ")");
    }

    /** Half of a transaction is not committed, nor is the other half run in a session of its own. */
    @Test
    void a_part_that_is_lost_is_the_whole_lost() throws SQLException {
        try (Connection sales = connect("jdbc:synod:file:" + directory.resolve("sales"));
                Connection stock = connect("jdbc:synod:file:" + directory.resolve("stock"))) {
            create(sales);
            create(stock);
            sales.setAutoCommit(false);
            Sql.run(sales, "UPDATE account SET n = 1", "UPDATE stock.public.account SET n = 1");
            abortTheOther(stock);
            SQLException commit = assertThrows(SQLException.class, sales::commit);
            assertEquals("40001", commit.getSQLState());
            assertEquals(100, Sql.number(sales, "SELECT n FROM account"));

            Sql.run(sales, "UPDATE account SET n = 2", "UPDATE stock.public.account SET n = 2");
            abortTheOther(stock);
            SQLException next =
                    assertThrows(SQLException.class, () -> Sql.run(sales, "UPDATE stock.public.account SET n = n + 1"));
            assertEquals("40001", next.getSQLState());
            SQLException still = assertThrows(SQLException.class, () -> Sql.run(sales, "UPDATE account SET n = 3"));
            assertEquals("40001", still.getSQLState());
            sales.rollback();
            assertEquals(100, Sql.number(sales, "SELECT n FROM account"));
            assertEquals(100, Sql.number(stock, "SELECT n FROM account"));
            Sql.run(sales, "UPDATE account SET n = 4", "UPDATE stock.public.account SET n = 4");
            sales.commit();
            assertEquals(4, Sql.number(stock, "SELECT n FROM account"));
        }
    }

    @Test
    void a_branch_with_a_name_is_one_database_s() throws SQLException {
        try (Connection sales = connect("jdbc:synod:file:" + directory.resolve("sales"));
                Connection stock = connect("jdbc:synod:file:" + directory.resolve("stock"))) {
            create(sales);
            create(stock);
            sales.setAutoCommit(false);
            Sql.run(sales, "UPDATE account SET n = 1", "UPDATE stock.public.account SET n = 1");
            SQLException refused = assertThrows(SQLException.class, () -> Sql.run(sales, "PREPARE COMMIT both"));
            assertEquals("0A000", refused.getSQLState());
            sales.commit();
            assertEquals(1, Sql.number(stock, "SELECT n FROM account"));
        }
    }

    @Test
    void it_commits_from_every_node() throws Exception {
        try (ClusterFixture cluster = new ClusterFixture(directory)) {
            for (String database : ALL) {
                try (Connection c = connect(cluster.url(cluster.leaderOf(database), database))) {
                    create(c);
                }
            }
            for (String node : List.of("a", "b", "c")) {
                for (String url :
                        List.of(cluster.url(node, "sales"), cluster.remoteUrl(node, "sales") + ";TARGET=ANY")) {
                    try (Connection c = connect(url)) {
                        c.setAutoCommit(false);
                        long before = Sql.number(c, "SELECT n FROM account");
                        Sql.run(
                                c,
                                "UPDATE account SET n = n - 3",
                                "UPDATE stock.public.account SET n = n + 1",
                                "UPDATE bank.public.account SET n = n + 2");
                        c.commit();
                        assertEquals(before - 3, Sql.number(c, "SELECT n FROM account"));
                        assertEquals(300, sum(c));
                        assertTrue(before - 3 > 0);
                        c.commit();
                    }
                }
            }
        }
    }
}
