package io.synod.engine.across;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import io.synod.engine.failover.Await;
import io.synod.engine.node.ClusterFixture;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sequences of this and of another database, in statements that name both: they give what they give in one H2 database. */
class SequencesElsewhereTest {
    private static final String HOME = "CREATE TABLE orders(id INT PRIMARY KEY, item INT);"
            + "INSERT INTO orders VALUES (1, 7), (2, 8), (3, 9); CREATE SEQUENCE here START WITH 10 INCREMENT BY 10";

    private static final String THERE = "CREATE TABLE items(id INT PRIMARY KEY, n INT);"
            + "INSERT INTO items VALUES (7, 10), (8, 20); CREATE TABLE heap(a INT, b INT);"
            + "CREATE SEQUENCE sq; CREATE SEQUENCE tens AS NUMERIC(10) START WITH 100 INCREMENT BY -1 NO CACHE";

    private static final String JOIN = " FROM :items i JOIN orders o ON o.item = i.id";

    @TempDir
    private Path directory;

    private static final String[] STATEMENTS = {
        "SELECT NEXT VALUE FOR :sq",
        "CALL NEXT VALUE FOR :sq",
        "VALUES (NEXT VALUE FOR :sq)",
        "SELECT CURRENT VALUE FOR :sq",
        "SELECT NEXT VALUE FOR :sq AS a, NEXT VALUE FOR :sq, CURRENT VALUE FOR :sq FROM :items",
        "SELECT NEXT VALUE FOR :tens, id FROM orders ORDER BY id DESC",
        "SELECT NEXT VALUE FOR :sq, NEXT VALUE FOR here, o.id, NEXT VALUE FOR :sq" + JOIN + " ORDER BY o.id DESC",
        "SELECT NEXT VALUE FOR here + 1, id FROM :items ORDER BY id",
        "SELECT CURRENT VALUE FOR here, CURRENT VALUE FOR :sq, CURRENT VALUE FOR :tens" + JOIN,
        "SELECT COUNT(*), NEXT VALUE FOR :sq FROM orders",
        "SELECT id FROM orders WHERE NEXT VALUE FOR :sq > 0 ORDER BY id FETCH FIRST ROW ONLY",
        "VALUES (NEXT VALUE FOR :sq, NEXT VALUE FOR :sq, NEXT VALUE FOR here)",
        "INSERT INTO orders VALUES (NEXT VALUE FOR :sq, NEXT VALUE FOR :sq), (NEXT VALUE FOR :sq, 1)",
        "INSERT INTO :heap VALUES (NEXT VALUE FOR here, NEXT VALUE FOR :sq), (NEXT VALUE FOR here, NEXT VALUE FOR :sq)",
        "INSERT INTO :heap SELECT NEXT VALUE FOR here, id FROM :items ORDER BY id",
        "INSERT INTO :heap SELECT NEXT VALUE FOR :tens, i.id" + JOIN + " ORDER BY i.id",
        "INSERT INTO orders SELECT NEXT VALUE FOR here + 1000, i.id" + JOIN,
        "SELECT * FROM :heap ORDER BY a, b",
        "UPDATE :heap SET a = NEXT VALUE FOR here, b = NEXT VALUE FOR :sq WHERE b = 8 AND a > 50",
        "UPDATE orders SET item = NEXT VALUE FOR :tens WHERE id = 3",
        "MERGE INTO :items KEY(id) VALUES (7, NEXT VALUE FOR here)",
        "MERGE INTO :items t USING (SELECT id, NEXT VALUE FOR here AS x FROM orders WHERE id < 3) s ON s.id = t.id"
                + " WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.x)",
        "SELECT * FROM :heap ORDER BY a, b",
        "SELECT * FROM orders ORDER BY id",
        "SELECT * FROM :items ORDER BY id",
        "SELECT NEXT VALUE FOR :sq, NEXT VALUE FOR here, NEXT VALUE FOR :tens FROM orders WHERE id = 1"
    };

    private static final String[] ERRORS = {
        "SELECT NEXT VALUE FOR :nothing",
        "SELECT NEXT VALUE FOR nothing FROM :items",
        "SELECT NEXT VALUE FOR :nothing FROM orders"
    };

    @Test
    void sequences_are_drawn_from_where_they_are() throws SQLException {
        try (Pair pair = new Pair(directory, "", HOME, THERE)) {
            pair.same("SELECT CURRENT VALUE FOR :sq FROM orders")
                    .works(STATEMENTS)
                    .same(ERRORS);
            pair.refused(
                    "MERGE INTO :items t USING orders s ON s.id = t.id WHEN NOT MATCHED THEN INSERT VALUES (s.id, NEXT VALUE FOR here)",
                    "USING");
        }
    }

    @Test
    void no_value_comes_twice_whoever_leads() throws Exception {
        try (ClusterFixture cluster = new ClusterFixture(directory)) {
            for (String node : List.of("a", "b", "c")) {
                Await.until("the same from " + node, () -> isSame(cluster, node));
            }
        }
    }

    /** @return false where leadership has moved by itself in the middle: what a transaction loses by that, and a gap, is no difference */
    private static boolean isSame(ClusterFixture cluster, String node) throws Exception {
        String leader = cluster.leaderOf("stock");
        String leaderAtHome = cluster.leaderOf("sales");
        long epoch = cluster.lead(leader, "stock");
        long epochAtHome = cluster.lead(leaderAtHome, "sales");
        try (Connection home = DriverManager.getConnection(cluster.url(leaderAtHome, "sales"), "sa", "secret");
                Connection stock = DriverManager.getConnection(cluster.url(leader, "stock"), "sa", "secret");
                Connection one = DriverManager.getConnection("jdbc:h2:mem:", "sa", "secret");
                Connection several = DriverManager.getConnection(cluster.url(node, "sales"), "sa", "secret");
                Pair pair = new Pair(one, several)) {
            try {
                Sql.run(home, "DROP ALL OBJECTS", HOME);
                Sql.run(stock, "DROP ALL OBJECTS", THERE);
                Sql.run(one, HOME, THERE);
                cluster.awaitReadable(node, "sales", "stock");
                pair.works(STATEMENTS);
            } catch (SQLException | AssertionError e) {
                boolean same = cluster.hosted(leader, "stock").log().servingEpoch() == epoch
                        && cluster.hosted(leaderAtHome, "sales").log().servingEpoch() == epochAtHome;
                if (same) {
                    throw e;
                }
                return false;
            }
            long drawn = Sql.number(several, "SELECT MAX(NEXT VALUE FOR stock.public.sq) FROM orders");
            try (var call = stock.createStatement()) {
                call.execute("CALL SYNOD.TRANSFER()");
            }
            assertTrue(Sql.number(several, "SELECT NEXT VALUE FOR stock.public.sq, id FROM orders") > drawn);
            return true;
        }
    }
}
