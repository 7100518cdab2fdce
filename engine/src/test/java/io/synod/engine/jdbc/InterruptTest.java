package io.synod.engine.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An application's threads commit, and so work in the files of log and database: interrupting them must do no harm. */
@Timeout(240)
class InterruptTest {
    private static final int WRITERS = 4;
    private static final int ENOUGH = 300;

    @TempDir
    private Path directory;

    private String url() {
        // A cache that holds nothing, so that reads go to the file.
        return "jdbc:synod:file:" + directory.resolve("shop") + ";CACHE_SIZE=0";
    }

    private Connection connect() throws SQLException {
        return DriverManager.getConnection(url(), "sa", "secret");
    }

    @Test
    void writers_that_are_interrupted_all_the_time_break_nothing_and_lose_nothing() throws Exception {
        Set<Long> acknowledged = ConcurrentHashMap.newKeySet();
        AtomicInteger attempts = new AtomicInteger();
        AtomicBoolean stop = new AtomicBoolean();
        List<Throwable> broken = new ArrayList<>();
        List<Thread> writers = new ArrayList<>();
        try (Connection c = connect();
                Statement setUp = c.createStatement()) {
            setUp.execute("CREATE TABLE t(id BIGINT PRIMARY KEY, x VARCHAR, y CLOB)");
            setUp.execute("CREATE TABLE filed AS SELECT x id, REPEAT('z', 500) z FROM SYSTEM_RANGE(1, 20000)");
        }
        // The node has stopped: from now on, the rows of "filed" are in the file and nowhere else.
        try (Connection keeper = connect()) {
            for (int w = 0; w < WRITERS; w++) {
                long first = w * 1_000_000L;
                Thread writer = new Thread(() -> write(first, acknowledged, attempts, stop, broken), "writer-" + w);
                writers.add(writer);
                writer.start();
            }
            while (acknowledged.size() < ENOUGH && writers.stream().anyMatch(Thread::isAlive)) {
                writers.forEach(Thread::interrupt);
                LockSupport.parkNanos(20_000);
            }
            stop.set(true);
            for (Thread writer : writers) {
                writer.join();
            }
            assertTrue(broken.isEmpty(), () -> "after " + attempts + " attempts: " + broken);
            check(keeper, acknowledged);
        }
        try (Connection again = connect()) {
            check(again, acknowledged);
        }
    }

    private void write(
            long first, Set<Long> acknowledged, AtomicInteger attempts, AtomicBoolean stop, List<Throwable> broken) {
        long id = first;
        try (Connection c = connect();
                PreparedStatement insert = c.prepareStatement("INSERT INTO t VALUES (?, ?, ?)");
                PreparedStatement read = c.prepareStatement("SELECT SUM(LENGTH(z)) FROM filed WHERE id > ?")) {
            while (!stop.get()) {
                id++;
                attempts.incrementAndGet();
                try {
                    insert.setLong(1, id);
                    insert.setString(2, "x".repeat(500));
                    insert.setString(3, "y".repeat(5_000));
                    insert.executeUpdate();
                    acknowledged.add(id);
                    if (id % 10 == 0) {
                        read.setLong(1, id % 20_000);
                        read.executeQuery().close();
                    }
                } catch (SQLException e) {
                    // A wait that was cut short; the transaction is gone, and said so.
                    if (!"HYT00".equals(e.getSQLState()) && !"40001".equals(e.getSQLState())) {
                        throw e;
                    }
                }
            }
        } catch (SQLException | RuntimeException e) {
            synchronized (broken) {
                broken.add(e);
            }
        }
    }

    private static void check(Connection c, Set<Long> acknowledged) throws SQLException {
        Set<Long> there = ConcurrentHashMap.newKeySet();
        try (Statement s = c.createStatement();
                ResultSet rows = s.executeQuery("SELECT id, LENGTH(x), LENGTH(y) FROM t")) {
            while (rows.next()) {
                there.add(rows.getLong(1));
                assertEquals(500, rows.getInt(2));
                assertEquals(5_000, rows.getInt(3));
            }
        }
        assertTrue(there.containsAll(acknowledged), "acknowledged and not there");
    }
}
