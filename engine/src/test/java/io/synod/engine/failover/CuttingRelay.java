package io.synod.engine.failover;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Passes connections on to a node and cuts each after a random number of bytes: of the requests, so that the node may have got
 * half of one, or of the answers, so that the node did what was asked and the client does not know. The node may be down.
 */
final class CuttingRelay implements AutoCloseable {
    private static final int NEVER = Integer.MAX_VALUE;

    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final InetSocketAddress node;
    private final int bytesMax;
    private final AtomicInteger cutRequests = new AtomicInteger();
    private final AtomicInteger cutAnswers = new AtomicInteger();

    // Used by the accepting thread only.
    private final SplittableRandom random;

    private volatile boolean cutting = true;

    /** @param node {@code host:port} */
    CuttingRelay(String node, long seed, int bytesMax) throws IOException {
        int colon = node.lastIndexOf(':');
        this.node = new InetSocketAddress(node.substring(0, colon), Integer.parseInt(node.substring(colon + 1)));
        this.random = new SplittableRandom(seed);
        this.bytesMax = bytesMax;
        start(this::accept);
    }

    String address() {
        return "127.0.0.1:" + listener.getLocalPort();
    }

    int cutRequests() {
        return cutRequests.get();
    }

    int cutAnswers() {
        return cutAnswers.get();
    }

    /** Connections live from now on. */
    void stopCutting() {
        cutting = false;
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                boolean answers = random.nextBoolean();
                int bytes = 1 + random.nextInt(bytesMax);
                boolean reset = random.nextBoolean();
                start(() -> relay(client, answers, bytes, reset));
            } catch (IOException e) {
                if (!listener.isClosed()) {
                    throw new IllegalStateException(e);
                }
            }
        }
    }

    private void relay(Socket client, boolean answers, int bytes, boolean reset) {
        Socket server = new Socket();
        try {
            server.connect(node);
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
            if (reset) {
                // Closing sends RST: what the other side had not read yet is gone.
                client.setSoLinger(true, 0);
                server.setSoLinger(true, 0);
            }
            start(() -> pump(client, server, answers ? NEVER : bytes, cutRequests));
            pump(server, client, answers ? bytes : NEVER, cutAnswers);
        } catch (IOException e) {
            close(client);
            close(server);
        }
    }

    private void pump(Socket from, Socket to, int bytes, AtomicInteger cuts) {
        byte[] portion = new byte[1 << 16];
        long left = bytes;
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int n; (n = in.read(portion)) >= 0; ) {
                boolean cut = cutting && n >= left;
                out.write(portion, 0, cut ? (int) left : n);
                out.flush();
                left -= n;
                if (cut) {
                    cuts.incrementAndGet();
                    return;
                }
            }
        } catch (IOException e) {
            // One of the two ended, or the other direction was cut.
        } finally {
            close(from);
            close(to);
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
        Thread thread = new Thread(task, "relay");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}
