package io.synod.engine.across;

import io.synod.engine.Sql;
import io.synod.engine.failover.Await;
import io.synod.engine.node.ClusterFixture;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A session's own tables beside those of another database, on each node: they are where the session's database is led. */
class TemporaryTablesElsewhereTest {
    private static final String HOME =
            "CREATE TABLE orders(id INT PRIMARY KEY, item INT); INSERT INTO orders VALUES (1, 7), (2, 8), (3, 9)";

    private static final String THERE = "CREATE TABLE items(id INT PRIMARY KEY, n INT);"
            + "INSERT INTO items VALUES (7, 10), (8, 20); CREATE TABLE mine(id INT, other INT)";

    private static final String[] STATEMENTS = {
        "CREATE LOCAL TEMPORARY TABLE mine(id INT PRIMARY KEY, t VARCHAR(9) NOT NULL)",
        "INSERT INTO mine VALUES (7, 'seven')",
        // These name none of them.
        "INSERT INTO :items(id, n) VALUES (30, 3), (31, 4)",
        "UPDATE :items SET n = n + 1 WHERE (id IN (SELECT item + 23 FROM orders))",
        "DELETE FROM :items WHERE id IN (30, 31)",
        "SELECT m.id, m.t, i.n FROM mine m JOIN :items i ON i.id = m.id",
        "SELECT TOP 5 * FROM mine m JOIN :items i ON i.id = m.id",
        "INSERT INTO mine SELECT id, 'eight' FROM :items WHERE id = 8",
        "SELECT * FROM mine ORDER BY id",
        "UPDATE mine SET t = (SELECT n FROM :items WHERE items.id = mine.id)",
        "SELECT o.id, m.t, i.n FROM orders o JOIN mine m ON m.id = o.item JOIN :items i ON i.id = m.id ORDER BY 1",
        "UPDATE orders SET item = 8 WHERE id = (SELECT COUNT(*) FROM mine m JOIN :items i ON i.id = m.id)",
        "SELECT * FROM orders ORDER BY id",
        "DELETE FROM mine WHERE id IN (SELECT id FROM :items WHERE n = 10)",
        "SELECT COUNT(*) FROM :items i, mine",
        "DROP TABLE mine",
        "CREATE LOCAL TEMPORARY TABLE mine(id INT PRIMARY KEY, x INT DEFAULT 4)",
        "INSERT INTO mine(id) VALUES (8)",
        "SELECT m.*, i.n FROM mine m JOIN :items i ON i.id = m.id",
        "DROP TABLE mine",
    };

    @TempDir
    private Path directory;

    @Test
    void they_are_read_and_changed_whoever_leads() throws Exception {
        try (ClusterFixture cluster = new ClusterFixture(directory)) {
            cluster.leaderOf("sales");
            cluster.leaderOf("stock");
            for (String node : List.of("a", "b", "c")) {
                // They are lost with a leader.
                Await.until(
                        "the same from " + node,
                        () -> cluster.undisturbed(() -> assertSame(cluster, node), "sales", "stock"));
            }
        }
    }

    private static void assertSame(ClusterFixture cluster, String node) throws Exception {
        try (Connection home =
                        DriverManager.getConnection(cluster.url(cluster.leaderOf("sales"), "sales"), "sa", "secret");
                Connection stock =
                        DriverManager.getConnection(cluster.url(cluster.leaderOf("stock"), "stock"), "sa", "secret");
                Connection one = DriverManager.getConnection("jdbc:h2:mem:", "sa", "secret");
                Connection several = DriverManager.getConnection(cluster.url(node, "sales"), "sa", "secret");
                Pair pair = new Pair(one, several)) {
            Sql.run(home, "DROP ALL OBJECTS", HOME);
            Sql.run(stock, "DROP ALL OBJECTS", THERE);
            Sql.run(one, HOME, THERE.substring(0, THERE.lastIndexOf(';')));
            cluster.awaitReadable(node, "sales", "stock");
            pair.works(STATEMENTS);
            pair.same("SELECT m.id FROM mine m, :items i");
            pair.autoCommit(false);
            pair.works(
                    "CREATE LOCAL TEMPORARY TABLE mine(id INT)",
                    "INSERT INTO mine SELECT id FROM :items",
                    "SELECT * FROM mine m JOIN :items i ON i.id = m.id ORDER BY 1",
                    "ROLLBACK",
                    "SELECT COUNT(*) FROM mine m, :items i");
            pair.autoCommit(true);
        }
    }
}
