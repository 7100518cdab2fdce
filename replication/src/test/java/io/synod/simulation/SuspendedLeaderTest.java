package io.synod.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A machine is suspended, and its monotonic clock stands still: what it leads by is older than it thinks. */
class SuspendedLeaderTest {
    private static final long SECOND = 1000 * Cluster.MILLI;

    /** The follower hears nobody else, so it does not know of the next leader either. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void question_of_a_follower_is_not_answered_under_a_lease_that_ended_in_its_sleep(long seed) {
        Cluster cluster = new Cluster(5, new SplittableRandom(seed), Mutant.NONE);
        cluster.startAll();
        assertTrue(cluster.runUntil(() -> cluster.leader() != null, 20 * SECOND), "a leader");
        SimulatedNode leader = cluster.leader();
        SimulatedNode follower = cluster.node(leader.slot % 5 + 1);
        List<Long> readAt = new ArrayList<>();
        cluster.watch(new Checker() {
            @Override
            public void read(SimulatedNode node, Start started, long appliedIndex) {
                readAt.add(appliedIndex);
            }
        });
        // Reads, so that it has a lease.
        for (int i = 0; i < 20; i++) {
            follower.read(false, 0);
            leader.propose(1);
            cluster.runFor(10 * Cluster.MILLI);
        }
        assertTrue(readAt.size() >= 10, readAt::toString);
        assertTrue(leader.state.leaseLeft(leader.clock()) > 0, "a lease");
        long sleep = 900 * Cluster.MILLI;
        leader.pausedUntil = cluster.now() + sleep;
        leader.clock.sleeps(sleep);
        cluster.isolate(leader.slot);
        cluster.isolate(follower.slot);
        cluster.network.mend(leader.slot, follower.slot);
        cluster.network.mend(follower.slot, leader.slot);
        for (SimulatedNode other : cluster.nodes()) {
            if (other != leader && other != follower) {
                other.step("hint", () -> other.state.onPeerDown(leader.slot, other.clock(), other));
            }
        }
        cluster.runFor(40 * Cluster.MILLI);
        assertTrue(
                cluster.runUntil(() -> cluster.leader() != null && cluster.leader() != leader, sleep),
                "another leader");
        long acknowledged = cluster.liveness.lastAcknowledged();
        cluster.leader().propose(1);
        assertTrue(cluster.runUntil(() -> cluster.liveness.lastAcknowledged() > acknowledged, sleep), "it commits");
        // The question is the first that the leader sees when it wakes up.
        assertEquals(leader.slot, follower.state.leaderSlot(), "whom the follower asks");
        int before = readAt.size();
        follower.read(false, 0);
        cluster.runFor(Cluster.MILLI);
        leader.pausedUntil = 0;
        leader.clock.runs(1);
        cluster.runFor(50 * Cluster.MILLI);
        assertEquals(before, readAt.size(), "answered by a leader that is none any more: " + readAt);
    }
}
