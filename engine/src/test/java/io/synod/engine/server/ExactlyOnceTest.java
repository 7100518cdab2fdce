package io.synod.engine.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Clients insert rows through connections that are cut all the time, and run again what failed with 40001. A row that is
 * missing was acknowledged and lost; a duplicate key is a row whose commit was denied.
 */
@Timeout(240)
class ExactlyOnceTest {
    private static final int CLIENTS = 4;
    private static final int TRANSACTIONS = 60;

    @Test
    void every_row_is_there_once_whatever_moment_the_connection_is_cut() throws Exception {
        long seed = Long.getLong("seed", System.nanoTime());
        ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
        try (PlainNode node = new PlainNode();
                ChaosProxy a = new ChaosProxy(node.serve(100).port(), seed, 12_000);
                ChaosProxy b = new ChaosProxy(node.serve(100).port(), seed + 1, 12_000)) {
            String url = "jdbc:synod://127.0.0.1:" + a.port() + ",127.0.0.1:" + b.port() + "/shop";
            List<Future<?>> running = new ArrayList<>();
            for (int client = 0; client < CLIENTS; client++) {
                long first = client * 1_000_000L;
                running.add(clients.submit(() -> insert(url, first)));
            }
            for (Future<?> one : running) {
                one.get();
            }
            assertEquals(CLIENTS * TRANSACTIONS * 3, node.count("SELECT COUNT(*) FROM ITEM"), "seed " + seed);
            assertTrue(a.cuts() + b.cuts() > CLIENTS, "nothing was cut, seed " + seed);
        } catch (Exception e) {
            throw new AssertionError("seed " + seed, e);
        } finally {
            clients.shutdownNow();
        }
    }

    private static Void insert(String url, long first) throws SQLException {
        try (Connection c = connect(url);
                PreparedStatement p = prepared(c)) {
            long id = first;
            for (int i = 0; i < TRANSACTIONS; i++) {
                boolean autoCommit = i % 3 != 0;
                c.setAutoCommit(autoCommit);
                for (int row = 0; row < (autoCommit ? 3 : 1); row++) {
                    retried(c, p, id, autoCommit);
                    id += autoCommit ? 1 : 3;
                }
            }
        }
        return null;
    }

    /** One row in auto-commit mode, three in a transaction. */
    private static void retried(Connection c, PreparedStatement p, long id, boolean autoCommit) throws SQLException {
        for (; ; ) {
            try {
                for (long i = id; i < id + (autoCommit ? 1 : 3); i++) {
                    p.setLong(1, i);
                    p.executeUpdate();
                }
                if (!autoCommit) {
                    c.commit();
                }
                return;
            } catch (SQLException e) {
                if (!"40001".equals(e.getSQLState())) {
                    throw e;
                }
                if (!autoCommit) {
                    c.rollback();
                }
            }
        }
    }

    /** What is cut three times one after the other is given up, this too. */
    private static PreparedStatement prepared(Connection c) throws SQLException {
        for (; ; ) {
            try {
                return c.prepareStatement("INSERT INTO ITEM VALUES (?, 'x')");
            } catch (SQLException e) {
                if (!"40001".equals(e.getSQLState())) {
                    throw e;
                }
            }
        }
    }

    /** The first connection is cut as well: a pool would try again. */
    private static Connection connect(String url) throws SQLException {
        SQLException last = null;
        for (int i = 0; i < 50; i++) {
            try {
                return DriverManager.getConnection(url, "sa", "secret");
            } catch (SQLException e) {
                last = e;
            }
        }
        throw last;
    }
}
