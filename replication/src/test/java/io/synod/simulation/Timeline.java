package io.synod.simulation;

import java.util.PriorityQueue;
import java.util.function.BooleanSupplier;

/** Virtual time: what happens, in order. */
final class Timeline {
    private record Event(long at, long order, Runnable run) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            return at != other.at ? Long.compare(at, other.at) : Long.compare(order, other.order);
        }
    }

    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private long now;
    private long order;

    long now() {
        return now;
    }

    void after(long delay, Runnable run) {
        events.add(new Event(now + Math.max(0, delay), order++, run));
    }

    /** @return whether it became true in time */
    boolean runUntil(BooleanSupplier condition, long nanos) {
        long end = now + nanos;
        while (!condition.getAsBoolean()) {
            Event next = events.peek();
            if (next == null || next.at > end) {
                now = end;
                return condition.getAsBoolean();
            }
            events.poll();
            now = next.at;
            next.run.run();
        }
        return true;
    }
}
