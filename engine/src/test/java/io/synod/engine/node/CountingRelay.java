package io.synod.engine.node;

import io.synod.engine.failover.Await;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.ObjIntConsumer;

/**
 * Passes connections on to a node's port, and counts how often sessions of H2's protocol wait for the node: once for each connect, also
 * one that says nothing, and once for each request, or several in one write, behind an answer. Peers and questions without a session
 * do not count.
 */
final class CountingRelay implements AutoCloseable {
    /** Larger than what is sent at once: one write is one portion. */
    private static final int PORTION = 1 << 16;

    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final int port;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final Set<Socket> sessions = ConcurrentHashMap.newKeySet();
    private final AtomicInteger trips = new AtomicInteger();
    private final Queue<String> said = new ConcurrentLinkedQueue<>();

    CountingRelay(int port) throws IOException {
        this.port = port;
        start(this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    int trips() {
        return trips.get();
    }

    /** What was said by whom, for a failure's message. */
    String said() {
        return String.join("\n", said);
    }

    private void note(Socket client, byte[] portion, int length) {
        // The texts in H2's protocol are UTF-16.
        String text = new String(portion, 0, length, StandardCharsets.ISO_8859_1).replaceAll("[^ -~]+", ".");
        said.add(client.getPort() + ": " + text.replaceAll("\\.(.)(?=\\.)", "$1"));
    }

    /** Cuts the connections of the sessions. Until whoever reads from one has noticed, something may still come through. */
    void cut() throws Exception {
        sessions.forEach(CountingRelay::close);
        Await.until("all are cut", sessions::isEmpty);
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                sockets.add(client);
                start(() -> pass(client));
            } catch (IOException e) {
                // The relay is closed.
                return;
            }
        }
    }

    private void pass(Socket client) {
        try (client;
                Socket server = new Socket()) {
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
            byte[] portion = new byte[PORTION];
            int length = client.getInputStream().read(portion);
            note(client, portion, Math.max(0, length));
            if (length < 0) {
                trips.incrementAndGet();
                return;
            }
            server.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            sockets.add(server);
            boolean session = isSession(portion, length);
            if (session) {
                sessions.add(client);
                trips.addAndGet(2);
            }
            AtomicBoolean answered = new AtomicBoolean();
            start(() -> {
                try (client;
                        server) {
                    pump(server, client, (answer, n) -> answered.set(true));
                } catch (IOException e) {
                    // One of the two has ended, and now both have.
                }
            });
            server.getOutputStream().write(portion, 0, length);
            pump(client, server, (request, n) -> {
                if (session) {
                    note(client, request, n);
                }
                if (answered.getAndSet(false) && session) {
                    trips.incrementAndGet();
                }
            });
        } catch (IOException e) {
            // One of the two has ended, and now both have.
        } finally {
            sockets.remove(client);
            sessions.remove(client);
        }
    }

    /** Versions, and the name of a database. */
    private static boolean isSession(byte[] portion, int length) {
        ByteBuffer greeting = ByteBuffer.wrap(portion, 0, length);
        return length > 3 * Integer.BYTES
                && greeting.getInt() < 100
                && greeting.getInt() < 100
                && greeting.getInt() > 0;
    }

    private static void pump(Socket from, Socket to, ObjIntConsumer<byte[]> before) throws IOException {
        byte[] portion = new byte[PORTION];
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream();
        for (int n; (n = in.read(portion)) >= 0; ) {
            before.accept(portion, n);
            out.write(portion, 0, n);
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void start(Runnable task) {
        Thread thread = new Thread(task, "counting-relay");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        sockets.forEach(CountingRelay::close);
    }
}
