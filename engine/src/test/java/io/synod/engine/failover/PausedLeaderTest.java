package io.synod.engine.failover;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.Sql;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
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

/**
 * A leader that stands still (SIGSTOP) while another is elected, and goes on as if nothing had happened. The clients here are
 * stock H2 clients: they neither notice the pause nor go elsewhere, so every answer is the old leader's own.
 */
@Tag("long")
@Tag("process")
@Timeout(240)
class PausedLeaderTest {
    private static final Logger LOG = LoggerFactory.getLogger(PausedLeaderTest.class);
    private static final int ROUNDS = 4;
    private static final int READERS = 4;
    private static final int WRITERS = 3;
    private static final String LOST = "40001";

    @TempDir
    private Path directory;

    private final ExecutorService threads = Executors.newCachedThreadPool();

    @Test
    void a_paused_leader_answers_neither_with_what_is_old_nor_with_what_is_not_so() throws Exception {
        try (TestCluster cluster = TestCluster.withDefaults(directory)) {
            try (Connection c = TestCluster.connect(cluster.url())) {
                Sql.untilDone(
                        c,
                        "CREATE TABLE register(id INT PRIMARY KEY, x INT)",
                        "INSERT INTO register VALUES (1, 0)",
                        "CREATE TABLE entry(round INT, client INT, n INT)");
            }
            try {
                for (int round = 1; round <= ROUNDS; round++) {
                    while (!round(cluster, round)) {
                        LOG.info("round {} once more: leadership moved before the pause", round);
                    }
                }
                cluster.assertMembersEqual();
            } catch (Exception | AssertionError e) {
                cluster.addStoryTo(e);
                throw e;
            }
        } finally {
            threads.shutdownNow();
        }
    }

    /** @return false when another node led before the pause: then nothing was shown */
    private boolean round(TestCluster cluster, int round) throws Exception {
        String old = cluster.awaitLeader();
        List<Connection> connections = new ArrayList<>();
        try {
            for (int i = 0; i < READERS + WRITERS + 3; i++) {
                connections.add(TestCluster.connect(cluster.h2Url(old)));
            }
            List<Connection> readers = connections.subList(0, READERS);
            for (Connection reader : readers) {
                // The last read before the pause: the leader has a lease now.
                assertEquals(round - 1, register(reader));
            }
            Busy busy = new Busy(round, connections.subList(READERS, READERS + WRITERS));
            busy.awaitProgress();
            Connection late = connections.get(READERS + WRITERS);
            late.setAutoCommit(false);
            Connection locker = connections.get(READERS + WRITERS + 1);
            locker.setAutoCommit(false);
            Connection updater = connections.get(READERS + WRITERS + 2);
            boolean leads;
            try {
                Sql.run(late, "INSERT INTO entry VALUES (" + round + ", 99, 0)");
                assertEquals(round - 1, Sql.number(locker, "SELECT x FROM register WHERE id = 1 FOR UPDATE"));
                leads = cluster.awaitLeader().equals(old);
            } catch (SQLException e) {
                assertEquals(LOST, e.getSQLState(), e.toString());
                leads = false;
            }
            if (!leads) {
                busy.stop();
                late.rollback();
                locker.rollback();
                Sql.untilDone(updater, "DELETE FROM entry WHERE round = " + round);
                return false;
            }

            cluster.node(old).pause();
            List<Future<String>> reads = new ArrayList<>();
            Future<String> commit;
            Future<String> unlock;
            Future<String> update;
            try {
                CountDownLatch started = new CountDownLatch(3 + READERS);
                unlock = started(started, () -> {
                    locker.commit();
                    return "held the lock";
                });
                commit = started(started, () -> {
                    late.commit();
                    return "committed";
                });
                String next = cluster.awaitLeader(old);
                try (Connection c = TestCluster.connect(cluster.url(next))) {
                    Sql.untilDone(c, "UPDATE register SET x = " + round);
                    assertEquals(round, register(c));
                }
                LOG.info("round {}: {} paused, {} leads", round, old, next);
                // Requests that the old leader finds when it goes on, and that were made after the write was
                // acknowledged.
                for (Connection reader : readers) {
                    reads.add(started(started, () -> String.valueOf(register(reader))));
                }
                update = started(started, () -> "changed " + changed(updater, round));
                started.await();
            } finally {
                cluster.node(old).resume();
            }
            for (Connection reader : readers) {
                reads.add(started(new CountDownLatch(1), () -> String.valueOf(register(reader))));
            }
            for (Future<String> read : reads) {
                String answer = read.get(Await.LIMIT.toSeconds(), TimeUnit.SECONDS);
                assertTrue(
                        answer.equals(String.valueOf(round)) || answer.equals(LOST),
                        "round " + round + ": a read at the old leader gave " + answer);
            }
            assertEquals(
                    LOST, unlock.get(Await.LIMIT.toSeconds(), TimeUnit.SECONDS), "the row was another's meanwhile");
            String counted = update.get(Await.LIMIT.toSeconds(), TimeUnit.SECONDS);
            assertTrue(counted.equals("changed 1") || counted.equals(LOST), "round " + round + ": " + counted);
            String outcome = commit.get(Await.LIMIT.toSeconds(), TimeUnit.SECONDS);
            assertTrue(outcome.equals("committed") || outcome.equals(LOST), outcome);
            Map<Integer, Integer> acknowledged = busy.stop();
            try (Connection c = TestCluster.connect(cluster.url())) {
                String of = "SELECT COUNT(*) FROM entry WHERE round = " + round + " AND client = ";
                assertEquals(outcome.equals("committed") ? 1 : 0, Sql.number(c, of + 99), outcome);
                for (Map.Entry<Integer, Integer> client : acknowledged.entrySet()) {
                    assertEquals(
                            client.getValue().longValue(),
                            Sql.number(c, of + client.getKey()),
                            "rows of client " + client.getKey() + " in round " + round);
                }
            }
            LOG.info("round {}: the open transaction {}, others {}", round, outcome, acknowledged);
            return true;
        } finally {
            for (Connection c : connections) {
                c.close();
            }
        }
    }

    private Future<String> started(CountDownLatch sent, Callable<String> call) {
        return threads.submit(() -> {
            sent.countDown();
            try {
                return call.call();
            } catch (SQLException e) {
                if (!LOST.equals(e.getSQLState())) {
                    throw e;
                }
                return LOST;
            }
        });
    }

    /** How many rows an update finds that needs the new value. */
    private static int changed(Connection c, int value) throws SQLException {
        try (Statement s = c.createStatement()) {
            return s.executeUpdate("UPDATE register SET x = x WHERE x = " + value);
        }
    }

    private static int register(Connection c) throws SQLException {
        try (PreparedStatement s = c.prepareStatement("SELECT x FROM register WHERE id = 1");
                ResultSet rows = s.executeQuery()) {
            assertTrue(rows.next());
            return rows.getInt(1);
        }
    }

    /** Clients of which some commit is always under way; what got 40001 is run again. */
    private final class Busy {
        private final Map<Integer, Future<Integer>> running = new TreeMap<>();
        private final AtomicInteger all = new AtomicInteger();
        private volatile boolean stopping;

        Busy(int round, List<Connection> connections) {
            for (int client = 0; client < connections.size(); client++) {
                Connection c = connections.get(client);
                String row = "INSERT INTO entry VALUES (" + round + ", " + client + ", ?)";
                running.put(client, threads.submit(() -> insert(c, row)));
            }
        }

        private int insert(Connection c, String row) throws SQLException {
            int n = 0;
            try (PreparedStatement s = c.prepareStatement(row)) {
                while (!stopping) {
                    s.setInt(1, n);
                    try {
                        s.executeUpdate();
                        n++;
                        all.incrementAndGet();
                    } catch (SQLException e) {
                        if (!LOST.equals(e.getSQLState())) {
                            throw e;
                        }
                    }
                }
            }
            return n;
        }

        void awaitProgress() throws Exception {
            Await.until("20 rows", () -> all.get() >= 20);
        }

        Map<Integer, Integer> stop() throws Exception {
            stopping = true;
            Map<Integer, Integer> acknowledged = new TreeMap<>();
            for (Map.Entry<Integer, Future<Integer>> client : running.entrySet()) {
                acknowledged.put(client.getKey(), client.getValue().get(Await.LIMIT.toSeconds(), TimeUnit.SECONDS));
            }
            return acknowledged;
        }
    }
}
