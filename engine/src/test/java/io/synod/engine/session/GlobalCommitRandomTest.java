package io.synod.engine.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.branch.BranchRequest;
import io.synod.engine.failover.Await;
import io.synod.engine.global.GlobalCommits;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Clients of three nodes count in three databases at once, while leaders move and coordinators are lost. */
@Tag("long")
@Timeout(300)
class GlobalCommitRandomTest {
    private static final int ROWS = 8;
    private static final int CLIENTS = 6;
    private static final long NANOS = TimeUnit.SECONDS.toNanos(12);

    private final AtomicInteger committed = new AtomicInteger();
    private final AtomicInteger unknown = new AtomicInteger();
    private final AtomicInteger rolledBack = new AtomicInteger();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    @Test
    void the_databases_never_disagree(@TempDir Path directory) throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        try (GlobalCluster cluster = new GlobalCluster(directory)) {
            for (Connection c : cluster.node("a").connectAll()) {
                try (Statement s = c.createStatement()) {
                    s.execute("CREATE TABLE T(ID INT PRIMARY KEY, V INT)");
                    s.execute("INSERT INTO T SELECT X, 0 FROM SYSTEM_RANGE(1, " + ROWS + ")");
                    c.commit();
                }
                c.close();
            }
            long end = System.nanoTime() + NANOS;
            List<Thread> clients = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                GlobalNode node = cluster.nodes().get(i % 3);
                Random own = new Random(random.nextLong());
                Thread client = new Thread(() -> count(node, own, end), "client-" + i);
                clients.add(client);
                client.start();
            }
            trouble(cluster, random, end);
            for (Thread client : clients) {
                client.join();
            }
            for (GlobalNode node : cluster.nodes()) {
                node.commits().setFault(GlobalCommits.Fault.NONE);
            }
            if (failure.get() != null) {
                throw new AssertionError("seed " + seed, failure.get());
            }
            Await.until("all have ended", cluster::isQuiet);
            List<List<Integer>> counts = new ArrayList<>();
            for (GlobalNode node : cluster.nodes()) {
                for (Connection c : node.connectAll()) {
                    counts.add(counts(c));
                    c.close();
                }
            }
            System.out.println("committed " + committed + ", rolled back " + rolledBack + ", unknown " + unknown
                    + ", counted " + counts.get(0));
            for (List<Integer> count : counts) {
                assertEquals(counts.get(0), count, "seed " + seed);
            }
            int sum = counts.get(0).stream().mapToInt(Integer::intValue).sum();
            assertTrue(sum >= committed.get() && sum <= committed.get() + unknown.get(), "seed " + seed + ": " + sum);
            assertTrue(committed.get() > 0, "seed " + seed);
        }
    }

    private static void trouble(GlobalCluster cluster, Random random, long end) throws Exception {
        while (System.nanoTime() < end) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(random.nextInt(700)));
            String database = GlobalNode.DATABASES.get(random.nextInt(3));
            GlobalNode node = cluster.nodes().get(random.nextInt(3));
            if (random.nextBoolean()) {
                for (GlobalNode each : cluster.nodes()) {
                    if (each.serves(database)) {
                        each.hosted(database).log().transferAway(TimeUnit.SECONDS.toNanos(2));
                    }
                }
            } else {
                int one = random.nextInt(40);
                Random own = new Random(random.nextLong());
                node.commits().setFault((db, request) -> strikes(own, one, request));
            }
        }
    }

    private static synchronized boolean strikes(Random random, int one, BranchRequest request) {
        return !(request instanceof BranchRequest.CanCommit) && random.nextInt(one + 1) == 0;
    }

    private void count(GlobalNode node, Random random, long end) {
        List<Connection> all = List.of();
        try {
            // On a slow machine nobody may have come to a commit by then.
            while ((System.nanoTime() < end || committed.get() == 0) && failure.get() == null) {
                try {
                    if (all.isEmpty()) {
                        all = node.connectAll();
                        for (Connection c : all) {
                            try (Statement s = c.createStatement()) {
                                s.execute("SET LOCK_TIMEOUT 500");
                            }
                        }
                    }
                    int row = 1 + random.nextInt(ROWS);
                    for (Connection c : all) {
                        try (Statement s = c.createStatement()) {
                            s.executeUpdate("UPDATE T SET V = V + 1 WHERE ID = " + row);
                        }
                    }
                    node.commit(all);
                    committed.incrementAndGet();
                } catch (SQLException e) {
                    switch (e.getSQLState()) {
                        case "08007" -> unknown.incrementAndGet();
                        case "40001", "HYT00", "40000", "08001" -> rolledBack.incrementAndGet();
                        default -> throw e;
                    }
                    all = renewed(all);
                }
            }
        } catch (SQLException | RuntimeException | Error e) {
            failure.compareAndSet(null, e);
        } finally {
            renewed(all);
        }
    }

    /** Nothing is open in them any more. */
    private static List<Connection> renewed(List<Connection> all) {
        for (Connection c : all) {
            try {
                c.rollback();
                c.close();
            } catch (SQLException e) {
                // It is closed.
            }
        }
        return List.of();
    }

    private static List<Integer> counts(Connection c) throws SQLException {
        List<Integer> counts = new ArrayList<>();
        try (Statement s = c.createStatement();
                ResultSet rows = s.executeQuery("SELECT V FROM T ORDER BY ID")) {
            while (rows.next()) {
                counts.add(rows.getInt(1));
            }
        }
        return counts;
    }
}
