package io.synod.simulation;

import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.history.RegisterChecker;
import io.synod.history.RegisterOperation;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The log as one register, which each entry of a client writes, as its clients see it: judged by nothing but values and times, where
 * {@link ReadsLinearizable} knows of indexes. What was proposed and never acknowledged may have been written or not.
 */
final class RegisterHistory implements Checker {
    private static final String KEY = "register";
    /** Some tenth of a second. */
    private static final long STEPS = 300_000;

    private final Cluster cluster;
    private final Map<Long, RegisterOperation> unknown = new TreeMap<>();
    private final List<RegisterOperation> known = new ArrayList<>();
    private boolean judged = true;

    RegisterHistory(Cluster cluster) {
        this.cluster = cluster;
    }

    private static long value(Entry entry) {
        return ByteBuffer.wrap(entry.payload()).getLong();
    }

    @Override
    public void proposed(SimulatedNode node, Entry entry) {
        long value = value(entry);
        unknown.put(value, RegisterOperation.write(node.slot, KEY, value, cluster.now(), RegisterOperation.NEVER));
    }

    @Override
    public void acknowledged(SimulatedNode node, Entry entry) {
        RegisterOperation write = unknown.remove(value(entry));
        known.add(RegisterOperation.write(write.client(), KEY, write.value(), write.invoked(), cluster.now()));
    }

    @Override
    public void read(SimulatedNode node, Start started, long appliedIndex) {
        int last = (int) appliedIndex;
        while (last > 0 && node.machine().get(last - 1).kind() != EntryKind.DATA) {
            last--;
        }
        long value = last == 0 ? 0 : value(node.machine().get(last - 1));
        known.add(RegisterOperation.read(node.slot, KEY, value, started.at(), cluster.now()));
    }

    @Override
    public void settled(Cluster cluster) {
        known.addAll(unknown.values());
        try {
            List<RegisterChecker.Fault> faults = RegisterChecker.check(known, STEPS);
            Checker.check(faults.isEmpty(), faults);
        } catch (RegisterChecker.TooManySteps noVerdict) {
            // Where a group stands still for long, everything overlaps. The other checkers have judged the run.
            judged = false;
        }
    }

    /** Whether there was a verdict. */
    boolean judged() {
        return judged;
    }
}
