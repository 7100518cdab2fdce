package io.synod.replica;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;

/** Those who wait to be told at which index they may read. Thread-safe. */
final class LinearizableReads {
    /** What a ticket's read was told; less than 0 where it could not be confirmed. */
    private record Answer(long index) {}

    static final long NOT_CONFIRMED = -1;

    private static final Answer NONE = new Answer(NOT_CONFIRMED);

    private final AtomicLong tickets = new AtomicLong();
    private final Map<Long, Answer> waiting = new ConcurrentHashMap<>();
    private final Signal answered = new Signal();

    /**
     * @param ask makes the step that asks for a read under a ticket
     * @param over whether waiting is in vain
     * @return the index to read at, or {@link #NOT_CONFIRMED}
     */
    long confirm(LongConsumer ask, BooleanSupplier over, long timeoutNanos) {
        long ticket = tickets.incrementAndGet();
        waiting.put(ticket, NONE);
        try {
            ask.accept(ticket);
            answered.await(() -> over.getAsBoolean() || waiting.get(ticket) != NONE, timeoutNanos);
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
