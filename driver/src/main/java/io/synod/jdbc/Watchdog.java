package io.synod.jdbc;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.locks.LockSupport;
import org.h2.engine.Constants;
import org.h2.engine.SessionRemote;

/**
 * Notices nodes that went silent without closing their connections: paused, or cut off. TCP alone would let a client wait for
 * a quarter of an hour. While an answer is overdue its node is asked something harmless on a new connection; a node that does
 * not answer that either loses the connections that wait for it, and their sessions fail over. A slow statement on a node
 * that answers is left alone.
 *
 * <p>One daemon thread, {@code synod-driver-watchdog}, for all sessions of the JVM; it starts with the first remote session.
 */
final class Watchdog {
    private static final long TICK_NANOS = 250_000_000;
    private static final long OVERDUE_NANOS = 1_000_000_000;
    private static final int PROBE_MILLIS = 1_000;

    private static final Set<FailoverSession> SESSIONS = Collections.newSetFromMap(new WeakHashMap<>());
    private static Thread thread;

    private Watchdog() {}

    static void watch(FailoverSession session) {
        synchronized (SESSIONS) {
            SESSIONS.add(session);
            if (thread == null) {
                thread = new Thread(Watchdog::run, "synod-driver-watchdog");
                thread.setDaemon(true);
                thread.start();
            }
        }
    }

    static void forget(FailoverSession session) {
        synchronized (SESSIONS) {
            SESSIONS.remove(session);
        }
    }

    private static void run() {
        for (; ; ) {
            LockSupport.parkNanos(TICK_NANOS);
            Map<FailoverSession.Waiting, String> overdue = new HashMap<>();
            long now = System.nanoTime();
            synchronized (SESSIONS) {
                for (FailoverSession session : SESSIONS) {
                    FailoverSession.Waiting waiting = session.waiting();
                    if (waiting != null && now - waiting.sinceNanos() > OVERDUE_NANOS) {
                        overdue.put(waiting, session.endpoint());
                    }
                }
            }
            Map<String, Boolean> answers = new HashMap<>();
            overdue.forEach((waiting, endpoint) -> {
                if (!answers.computeIfAbsent(endpoint, Watchdog::answers)) {
                    RemoteInternals.sever(waiting.remote());
                }
            });
        }
    }

    /** Any answer to a question of H2's protocol will do. */
    private static boolean answers(String endpoint) {
        try (Socket socket = new Socket()) {
            socket.setSoTimeout(PROBE_MILLIS);
            socket.connect(new InetSocketAddress(HostPort.host(endpoint), HostPort.port(endpoint)), PROBE_MILLIS);
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            out.writeInt(Constants.TCP_PROTOCOL_VERSION_MIN_SUPPORTED);
            out.writeInt(Constants.TCP_PROTOCOL_VERSION_MAX_SUPPORTED);
            out.writeInt(-1);
            out.writeInt(-1);
            out.writeInt(0);
            out.writeInt(SessionRemote.SESSION_CHECK_KEY);
            out.flush();
            new DataInputStream(socket.getInputStream()).readInt();
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
