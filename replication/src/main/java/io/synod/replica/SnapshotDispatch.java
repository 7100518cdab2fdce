package io.synod.replica;

import io.synod.group.Invariant;
import io.synod.paxos.Message;
import io.synod.paxos.Message.SnapshotReceived;
import io.synod.transport.Transport;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One snapshot on its way to one member.
 *
 * <p>Stop and wait with a small window: heartbeats share the connection. What arrives spoilt is asked for again. Where
 * nothing goes forward it is offered anew, and what the receiver then says counts, also where it once said more: it may have
 * been restarted, and have lost what was not forced. A break of the connection ends it; the protocol offers again. The log
 * behind the snapshot's index is pinned until the receiver has it, and what came after it, too ({@link
 * GroupRetention#served}).
 */
final class SnapshotDispatch implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotDispatch.class);

    static final int CHUNK_BYTES = 32 << 10;
    static final int WINDOW_CHUNKS = 4;
    private static final int WINDOW_BYTES = WINDOW_CHUNKS * CHUNK_BYTES;
    private static final long WAIT_NANOS = 20_000_000L;
    private static final long OFFER_AGAIN_NANOS = 300_000_000L;
    private static final long STUCK_AFTER_NANOS = 500_000_000L;
    private static final long REWIND_NANOS = 20_000_000L;
    /** So long the log waits for a member whose snapshot broke off, so that it need not begin anew. */
    private static final long BROKEN_NANOS = 60_000_000_000L;

    private static final long SILENCE_NANOS = 10_000_000_000L;

    private final Replica replica;
    private final ReplicaNode node;
    private final Snapshots snapshots;
    private final Pins pins;
    private final int slot;
    private final long atLeast;
    private final byte[] chunk = new byte[CHUNK_BYTES];
    private final CRC32C crc = new CRC32C();

    private final ConcurrentLinkedQueue<SnapshotReceived> answers = new ConcurrentLinkedQueue<>();
    private volatile Thread thread;
    private volatile boolean closed;
    private volatile int percent;

    private long sent;
    /** −1 until the receiver has said where to begin, or to go on. */
    private long received = -1;

    private boolean over;
    private boolean installed;
    /** Whether there was a snapshot at all: only then has the receiver a part of it. */
    private boolean taken;

    private long heardAt;
    private long progressAt;
    private long rewoundAt;
    private long offeredAt;

    SnapshotDispatch(Replica replica, ReplicaNode node, Snapshots snapshots, Pins pins, int slot, long atLeast) {
        this.replica = replica;
        this.node = node;
        this.snapshots = snapshots;
        this.pins = pins;
        this.slot = slot;
        this.atLeast = atLeast;
    }

    int percent() {
        return percent;
    }

    /** By the thread that read it. */
    void answered(SnapshotReceived answer) {
        answers.add(answer);
        LockSupport.unpark(thread);
    }

    void close() {
        closed = true;
        LockSupport.unpark(thread);
    }

    @Override
    public void run() {
        thread = Thread.currentThread();
        // The base first: until the snapshot says better, the log keeps all that it has.
        long base = replica.inspect(state -> {
            pins.hold(slot, state.baseIndex());
            return state.baseIndex();
        });
        try (Snapshots.Outgoing snapshot = snapshots.take(Math.max(base, atLeast))) {
            Snapshots.Header header = snapshot.header();
            pins.hold(slot, header.index());
            taken = true;
            send(snapshot, header, offer(header));
        } catch (IOException e) {
            LOG.error("group {}: no snapshot for slot {}", replica.group(), slot, e);
        } catch (RuntimeException | Error e) {
            replica.stop(e);
        } finally {
            if (installed) {
                replica.retention().served(slot);
            } else if (over || !taken) {
                pins.release(slot);
            } else {
                pins.holdUntil(slot, now() + BROKEN_NANOS);
            }
        }
    }

    private Message.SnapshotOffer offer(Snapshots.Header h) {
        long knownBy = replica.inspect(state -> {
            Invariant.that(h.index() >= atLeast, "snapshot of %d, asked for at least %d", h.index(), atLeast);
            Invariant.that(
                    h.index() <= state.commitIndex(),
                    "snapshot of %d, committed is %d",
                    h.index(),
                    state.commitIndex());
            long epoch = state.epochAt(h.index());
            Invariant.that(
                    epoch == h.epoch() || epoch < 0, "snapshot ends in epoch %d, the log has %d", h.epoch(), epoch);
            return state.promisedEpoch();
        });
        return new Message.SnapshotOffer(knownBy, h.version(), h.id(), h.index(), h.epoch(), h.members(), h.length());
    }

    private void send(Snapshots.Outgoing snapshot, Snapshots.Header header, Message.SnapshotOffer offer)
            throws IOException {
        Transport transport = node.transport();
        LOG.info(
                "group {}: snapshot of index {}, {} bytes, offered to slot {}",
                replica.group(),
                header.index(),
                header.length(),
                slot);
        heardAt = now();
        progressAt = heardAt;
        offeredAt = heardAt - OFFER_AGAIN_NANOS;
        while (!closed && !replica.stopped() && transport.connected(slot)) {
            hear(header);
            if (over && !installed && received == header.length()) {
                snapshot.refused();
            }
            if (over || now() - heardAt > SILENCE_NANOS) {
                return;
            }
            if (received < 0) {
                if (now() - offeredAt >= OFFER_AGAIN_NANOS) {
                    offeredAt = now();
                    transport.sendControl(slot, replica.group(), offer);
                }
            } else if (sent < header.length() && sent - received < WINDOW_BYTES) {
                sendChunk(snapshot, header, transport);
                continue;
            } else if (now() - progressAt > STUCK_AFTER_NANOS) {
                // A chunk is lost, or its last answer, or all that it had.
                received = -1;
            }
            if (answers.isEmpty()) {
                LockSupport.parkNanos(this, WAIT_NANOS);
            }
        }
    }

    private long now() {
        return node.nanoClock().getAsLong();
    }

    private void hear(Snapshots.Header header) {
        SnapshotReceived m;
        while ((m = answers.poll()) != null) {
            if (m.id() != header.id()) {
                continue;
            }
            heardAt = now();
            switch (m.state()) {
                case RECEIVING -> {
                    if (received < 0 || m.received() > received) {
                        sent = received < 0 ? m.received() : Math.max(sent, m.received());
                        received = m.received();
                        progressAt = heardAt;
                    } else if (m.received() == received && sent > received && heardAt - rewoundAt > REWIND_NANOS) {
                        sent = received;
                        rewoundAt = heardAt;
                    }
                }
                case INSTALLING -> {
                    received = header.length();
                    sent = received;
                    progressAt = heardAt;
                }
                case INSTALLED -> {
                    LOG.info("group {}: slot {} has installed the snapshot", replica.group(), slot);
                    installed = true;
                    over = true;
                }
                case REFUSED -> {
                    LOG.info("group {}: slot {} has no use for the snapshot", replica.group(), slot);
                    over = true;
                }
            }
            percent = header.length() == 0 ? 100 : (int) (100 * Math.max(0, received) / header.length());
        }
    }

    private void sendChunk(Snapshots.Outgoing snapshot, Snapshots.Header header, Transport transport)
            throws IOException {
        int length = snapshot.read(sent, chunk);
        if (length <= 0) {
            throw new IOException("snapshot " + header.id() + " ends at byte " + sent + " of " + header.length());
        }
        long delay = node.snapshotThrottle().delay(length, now());
        long until = now() + delay;
        for (long left = delay; left > 0 && !closed; left = until - now()) {
            LockSupport.parkNanos(this, left);
        }
        byte[] bytes = Arrays.copyOf(chunk, length);
        transport.sendControl(
                slot,
                replica.group(),
                new Message.SnapshotChunk(header.id(), sent, bytes, crcOf(crc, header.id(), sent, bytes)));
        sent += length;
    }

    static int crcOf(CRC32C crc, long id, long offset, byte[] bytes) {
        crc.reset();
        for (int shift = 0; shift < 64; shift += 8) {
            crc.update((int) (id >>> shift) & 0xff);
        }
        for (int shift = 0; shift < 64; shift += 8) {
            crc.update((int) (offset >>> shift) & 0xff);
        }
        crc.update(bytes, 0, bytes.length);
        return (int) crc.getValue();
    }
}
