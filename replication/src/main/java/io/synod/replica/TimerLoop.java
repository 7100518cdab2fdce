package io.synod.replica;

import io.synod.transport.Envelope;
import io.synod.transport.Transport;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The {@code synod-timer} thread: ticks every group, sends what they want in one frame per peer, and wakes whoever should
 * have been at work. It never forces and never applies, so that heartbeats wait for neither.
 */
final class TimerLoop implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(TimerLoop.class);

    private static final long TICK_NANOS = 5_000_000L;

    private final Supplier<Replica[]> replicas;
    private final Transport transport;
    private final CommitPath commitPath;
    private final SuspendCheck suspends;
    private final NamedPeers peers;
    private final LongSupplier nanoClock;
    private final long pauseNanos;
    private final Stalls stalls = new Stalls();
    private volatile boolean closed;
    private volatile Thread thread;

    /** @param pauseNanos a stall of this process that is worth a line in the log */
    TimerLoop(
            Supplier<Replica[]> replicas,
            Transport transport,
            CommitPath commitPath,
            SuspendCheck suspends,
            NamedPeers peers,
            LongSupplier nanoClock,
            long pauseNanos) {
        this.replicas = replicas;
        this.transport = transport;
        this.commitPath = commitPath;
        this.suspends = suspends;
        this.peers = peers;
        this.nanoClock = nanoClock;
        this.pauseNanos = pauseNanos;
    }

    @Override
    public void run() {
        thread = Thread.currentThread();
        long last = nanoClock.getAsLong();
        while (!closed) {
            long now = nanoClock.getAsLong();
            if (now - last > pauseNanos) {
                String line = stalls.noted(now, now - last);
                if (line != null) {
                    LOG.warn(line);
                }
            }
            last = now;
            tick();
            LockSupport.parkNanos(this, TICK_NANOS - (nanoClock.getAsLong() - now));
        }
    }

    private void tick() {
        suspends.tick();
        peers.tick();
        Map<Integer, List<Envelope>> controls = new HashMap<>();
        for (Replica replica : replicas.get()) {
            replica.tick(controls);
        }
        controls.forEach((slot, messages) -> transport.sendControl(slot, messages));
        commitPath.wake();
    }

    void close() {
        closed = true;
        LockSupport.unpark(thread);
    }
}
