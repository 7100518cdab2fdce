package io.synod.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A node that has so much to do that it answers new connections late. */
@Timeout(240)
class BusyNodeTest {
    private static final int NAP_MILLIS = 6_000;

    /** Once it is busy, new connections get no answer; those that are open go on. */
    private static final class BusyNode implements AutoCloseable {
        private final ServerSocket listener = new ServerSocket(0);
        private final int port;
        private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
        final AtomicBoolean busy = new AtomicBoolean();
        final AtomicInteger unanswered = new AtomicInteger();

        BusyNode(int port) throws IOException {
            this.port = port;
            start(this::accept);
        }

        private void accept() {
            while (!listener.isClosed()) {
                try {
                    Socket client = listener.accept();
                    sockets.add(client);
                    if (busy.get()) {
                        unanswered.incrementAndGet();
                    } else {
                        Socket server = new Socket("127.0.0.1", port);
                        sockets.add(server);
                        client.setTcpNoDelay(true);
                        server.setTcpNoDelay(true);
                        start(() -> pump(client, server));
                        start(() -> pump(server, client));
                    }
                } catch (IOException e) {
                    // The test is over.
                }
            }
        }

        private static void pump(Socket from, Socket to) {
            try (from;
                    to) {
                from.getInputStream().transferTo(to.getOutputStream());
            } catch (IOException e) {
                // One of the two ended.
            }
        }

        private static void start(Runnable task) {
            Thread thread = new Thread(task, "busy-node");
            thread.setDaemon(true);
            thread.start();
        }

        String address() {
            return "127.0.0.1:" + listener.getLocalPort();
        }

        @Override
        public void close() throws IOException {
            listener.close();
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }

    private static int query(Connection c, String sql) throws SQLException {
        try (Statement s = c.createStatement();
                ResultSet rows = s.executeQuery(sql)) {
            rows.next();
            return rows.getInt(1);
        }
    }

    @Test
    void sessions_do_not_leave_a_node_that_answers_others_of_them() throws Exception {
        try (StockNode stock = new StockNode();
                BusyNode node = new BusyNode(Integer.parseInt(stock.a.endpoint().split(":")[1]))) {
            String url = "jdbc:synod://" + node.address()
                    + "/shop;IGNORE_UNKNOWN_SETTINGS=TRUE;CONNECT_TIMEOUT=60000;FAILOVER_TIMEOUT=3000";
            try (Connection slow = DriverManager.getConnection(url, "sa", "secret");
                    Connection quick = DriverManager.getConnection(url, "sa", "secret")) {
                try (Statement s = slow.createStatement()) {
                    s.execute("CREATE ALIAS NAP FOR '" + StockNode.class.getName() + ".nap'");
                }
                assertEquals(1, query(quick, "SELECT 1"));
                node.busy.set(true);
                CompletableFuture<Integer> nap = CompletableFuture.supplyAsync(() -> {
                    try {
                        return query(slow, "CALL NAP(" + NAP_MILLIS + ")");
                    } catch (SQLException e) {
                        throw new IllegalStateException(e);
                    }
                });
                while (!nap.isDone()) {
                    assertEquals(1, query(quick, "SELECT 1"));
                }
                assertEquals(NAP_MILLIS, nap.get());
                assertTrue(node.unanswered.get() > 0, "nobody asked whether it answers");
            }
        }
    }
}
