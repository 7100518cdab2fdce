package io.synod.replica;

import java.util.HashMap;
import java.util.Map;

/** Indices behind which a group's log must not be forgotten while snapshots are on their way. Thread-safe. */
final class Pins {
    private static final long FOR_EVER = Long.MAX_VALUE;

    private record Pin(long index, long untilNanos) {}

    private final Map<Integer, Pin> bySlot = new HashMap<>();

    /** The log keeps what stands above this index for that member. */
    synchronized void hold(int slot, long index) {
        bySlot.put(slot, new Pin(index, FOR_EVER));
    }

    /** It keeps it until then, for a member that broke off and may come back for the rest. */
    synchronized void holdUntil(int slot, long untilNanos) {
        bySlot.computeIfPresent(slot, (s, pin) -> new Pin(pin.index, untilNanos));
    }

    synchronized void release(int slot) {
        bySlot.remove(slot);
    }

    synchronized long lowest(long nowNanos) {
        bySlot.values().removeIf(pin -> pin.untilNanos != FOR_EVER && pin.untilNanos - nowNanos < 0);
        long lowest = Long.MAX_VALUE;
        for (Pin pin : bySlot.values()) {
            lowest = Math.min(lowest, pin.index);
        }
        return lowest;
    }
}
