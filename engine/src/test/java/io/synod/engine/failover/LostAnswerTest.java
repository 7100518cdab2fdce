package io.synod.engine.failover;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Clients whose connections are cut all the time count up; a lost answer must be resolved to what really happened. */
@Tag("long")
@Tag("process")
@Timeout(600)
class LostAnswerTest {
    private static final Logger LOG = LoggerFactory.getLogger(LostAnswerTest.class);
    private static final int CLIENTS = 4;
    private static final int TRANSACTIONS = 120;
    private static final int BYTES_MAX = 1_500;

    @TempDir
    private Path directory;

    private final AtomicInteger done = new AtomicInteger();
    private final AtomicInteger retries = new AtomicInteger();

    @Test
    void a_counter_is_exact_whatever_answers_are_lost() throws Exception {
        long seed = Long.getLong("seed", System.nanoTime());
        LOG.info("seed {}", seed);
        ExecutorService threads = Executors.newFixedThreadPool(CLIENTS);
        List<CuttingRelay> relays = new ArrayList<>();
        try (TestCluster cluster = TestCluster.started(directory)) {
            try (Connection c = TestCluster.connect(cluster.url())) {
                Sql.run(
                        c,
                        "CREATE TABLE counter(id INT PRIMARY KEY, n INT)",
                        "INSERT INTO counter SELECT x, 0 FROM SYSTEM_RANGE(0, " + CLIENTS + ")");
            }
            List<String> addresses = new ArrayList<>();
            for (String name : cluster.names()) {
                CuttingRelay relay = new CuttingRelay(cluster.node(name).sql(), seed + relays.size(), BYTES_MAX);
                relays.add(relay);
                addresses.add(relay.address());
            }
            // With TARGET=LEADER they would go on past the relays, to the address that a node has told.
            String url = "jdbc:synod://" + String.join(",", addresses) + "/shop;TARGET=ANY;LOCK_TIMEOUT=30000";
            try {
                List<Future<?>> running = new ArrayList<>();
                for (int client = 1; client <= CLIENTS; client++) {
                    int id = client;
                    running.add(threads.submit(() -> count(url, id)));
                }
                awaitDone(CLIENTS * TRANSACTIONS / 3, running);
                String leader = cluster.awaitLeader();
                cluster.node(leader).kill();
                awaitDone(CLIENTS * TRANSACTIONS * 2 / 3, running);
                cluster.restart(leader);
                awaitDone(CLIENTS * TRANSACTIONS, running);
                for (Future<?> one : running) {
                    one.get(Await.LIMIT.toSeconds(), TimeUnit.SECONDS);
                }
            } catch (Exception | AssertionError e) {
                cluster.addStoryTo(e);
                throw e;
            }
            int requests = relays.stream().mapToInt(CuttingRelay::cutRequests).sum();
            int answers = relays.stream().mapToInt(CuttingRelay::cutAnswers).sum();
            LOG.info("cut {} requests, {} answers; {} transactions run again", requests, answers, retries);
            assertTrue(requests > CLIENTS && answers > CLIENTS, "hardly anything was cut, seed " + seed);
            cluster.assertMembersEqual();
            for (String name : cluster.names()) {
                try (Connection c = TestCluster.connect(cluster.url(name))) {
                    List<String> expected = new ArrayList<>(List.of("0|" + CLIENTS * TRANSACTIONS));
                    for (int client = 1; client <= CLIENTS; client++) {
                        expected.add(client + "|" + TRANSACTIONS);
                    }
                    assertEquals(
                            expected,
                            TestCluster.rows(c, "SELECT id, n FROM counter ORDER BY id"),
                            "node " + name + ", seed " + seed);
                }
            }
        } finally {
            threads.shutdownNow();
            for (CuttingRelay relay : relays) {
                relay.close();
            }
        }
    }

    /** However long they take, as long as they get on. */
    private void awaitDone(int count, List<Future<?>> running) throws Exception {
        while (done.get() < count) {
            int before = done.get();
            Await.until("a transaction after " + before, () -> done.get() > before || failed(running));
        }
    }

    private static boolean failed(List<Future<?>> running) throws Exception {
        for (Future<?> one : running) {
            if (one.isDone()) {
                one.get();
            }
        }
        return false;
    }

    /** Counts up its own counter and the common one; by turns in one transaction and in auto-commit mode. */
    private Void count(String url, int client) throws SQLException {
        try (Connection c = TestCluster.connect(url);
                PreparedStatement s = prepared(c)) {
            for (int i = 0; i < TRANSACTIONS; i++) {
                if (i % 2 == 0) {
                    transaction(c, s, client);
                } else {
                    autoCommitted(c, s, client);
                    autoCommitted(c, s, 0);
                }
                done.incrementAndGet();
            }
        }
        return null;
    }

    /** What is cut three times one after the other is given up, this too. */
    private PreparedStatement prepared(Connection c) throws SQLException {
        for (; ; ) {
            try {
                return c.prepareStatement("UPDATE counter SET n = n + 1 WHERE id = ?");
            } catch (SQLException e) {
                again(e);
            }
        }
    }

    private void transaction(Connection c, PreparedStatement s, int client) throws SQLException {
        for (; ; ) {
            try {
                c.setAutoCommit(false);
                for (int id : new int[] {0, client}) {
                    s.setInt(1, id);
                    assertEquals(1, s.executeUpdate());
                }
                c.commit();
                return;
            } catch (SQLException e) {
                again(e);
                c.rollback();
            }
        }
    }

    private void autoCommitted(Connection c, PreparedStatement s, int id) throws SQLException {
        for (; ; ) {
            try {
                c.setAutoCommit(true);
                s.setInt(1, id);
                s.executeUpdate();
                return;
            } catch (SQLException e) {
                again(e);
            }
        }
    }

    private void again(SQLException e) throws SQLException {
        if (!"40001".equals(e.getSQLState())) {
            throw e;
        }
        retries.incrementAndGet();
    }
}
