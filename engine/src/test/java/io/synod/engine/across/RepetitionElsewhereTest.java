package io.synod.engine.across;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import io.synod.engine.node.ClusterFixture;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The leader of another database moves in the middle of a statement that names it: under auto-commit that is executed again, once
 * more and as a whole, as one that names one database only is.
 */
@Timeout(240)
public class RepetitionElsewhereTest {
    private static final AtomicReference<Runnable> MEANWHILE = new AtomicReference<>();
    private static final String DRAWN = "SELECT NEXT VALUE FOR stock.public.sq, id FROM orders WHERE meanwhile(id)";
    private static final String CHANGE =
            "UPDATE stock.public.t SET n = n + (SELECT COUNT(*) FROM orders WHERE meanwhile(id))";

    @TempDir
    private Path directory;

    private ClusterFixture cluster;

    /** For CREATE ALIAS: runs what the test has left for it, once, when something has been done before it. */
    public static boolean meanwhile(int row) {
        Runnable what = row == 1 ? null : MEANWHILE.getAndSet(null);
        if (what != null) {
            what.run();
        }
        return true;
    }

    @BeforeEach
    void start() throws Exception {
        cluster = new ClusterFixture(directory);
        cluster.leaderOf("sales");
        cluster.leaderOf("stock");
        try (Connection sales = connect(cluster.url("a", "sales"));
                Connection stock = connect(cluster.url("a", "stock"))) {
            Sql.untilDone(
                    sales,
                    "CREATE TABLE orders(id INT PRIMARY KEY)",
                    "CREATE ALIAS meanwhile FOR '" + RepetitionElsewhereTest.class.getName() + ".meanwhile'",
                    "INSERT INTO orders VALUES (1), (2), (3)");
            Sql.untilDone(stock, "CREATE TABLE t(n INT)", "INSERT INTO t VALUES (0)", "CREATE SEQUENCE sq NO CACHE");
        }
        cluster.lead("a", "sales");
    }

    @AfterEach
    void close() {
        MEANWHILE.set(null);
        cluster.close();
    }

    private static Connection connect(String url) throws SQLException {
        return DriverManager.getConnection(url, "sa", "secret");
    }

    /**
     * What is done while another database changes its leader in the middle of it, on a connection of its own.
     *
     * @param url of the client
     * @return how it ended; {@code null} for well
     */
    private SQLException whileLeaderMoves(String url, Work work) throws Exception {
        while (true) {
            long epoch = cluster.lead("b", "stock");
            boolean[] moved = {false};
            MEANWHILE.set(() -> {
                try {
                    moved[0] = cluster.hosted("b", "stock").log().servingEpoch() == epoch;
                    cluster.lead("c", "stock");
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
            });
            SQLException end = null;
            try (Connection c = connect(url)) {
                work.on(c);
            } catch (SQLException e) {
                end = e;
            }
            // On a busy machine it may have been lost before.
            if (moved[0]) {
                return end;
            }
        }
    }

    /** What a client does. */
    private interface Work {
        void on(Connection c) throws SQLException;
    }

    private long n() throws SQLException {
        try (Connection stock = connect(cluster.url("c", "stock"))) {
            return Sql.number(stock, "SELECT n FROM t");
        }
    }

    private static List<Long> numbers(Connection c, String sql) throws SQLException {
        List<Long> numbers = new ArrayList<>();
        try (Statement s = c.createStatement();
                ResultSet rows = s.executeQuery(sql)) {
            while (rows.next()) {
                numbers.add(rows.getLong(1));
            }
        }
        return numbers;
    }

    private List<String> urls() {
        return List.of(
                cluster.url("a", "sales"),
                cluster.url("b", "sales"),
                cluster.url("c", "sales"),
                cluster.remoteUrl("c", "sales") + ";TARGET=ANY");
    }

    @Test
    void a_query_that_draws_values_gives_each_once() throws Exception {
        long[] last = {0};
        for (String url : urls()) {
            SQLException end = whileLeaderMoves(url, c -> {
                for (long drawn : numbers(c, DRAWN)) {
                    assertTrue(drawn > last[0], drawn + " after " + last[0] + ", " + url);
                    last[0] = drawn;
                }
            });
            assertNull(end, url);
        }
    }

    @Test
    void a_change_happens_once() throws Exception {
        for (String url : urls()) {
            SQLException end = whileLeaderMoves(url, c -> {
                long before = n();
                Sql.run(c, CHANGE);
                assertEquals(before + 3, n(), url);
            });
            assertNull(end, url);
        }
    }

    @Test
    void what_is_a_part_of_something_else_is_not_repeated() throws Exception {
        for (String url : urls()) {
            assertRetry(url, c -> Sql.run(c, "SELECT COUNT(*) FROM orders; " + CHANGE));
            assertRetry(url, c -> numbers(c, DRAWN.replace("id FROM", "(@n := COALESCE(@n, 0) + 1) FROM")));
            assertRetry(url, c -> {
                c.setAutoCommit(false);
                Sql.run(c, CHANGE);
                c.rollback();
            });
        }
    }

    private void assertRetry(String url, Work work) throws Exception {
        long[] before = {0};
        SQLException end = whileLeaderMoves(url, c -> {
            before[0] = n();
            work.on(c);
        });
        assertNotNull(end, url);
        assertEquals("40001", end.getSQLState(), () -> url + ": " + end);
        assertEquals(before[0], n(), url);
    }
}
