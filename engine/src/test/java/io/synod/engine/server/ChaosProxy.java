package io.synod.engine.server;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** A network that cuts each connection after a random number of bytes, in whatever request or answer that is. */
final class ChaosProxy implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final int target;
    private final Random random;
    private final int bytesMax;
    private final AtomicInteger cuts = new AtomicInteger();

    ChaosProxy(int target, long seed, int bytesMax) throws IOException {
        this.target = target;
        this.random = new Random(seed);
        this.bytesMax = bytesMax;
        start(this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    int cuts() {
        return cuts.get();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
                AtomicLong left = new AtomicLong(1 + random.nextInt(bytesMax));
                start(() -> pump(client, server, left));
                start(() -> pump(server, client, left));
            } catch (IOException e) {
                if (!listener.isClosed()) {
                    throw new IllegalStateException(e);
                }
            }
        }
    }

    private void pump(Socket from, Socket to, AtomicLong left) {
        byte[] portion = new byte[1 << 16];
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int n; (n = in.read(portion)) >= 0; ) {
                long after = left.addAndGet(-n);
                out.write(portion, 0, after < 0 ? (int) Math.max(0, n + after) : n);
                out.flush();
                if (after < 0) {
                    cuts.incrementAndGet();
                    return;
                }
            }
        } catch (IOException e) {
            // The other direction was cut, and this one with it.
        }
    }

    private static void start(Runnable task) {
        Thread thread = new Thread(task, "chaos");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}
