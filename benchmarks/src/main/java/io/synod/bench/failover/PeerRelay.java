package io.synod.bench.failover;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Passes connections on to a port of the loopback address, and can be cut: then nothing arrives and nobody is told, as where a
 * cable is pulled. Connections that were open then, or were made meanwhile, end when it is mended. Thread-safe.
 */
final class PeerRelay implements AutoCloseable {
    private static final int PORTION = 1 << 16;

    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final int port;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    /** Guarded by this. */
    private boolean cut;

    PeerRelay(int port) throws IOException {
        this.port = port;
        start(this::accept);
    }

    String address() {
        return "127.0.0.1:" + listener.getLocalPort();
    }

    synchronized void cut() {
        cut = true;
    }

    void mend() {
        synchronized (this) {
            cut = false;
            notifyAll();
        }
        sockets.forEach(PeerRelay::close);
        sockets.clear();
    }

    private synchronized void pass() throws InterruptedException {
        while (cut) {
            wait();
        }
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket from = listener.accept();
                sockets.add(from);
                start(() -> join(from));
            } catch (IOException e) {
                // Closed.
                return;
            }
        }
    }

    private void join(Socket from) {
        Socket to = new Socket();
        try {
            pass();
            sockets.add(to);
            to.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            from.setTcpNoDelay(true);
            to.setTcpNoDelay(true);
            start(() -> pump(to, from));
            pump(from, to);
        } catch (IOException | InterruptedException e) {
            // The node is down: whoever connects sees the end of its connection, and tries again.
            end(from, to);
        }
    }

    private void pump(Socket from, Socket to) {
        byte[] portion = new byte[PORTION];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int n = in.read(portion); n >= 0; n = in.read(portion)) {
                pass();
                out.write(portion, 0, n);
            }
            // The end of a connection does not pass either.
            pass();
        } catch (IOException | InterruptedException e) {
            // One of the two ended.
        } finally {
            end(from, to);
        }
    }

    private void end(Socket from, Socket to) {
        sockets.remove(from);
        sockets.remove(to);
        close(from);
        close(to);
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void start(Runnable task) {
        Thread thread = new Thread(task, "peer-relay");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        mend();
    }
}
