package io.synod.simulation;

import io.synod.group.Entry;
import java.util.HashSet;
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
        for (SimulatedNode node : cluster.nodes()) {
            for (Entry entry : acknowledged.values()) {
                Entry there = node.disk.entry(entry.index());
                Checker.check(
                        there != null && CommittedNeverLost.same(there, entry), node, "lost", entry, "has", there);
            }
            Set<Entry> payloads = new HashSet<>();
            for (long i = 1; i <= node.applied; i++) {
                Checker.check(payloads.add(node.disk.entry(i)), node, "has twice", node.disk.entry(i));
            }
        }
    }
}
