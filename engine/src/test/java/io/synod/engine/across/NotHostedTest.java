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
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Three nodes, of which one leads a database and does not host another one. */
@Timeout(240)
class NotHostedTest {
    @TempDir
    private Path directory;

    private static Connection connect(String url) throws SQLException {
        return DriverManager.getConnection(url, "sa", "secret");
    }

    private static void assertNamesNodes(String sql, Connection sales) {
        SQLException e = assertThrows(SQLException.class, () -> Sql.run(sales, sql), sql);
        assertEquals("90013", e.getSQLState(), e.getMessage());
        for (String named : List.of("\"STOCK\"", "SALES", "node a", "node b")) {
            assertTrue(e.getMessage().contains(named), e.getMessage());
        }
    }

    @Test
    void a_session_is_told_who_hosts_the_other_one_and_those_who_do_change_both() throws Exception {
        try (ClusterFixture cluster = new ClusterFixture(directory)) {
            cluster.leaderOf("sales");
            for (String node : List.of("a", "b")) {
                cluster.hosted(node, "stock");
            }
            cluster.lead("c", "sales");
            try (Connection stock = connect(cluster.url("a", "stock"));
                    Connection both = connect(cluster.url("a", "sales"));
                    Connection sales = connect(cluster.remoteUrl("c", "sales") + ";TARGET=ANY")) {
                Sql.untilDone(
                        stock, "CREATE TABLE items(id INT PRIMARY KEY, n INT)", "INSERT INTO items VALUES (7, 10)");
                Sql.untilDone(both, "CREATE TABLE orders(id INT PRIMARY KEY, item INT)");

                assertNamesNodes("SELECT * FROM stock.public.items", sales);
                assertNamesNodes("SELECT * FROM orders o JOIN stock.public.items i ON i.id = o.item", sales);
                assertNamesNodes("UPDATE stock.public.items SET n = n - 1", sales);
                assertEquals(0, Sql.number(sales, "SELECT COUNT(*) FROM orders"), "the session goes on");
                SQLException nobody =
                        assertThrows(SQLException.class, () -> Sql.run(sales, "SELECT * FROM nowhere.public.items"));
                assertEquals("90079", nobody.getSQLState(), "as H2 says it: " + nobody.getMessage());

                both.setAutoCommit(false);
                Sql.run(
                        both,
                        "INSERT INTO orders VALUES (1, 7)",
                        "UPDATE stock.public.items SET n = n - 1 WHERE id = 7");
                both.commit();
                assertEquals(1, Sql.number(sales, "SELECT COUNT(*) FROM orders"));
                assertEquals(9, Sql.number(stock, "SELECT n FROM items"));
            }
        }
    }

    @Test
    void beside_another_one_that_is_hosted_it_is_told_as_well() throws Exception {
        try (ClusterFixture cluster = new ClusterFixture(directory)) {
            cluster.leaderOf("sales");
            cluster.leaderOf("bank");
            for (String node : List.of("a", "b")) {
                cluster.hosted(node, "stock");
            }
            try (Connection bank = connect(cluster.url("c", "bank"));
                    Connection sales = connect(cluster.url("c", "sales"))) {
                Sql.untilDone(bank, "CREATE TABLE accounts(id INT)");
                assertNamesNodes("SELECT * FROM bank.public.accounts, stock.public.items", sales);
            }
        }
    }
}
