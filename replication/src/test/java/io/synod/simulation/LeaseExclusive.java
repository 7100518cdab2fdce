package io.synod.simulation;

import io.synod.group.Epoch;

/** I11: while a lease holds, no higher epoch has committed anything, in the simulator's real time. */
final class LeaseExclusive implements Checker {
    private final Cluster cluster;
    private long newest;

    LeaseExclusive(Cluster cluster) {
        this.cluster = cluster;
    }

    @Override
    public void committed(SimulatedNode node, long from, long to) {
        long epoch = node.disk.entry(to).epoch();
        if (epoch <= newest) {
            return;
        }
        newest = epoch;
        for (SimulatedNode other : cluster.nodes()) {
            // One that slept asks before it relies on its lease.
            boolean knows = !other.clock.hasSlept(cluster.timing().lease());
            if (other != node && other.up() && knows && other.state.leaderEpoch() < epoch) {
                long left = other.state.leaseLeft(other.clock());
                Checker.check(left == 0, other, "has a lease for", left, "ns more,", Epoch.toString(epoch), "commits");
            }
        }
    }

    @Override
    public void leaseUsed(SimulatedNode node, long epoch) {
        Checker.check(
                epoch >= newest,
                node,
                "reads under a lease of",
                Epoch.toString(epoch),
                "after",
                Epoch.toString(newest));
    }
}
