package io.synod.engine.across;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import io.synod.engine.node.ClusterFixture;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A bank whose accounts are spread over three databases: whoever sums all of it never sees half a transfer. */
@Tag("long")
@Timeout(600)
class ConsistentCutTest {
    private static final Logger LOG = LoggerFactory.getLogger(ConsistentCutTest.class);
    private static final List<String> ALL = List.of("sales", "stock", "bank");
    private static final String SUM = "SELECT SUM(n) FROM (SELECT n FROM sales.public.account UNION ALL SELECT n FROM"
            + " stock.public.account UNION ALL SELECT n FROM bank.public.account)";
    private static final int SUMS = 60;

    @TempDir
    private Path directory;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final AtomicBoolean stop = new AtomicBoolean();
    private final AtomicInteger transfers = new AtomicInteger();

    private static Connection connect(String url) throws SQLException {
        return DriverManager.getConnection(url, "sa", "secret");
    }

    private Void transfer(String url, long seed) throws SQLException {
        SplittableRandom random = new SplittableRandom(seed);
        try (Connection c = connect(url)) {
            c.setAutoCommit(false);
            while (!stop.get()) {
                String from = ALL.get(random.nextInt(ALL.size()));
                String to = ALL.get(random.nextInt(ALL.size()));
                int id = random.nextInt(10);
                try {
                    Sql.run(
                            c,
                            "UPDATE " + from + ".public.account SET n = n - 1 WHERE id = " + id,
                            "UPDATE " + to + ".public.account SET n = n + 1 WHERE id = " + id);
                    c.commit();
                    transfers.incrementAndGet();
                } catch (SQLException e) {
                    if (!e.getSQLState().startsWith("40") && !e.getSQLState().equals("HYT00")) {
                        throw e;
                    }
                    c.rollback();
                }
            }
        }
        return null;
    }

    private int sum(String url, String... before) throws SQLException {
        int sums = 0;
        try (Connection c = connect(url)) {
            Sql.run(c, before);
            while (sums < SUMS) {
                try {
                    assertEquals(3_000, Sql.number(c, SUM), url);
                    sums++;
                } catch (SQLException e) {
                    if (!e.getSQLState().equals("40001")) {
                        throw e;
                    }
                    LOG.info("once more: {}", e.getMessage());
                }
            }
        }
        return sums;
    }

    /** It may lack what the others have, and nobody can tell. */
    @Test
    void a_copy_that_may_be_old_is_not_read_together_with_another() throws Exception {
        try (ClusterFixture cluster = new ClusterFixture(directory).with("a", ";FAILOVER_TIMEOUT=3000")) {
            for (String database : ALL) {
                try (Connection c = connect(cluster.url(cluster.leaderOf(database), database))) {
                    Sql.run(
                            c,
                            "CREATE TABLE account(id INT PRIMARY KEY, n INT)",
                            "INSERT INTO account VALUES (1, 1000)");
                }
            }
            try (Connection c = connect(cluster.url("a", "sales"))) {
                assertEquals(3_000, Sql.number(c, SUM));
                Sql.run(c, "SET READ LOCAL");
                assertEquals(3_000, Sql.number(c, SUM));
                cluster.end("b");
                cluster.end("c");
                assertEquals(1_000, Sql.number(c, "SELECT n FROM stock.public.account"));
                SQLException old = null;
                while (old == null) {
                    try {
                        Sql.number(c, SUM);
                    } catch (SQLException e) {
                        old = e;
                    }
                }
                assertEquals("HYT00", old.getSQLState(), old.getMessage());
            }
        }
    }

    @Test
    void every_sum_is_the_whole() throws Exception {
        long seed = System.nanoTime();
        LOG.info("seed {}", seed);
        try (ClusterFixture cluster = new ClusterFixture(directory)) {
            for (String database : ALL) {
                try (Connection c = connect(cluster.url(cluster.leaderOf(database), database))) {
                    Sql.run(
                            c,
                            "CREATE TABLE account(id INT PRIMARY KEY, n INT)",
                            "INSERT INTO account SELECT x - 1, 100 FROM SYSTEM_RANGE(1, 10)");
                }
            }
            List<Future<Void>> writers = new ArrayList<>();
            List<Future<Integer>> readers = new ArrayList<>();
            for (String node : List.of("a", "b", "c")) {
                writers.add(threads.submit(() -> transfer(cluster.url(node, "sales"), seed + node.charAt(0))));
                readers.add(threads.submit(() -> sum(cluster.url(node, "sales"))));
            }
            readers.add(threads.submit(() -> sum(cluster.url("b", "bank"), "SET READ SESSION")));
            readers.add(threads.submit(() -> sum(cluster.url("c", "bank"), "SET READ LOCAL")));
            for (Future<Integer> reader : readers) {
                assertEquals(SUMS, reader.get(500, TimeUnit.SECONDS));
            }
            int during = transfers.get();
            stop.set(true);
            for (Future<Void> writer : writers) {
                writer.get(60, TimeUnit.SECONDS);
            }
            LOG.info("{} transfers while {} sums were made", during, readers.size() * SUMS);
            assertTrue(during > 0);
        } finally {
            stop.set(true);
            threads.shutdownNow();
        }
    }
}
