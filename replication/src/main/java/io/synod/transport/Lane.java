package io.synod.transport;

import io.synod.paxos.Message;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sending half of one connection.
 *
 * <p><b>Order.</b> Frames leave in the order of the calls.
 *
 * <p><b>Concurrency.</b> A frame is written by the caller while what the peer has not consumed yet fits into the socket's
 * send buffer with room to spare, because then the write cannot block: whoever holds the baton must never wait for a slow
 * peer. Past that, frames are queued and a writer thread, started the first time, does the waiting. Waiting in the caller
 * instead can even deadlock: two nodes that lead one group each, each stuck writing what the other's reader, stuck
 * in the same way, does not take.
 *
 * <p><b>Held.</b> Between {@link #hold} and {@link #release} frames are gathered, to leave in one write: the peer reads them at
 * once, and so can write what is in them with one force.
 *
 * <p><b>Bounds.</b> Unconsumed plus queued bytes stay below the window plus one frame. What comes on top is dropped:
 * the new frame on a data lane (the protocol repeats it), the oldest on a control lane (the newest heartbeat counts).
 */
final class Lane {
    private static final Logger LOG = LoggerFactory.getLogger(Lane.class);

    static final int SEND_BUFFER_BYTES = 1 << 20;
    private static final int DIRECT_MAX_BYTES = 256 << 10;
    private static final int DATA_WINDOW_BYTES = 4 << 20;
    private static final int CONTROL_WINDOW_BYTES = 256 << 10;
    /** The peer learns after so many bytes that it may send more, when no frame of ours told it anyway. */
    private static final int CREDIT_BYTES = 16 << 10;
    /** A write that takes longer means a peer that no longer reads: give its connection up. */
    static final long STALL_NANOS = 5_000_000_000L;

    private static final long NOT_WRITING = Long.MIN_VALUE;

    private final Socket socket;
    private final OutputStream out;
    private final Hello.Kind kind;
    private final UUID directory;
    private final String threadName;
    private final LongSupplier nanoClock;
    private final int directBytes;
    private final int windowBytes;

    // Guarded by this.
    private final WireOutput buffer = new WireOutput(8 << 10);
    private final FrameCodec codec = new FrameCodec();
    private final ArrayDeque<byte[]> queue = new ArrayDeque<>();
    private long queuedBytes;
    private long writtenBytes;
    private long reportedConsumed;
    private boolean draining;
    private boolean held;
    private volatile boolean closed;
    private Thread writer;

    /** Written by the reading thread only. */
    private volatile long consumed;

    private volatile long peerConsumed;
    private volatile long writeStartedNanos = NOT_WRITING;

    /** @param directory incarnation of the node at the other end */
    Lane(Socket socket, Hello.Kind kind, UUID directory, String threadName, LongSupplier nanoClock) throws IOException {
        this.socket = socket;
        this.out = socket.getOutputStream();
        this.kind = kind;
        this.directory = directory;
        this.threadName = threadName;
        this.nanoClock = nanoClock;
        this.directBytes = Math.min(DIRECT_MAX_BYTES, socket.getSendBufferSize() / 4);
        this.windowBytes = kind == Hello.Kind.DATA ? DATA_WINDOW_BYTES : CONTROL_WINDOW_BYTES;
    }

    UUID directory() {
        return directory;
    }

    /** @return whether it was written or queued */
    synchronized boolean send(long group, Message message) {
        if (refuses()) {
            return false;
        }
        begin(1);
        MessageCodec.encode(group, message, buffer);
        return finish();
    }

    /** @return whether they were written or queued */
    synchronized boolean send(List<Envelope> envelopes) {
        if (refuses()) {
            return false;
        }
        begin(envelopes.size());
        for (int i = 0; i < envelopes.size(); i++) {
            MessageCodec.encode(envelopes.get(i), buffer);
        }
        return finish();
    }

    /** Called by the reader for each frame, before it is handled: what it says of our frames, and its own length. */
    void received(Frame frame) {
        peerConsumed = Math.max(peerConsumed, frame.consumed());
        consumed += frame.length();
    }

    /** Called by the reader when it has handled a frame. */
    void creditIfDue() {
        // A racy look first; most frames are answered by one that carries the count.
        if (consumed - reportedConsumed >= CREDIT_BYTES) {
            credit();
        }
    }

    /** Sends an empty frame: it tells what was consumed, and that we live. */
    synchronized void credit() {
        if (!closed && !(draining && queuedBytes > windowBytes)) {
            begin(0);
            finish();
        }
    }

    /** Frames are kept from now on. To be followed by {@link #release}, soon: nothing else is done in between. */
    synchronized void hold() {
        held = true;
        buffer.reset();
    }

    /** What was kept leaves. Without {@link #hold} before, nothing. */
    synchronized void release() {
        if (held) {
            held = false;
            if (!closed && buffer.length() > 0) {
                leave();
            }
        }
    }

    /** Whether a write has been hanging for too long; the connection is closed then. */
    boolean closeIfStalled() {
        long started = writeStartedNanos;
        if (started == NOT_WRITING || nanoClock.getAsLong() - started < STALL_NANOS) {
            return false;
        }
        LOG.warn("{}: the peer has not read for {} s, closing", threadName, STALL_NANOS / 1_000_000_000L);
        close();
        return true;
    }

    synchronized long unconsumedBytes() {
        return writtenBytes - peerConsumed + queuedBytes + (held ? buffer.length() : 0);
    }

    void close() {
        // The socket first and outside the monitor: a writer that hangs in it must come out.
        try {
            socket.close();
        } catch (IOException e) {
            LOG.debug("{}: closing failed", threadName, e);
        }
        synchronized (this) {
            closed = true;
            queue.clear();
            notifyAll();
        }
    }

    boolean isClosed() {
        return closed;
    }

    private boolean refuses() {
        if (closed) {
            return true;
        }
        if (unconsumedBytes() < windowBytes) {
            return false;
        }
        if (kind == Hello.Kind.DATA) {
            return true;
        }
        byte[] oldest = queue.poll();
        if (oldest == null) {
            return true;
        }
        queuedBytes -= oldest.length;
        return false;
    }

    private void begin(int parts) {
        if (!held) {
            buffer.reset();
        }
        codec.begin(buffer, FrameCodec.MESSAGES, parts, consumed);
    }

    private boolean finish() {
        codec.end(buffer);
        reportedConsumed = consumed;
        return held || leave();
    }

    private boolean leave() {
        int length = buffer.length();
        if (!draining && writtenBytes - peerConsumed + length <= directBytes && !VirtualThreads.isCurrent()) {
            writeStartedNanos = nanoClock.getAsLong();
            try {
                out.write(buffer.array(), 0, length);
                writtenBytes += length;
                return true;
            } catch (IOException e) {
                LOG.debug("{}: write failed", threadName, e);
                close();
                return false;
            } finally {
                writeStartedNanos = NOT_WRITING;
            }
        }
        queue.add(Arrays.copyOf(buffer.array(), length));
        queuedBytes += length;
        draining = true;
        if (writer == null) {
            writer = new Thread(this::drain, threadName + "-writer");
            writer.setDaemon(true);
            writer.start();
        } else {
            notifyAll();
        }
        return true;
    }

    private void drain() {
        byte[] frame;
        while ((frame = take()) != null) {
            writeStartedNanos = nanoClock.getAsLong();
            try {
                out.write(frame);
            } catch (IOException e) {
                LOG.debug("{}: write failed", threadName, e);
                close();
                return;
            } finally {
                writeStartedNanos = NOT_WRITING;
            }
            written(frame.length);
        }
    }

    private synchronized void written(int length) {
        queuedBytes -= length;
        writtenBytes += length;
    }

    private synchronized byte[] take() {
        while (!closed) {
            byte[] frame = queue.poll();
            if (frame != null) {
                return frame;
            }
            draining = false;
            try {
                wait();
            } catch (InterruptedException e) {
                LOG.debug("{}: interrupted, the connection is closed", threadName);
                close();
            }
        }
        return null;
    }
}
