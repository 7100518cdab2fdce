package io.synod.replica;

import io.synod.group.Base;
import io.synod.paxos.Message;
import io.synod.paxos.Message.SnapshotState;
import java.io.IOException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A snapshot on its way to this member: one at a time. The reader of the connection only queues, a few chunks at most; what
 * finds the queue full is dropped and sent again.
 *
 * <p>When the whole is here it is installed while nothing is applied, and the protocol is told. A crash in between is
 * made good when the group opens: {@link Snapshots#installed}.
 */
final class SnapshotIntake {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotIntake.class);

    static final int QUEUED_MAX = 16;
    private static final long TELL_NANOS = 1_000_000_000L;
    /** A sender that is silent for so long gives way to another one. */
    private static final long GIVEN_UP_NANOS = 3_000_000_000L;

    private final Replica replica;
    private final ReplicaNode node;
    private final Snapshots snapshots;
    private final ThreadPoolExecutor worker;

    // By the worker.
    private final CRC32C crc = new CRC32C();
    private Message.SnapshotOffer offer;
    private Snapshots.Incoming incoming;
    private int from;
    private long heardAt;

    private volatile int percent = -1;
    /** What is being installed, and for whom it is told. */
    private volatile Message.SnapshotOffer installing;

    private volatile int installingFrom;
    private long toldAt;

    SnapshotIntake(Replica replica, ReplicaNode node, Snapshots snapshots) {
        this.replica = replica;
        this.node = node;
        this.snapshots = snapshots;
        this.worker = SnapshotExchange.worker("synod-snapshot-" + replica.group() + "-in", QUEUED_MAX);
    }

    int percent() {
        return percent;
    }

    /** By the thread that read it. */
    void take(int fromSlot, Message message) {
        try {
            worker.execute(() -> handle(fromSlot, message));
        } catch (RejectedExecutionException e) {
            LOG.trace("group {}: the disk is slower than the peer, a chunk is sent again", replica.group(), e);
        }
    }

    private void handle(int fromSlot, Message message) {
        try {
            if (replica.stopped()) {
                closeIncoming();
            } else if (message instanceof Message.SnapshotOffer m) {
                offered(fromSlot, m);
            } else if (message instanceof Message.SnapshotChunk m && offer != null && m.id() == offer.id()) {
                arrived(fromSlot, m);
            }
        } catch (IOException e) {
            LOG.error("group {}: the snapshot from slot {} is given up", replica.group(), fromSlot, e);
            closeIncoming();
            tell(fromSlot, idOf(message), 0, SnapshotState.REFUSED);
        } catch (RuntimeException | Error e) {
            closeIncoming();
            replica.stop(e);
        }
    }

    private static long idOf(Message message) {
        return message instanceof Message.SnapshotOffer m ? m.id() : ((Message.SnapshotChunk) message).id();
    }

    private void offered(int fromSlot, Message.SnapshotOffer m) throws IOException {
        long now = node.nanoClock().getAsLong();
        boolean same = offer != null && offer.id() == m.id();
        if (offer != null && !same && fromSlot != from && now - heardAt < GIVEN_UP_NANOS) {
            return;
        }
        if (!wants(m)) {
            closeIncoming();
            tell(fromSlot, m.id(), 0, SnapshotState.REFUSED);
            return;
        }
        if (!same) {
            closeIncoming();
            incoming = snapshots.receive(header(m));
            offer = m;
            LOG.info(
                    "group {}: snapshot of index {} from slot {}, {} of {} bytes are here",
                    replica.group(),
                    m.index(),
                    fromSlot,
                    incoming.received(),
                    m.length());
        }
        from = fromSlot;
        heardAt = now;
        proceed();
    }

    private boolean wants(Message.SnapshotOffer m) {
        return replica.inspect(state -> state.wantsSnapshot(m.index(), m.entryEpoch()));
    }

    private static Snapshots.Header header(Message.SnapshotOffer m) {
        return new Snapshots.Header(m.version(), m.id(), m.index(), m.entryEpoch(), m.members(), m.length());
    }

    private void arrived(int fromSlot, Message.SnapshotChunk m) throws IOException {
        from = fromSlot;
        heardAt = node.nanoClock().getAsLong();
        if (m.offset() == incoming.received()) {
            if (SnapshotDispatch.crcOf(crc, m.id(), m.offset(), m.bytes()) == m.crc()) {
                incoming.write(m.bytes());
            } else {
                LOG.warn(
                        "group {}: bytes {} to {} of the snapshot from slot {} are spoilt and asked for again",
                        replica.group(),
                        m.offset(),
                        m.offset() + m.bytes().length,
                        fromSlot);
            }
        }
        proceed();
    }

    private void proceed() throws IOException {
        percent = offer.length() == 0 ? 100 : (int) (100 * incoming.received() / offer.length());
        if (incoming.received() < offer.length()) {
            tell(from, offer.id(), incoming.received(), SnapshotState.RECEIVING);
        } else {
            install();
        }
    }

    private void install() throws IOException {
        Message.SnapshotOffer m = offer;
        Base base = replica.baseOf(header(m));
        tell(from, m.id(), m.length(), SnapshotState.INSTALLING);
        installingFrom = from;
        installing = m;
        try {
            long start = node.nanoClock().getAsLong();
            boolean done = wants(m)
                    && replica.applyPath()
                            .install(
                                    m.index(),
                                    m.entryEpoch(),
                                    incoming::install,
                                    () -> replica.submit((state, now, out) ->
                                            state.onSnapshotInstalled(base, m.knownBy(), now, out)));
            if (done) {
                LOG.info(
                        "group {}: snapshot of index {} is installed, in {} ms",
                        replica.group(),
                        m.index(),
                        (node.nanoClock().getAsLong() - start) / 1_000_000L);
            }
            tell(from, m.id(), m.length(), done ? SnapshotState.INSTALLED : SnapshotState.REFUSED);
        } finally {
            installing = null;
        }
        closeIncoming();
    }

    /** By the timer: whoever waits for the installation hears that it goes on. */
    void tick() {
        Message.SnapshotOffer m = installing;
        long now = node.nanoClock().getAsLong();
        if (m != null && now - toldAt > TELL_NANOS) {
            toldAt = now;
            tell(installingFrom, m.id(), m.length(), SnapshotState.INSTALLING);
        }
    }

    private void tell(int slot, long id, long received, SnapshotState state) {
        node.transport().sendControl(slot, replica.group(), new Message.SnapshotReceived(id, received, state));
    }

    private void closeIncoming() {
        if (incoming != null) {
            incoming.close();
        }
        incoming = null;
        offer = null;
        percent = -1;
    }

    /** An interrupt ends the wait; the flag is kept. */
    boolean join(long nanos) {
        try {
            return worker.awaitTermination(nanos, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** What was received is kept by the state machine. */
    void close() {
        try {
            worker.execute(this::closeIncoming);
        } catch (RejectedExecutionException e) {
            LOG.debug("group {}: busy with a snapshot while it closes", replica.group(), e);
        }
        worker.shutdown();
    }
}
