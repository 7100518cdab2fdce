package io.synod.replica;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** Those who wait to be told at which index they may read. Thread-safe. */
final class LinearizableReads {
    /** What a ticket's read was told; less than 0 where it could not be confirmed. */
    private record Answer(long index) {}

    private static final long NOT_CONFIRMED = -1;
    private static final long RETRY_NANOS = 5_000_000L;
    private static final Answer NONE = new Answer(NOT_CONFIRMED);

    private final Replica replica;
    private final Signal roleChanged;
    private final AtomicLong tickets = new AtomicLong();
    private final Map<Long, Answer> waiting = new ConcurrentHashMap<>();
    private final Signal answered = new Signal();

    LinearizableReads(Replica replica, Signal roleChanged) {
        this.replica = replica;
        this.roleChanged = roleChanged;
    }

    /** @return whether this node has applied, in time, all that was committed anywhere when this was called */
    boolean awaitReadable(long timeoutNanos) {
        long start = System.nanoTime();
        while (!replica.stopped()) {
            long left = timeoutNanos - (System.nanoTime() - start);
            long index = confirm(left);
            if (index >= 0) {
                return replica.awaitApplied(index, timeoutNanos - (System.nanoTime() - start));
            }
            left = timeoutNanos - (System.nanoTime() - start);
            if (left <= 0) {
                return false;
            }
            // Not confirmed: the leader changes, or has just changed. Ask again soon, sooner if a role changes.
            int before = replica.leaderSlot();
            roleChanged.await(() -> replica.stopped() || replica.leaderSlot() != before, Math.min(left, RETRY_NANOS));
        }
        return false;
    }

    /** @return the index to read at, or {@link #NOT_CONFIRMED} */
    private long confirm(long timeoutNanos) {
        long ticket = tickets.incrementAndGet();
        waiting.put(ticket, NONE);
        try {
            replica.askRead(ticket);
            answered.await(() -> replica.stopped() || waiting.get(ticket) != NONE, timeoutNanos);
            return waiting.get(ticket).index();
        } finally {
            waiting.remove(ticket);
        }
    }

    void answer(long ticket, long index) {
        if (waiting.replace(ticket, new Answer(index)) != null) {
            answered.raise();
        }
    }

    void wakeAll() {
        answered.raise();
    }
}
