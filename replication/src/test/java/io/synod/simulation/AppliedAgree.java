package io.synod.simulation;

import io.synod.group.Entry;
import java.util.ArrayList;
import java.util.List;

/** I7: what is applied at an index is the same on every member, in every life. */
final class AppliedAgree implements Checker {
    private final List<Entry> applied = new ArrayList<>();

    @Override
    public void applied(SimulatedNode node, Entry entry) {
        Checker.check(entry.index() == node.applied + 1, node, "applies", entry, "after", node.applied);
        if (entry.index() <= applied.size()) {
            Entry other = applied.get((int) entry.index() - 1);
            Checker.check(
                    CommittedNeverLost.same(entry, other), node, "applies", entry, "where another applied", other);
        } else {
            applied.add(entry);
        }
    }

    @Override
    public void installed(SimulatedNode node) {
        List<Entry> state = node.machine();
        Checker.check(state.size() <= applied.size(), node, "got a snapshot of", state.size());
        Checker.check(state.equals(applied.subList(0, state.size())), node, "got a snapshot that differs");
    }
}
