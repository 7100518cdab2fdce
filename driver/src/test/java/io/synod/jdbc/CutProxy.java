package io.synod.jdbc;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Stands before a server as the network does, and cuts connections at chosen moments. A request is one write,
 * or several are (the greeting with what follows it), and the answers are awaited before the next, so a portion that is read here is one request or the beginning of an answer.
 */
final class CutProxy implements AutoCloseable {
    private final ServerSocket listener;
    private final int target;
    private final Set<Socket> clients = ConcurrentHashMap.newKeySet();
    private final Set<Socket> servers = ConcurrentHashMap.newKeySet();
    private final AtomicInteger requestsUntilCut = new AtomicInteger(-1);
    private final AtomicInteger answersUntilCut = new AtomicInteger(-1);
    private final AtomicInteger cuts = new AtomicInteger();
    /** Of {@link #down}, and of the connections that are open: none is made that {@link #down()} does not cut. */
    private final Object opening = new Object();

    private volatile boolean down;
    private volatile boolean silent;
    /** {@code null} for none. */
    private volatile byte[] silentAt;

    private volatile Runnable whenSilent = () -> {};

    CutProxy(int target) throws IOException {
        this.target = target;
        this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        start(this::accept);
    }

    String endpoint() {
        return "127.0.0.1:" + listener.getLocalPort();
    }

    int cuts() {
        return cuts.get();
    }

    /** The n-th request from now on (0 is the next) does not reach the server. */
    void cutRequest(int n) {
        requestsUntilCut.set(n);
    }

    /** The n-th answer from now on (0 is the next) does not reach the client. */
    void cutAnswer(int n) {
        answersUntilCut.set(n);
    }

    /** As a killed process: open connections are reset, new ones closed at once. */
    void down() {
        synchronized (opening) {
            down = true;
            cutAll();
        }
    }

    /** As a paused process: connections stay open and are accepted, and nothing is ever answered. */
    void silent() {
        silent = true;
    }

    /** As {@link #silent}, from the request on that holds this text. */
    void silentAt(String text) {
        silentAt = text.getBytes(StandardCharsets.UTF_16BE);
    }

    /** Once more each time that it was {@link #awake} since. */
    void silentAt(String text, Runnable whenSilent) {
        this.whenSilent = whenSilent;
        silentAt(text);
    }

    /** Answers what comes from now on. */
    void awake() {
        silent = false;
    }

    private static boolean holds(byte[] portion, int length, byte[] text) {
        for (int at = 0; at + text.length <= length; at++) {
            if (Arrays.equals(portion, at, at + text.length, text, 0, text.length)) {
                return true;
            }
        }
        return false;
    }

    void up() {
        down = false;
    }

    void cutAll() {
        cuts.incrementAndGet();
        // First the clients: a stock server has something to say to one that it loses.
        clients.forEach(CutProxy::closeQuietly);
        clients.clear();
        servers.forEach(CutProxy::closeQuietly);
        servers.clear();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                open(listener.accept());
            } catch (IOException e) {
                if (!listener.isClosed()) {
                    throw new IllegalStateException(e);
                }
            }
        }
    }

    private void open(Socket client) throws IOException {
        synchronized (opening) {
            if (down) {
                client.close();
                return;
            }
            Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
            clients.add(client);
            servers.add(server);
            AtomicBoolean session = new AtomicBoolean();
            start(() -> pump(client, server, requestsUntilCut, session, true));
            start(() -> pump(server, client, answersUntilCut, session, false));
        }
    }

    /**
     * Whether a connection that begins so is one of a session: questions of the watchdog, who asks them when all stands still
     * for a second, and cancellations name no database.
     */
    private static boolean isOfSession(byte[] portion, int length) {
        return length >= 12 && ByteBuffer.wrap(portion).getInt(8) >= 0;
    }

    /**
     * @param session whether what passes counts
     * @param begins whether the first portion from there tells that
     */
    private void pump(Socket from, Socket to, AtomicInteger untilCut, AtomicBoolean session, boolean begins) {
        byte[] portion = new byte[1 << 16];
        boolean first = begins;
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int n; (n = in.read(portion)) >= 0; ) {
                if (first) {
                    first = false;
                    session.set(isOfSession(portion, n));
                }
                if (session.get() && untilCut.get() >= 0 && untilCut.getAndDecrement() == 0) {
                    cutAll();
                    return;
                }
                byte[] text = silentAt;
                if (!silent && text != null && holds(portion, n, text)) {
                    silent = true;
                    whenSilent.run();
                }
                if (silent) {
                    continue;
                }
                out.write(portion, 0, n);
                out.flush();
            }
        } catch (IOException e) {
            // One side was closed; so is the other.
        } finally {
            closeQuietly(from);
            closeQuietly(to);
        }
    }

    private static void start(Runnable task) {
        Thread thread = new Thread(task, "proxy");
        thread.setDaemon(true);
        thread.start();
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        cutAll();
    }
}
