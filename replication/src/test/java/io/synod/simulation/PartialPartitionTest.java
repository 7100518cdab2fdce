package io.synod.simulation;

import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Links that are half there; topologies of Cloudflare (2020) and of Ng et al., Omni-Paxos (2023). */
class PartialPartitionTest {
    private static final long SECOND = 1000 * Cluster.MILLI;

    private static Cluster started(int size, long seed) {
        Cluster cluster = new Cluster(size, new SplittableRandom(seed), Mutant.NONE);
        cluster.startAll();
        assertTrue(cluster.runUntil(() -> cluster.leader() != null, 5 * SECOND), "no leader, seed " + seed);
        return cluster;
    }

    private static void cut(Cluster cluster, int a, int b) {
        cluster.network.cut(a, b);
        cluster.network.cut(b, a);
    }

    private static int other(Cluster cluster, int nth, int... without) {
        for (SimulatedNode node : cluster.nodes()) {
            boolean excluded = false;
            for (int slot : without) {
                excluded |= slot == node.slot;
            }
            if (!excluded && nth-- == 0) {
                return node.slot;
            }
        }
        throw new AssertionError("no such node");
    }

    /** openraft 2080: a leader without a majority keeps the lease of the one member that links the two sides. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void leader_that_reaches_only_a_bridge_gives_way_to_those_behind_it(long seed) {
        Cluster cluster = started(5, seed);
        SimulatedNode old = cluster.leader();
        int bridge = other(cluster, 0, old.slot);
        int down = other(cluster, 0, old.slot, bridge);
        cluster.node(down).crash();
        for (int nth = 0; nth < 2; nth++) {
            cut(cluster, old.slot, other(cluster, nth, old.slot, bridge, down));
        }
        assertTrue(
                cluster.runUntil(() -> cluster.leader() != null && cluster.leader() != old, 5 * SECOND),
                "nobody else leads, seed " + seed);
    }

    /** Only a member whose log is behind is linked to a majority. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void stale_member_that_alone_reaches_a_majority_leads_with_all_that_was_committed(long seed) {
        Cluster cluster = started(5, seed);
        SimulatedNode old = cluster.leader();
        int stale = other(cluster, 0, old.slot);
        cluster.isolate(stale);
        old.propose(20);
        cluster.runFor(SECOND / 10);
        long committed = old.commit;
        cluster.network.mendAll();
        for (SimulatedNode a : cluster.nodes()) {
            for (SimulatedNode b : cluster.nodes()) {
                if (a.slot != stale && b.slot != stale) {
                    cluster.network.cut(a.slot, b.slot);
                }
            }
        }
        assertTrue(
                cluster.runUntil(() -> cluster.leader() != null && cluster.leader().slot == stale, 8 * SECOND),
                "the stale one does not lead, seed " + seed);
        assertTrue(cluster.node(stale).applied >= committed, "led without what was committed, seed " + seed);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void member_that_comes_back_from_a_partition_does_not_depose_the_leader(long seed) {
        Cluster cluster = started(3, seed);
        SimulatedNode leader = cluster.leader();
        long epoch = leader.state.leaderEpoch();
        int away = other(cluster, 0, leader.slot);
        cluster.isolate(away);
        cluster.runFor(3 * SECOND);
        cluster.network.mendAll();
        cluster.runFor(2 * SECOND);
        assertTrue(leader.serves() && leader.state.leaderEpoch() == epoch, "deposed, seed " + seed);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void killed_leader_is_replaced_within_half_a_second(long seed) {
        Cluster cluster = started(3, seed);
        SimulatedNode old = cluster.leader();
        cluster.node(old.slot).crash();
        assertTrue(cluster.runUntil(() -> cluster.leader() != null, SECOND / 2), "no new leader, seed " + seed);
        assertNotEquals(old, cluster.leader());
    }

    /** Compaction of its file, say, or a long DDL statement: whoever can serve shall lead, whenever it began. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void killed_leader_is_replaced_within_half_a_second_though_a_state_machine_stands_still(long seed) {
        for (long before : new long[] {0, 20, 100, 200, 1000}) {
            for (boolean busy : new boolean[] {false, true}) {
                Cluster cluster = started(3, seed);
                SimulatedNode old = cluster.leader();
                SimulatedNode still = cluster.node(other(cluster, 0, old.slot));
                SimulatedNode fit = cluster.node(other(cluster, 1, old.slot));
                still.holdApply(true);
                long end = cluster.now() + before * Cluster.MILLI;
                while (cluster.now() < end) {
                    if (busy) {
                        old.propose(1);
                    }
                    cluster.runFor(10 * Cluster.MILLI);
                }
                cluster.node(old.slot).crash();
                assertTrue(
                        cluster.runUntil(() -> cluster.leader() == fit, SECOND / 2),
                        "nobody serves, seed " + seed + ", stood still for " + before + " ms, "
                                + (busy ? "busy" : "idle"));
                old.start();
                still.holdApply(false);
                cluster.liveness.awaitSettled(cluster);
                cluster.checkers.settled(cluster);
            }
        }
    }
}
