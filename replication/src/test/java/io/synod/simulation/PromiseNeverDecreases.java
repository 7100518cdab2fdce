package io.synod.simulation;

import io.synod.group.Epoch;
import io.synod.paxos.Message;

/** I2: the promised epoch never falls while a member runs, and never below what it said before it crashed. */
final class PromiseNeverDecreases implements Checker {
    /** By slot. */
    private final long[] said;

    private final long[] seen;

    PromiseNeverDecreases(int size) {
        said = new long[size + 1];
        seen = new long[size + 1];
    }

    @Override
    public void sent(SimulatedNode node, Message message) {
        if (message instanceof Message.Promise promise && promise.ok()) {
            said[node.slot] = Math.max(said[node.slot], promise.epoch());
        } else if (message instanceof Message.Prepare prepare) {
            said[node.slot] = Math.max(said[node.slot], prepare.epoch());
        }
    }

    @Override
    public void restarted(SimulatedNode node) {
        seen[node.slot] = 0;
        atLeast(node, said[node.slot], "promised before its crash");
    }

    @Override
    public void stepped(SimulatedNode node) {
        atLeast(node, seen[node.slot], "promised before");
        seen[node.slot] = node.state.promisedEpoch();
    }

    private static void atLeast(SimulatedNode node, long epoch, String when) {
        long now = node.state.promisedEpoch();
        if (now < epoch) {
            Checker.check(false, node, "promises", Epoch.toString(now), "and", when, Epoch.toString(epoch));
        }
    }
}
