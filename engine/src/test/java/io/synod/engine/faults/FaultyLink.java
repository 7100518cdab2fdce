package io.synod.engine.faults;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * Passes the connections that one node makes to another on, and each direction can be held, delayed or broken. Over TCP a packet
 * that is lost is a delay, or the end of the connection and of all that was on its way.
 */
final class FaultyLink implements AutoCloseable {
    /** A tenth of the portions takes so many times longer: the tail is heavy. */
    private static final int TAIL = 10;

    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final int port;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    // Guarded by this.
    private final SplittableRandom random;
    private boolean forthHeld;
    private boolean backHeld;
    private int delayMillisMax;
    private int breaksPerThousand;
    private boolean closed;

    /** @param port of the node to which the connections go */
    FaultyLink(int port, SplittableRandom random) throws IOException {
        this.port = port;
        this.random = random;
        start(this::accept);
    }

    String address() {
        return "127.0.0.1:" + listener.getLocalPort();
    }

    /** What the node that connects sends. */
    synchronized void holdForth() {
        forthHeld = true;
    }

    /** What the node that it connected to sends. */
    synchronized void holdBack() {
        backHeld = true;
    }

    synchronized void hamper(int delayMillisMax, int breaksPerThousand) {
        this.delayMillisMax = delayMillisMax;
        this.breaksPerThousand = breaksPerThousand;
    }

    /** @param late whether what was held arrives now, or is lost with its connections */
    void heal(boolean late) throws IOException {
        if (!late) {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
        synchronized (this) {
            forthHeld = false;
            backHeld = false;
            delayMillisMax = 0;
            breaksPerThousand = 0;
            notifyAll();
        }
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                start(() -> join(client));
            } catch (IOException e) {
                return; // the link is closed
            }
        }
    }

    private void join(Socket client) {
        Socket server = new Socket();
        sockets.add(client);
        sockets.add(server);
        try {
            server.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
        } catch (IOException e) {
            end(client, server); // the node is down: whoever connects sees that
            return;
        }
        start(() -> pump(client, server, true));
        start(() -> pump(server, client, false));
    }

    private void pump(Socket from, Socket to, boolean forth) {
        byte[] portion = new byte[1 << 16];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int n; (n = in.read(portion)) >= 0 && passes(forth); ) {
                out.write(portion, 0, n);
            }
        } catch (IOException | InterruptedException e) {
            // One of the two ended.
        } finally {
            end(from, to);
        }
    }

    /** When a portion may go on; false when its connection breaks. */
    private synchronized boolean passes(boolean forth) throws InterruptedException {
        long delayMillis = 0;
        if (delayMillisMax > 0) {
            delayMillis = random.nextInt(delayMillisMax) * (random.nextInt(10) == 0 ? (long) TAIL : 1);
        }
        boolean breaks = random.nextInt(1000) < breaksPerThousand;
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(delayMillis);
        while (!closed) {
            long leftNanos = delayMillisMax > 0 ? end - System.nanoTime() : 0;
            if (forth ? forthHeld : backHeld) {
                wait();
            } else if (leftNanos > 0) {
                wait(Math.max(1, TimeUnit.NANOSECONDS.toMillis(leftNanos)));
            } else {
                break;
            }
        }
        return !breaks;
    }

    private void end(Socket one, Socket other) {
        sockets.remove(one);
        sockets.remove(other);
        try (one;
                other) {
            // Closed here.
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void start(Runnable task) {
        Thread thread = new Thread(task, "faulty-link");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        synchronized (this) {
            closed = true;
        }
        heal(false);
    }
}
