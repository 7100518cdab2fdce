package io.synod.transport;

import io.synod.transport.Transport.Receiver;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes connections to peers, by dialling or from accepted sockets, and reads them until they break. */
final class PeerConnections {
    private static final Logger LOG = LoggerFactory.getLogger(PeerConnections.class);

    private static final int CONNECT_MILLIS = 1_000;
    private static final int HANDSHAKE_MILLIS = 3_000;
    /** A control connection is never silent for longer; see {@link #SILENCE_LIMIT}. */
    private static final int KEEPALIVE_MILLIS = 500;
    /** So many keep-alive intervals without a byte mean that the other side is gone without a reset. */
    private static final int SILENCE_LIMIT = 6;

    private static final long BACKOFF_MIN_MILLIS = 20;
    private static final long BACKOFF_MAX_MILLIS = 1_000;
    private static final long REFUSAL_LOG_NANOS = 60_000_000_000L;

    private final Handshake handshake;
    private final LongSupplier nanoClock;
    private final RandomGenerator random;
    private final RateLimitedLog refusals;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
    /** Sockets that have no lane yet. */
    private final Set<Socket> fresh = ConcurrentHashMap.newKeySet();

    private volatile Receiver receiver;
    private volatile boolean quiet;

    PeerConnections(Handshake handshake, LongSupplier nanoClock, RandomGenerator random) {
        this.handshake = handshake;
        this.nanoClock = nanoClock;
        this.random = random;
        this.refusals = new RateLimitedLog(REFUSAL_LOG_NANOS, nanoClock);
    }

    void start(Receiver to) {
        receiver = to;
    }

    void quiet(boolean on) {
        quiet = on;
    }

    /** Whether peers are not to be talked to yet. */
    boolean isQuiet() {
        return quiet;
    }

    boolean isClosed() {
        return closed.getCount() == 0;
    }

    LongSupplier nanoClock() {
        return nanoClock;
    }

    /** Runs this on a thread of its own that {@link #join} waits for. */
    void spawn(String name, Runnable body) {
        Thread thread = new Thread(
                () -> {
                    try {
                        body.run();
                    } catch (RuntimeException | Error e) {
                        LOG.error("{} ended by an error", name, e);
                    } finally {
                        threads.remove(Thread.currentThread());
                    }
                },
                name);
        thread.setDaemon(true);
        threads.add(thread);
        thread.start();
    }

    void close() {
        closed.countDown();
        fresh.forEach(PeerConnections::closeQuietly);
    }

    void join(long millis) {
        EndingThreads.join(threads, TimeUnit.MILLISECONDS.toNanos(millis));
    }

    void dial(Peer peer, Hello.Kind kind) {
        spawn(threadName(peer, kind), () -> dialForEver(peer, kind));
    }

    static String threadName(Peer peer, Hello.Kind kind) {
        return "synod-peer-" + peer.member.name() + "-" + kind.label();
    }

    private void dialForEver(Peer peer, Hello.Kind kind) {
        long backoff = BACKOFF_MIN_MILLIS;
        int attempt = 0;
        while (!isClosed() && !peer.isRemoved()) {
            String address = peer.address(attempt++);
            try (Socket socket = new Socket()) {
                fresh.add(socket);
                prepare(socket);
                socket.connect(SocketTransport.parse(address), CONNECT_MILLIS);
                FrameReader reader = new FrameReader(socket.getInputStream(), new byte[0]);
                Hello theirs = greet(socket, reader, peer, address, kind);
                if (theirs != null) {
                    backoff = BACKOFF_MIN_MILLIS;
                    attempt--;
                    serve(socket, reader, peer, kind, theirs.incarnation());
                } else {
                    backoff = BACKOFF_MAX_MILLIS;
                }
                fresh.remove(socket);
            } catch (IOException e) {
                LOG.debug("{}: {}", threadName(peer, kind), e.toString());
                down(peer);
            } catch (RuntimeException | Error e) {
                // Nobody else would ever dial this peer again.
                LOG.error("{}: the connection ended by an error, and is made again", threadName(peer, kind), e);
            }
            fresh.removeIf(Socket::isClosed);
            if (pause(backoff / 2 + random.nextLong(backoff / 2 + 1))) {
                return;
            }
            backoff = Math.min(backoff * 2, BACKOFF_MAX_MILLIS);
        }
    }

    /** @return true when it is time to end */
    private boolean pause(long millis) {
        try {
            return closed.await(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            LOG.debug("{} interrupted: it ends", Thread.currentThread().getName());
            return true;
        }
    }

    void prepare(Socket socket) throws IOException {
        socket.setTcpNoDelay(true);
        socket.setSendBufferSize(Lane.SEND_BUFFER_BYTES);
        socket.setSoTimeout(HANDSHAKE_MILLIS);
    }

    HandshakeInput handshakeInput(Socket socket) throws IOException {
        return new HandshakeInput(socket, HANDSHAKE_MILLIS, nanoClock);
    }

    /** @return what the other side said; {@code null} where one of the two refuses */
    private Hello greet(Socket socket, FrameReader reader, Peer peer, String address, Hello.Kind kind)
            throws IOException {
        sendHello(socket, kind);
        Frame answer = reader.next(FrameCodec.MAX_HANDSHAKE_BYTES);
        if (answer.type() == FrameCodec.REFUSED) {
            logRefusal(
                    peer.member.name() + " at " + socket.getRemoteSocketAddress(),
                    "refused us",
                    answer.body().getText());
            return null;
        }
        if (answer.type() != FrameCodec.HELLO) {
            throw new MalformedFrameException("frame type " + answer.type() + " as an answer to a hello");
        }
        Hello theirs = Hello.decode(answer.body());
        String refusal = handshake.refusal(theirs);
        if (refusal == null && !theirs.name().equals(peer.member.name())) {
            refusal = String.format(
                    "address %s is node %s's, not node %s's: correct the list of peers",
                    address, theirs.name(), peer.member.name());
        }
        if (refusal == null && theirs.slot() != peer.member.slot()) {
            // Another directory took its place; that one is a peer of its own.
            LOG.debug("{}: it has slot {} by now", threadName(peer, kind), theirs.slot());
            return null;
        }
        if (refusal != null) {
            refuse(socket, refusal);
            return null;
        }
        peer.clientAddress(theirs.clientAddress());
        return theirs;
    }

    /** The accepting side of the handshake; reads the connection until it ends. */
    void welcome(Socket socket, HandshakeInput in, byte[] taken, Map<Integer, Peer> peers, PeerAcceptor.Permit permit)
            throws IOException {
        FrameReader reader = new FrameReader(in, taken);
        Frame first = reader.next(FrameCodec.MAX_HANDSHAKE_BYTES);
        if (first.type() != FrameCodec.HELLO) {
            throw new MalformedFrameException("frame type " + first.type() + ", expected a hello");
        }
        Hello theirs = Hello.decode(first.body());
        String refusal = handshake.refusal(theirs);
        if (refusal != null) {
            refuse(socket, refusal);
            return;
        }
        Peer peer = peers.get(theirs.slot());
        if (peer == null) {
            // Removed just now.
            return;
        }
        sendHello(socket, theirs.kind());
        permit.release();
        in.welcome();
        peer.clientAddress(theirs.clientAddress());
        Thread.currentThread().setName(threadName(peer, theirs.kind()));
        try {
            serve(socket, reader, peer, theirs.kind(), theirs.incarnation());
        } catch (IOException e) {
            LOG.debug("{}: {}", threadName(peer, theirs.kind()), e.toString());
            down(peer);
        }
    }

    private void sendHello(Socket socket, Hello.Kind kind) throws IOException {
        WireOutput out = new WireOutput(512);
        FrameCodec codec = new FrameCodec();
        codec.begin(out, FrameCodec.HELLO, 0, 0);
        handshake.hello(kind).encode(out);
        codec.end(out);
        socket.getOutputStream().write(out.array(), 0, out.length());
    }

    private void refuse(Socket socket, String refusal) throws IOException {
        logRefusal(String.valueOf(socket.getRemoteSocketAddress()), "was refused", refusal);
        WireOutput out = new WireOutput(512);
        FrameCodec codec = new FrameCodec();
        codec.begin(out, FrameCodec.REFUSED, 0, 0);
        out.putText(refusal);
        codec.end(out);
        socket.getOutputStream().write(out.array(), 0, out.length());
        // The other side may have more to say; a reset would take our reason away from it.
        socket.shutdownOutput();
    }

    private void logRefusal(String who, String what, String why) {
        if (refusals.allows(why)) {
            LOG.warn("peer {} {}: {}", who, what, why);
        }
    }

    /** Reads the connection until it breaks, which is how it always ends. */
    private void serve(Socket socket, FrameReader reader, Peer peer, Hello.Kind kind, UUID directory)
            throws IOException {
        Lane lane = new Lane(socket, kind, directory, threadName(peer, kind), nanoClock);
        socket.setSoTimeout(kind == Hello.Kind.CONTROL ? KEEPALIVE_MILLIS : 0);
        peer.attach(kind, lane);
        try {
            if (isClosed()) {
                return;
            }
            LOG.debug("{}: connected", threadName(peer, kind));
            int silences = 0;
            while (true) {
                Frame frame;
                try {
                    frame = reader.next(FrameCodec.MAX_BODY_BYTES);
                    silences = 0;
                } catch (SocketTimeoutException e) {
                    if (++silences >= SILENCE_LIMIT) {
                        throw e;
                    }
                    lane.credit();
                    continue;
                }
                if (frame.type() == FrameCodec.REFUSED) {
                    // It dialled, heard who we are, and will not have us.
                    logRefusal(
                            peer.member.name() + " at " + socket.getRemoteSocketAddress(),
                            "refused us",
                            frame.body().getText());
                    return;
                }
                lane.received(frame);
                deliver(frame, peer.member.slot(), kind, lane);
                lane.creditIfDue();
            }
        } finally {
            peer.detach(kind, lane);
        }
    }

    /**
     * What was read before its lane was closed is not delivered any more: whoever said it may be no peer by now, or another directory than
     * the log names. But for the message that is being handed over at that moment, which might as well have come before.
     */
    private void deliver(Frame frame, int slot, Hello.Kind kind, Lane lane) throws IOException {
        if (frame.type() != FrameCodec.MESSAGES) {
            throw new MalformedFrameException("frame type " + frame.type() + " after the handshake");
        }
        // One behind, so that the last message that we know is told that nothing follows it.
        Envelope ready = null;
        for (int i = 0; i < frame.parts() && !isOver(lane); i++) {
            Envelope next = MessageCodec.decode(frame.body());
            if (next != null) {
                if (ready != null) {
                    hand(ready, slot, kind, true);
                }
                ready = next;
            }
        }
        if (ready != null && !isOver(lane)) {
            hand(ready, slot, kind, frame.more());
        }
    }

    private boolean isOver(Lane lane) {
        return isClosed() || lane.isClosed();
    }

    private void hand(Envelope envelope, int slot, Hello.Kind kind, boolean more) {
        if (kind == Hello.Kind.DATA) {
            receiver.onData(slot, envelope.group(), envelope.message(), more);
        } else {
            receiver.onControl(slot, envelope.group(), envelope.message());
        }
    }

    private void down(Peer peer) {
        if (!isClosed() && !peer.isRemoved()) {
            receiver.onPeerDown(peer.member.slot());
        }
    }

    static InetSocketAddress remote(Socket socket) {
        return (InetSocketAddress) socket.getRemoteSocketAddress();
    }

    static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.debug("closing {} failed", socket, e);
        }
    }

    void track(Socket socket) {
        fresh.add(socket);
        if (isClosed()) {
            closeQuietly(socket);
        }
    }

    void untrack(Socket socket) {
        fresh.remove(socket);
    }
}
