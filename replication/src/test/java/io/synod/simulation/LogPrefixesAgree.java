package io.synod.simulation;

import io.synod.group.Entry;
import io.synod.group.Epoch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * I4 and I5: two logs that have an entry of the same epoch and index have the same entry, and the same before it. Checked
 * at each append against the first of its kind, and so by induction for the whole prefix.
 */
final class LogPrefixesAgree implements Checker {
    /** @param other of the same index, and another epoch; {@code null} where there is none */
    private record First(Entry entry, long previousEpoch, First other) {}

    /** By index. */
    private final List<First> first = new ArrayList<>();

    private First first(Entry entry) {
        while (first.size() <= entry.index()) {
            first.add(null);
        }
        First known = first.get((int) entry.index());
        while (known != null && known.entry.epoch() != entry.epoch()) {
            known = known.other;
        }
        return known;
    }

    @Override
    public void appending(SimulatedNode node, Entry entry) {
        long previousEpoch = node.disk.epochAt(entry.index() - 1);
        if (previousEpoch < 0 || previousEpoch > entry.epoch()) {
            Checker.check(false, node, "appends", entry, "behind", previousEpoch < 0 ? "a hole" : previousEpoch);
        }
        First known = first(entry);
        if (known == null) {
            int index = (int) entry.index();
            first.set(index, new First(entry, previousEpoch, first.get(index)));
            Checker.check(Epoch.slot(entry.epoch()) == node.slot, node, "appends first, of another's epoch,", entry);
            return;
        }
        boolean same = known.entry == entry
                || known.entry.kind() == entry.kind() && Arrays.equals(known.entry.payload(), entry.payload());
        if (!same || known.previousEpoch != previousEpoch) {
            Checker.check(false, node, "appends another entry at the place of", entry, "or behind another one");
        }
    }
}
