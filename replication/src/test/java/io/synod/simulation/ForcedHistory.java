package io.synod.simulation;

import io.synod.group.Entry;
import java.util.HashMap;
import java.util.Map;

/** Which members ever had an entry forced. */
final class ForcedHistory {
    private record Place(long epoch, long index) {}

    private final Map<Place, Integer> members = new HashMap<>();
    private final Map<Integer, Place> noted = new HashMap<>();

    /** To be called after each force and each recovery, so only what is new since the last call is looked at. */
    void note(SimulatedNode node) {
        long last = node.disk.last();
        while (last > node.disk.base() && !node.disk.isForced(last)) {
            last--;
        }
        Place top = null;
        for (long i = last; i > node.disk.base(); i--) {
            Entry entry = node.disk.entry(i);
            Place place = new Place(entry.epoch(), i);
            top = top == null ? place : top;
            if (place.equals(noted.get(node.slot))) {
                break;
            }
            int before = members.getOrDefault(place, 0);
            if ((before & 1 << node.slot) != 0) {
                break;
            }
            members.put(place, before | 1 << node.slot);
        }
        if (top != null) {
            noted.put(node.slot, top);
        }
    }

    /** How many of these members had it forced. */
    int copies(Entry entry, int[] slots) {
        int all = members.getOrDefault(new Place(entry.epoch(), entry.index()), 0);
        int count = 0;
        for (int slot : slots) {
            count += all >> slot & 1;
        }
        return count;
    }
}
