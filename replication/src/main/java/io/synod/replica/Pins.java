package io.synod.replica;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntToLongFunction;

/**
 * Indices behind which a group's log must not be forgotten: while snapshots are on their way, and until who got one has
 * fetched what came after it. Thread-safe.
 */
final class Pins {
    private static final long FOR_EVER = Long.MAX_VALUE;
    /** So long the log waits for a member that has its snapshot and does not come nearer to the end. */
    private static final long STANDSTILL_NANOS = 60_000_000_000L;

    /**
     * @param bytesMax 0 while the snapshot is on its way; then, the log is no longer kept for it when larger
     * @param end what was committed at the last look, for a member that fetches
     */
    private record Pin(long index, long untilNanos, long bytesMax, long end) {}

    private final Map<Integer, Pin> bySlot = new HashMap<>();

    /** The log keeps what stands above this index for that member. */
    synchronized void hold(int slot, long index) {
        bySlot.put(slot, new Pin(index, FOR_EVER, 0, 0));
    }

    /** It keeps it until then, for a member that broke off and may come back for the rest. */
    synchronized void holdUntil(int slot, long untilNanos) {
        bySlot.computeIfPresent(slot, (s, pin) -> new Pin(pin.index, untilNanos, 0, 0));
    }

    /** The member has its snapshot: {@link #advance} goes along with it. */
    synchronized void follow(int slot, long bytesMax, long nowNanos) {
        bySlot.computeIfPresent(
                slot, (s, pin) -> new Pin(pin.index, nowNanos + STANDSTILL_NANOS, bytesMax, Long.MAX_VALUE));
    }

    synchronized void release(int slot) {
        bySlot.remove(slot);
    }

    /**
     * The log need not keep what a member that fetches has by now, and nothing more for one that has, at this look, what was
     * committed at the last one.
     *
     * @param durable what a member has, by slot
     * @return the members for which the log is no longer kept, although they lack entries
     */
    synchronized List<Integer> advance(IntToLongFunction durable, long commit, long logBytes, long nowNanos) {
        List<Integer> givenUp = new ArrayList<>();
        for (Map.Entry<Integer, Pin> each : List.copyOf(bySlot.entrySet())) {
            int slot = each.getKey();
            Pin pin = each.getValue();
            if (pin.bytesMax == 0) {
                continue;
            }
            long has = durable.applyAsLong(slot);
            if (has >= Math.min(pin.end, commit)) {
                bySlot.remove(slot);
            } else if (logBytes > pin.bytesMax || has <= pin.index && pin.untilNanos - nowNanos < 0) {
                bySlot.remove(slot);
                givenUp.add(slot);
            } else {
                long until = has > pin.index ? nowNanos + STANDSTILL_NANOS : pin.untilNanos;
                bySlot.put(slot, new Pin(Math.max(has, pin.index), until, pin.bytesMax, commit));
            }
        }
        return givenUp;
    }

    synchronized long lowest(long nowNanos) {
        bySlot.values()
                .removeIf(pin -> pin.bytesMax == 0 && pin.untilNanos != FOR_EVER && pin.untilNanos - nowNanos < 0);
        long lowest = Long.MAX_VALUE;
        for (Pin pin : bySlot.values()) {
            lowest = Math.min(lowest, pin.index);
        }
        return lowest;
    }
}
