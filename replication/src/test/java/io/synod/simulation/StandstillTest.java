package io.synod.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Processes that stand still again and again and are not dead, as in collections of garbage on a busy machine. */
class StandstillTest {
    private static final long SECOND = 1000 * Cluster.MILLI;
    private static final long STANDSTILL = 300 * Cluster.MILLI;

    /** Nobody has learnt yet how long the others stand still now and then. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void the_first_standstill_does_not_move_leadership(long seed) {
        Cluster cluster = new Cluster(3, new SplittableRandom(seed), Mutant.NONE);
        cluster.patient();
        cluster.startAll();
        awaitLeader(cluster);
        cluster.runFor(SECOND + seed * 7 * Cluster.MILLI);
        SimulatedNode leader = cluster.leader();
        long epoch = leader.state.leaderEpoch();
        pause(cluster, leader);
        cluster.runFor(SECOND);
        assertSame(leader, cluster.leader(), "after its own");
        assertEquals(epoch, leader.state.leaderEpoch(), "after its own");
        for (int away = 1; away <= 2; away++) {
            pause(cluster, cluster.node(slotBeside(leader, away)));
        }
        cluster.runFor(SECOND);
        assertSame(leader, cluster.leader(), "after that of both others");
        assertEquals(epoch, leader.state.leaderEpoch(), "after that of both others");
    }

    /** What the patience above costs, where a leader is cut off without a word: half a second without one that serves. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void a_leader_that_is_cut_off_is_followed_within_half_a_second(long seed) {
        Cluster cluster = new Cluster(3, new SplittableRandom(seed), Mutant.NONE);
        cluster.patient();
        cluster.startAll();
        awaitLeader(cluster);
        cluster.runFor(SECOND);
        SimulatedNode leader = cluster.leader();
        cluster.isolate(leader.slot);
        long start = cluster.now();
        assertTrue(
                cluster.runUntil(() -> cluster.leader() != null && cluster.leader() != leader, 520 * Cluster.MILLI),
                "nobody has followed it");
        long follows = cluster.now() - start;
        assertTrue(cluster.runUntil(() -> !leader.serves(), 520 * Cluster.MILLI - follows), "serves alone");
    }

    /** Otherwise no transaction that takes longer than it is from one standstill to the next ever comes to its end. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void leader_bears_silence_of_its_majority_as_long_as_it_stood_still_itself(long seed) {
        Cluster cluster = new Cluster(3, new SplittableRandom(seed), Mutant.NONE);
        SimulatedNode leader = learned(cluster);
        long epoch = leader.state.leaderEpoch();
        for (int i = 0; i < 10; i++) {
            for (int away = 1; away <= 2; away++) {
                pause(cluster, cluster.node(slotBeside(leader, away)));
            }
            cluster.runFor(SECOND);
            assertSame(leader, cluster.leader(), "after silence " + i);
            assertEquals(epoch, leader.state.leaderEpoch(), "after silence " + i);
        }
        for (int away = 1; away <= 2; away++) {
            cluster.isolate(slotBeside(leader, away));
        }
        assertTrue(cluster.runUntil(() -> !leader.serves(), 2 * SECOND), "leads without a majority for ever");
    }

    /** What it waits for from its disk came while it stood still, or would have. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void leader_that_stood_still_does_not_blame_its_disk(long seed) {
        Cluster cluster = new Cluster(3, new SplittableRandom(seed), Mutant.NONE);
        SimulatedNode leader = learned(cluster);
        long epoch = leader.state.leaderEpoch();
        for (int i = 0; i < 10; i++) {
            leader.propose(3);
            pause(cluster, leader);
            cluster.runFor(SECOND);
            assertSame(leader, cluster.leader(), "after standstill " + i);
            assertEquals(epoch, leader.state.leaderEpoch(), "after standstill " + i);
        }
    }

    /** As on one machine that was suspended: what a member has learned of its pauses is bounded and does not bear this. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void leader_blames_nobody_where_all_stood_still_longer_than_any_patience(long seed) {
        Cluster cluster = new Cluster(3, new SplittableRandom(seed), Mutant.NONE);
        SimulatedNode leader = learned(cluster);
        long epoch = leader.state.leaderEpoch();
        for (int i = 0; i < 5; i++) {
            leader.propose(3);
            for (SimulatedNode node : cluster.nodes()) {
                pause(cluster, node, 5 * SECOND);
            }
            cluster.runFor(8 * SECOND);
            assertSame(leader, cluster.leader(), "after standstill " + i);
            assertEquals(epoch, leader.state.leaderEpoch(), "after standstill " + i);
        }
    }

    /** A leader, when every member has stood still once within the last minute. */
    private static SimulatedNode learned(Cluster cluster) {
        cluster.startAll();
        awaitLeader(cluster);
        for (int slot = 1; slot <= 3; slot++) {
            pause(cluster, cluster.node(slot));
        }
        cluster.runFor(2 * SECOND);
        awaitLeader(cluster);
        return cluster.leader();
    }

    private static void awaitLeader(Cluster cluster) {
        assertTrue(cluster.runUntil(() -> cluster.leader() != null, 20 * SECOND), "a leader");
    }

    private static void pause(Cluster cluster, SimulatedNode node) {
        pause(cluster, node, STANDSTILL);
    }

    private static void pause(Cluster cluster, SimulatedNode node, long nanos) {
        node.pausedUntil = cluster.now() + nanos;
    }

    private static int slotBeside(SimulatedNode node, int away) {
        return 1 + (node.slot - 1 + away) % 3;
    }
}
