package io.synod.simulation;

import io.synod.group.Entry;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** What a client was told to be committed is in every member's state in the end, once. */
final class AcknowledgedSurvives implements Checker {
    private final Map<Long, Entry> acknowledged = new TreeMap<>();

    @Override
    public void acknowledged(SimulatedNode node, Entry entry) {
        Entry before = acknowledged.put(entry.index(), entry);
        Checker.check(before == null, node, "acknowledges", entry, "where", before, "was acknowledged");
    }

    @Override
    public void settled(Cluster cluster) {
        for (SimulatedNode node : cluster.members()) {
            if (node.isLost() && !cluster.hasSpares()) {
                // Nobody has come in its place.
                continue;
            }
            for (Entry entry : acknowledged.values()) {
                List<Entry> state = node.machine();
                Entry there = entry.index() > state.size() ? null : state.get((int) entry.index() - 1);
                Checker.check(
                        there != null && CommittedNeverLost.same(there, entry), node, "lost", entry, "has", there);
            }
            Set<Entry> payloads = new HashSet<>();
            for (Entry entry : node.machine()) {
                Checker.check(payloads.add(entry), node, "has twice", entry);
            }
        }
    }
}
