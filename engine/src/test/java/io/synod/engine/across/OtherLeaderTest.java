package io.synod.engine.across;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.synod.engine.Sql;
import io.synod.engine.node.ClusterFixture;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three nodes, two databases: from each node, whoever leads them. */
class OtherLeaderTest {
    private static final List<String> NODES = List.of("a", "b", "c");

    @TempDir
    private Path directory;

    private static Connection connect(String url) throws SQLException {
        return DriverManager.getConnection(url, "sa", "secret");
    }

    @Test
    void a_change_commits_from_every_node() throws Exception {
        try (ClusterFixture cluster = new ClusterFixture(directory)) {
            cluster.leaderOf("sales");
            String leader = cluster.leaderOf("stock");
            try (Connection stock = connect(cluster.url(leader, "stock"))) {
                Sql.run(stock, "CREATE TABLE items(id INT PRIMARY KEY, n INT)", "INSERT INTO items VALUES (7, 10)");
            }
            int n = 10;
            for (String node : NODES) {
                for (String url :
                        List.of(cluster.url(node, "sales"), cluster.remoteUrl(node, "sales") + ";TARGET=ANY")) {
                    try (Connection sales = connect(url);
                            Statement s = sales.createStatement()) {
                        assertEquals(1, s.executeUpdate("UPDATE stock.public.items SET n = n - 1 WHERE id = 7"));
                        assertEquals(--n, Sql.number(sales, "SELECT n FROM stock.public.items"), url);
                        sales.setAutoCommit(false);
                        Sql.run(sales, "UPDATE stock.public.items SET n = n - 1 WHERE id = 7");
                        assertEquals(n - 1, Sql.number(sales, "SELECT n FROM stock.public.items"), url);
                        sales.rollback();
                        Sql.run(sales, "UPDATE stock.public.items SET n = n - 1 WHERE id = 7");
                        sales.commit();
                        assertEquals(--n, Sql.number(sales, "SELECT n FROM stock.public.items"), url);
                    }
                }
            }
        }
    }

    @Test
    void a_user_whom_the_other_database_does_not_know_is_told_so() throws Exception {
        try (ClusterFixture cluster = new ClusterFixture(directory)) {
            String url = cluster.url(cluster.leaderOf("sales"), "sales");
            String stock = cluster.url(cluster.leaderOf("stock"), "stock");
            connect(stock).close();
            try (Connection c = connect(url)) {
                Sql.run(c, "CREATE USER bob PASSWORD 'b'");
            }
            try (Connection c = DriverManager.getConnection(url, "bob", "b")) {
                SQLException e = assertThrows(SQLException.class, () -> Sql.run(c, "SELECT * FROM stock.public.items"));
                assertEquals("28000", e.getSQLState());
            }
        }
    }
}
