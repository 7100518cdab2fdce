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

    /** What a member has of its state when it starts; that of a witness is its observers'. */
    @Override
    public void restarted(SimulatedNode node) {
        List<Entry> state = node.machine();
        boolean same =
                node.isWitness() || state.size() <= applied.size() && state.equals(applied.subList(0, state.size()));
        Checker.check(same, node, "starts with a state that differs");
    }

    @Override
    public void installed(SimulatedNode node) {
        List<Entry> state = node.machine();
        Checker.check(state.size() <= applied.size(), node, "got a snapshot of", state.size());
        Checker.check(state.equals(applied.subList(0, state.size())), node, "got a snapshot that differs");
    }
}
