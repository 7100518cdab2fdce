package io.synod.simulation;

import io.synod.group.Entry;

/**
 * A linearizable read shows everything that was acknowledged, and everything that another read had shown, before it
 * started. The state is a list that only grows, so "shows" is a matter of its length; that the lists are the same is
 * checked by {@link AppliedAgree}.
 */
final class ReadsLinearizable implements Checker {
    private long floor;
    private int done;

    /** What a read that starts now must show at least. */
    long start() {
        return floor;
    }

    int done() {
        return done;
    }

    @Override
    public void acknowledged(SimulatedNode node, Entry entry) {
        floor = Math.max(floor, entry.index());
    }

    @Override
    public void read(SimulatedNode node, Start started, long appliedIndex) {
        Checker.check(
                appliedIndex >= started.floor(),
                node,
                "reads",
                appliedIndex,
                "though",
                started.floor(),
                "was acknowledged before");
        floor = Math.max(floor, appliedIndex);
        done++;
    }
}
