package io.synod.engine.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.h2.mvstore.MVStore;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Sessions that count on one row and roll back more often than not, in every way there is, while the store writes chunks.
 * Without Synod's undo logs, twenty seconds of this lose hundreds of commits. The time can be set: {@code -Dsynod.seconds=60}.
 */
class ContendedCounterTest {
    private static final int WRITERS = 6;

    @TempDir
    private Path directory;

    private final MemoryGroup group = new MemoryGroup();
    private final AtomicBoolean done = new AtomicBoolean();

    /** Commits of one writer, and what it has undone. */
    private record Count(long commits, long rollbacks, long savepoints, long failures) {
        Count plus(Count other) {
            return new Count(
                    commits + other.commits,
                    rollbacks + other.rollbacks,
                    savepoints + other.savepoints,
                    failures + other.failures);
        }
    }

    @Test
    @Timeout(300)
    @Tag("long")
    void each_acknowledged_count_is_in_the_counter_whatever_others_roll_back() throws Exception {
        long seed = Long.getLong("synod.seed", System.nanoTime());
        long nanos = Integer.getInteger("synod.seconds", 20) * 1_000_000_000L;
        ExecutorService threads = Executors.newCachedThreadPool();
        try (TestNode node = new TestNode(group, "a", directory, new HashMap<>())) {
            node.lead();
            try (Connection c = node.connect();
                    Statement s = c.createStatement()) {
                s.execute("CREATE TABLE COUNTER(ID INT PRIMARY KEY, N BIGINT)");
                s.execute("INSERT INTO COUNTER VALUES(1, 0)");
                s.execute("CREATE TABLE T(ID BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, K INT, V VARCHAR(50))");
                s.execute("CREATE INDEX TK ON T(K)");
            }
            // In its own time H2 does this when the changes in memory have grown to some megabytes.
            MVStore chunks = node.database().h2().getStore().getMvStore();
            Future<?> store = threads.submit(() -> {
                while (!done.get()) {
                    chunks.commit();
                }
            });
            List<Future<Count>> writers = new ArrayList<>();
            long end = System.nanoTime() + nanos;
            for (int i = 0; i < WRITERS; i++) {
                Random random = new Random(seed + i);
                writers.add(threads.submit(() -> count(node, random, end)));
            }
            Count total = new Count(0, 0, 0, 0);
            for (Future<Count> writer : writers) {
                total = total.plus(writer.get());
            }
            done.set(true);
            store.get();
            try (Connection c = node.connect();
                    Statement s = c.createStatement();
                    ResultSet rows = s.executeQuery("SELECT N, (SELECT COUNT(*) FROM T) FROM COUNTER")) {
                assertTrue(rows.next());
                String context = total + ", seed " + seed;
                assertEquals(total.commits, rows.getLong(1), context);
                assertEquals(total.commits, rows.getLong(2), context);
                assertTrue(total.rollbacks > 0 && total.savepoints > 0 && total.failures > 0, context);
            }
        } finally {
            done.set(true);
            threads.shutdownNow();
        }
    }

    private static Count count(TestNode node, Random random, long end) throws SQLException {
        long commits = 0;
        long rollbacks = 0;
        long savepoints = 0;
        long failures = 0;
        try (Connection c = node.connect();
                Statement s = c.createStatement();
                PreparedStatement insert = c.prepareStatement("INSERT INTO T(K, V) VALUES(?, ?)");
                PreparedStatement update = c.prepareStatement("UPDATE COUNTER SET N = N + 1 WHERE ID = 1")) {
            s.execute("SET LOCK_TIMEOUT 20000");
            c.setAutoCommit(false);
            while (System.nanoTime() - end < 0) {
                insert.setInt(1, random.nextInt(100));
                insert.setString(2, "x" + random.nextInt());
                insert.executeUpdate();
                double dice = random.nextDouble();
                if (dice < 0.05) {
                    Savepoint savepoint = c.setSavepoint();
                    update.executeUpdate();
                    c.rollback(savepoint);
                    savepoints++;
                } else if (dice < 0.1) {
                    assertThrows(SQLException.class, () -> s.executeUpdate("INSERT INTO COUNTER VALUES(2, 0), (1, 0)"));
                    failures++;
                }
                update.executeUpdate();
                if (dice > 0.35) {
                    c.rollback();
                    rollbacks++;
                } else {
                    c.commit();
                    commits++;
                }
            }
        }
        return new Count(commits, rollbacks, savepoints, failures);
    }
}
