package io.synod.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicInteger;
import org.h2.engine.SessionRemote;
import org.h2.value.Transfer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Nodes that serve as many connections as they may. */
@Timeout(240)
class FullNodesTest {
    /** Refuses everybody, and counts. */
    private static final class FullNode implements AutoCloseable {
        private final ServerSocket listener = new ServerSocket(0);
        final AtomicInteger refused = new AtomicInteger();

        FullNode() throws IOException {
            Thread thread = new Thread(this::run, "full-node");
            thread.setDaemon(true);
            thread.start();
        }

        private void run() {
            while (!listener.isClosed()) {
                try (Socket socket = listener.accept()) {
                    // The driver looks first whether anybody listens.
                    if (socket.getInputStream().read() >= 0) {
                        refused.incrementAndGet();
                        Transfer transfer = new Transfer(null, socket);
                        transfer.init();
                        transfer.writeInt(SessionRemote.STATUS_ERROR)
                                .writeString("53300")
                                .writeString("full up, MAX_CONNECTIONS=7")
                                .writeString(null)
                                .writeInt(53_300)
                                .writeString("")
                                .flush();
                        socket.shutdownOutput();
                        socket.getInputStream().readAllBytes();
                    }
                } catch (IOException e) {
                    // The client is gone, or the test is over.
                }
            }
        }

        String address() {
            return "127.0.0.1:" + listener.getLocalPort();
        }

        @Override
        public void close() throws IOException {
            listener.close();
        }
    }

    @Test
    void first_connection_asks_each_node_once_and_tells_what_they_say() throws Exception {
        try (FullNode a = new FullNode();
                FullNode b = new FullNode()) {
            SQLException e = assertThrows(
                    SQLException.class,
                    () -> DriverManager.getConnection(
                            "jdbc:synod://" + a.address() + "," + b.address() + "/shop;CONNECT_TIMEOUT=60000",
                            "sa",
                            ""));
            assertEquals("53300", e.getSQLState());
            assertTrue(e.getMessage().contains("MAX_CONNECTIONS=7"), e.getMessage());
            assertEquals(1, a.refused.get());
            assertEquals(1, b.refused.get());
        }
    }

    @Test
    void session_whose_node_is_lost_asks_ever_less_often_and_then_tells() throws Exception {
        try (StockNode node = new StockNode();
                FullNode full = new FullNode()) {
            String url =
                    node.url(";FAILOVER_TIMEOUT=4000;CONNECT_TIMEOUT=60000").replace(node.b.endpoint(), full.address());
            try (Connection c = DriverManager.getConnection(url, "sa", "secret");
                    Statement s = c.createStatement()) {
                s.execute("SELECT 1");
                assertEquals(0, full.refused.get(), "the first node served");
                node.a.down();
                SQLException e;
                int before;
                do {
                    before = full.refused.get();
                    e = assertThrows(SQLException.class, () -> s.execute("SELECT 1"));
                    // The last attempt has a quarter of a second, which is not enough where all stands still.
                } while (e.getSQLState().equals("08001"));
                assertEquals("53300", e.getSQLState(), e.toString());
                // Pauses of 0.1 to 2 s; at those of an unreachable node it would be some forty.
                int attempts = full.refused.get() - before;
                assertTrue(attempts >= 2 && attempts <= 25, attempts + " attempts");
            }
        }
    }
}
