package io.synod.simulation;

import io.synod.paxos.Message;
import io.synod.paxos.Role;

/** I9: what a follower acknowledges is forced, and equal to the log of the leader that it acknowledges it to. */
final class AcknowledgementsTrue implements Checker {
    private final Cluster cluster;

    AcknowledgementsTrue(Cluster cluster) {
        this.cluster = cluster;
    }

    @Override
    public void sent(SimulatedNode node, Message message) {
        if (message instanceof Message.Accepted accepted && accepted.durable() > 0) {
            long index = accepted.durable();
            Checker.check(node.disk.isForced(index), node, "acknowledges", index, "before it is forced");
            long epoch = node.disk.epochAt(index);
            for (SimulatedNode leader : cluster.nodes()) {
                if (leader.up()
                        && leader.state.role() == Role.LEADER
                        && leader.state.leaderEpoch() == accepted.epoch()) {
                    long its = leader.disk.epochAt(index);
                    boolean known = epoch >= 0 && index >= leader.disk.base();
                    Checker.check(index <= leader.disk.last(), node, "acknowledges", index, "beyond the leader's end");
                    Checker.check(!known || its == epoch, node, "acknowledges", index, "of", epoch, "leader has", its);
                }
            }
        }
    }
}
