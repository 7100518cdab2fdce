package io.synod.simulation;

import java.util.Arrays;
import java.util.function.BooleanSupplier;

/** Virtual time: what happens, in order. What is due at the same time happens in the order in which it was asked for. */
final class Timeline {
    // A binary heap by time and order, in arrays: a fifth of a run was spent on objects and comparisons of a
    // PriorityQueue.
    private long[] due = new long[64];
    private long[] orders = new long[64];
    private Runnable[] events = new Runnable[64];
    private int size;
    private long now;
    private long order;

    long now() {
        return now;
    }

    void after(long delay, Runnable run) {
        if (size == events.length) {
            due = Arrays.copyOf(due, size * 2);
            orders = Arrays.copyOf(orders, size * 2);
            events = Arrays.copyOf(events, size * 2);
        }
        long at = now + Math.max(0, delay);
        int hole = size++;
        // Whatever is there already was asked for before.
        while (hole > 0 && due[(hole - 1) / 2] > at) {
            move((hole - 1) / 2, hole);
            hole = (hole - 1) / 2;
        }
        put(hole, at, order++, run);
    }

    private Runnable next() {
        Runnable next = events[0];
        int last = --size;
        int hole = 0;
        while (2 * hole + 1 < last) {
            int child = 2 * hole + 1;
            if (child + 1 < last && isBefore(child + 1, child)) {
                child++;
            }
            if (isBefore(last, child)) {
                break;
            }
            move(child, hole);
            hole = child;
        }
        move(last, hole);
        events[last] = null;
        return next;
    }

    private boolean isBefore(int one, int other) {
        return due[one] != due[other] ? due[one] < due[other] : orders[one] < orders[other];
    }

    private void move(int from, int to) {
        put(to, due[from], orders[from], events[from]);
    }

    private void put(int place, long at, long number, Runnable run) {
        due[place] = at;
        orders[place] = number;
        events[place] = run;
    }

    /** @return whether it became true in time */
    boolean runUntil(BooleanSupplier condition, long nanos) {
        long end = now + nanos;
        while (!condition.getAsBoolean()) {
            if (size == 0 || due[0] > end) {
                now = end;
                return condition.getAsBoolean();
            }
            now = due[0];
            next().run();
        }
        return true;
    }
}
