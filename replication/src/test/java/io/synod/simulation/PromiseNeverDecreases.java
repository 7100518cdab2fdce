package io.synod.simulation;

import io.synod.group.Epoch;
import io.synod.paxos.Message;
import java.util.HashMap;
import java.util.Map;

/** I2: the promised epoch never falls while a member runs, and never below what it said before it crashed. */
final class PromiseNeverDecreases implements Checker {
    private final Map<Integer, Long> said = new HashMap<>();
    private final Map<Integer, Long> seen = new HashMap<>();

    @Override
    public void sent(SimulatedNode node, Message message) {
        if (message instanceof Message.Promise promise && promise.ok()) {
            said.merge(node.slot, promise.epoch(), Math::max);
        } else if (message instanceof Message.Prepare prepare) {
            said.merge(node.slot, prepare.epoch(), Math::max);
        }
    }

    @Override
    public void restarted(SimulatedNode node) {
        seen.remove(node.slot);
        atLeast(node, said.getOrDefault(node.slot, 0L), "promised before its crash");
    }

    @Override
    public void stepped(SimulatedNode node) {
        Long before = seen.put(node.slot, node.state.promisedEpoch());
        if (before != null) {
            atLeast(node, before, "promised before");
        }
    }

    private static void atLeast(SimulatedNode node, long epoch, String when) {
        long now = node.state.promisedEpoch();
        if (now < epoch) {
            Checker.check(false, node, "promises", Epoch.toString(now), "and", when, Epoch.toString(epoch));
        }
    }
}
