package io.synod.engine.node;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/** Passes connections on to a port and can hold them: nothing is lost, nothing arrives, nobody is told. */
final class HoldingRelay implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final int port;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition released = lock.newCondition();
    private boolean held;
    private volatile long nanosPerPortion;

    HoldingRelay(int port) throws IOException {
        this.port = port;
        start(this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    void hold(boolean on) {
        lock.lock();
        try {
            held = on;
            released.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** From now on so much time for each 4 KiB, in either direction of each connection; 0 for none. */
    void slow(long nanos) {
        nanosPerPortion = nanos;
    }

    /** What is held is lost, with the connections on which it was sent. */
    void drop() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                Socket server = new Socket();
                sockets.add(client);
                sockets.add(server);
                join(client, server);
            } catch (IOException e) {
                // The relay is closed.
                return;
            }
        }
    }

    private void join(Socket client, Socket server) {
        try {
            server.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
        } catch (IOException e) {
            // The node is down: whoever connects sees the end of its connection, and tries again.
            close(client);
            close(server);
            return;
        }
        start(() -> pump(client, server));
        start(() -> pump(server, client));
    }

    private void pump(Socket from, Socket to) {
        byte[] portion = new byte[1 << 12];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int n; (n = in.read(portion)) >= 0; ) {
                pass();
                if (nanosPerPortion > 0) {
                    LockSupport.parkNanos(nanosPerPortion);
                }
                out.write(portion, 0, n);
                out.flush();
            }
        } catch (IOException | InterruptedException e) {
            // One of the two ended.
        } finally {
            close(from);
            close(to);
        }
    }

    private void pass() throws InterruptedException {
        lock.lock();
        try {
            while (held) {
                released.await();
            }
        } finally {
            lock.unlock();
        }
    }

    private void close(Socket socket) {
        sockets.remove(socket);
        try {
            socket.close();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void start(Runnable task) {
        Thread thread = new Thread(task, "holding-relay");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        hold(false);
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
