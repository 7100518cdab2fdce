package io.synod.replica;

import java.util.HashMap;
import java.util.Map;

/** Indices behind which a group's log must not be forgotten while somebody works with them. Thread-safe. */
final class Pins {
    private final Map<Object, Long> byHolder = new HashMap<>();

    /** The log keeps what stands above this index until the holder lets go, or moves its pin. */
    synchronized void hold(Object holder, long index) {
        byHolder.put(holder, index);
    }

    synchronized void release(Object holder) {
        byHolder.remove(holder);
    }

    synchronized long lowest() {
        long lowest = Long.MAX_VALUE;
        for (long index : byHolder.values()) {
            lowest = Math.min(lowest, index);
        }
        return lowest;
    }
}
