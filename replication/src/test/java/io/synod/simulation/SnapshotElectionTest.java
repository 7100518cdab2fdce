package io.synod.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.paxos.Message;
import io.synod.paxos.Role;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Elections where logs have forgotten what the candidate lacks. */
class SnapshotElectionTest {
    private static final long SECOND = 1000 * Cluster.MILLI;

    private static void until(String what, Cluster cluster, java.util.function.BooleanSupplier condition) {
        assertTrue(cluster.runUntil(condition, 20 * SECOND), what);
    }

    /** A stale member is the only one that may win: it installs the other's snapshot, fetches the rest, and leads. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void stale_candidate_gets_a_snapshot_from_the_member_whose_log_begins_behind_its_end(long seed) {
        Cluster cluster = new Cluster(3, new SplittableRandom(seed), Mutant.NONE);
        cluster.checkpointChance(1);
        cluster.startAll();
        until("a leader", cluster, () -> cluster.leader() != null);
        SimulatedNode leader = cluster.leader();
        SimulatedNode stale = cluster.node(1 + leader.slot % 3);
        SimulatedNode ahead = cluster.node(1 + stale.slot % 3);
        leader.propose(5);
        until("five applied", cluster, () -> stale.applied > 5);
        long had = stale.disk.last();
        cluster.isolate(stale.slot);
        cluster.forgets(1, true);
        for (int i = 0; i < 50; i++) {
            leader.propose(3);
            cluster.runFor(10 * Cluster.MILLI);
        }
        until("the log to begin behind what is stale", cluster, () -> ahead.disk.base() > had + 10);
        long acknowledged = leader.applied;
        leader.crash();
        cluster.network.mendAll();
        cluster.filter((from, to, message) ->
                from == ahead.slot && (message instanceof Message.PreVote || message instanceof Message.Prepare));
        until("the stale one leads: " + stale.state.role(), cluster, () -> stale.up() && stale.serves());
        assertEquals(Role.LEADER, stale.state.role());
        assertTrue(stale.applied > acknowledged, "applied " + stale.applied + ", acknowledged " + acknowledged);
        assertEquals(1, cluster.installed);
        cluster.filter((from, to, message) -> false);
        leader.start();
        cluster.liveness.awaitSettled(cluster);
        cluster.checkers.settled(cluster);
    }

    /** Nobody is left but a member that lost its state machine and one that has it. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void member_without_a_state_machine_votes_but_does_not_lead(long seed) {
        Cluster cluster = new Cluster(3, new SplittableRandom(seed), Mutant.NONE);
        cluster.checkpointChance(1);
        cluster.forgets(1, true);
        cluster.startAll();
        until("a leader", cluster, () -> cluster.leader() != null);
        SimulatedNode leader = cluster.leader();
        SimulatedNode hollow = cluster.node(1 + leader.slot % 3);
        for (int i = 0; i < 20; i++) {
            leader.propose(3);
            cluster.runFor(10 * Cluster.MILLI);
        }
        until("logs to forget", cluster, () -> hollow.disk.base() > 10);
        leader.crash();
        hollow.loseMachine();
        hollow.start();
        assertTrue(hollow.state.hollow());
        until("another leader", cluster, () -> cluster.leader() != null);
        assertTrue(cluster.leader() != hollow || cluster.installed > 0, "led without a state machine");
        until("the snapshot", cluster, () -> cluster.installed == 1 && !hollow.state.hollow());
        leader.start();
        cluster.liveness.awaitSettled(cluster);
        cluster.checkers.settled(cluster);
    }
}
