package io.synod.transport;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.SequenceInputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes connections on the peer port, looks at their first bytes and passes them on, or drops them with one log line. */
final class PeerAcceptor {
    private static final Logger LOG = LoggerFactory.getLogger(PeerAcceptor.class);

    /** Connections that have not said yet what they are. */
    private static final int UNKNOWN_MAX = 64;

    private static final long DROP_LOG_NANOS = 10_000_000_000L;

    private final ServerSocket listener;
    private final PeerConnections connections;
    private final Map<Integer, Peer> peers;
    private final ForeignProtocol foreign;
    private final Semaphore unknown = new Semaphore(UNKNOWN_MAX);
    private final RateLimitedLog drops;

    PeerAcceptor(
            ServerSocket listener, PeerConnections connections, Map<Integer, Peer> peers, ForeignProtocol foreign) {
        this.listener = listener;
        this.connections = connections;
        this.peers = peers;
        this.foreign = foreign;
        this.drops = new RateLimitedLog(DROP_LOG_NANOS, connections.nanoClock());
    }

    void start() {
        connections.spawn("synod-peer-accept", this::acceptForEver);
    }

    private void acceptForEver() {
        while (!connections.isClosed()) {
            Socket socket;
            try {
                socket = listener.accept();
            } catch (IOException e) {
                if (listener.isClosed()) {
                    return;
                }
                // Such as "too many open files": others close some.
                LOG.warn("accepting on {} failed: {}", listener.getLocalSocketAddress(), e.toString());
                java.util.concurrent.locks.LockSupport.parkNanos(100_000_000L);
                continue;
            }
            if (!unknown.tryAcquire()) {
                drop(socket, "more than " + UNKNOWN_MAX + " connections that have not said what they are");
                PeerConnections.closeQuietly(socket);
                continue;
            }
            connections.spawn("synod-peer-handshake", () -> handle(socket));
        }
    }

    private void handle(Socket socket) {
        connections.track(socket);
        boolean keep = false;
        Permit permit = new Permit();
        try {
            connections.prepare(socket);
            HandshakeInput in = connections.handshakeInput(socket);
            byte[] first = in.readNBytes(4);
            if (first.length == 4 && WireInput.intAt(first, 0) == FrameCodec.MAGIC) {
                if (connections.isQuiet()) {
                    // It dials again.
                    return;
                }
                connections.welcome(socket, in, first, peers, permit);
            } else if (foreign != null && first.length == 4) {
                permit.release();
                socket.setSoTimeout(0);
                connections.untrack(socket);
                keep = serveForeign(socket, first);
            } else if (first.length == 0) {
                // Somebody who only looks whether the port is open.
                LOG.debug("a connection from {} was closed without a word", socket.getRemoteSocketAddress());
            } else {
                drop(
                        socket,
                        "not a peer, its first bytes are '" + HexFormat.of().formatHex(first) + "'");
            }
        } catch (SocketTimeoutException e) {
            drop(socket, "it did not say in time what it is");
        } catch (IOException e) {
            drop(socket, e.getMessage());
        } finally {
            permit.release();
            connections.untrack(socket);
            if (!keep) {
                PeerConnections.closeQuietly(socket);
            }
        }
    }

    private boolean serveForeign(Socket socket, byte[] first) {
        try {
            return foreign.serve(
                    socket, new SequenceInputStream(new ByteArrayInputStream(first), socket.getInputStream()));
        } catch (IOException e) {
            LOG.debug("connection from {} ended: {}", socket.getRemoteSocketAddress(), e.toString());
            return false;
        }
    }

    private void drop(Socket socket, String why) {
        if (!connections.isClosed()
                && drops.allows(PeerConnections.remote(socket).getAddress().getHostAddress())) {
            LOG.warn("dropped a connection from {}: {}", socket.getRemoteSocketAddress(), why);
        }
    }

    /** One place among the unknown, given back once. */
    final class Permit {
        private boolean held = true;

        void release() {
            if (held) {
                held = false;
                unknown.release();
            }
        }
    }
}
