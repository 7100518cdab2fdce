package io.synod.simulation;

import io.synod.group.Base;
import io.synod.group.Entry;
import io.synod.group.Members;
import io.synod.paxos.Message;

/**
 * I22 for a member that has the log only: it forgets nothing that a voter with a state machine may have to fetch from it, never leads,
 * and gives no snapshot.
 */
final class WitnessKeeps implements Checker {
    private final Cluster cluster;
    private final CommittedNeverLost committed;

    WitnessKeeps(Cluster cluster, CommittedNeverLost committed) {
        this.cluster = cluster;
        this.committed = committed;
    }

    @Override
    public void rebasing(SimulatedNode node, Base base, boolean voids) {
        if (!node.isWitness() || voids) {
            return;
        }
        // Who is removed by what is committed is never elected, whether this one has heard of it or not.
        Members members = committed.configuration();
        for (SimulatedNode other : cluster.nodes()) {
            if (members.mayLead(other.slot) && !other.isLost() && node.disk.entry(base.index()) != null) {
                Entry entry = node.disk.entry(base.index());
                // What was installed is in the state machine for good, whether the log has heard of it or not (seed
                // 2026159573).
                boolean has = Math.max(other.disk.base(), other.checkpoint) >= base.index()
                        || other.disk.entry(base.index()) != null
                                && CommittedNeverLost.same(other.disk.entry(base.index()), entry);
                Checker.check(has, node, "forgets", base, "which", other, "lacks");
            }
        }
    }

    @Override
    public void led(SimulatedNode node, long epoch) {
        Checker.check(!node.isWitness(), node, "leads, and has no state machine");
    }

    @Override
    public void sent(SimulatedNode node, Message message) {
        boolean gives = message instanceof Message.SnapshotOffer;
        Checker.check(!gives || !node.isWitness(), node, "gives a snapshot of nothing");
    }
}
