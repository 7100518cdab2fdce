package io.synod.simulation;

import io.synod.group.Entry;
import io.synod.group.Epoch;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * I4 and I5: two logs that have an entry of the same epoch and index have the same entry, and the same before it. Checked
 * at each append against the first of its kind, and so by induction for the whole prefix.
 */
final class LogPrefixesAgree implements Checker {
    private record Place(long epoch, long index) {}

    private record First(Entry entry, long previousEpoch) {}

    private final Map<Place, First> first = new HashMap<>();

    @Override
    public void appending(SimulatedNode node, Entry entry) {
        long previousEpoch = node.disk.epochAt(entry.index() - 1);
        Checker.check(previousEpoch >= 0, node, "appends", entry, "behind a hole");
        Checker.check(previousEpoch <= entry.epoch(), node, "appends", entry, "behind epoch", previousEpoch);
        Place place = new Place(entry.epoch(), entry.index());
        First known = first.putIfAbsent(place, new First(entry, previousEpoch));
        if (known == null) {
            Checker.check(Epoch.slot(entry.epoch()) == node.slot, node, "appends first, of another's epoch,", entry);
            return;
        }
        Checker.check(
                known.entry.kind() == entry.kind() && Arrays.equals(known.entry.payload(), entry.payload()),
                node,
                "appends another entry at the place of",
                entry);
        Checker.check(known.previousEpoch == previousEpoch, node, "appends", entry, "behind another entry");
    }
}
