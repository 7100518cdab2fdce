package io.synod.simulation;

import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Leaders hand over because of their disks, and the next one's may be no better, which shows only when it leads. */
class SlowDisksTest {
    private static final long SECOND = 1000 * Cluster.MILLI;
    private static final int SEEDS = 8;

    /** 135 when they might do so again at once. */
    @Test
    void leadership_does_not_go_round_where_all_disks_are_slow() {
        int leaderships = 0;
        for (long slow : new long[] {300 * Cluster.MILLI, 400 * Cluster.MILLI}) {
            for (long seed = 1; seed <= SEEDS; seed++) {
                Cluster cluster = cluster(seed);
                for (SimulatedNode node : cluster.nodes()) {
                    cluster.slowForce(node.slot, slow);
                }
                leaderships += leaderships(60, cluster);
            }
        }
        assertTrue(leaderships <= 90, leaderships + " leaderships in " + 2 * SEEDS + " minutes");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void leadership_comes_to_rest_where_one_disk_is_well(long seed) {
        Cluster cluster = cluster(seed);
        SimulatedNode well = cluster.node((int) (1 + seed % 3));
        for (SimulatedNode node : cluster.nodes()) {
            cluster.slowForce(node.slot, node == well ? 0 : 400 * Cluster.MILLI);
        }
        leaderships(30, cluster);
        assertSame(well, cluster.leader());
    }

    private static Cluster cluster(long seed) {
        Cluster cluster = new Cluster(3, new SplittableRandom(seed), Mutant.NONE);
        cluster.patient();
        cluster.startAll();
        assertTrue(cluster.runUntil(() -> cluster.leader() != null, 20 * SECOND), "a leader, seed " + seed);
        return cluster;
    }

    /** While something is written all the time. */
    private static int leaderships(int seconds, Cluster cluster) {
        Set<Long> epochs = new HashSet<>();
        for (int i = 0; i < 20 * seconds; i++) {
            SimulatedNode leader = cluster.leader();
            if (leader != null) {
                epochs.add(leader.state.leaderEpoch());
                leader.propose(1);
            }
            cluster.runFor(50 * Cluster.MILLI);
        }
        return epochs.size();
    }
}
