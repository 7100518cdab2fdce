package io.synod.simulation;

import io.synod.group.Epoch;
import java.util.HashMap;
import java.util.Map;

/** I1: an epoch is led at most once, by the member whose slot it carries. */
final class OneLeaderPerEpoch implements Checker {
    private final Map<Long, String> leaders = new HashMap<>();

    @Override
    public void led(SimulatedNode node, long epoch) {
        Checker.check(Epoch.slot(epoch) == node.slot, node, "leads", Epoch.toString(epoch));
        String before = leaders.put(epoch, node.toString());
        Checker.check(before == null, node, "leads", Epoch.toString(epoch), "as", before, "did");
    }
}
