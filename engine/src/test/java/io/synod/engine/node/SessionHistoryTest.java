package io.synod.engine.node;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static io.synod.engine.node.LaggingCluster.connect;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Sessions on all nodes write and read a register that only grows while the leader is lost in the middle. Its value tells the
 * order of the writes, so each read can be judged by itself: a linearizable one shows at least what had been acknowledged, or
 * shown by another linearizable one, before it began; one at SESSION at least what its own session wrote or was shown.
 */
@Tag("long")
@Timeout(240)
class SessionHistoryTest {
    private static final int READS_MIN = 150;
    /** No client is told that it took too long: some reads wait for the next leader. */
    private static final int PATIENCE_MILLIS = 60_000;

    private static final String READ = "SELECT N FROM R";

    @TempDir
    private Path directory;

    /** The greatest value that a linearizable read has shown. */
    private final AtomicLong shown = new AtomicLong();

    private final AtomicLong writes = new AtomicLong();

    @Test
    void reads_keep_their_level_through_a_lost_leader() throws Exception {
        long seed = Long.getLong("synod.seed", System.nanoTime() & 0xffff);
        System.err.println("seed " + seed);
        SplittableRandom random = new SplittableRandom(seed);
        try (LaggingCluster cluster = new LaggingCluster(directory, PATIENCE_MILLIS)) {
            try (Connection c = connect(cluster.url(cluster.awaitLeader()))) {
                run(c, "CREATE TABLE R(N BIGINT)", "INSERT INTO R VALUES (0)");
            }
            String leader = cluster.awaitLeader();
            List<String> urls = new ArrayList<>();
            for (String target : List.of("ANY", "LEADER")) {
                urls.add(cluster.remoteUrl("a", "b", "c") + ";TARGET=" + target);
                urls.add(cluster.remoteUrl("b", "c", "a") + ";TARGET=" + target);
                urls.add(cluster.remoteUrl("c", "a", "b") + ";TARGET=" + target);
            }
            ExecutorService clients = Executors.newFixedThreadPool(urls.size());
            AtomicBoolean over = new AtomicBoolean();
            List<Future<Integer>> done = new ArrayList<>();
            for (String url : urls) {
                SplittableRandom own = random.split();
                done.add(clients.submit(() -> client(url, own, over)));
            }
            try {
                awaitWrites(100);
                cluster.stop(leader);
                long atLoss = writes.get();
                awaitWrites(atLoss + 100);
                cluster.start(leader);
                awaitWrites(atLoss + 200);
            } finally {
                over.set(true);
                clients.shutdown();
            }
            int reads = 0;
            for (Future<Integer> each : done) {
                reads += each.get();
            }
            assertTrue(reads > READS_MIN, "reads " + reads);
            try (Connection c = connect(cluster.url(cluster.awaitLeader()))) {
                assertEquals(writes.get(), number(c, READ), "each acknowledged write counts once");
            }
        }
    }

    private void awaitWrites(long count) {
        while (writes.get() < count) {
            LockSupport.parkNanos(1_000_000);
        }
    }

    private int client(String url, SplittableRandom random, AtomicBoolean over) throws SQLException {
        int reads = 0;
        long own = 0;
        try (Connection c = connect(url)) {
            while (!over.get()) {
                switch (random.nextInt(4)) {
                    case 0 -> {
                        own = Math.max(own, write(c, own));
                    }
                    case 1 -> {
                        // Each acknowledged write counts one.
                        long before = Math.max(shown.get(), writes.get());
                        long n = number(c, "/*+ READ(LINEARIZABLE) */ " + READ);
                        assertTrue(n >= before, "linearizable read of " + n + " after " + before);
                        shown.accumulateAndGet(n, Math::max);
                        own = Math.max(own, n);
                        reads++;
                    }
                    case 2 -> {
                        long n = number(c, "/*+ READ(SESSION) */ " + READ);
                        assertTrue(n >= own, "session read of " + n + " after " + own);
                        own = n;
                        reads++;
                    }
                    default -> {
                        long n = number(c, "/*+ READ(BOUNDED, 0) */ " + READ);
                        assertTrue(n >= own, "bounded read of " + n + " after " + own);
                        own = n;
                        reads++;
                    }
                }
            }
        }
        return reads;
    }

    private long write(Connection c, long own) throws SQLException {
        try {
            run(c, "UPDATE R SET N = N + 1");
        } catch (SQLException e) {
            // It surely did not happen; anything else fails the test.
            assertEquals("40001", e.getSQLState(), e.toString());
            return own;
        }
        writes.incrementAndGet();
        return own + 1;
    }
}
