package io.synod.engine.jdbc;

import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** H2 bears 255 open transactions with changes: the next one gets an internal error there, and waits its turn here. */
@Timeout(240)
class ManyWritersTest {
    private static final int WRITERS = 400;
    private static final AtomicInteger DATABASES = new AtomicInteger();

    private static List<Connection> open(String url, int count) throws SQLException {
        List<Connection> connections = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            connections.add(DriverManager.getConnection(url, "sa", "secret"));
        }
        return connections;
    }

    /** Each begins a transaction and stays in it, until one cannot. */
    private static SQLException fill(List<Connection> connections) throws SQLException {
        run(connections.get(0), "CREATE TABLE t(id INT PRIMARY KEY)");
        for (Connection c : connections) {
            run(c, "SET LOCK_TIMEOUT 300");
        }
        int id = 0;
        for (Connection c : connections) {
            c.setAutoCommit(false);
            try {
                run(c, "INSERT INTO t VALUES (" + ++id + ")");
            } catch (SQLException e) {
                return e;
            }
        }
        return null;
    }

    @Test
    void stock_h2_fails_with_an_internal_error() throws Exception {
        List<Connection> connections = open("jdbc:h2:mem:writers", 300);
        SQLException e = fill(connections);
        assertTrue(e != null && e.getSQLState().equals("HY000"), String.valueOf(e));
        // Closing needs a transaction, too.
        for (Connection c : connections.subList(0, 100)) {
            c.rollback();
        }
        for (Connection c : connections) {
            c.close();
        }
    }

    @Test
    void one_too_many_waits_for_its_lock_timeout_and_may_try_again() throws Exception {
        List<Connection> connections = open("jdbc:synod:mem:writers" + DATABASES.incrementAndGet(), 300);
        SQLException e = fill(connections);
        assertTrue(e != null && e.getSQLState().equals("HYT00"), String.valueOf(e));
        assertTrue(e.getMessage().contains("writing transactions are open"), e.getMessage());
        Connection last = connections.get(connections.size() - 1);
        last.setAutoCommit(false);
        assertThrows(SQLException.class, () -> run(last, "INSERT INTO t VALUES (1000)"));
        connections.get(0).commit();
        run(last, "INSERT INTO t VALUES (1000)");
        last.commit();
        for (Connection c : connections) {
            c.close();
        }
    }

    @Test
    void four_hundred_threads_write_at_the_same_time() throws Exception {
        String url = "jdbc:synod:mem:writers" + DATABASES.incrementAndGet();
        List<Connection> connections = open(url, WRITERS);
        run(connections.get(0), "CREATE TABLE t(id INT PRIMARY KEY, x INT)");
        AtomicReference<Throwable> error = new AtomicReference<>();
        CountDownLatch begin = new CountDownLatch(1);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < WRITERS; i++) {
            Connection c = connections.get(i);
            int id = i;
            Thread thread = new Thread(() -> {
                try {
                    begin.await();
                    run(c, "SET LOCK_TIMEOUT 60000");
                    c.setAutoCommit(false);
                    run(c, "INSERT INTO t VALUES (" + id + ", 1)", "UPDATE t SET x = 2 WHERE id = " + id);
                    c.commit();
                } catch (SQLException | InterruptedException e) {
                    error.compareAndSet(null, e);
                }
            });
            threads.add(thread);
            thread.start();
        }
        begin.countDown();
        for (Thread thread : threads) {
            thread.join(TimeUnit.SECONDS.toMillis(90));
        }
        assertEquals(null, error.get());
        try (PreparedStatement s = connections.get(0).prepareStatement("SELECT COUNT(*), SUM(x) FROM t");
                ResultSet rows = s.executeQuery()) {
            rows.next();
            assertEquals(WRITERS, rows.getInt(1));
            assertEquals(2 * WRITERS, rows.getInt(2));
        }
        for (Connection c : connections) {
            c.close();
        }
    }

    @Test
    void three_hundred_readers_keep_their_snapshots_beside_writers() throws Exception {
        List<Connection> connections = open("jdbc:synod:mem:writers" + DATABASES.incrementAndGet(), 300);
        run(connections.get(0), "CREATE TABLE t(id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)");
        for (Connection c : connections) {
            c.setReadOnly(true);
            c.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            c.setAutoCommit(false);
            try (Statement s = c.createStatement();
                    ResultSet rows = s.executeQuery("SELECT COUNT(*) FROM t")) {
                rows.next();
                assertEquals(1, rows.getInt(1));
            }
        }
        for (Connection c : connections) {
            c.close();
        }
    }
}
