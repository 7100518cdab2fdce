package io.synod.replica;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Those who wait to be told at which index they may read, and how old the applied state can be by what they were told.
 *
 * <p>An answer holds for whatever was acknowledged before its question was asked, so both ends of a state's age are read on
 * this node's monotonic clock. Thread-safe.
 */
final class LinearizableReads {
    private static final long NOT_CONFIRMED = -1;
    private static final long RETRY_NANOS = 5_000_000L;

    /** A question and, later, its answer. */
    private static final class Ticket {
        private final long askedAtNanos;
        private final boolean awaited;
        private volatile boolean answered;
        private volatile long index = NOT_CONFIRMED;

        Ticket(long askedAtNanos, boolean awaited) {
            this.askedAtNanos = askedAtNanos;
            this.awaited = awaited;
        }
    }

    private final Replica replica;
    private final Signal roleChanged;
    private final SuspendCheck suspends;
    private final AtomicLong tickets = new AtomicLong();
    private final Map<Long, Ticket> waiting = new ConcurrentHashMap<>();
    private final Signal answered = new Signal();
    private final Freshness freshness = new Freshness();
    private final AtomicBoolean refreshing = new AtomicBoolean();

    LinearizableReads(Replica replica, Signal roleChanged, SuspendCheck suspends) {
        this.replica = replica;
        this.roleChanged = roleChanged;
        this.suspends = suspends;
    }

    /** @return whether this node has applied, in time, all that was committed anywhere when this was called */
    boolean awaitReadable(long timeoutNanos) {
        long start = System.nanoTime();
        while (!replica.hasLetGo()) {
            long left = timeoutNanos - (System.nanoTime() - start);
            long index = confirm(left);
            if (index >= 0) {
                return replica.awaitApplied(index, timeoutNanos - (System.nanoTime() - start));
            }
            left = timeoutNanos - (System.nanoTime() - start);
            if (left <= 0 || Patience.isOver()) {
                return false;
            }
            // Not confirmed: the leader changes, or has just changed. Ask again soon, sooner if a role changes.
            int before = replica.leaderSlot();
            roleChanged.await(() -> replica.hasLetGo() || replica.leaderSlot() != before, Math.min(left, RETRY_NANOS));
        }
        return false;
    }

    /** @return whether this node has applied, in time, all that was acknowledged longer ago than that when this was called */
    boolean awaitFresh(long maxAgeNanos, long timeoutNanos) {
        long age = ageNanos();
        if (age > maxAgeNanos) {
            return replica.leaseHolds() || awaitReadable(timeoutNanos);
        }
        if (age > maxAgeNanos / 2 && refreshing.compareAndSet(false, true)) {
            // So that whoever reads all the time never waits.
            ask(false);
        }
        return true;
    }

    /** How old the applied state can be; {@link Long#MAX_VALUE} where that is not known. */
    long ageNanos() {
        long applied = replica.appliedIndex();
        return freshness.ageNanos(System.nanoTime(), applied, suspends.trustedFrom());
    }

    /** @return the index to read at, or {@link #NOT_CONFIRMED} */
    private long confirm(long timeoutNanos) {
        long number = ask(true);
        Ticket ticket = waiting.get(number);
        try {
            answered.await(() -> replica.hasLetGo() || ticket.answered, timeoutNanos);
            return ticket.index;
        } finally {
            waiting.remove(number);
        }
    }

    private long ask(boolean awaited) {
        long number = tickets.incrementAndGet();
        waiting.put(number, new Ticket(System.nanoTime(), awaited));
        replica.askRead(number);
        return number;
    }

    void answer(long number, long index) {
        Ticket ticket = waiting.get(number);
        if (ticket == null) {
            return;
        }
        if (index >= 0) {
            freshness.confirmed(ticket.askedAtNanos, index);
        }
        if (ticket.awaited) {
            ticket.index = index;
            ticket.answered = true;
            answered.raise();
        } else {
            waiting.remove(number);
            refreshing.set(false);
        }
    }

    void wakeAll() {
        answered.raise();
    }
}
