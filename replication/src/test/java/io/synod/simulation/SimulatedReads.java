package io.synod.simulation;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The linearizable reads of one member's clients. */
final class SimulatedReads {
    private record Read(Checker.Start started, long index) {}

    private final SimulatedNode node;
    private final Cluster cluster;
    private final Map<Long, Checker.Start> starts = new TreeMap<>();
    private final List<Read> toApply = new ArrayList<>();
    private long nextTicket;

    SimulatedReads(SimulatedNode node, Cluster cluster) {
        this.node = node;
        this.cluster = cluster;
    }

    /** A read, by the lease where {@code byLease}, with a pause of so long between snapshot and check. */
    void read(boolean byLease, long pause) {
        Checker.Start started = new Checker.Start(cluster.reads.start(), cluster.now());
        node.step("read", () -> {
            if (byLease && node.state.serving() && node.applied == node.state.commitIndex()) {
                long epoch = node.state.leaderEpoch();
                long snapshot = node.applied;
                if (pause == 0) {
                    underLease(started, epoch, snapshot);
                } else {
                    int born = node.life;
                    cluster.after(pause, () -> {
                        if (node.life == born) {
                            node.step("lease", () -> underLease(started, epoch, snapshot));
                        }
                    });
                }
            } else {
                ask(started);
            }
        });
    }

    private void underLease(Checker.Start started, long epoch, long snapshot) {
        if (node.state.leaseHolds(node.clock()) && node.state.leaderEpoch() == epoch) {
            cluster.checkers.leaseUsed(node, node.state.leaderEpoch());
            cluster.checkers.read(node, started, snapshot);
        } else {
            ask(started);
        }
    }

    private void ask(Checker.Start started) {
        long ticket = ++nextTicket;
        starts.put(ticket, started);
        node.state.read(ticket, node.clock(), node);
    }

    void readable(long ticket, long index) {
        Checker.Start started = starts.remove(ticket);
        Checker.check(started != null, "node", node.slot, "was told twice of read", ticket);
        if (index <= node.applied) {
            cluster.checkers.read(node, started, node.applied);
        } else {
            toApply.add(new Read(started, index));
        }
    }

    void notReadable(long ticket) {
        Checker.check(starts.remove(ticket) != null, "node", node.slot, "was told twice of read", ticket);
    }

    void applied() {
        for (Iterator<Read> all = toApply.iterator(); all.hasNext(); ) {
            Read read = all.next();
            if (read.index <= node.applied) {
                all.remove();
                cluster.checkers.read(node, read.started, node.applied);
            }
        }
    }

    void crashed() {
        starts.clear();
        toApply.clear();
    }
}
