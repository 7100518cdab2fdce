package io.synod.simulation;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.paxos.Message;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Snapshots while members die and clients write. */
class SnapshotsUnderFireTest {
    private static final long MILLI = Cluster.MILLI;
    private static final long SECOND = 1000 * MILLI;

    private final SplittableRandom random = new SplittableRandom(7);
    private boolean loading;

    /** Three members; one is away until the others' logs begin behind what it has. */
    private Cluster withOneAway(long seed) {
        Cluster cluster = new Cluster(3, new SplittableRandom(seed), Mutant.NONE);
        cluster.checkpointChance(1);
        cluster.chunk(8);
        cluster.startAll();
        until("a leader", cluster, () -> cluster.leader() != null);
        away(cluster).crash();
        loading = true;
        load(cluster);
        cluster.forgets(1, true);
        until(
                "logs to forget",
                cluster,
                () -> cluster.leader() != null
                        && cluster.leader().disk.base() > away(cluster).disk.last() + 150);
        return cluster;
    }

    private static SimulatedNode away(Cluster cluster) {
        for (SimulatedNode node : cluster.nodes()) {
            if (!node.up()) {
                return node;
            }
        }
        return cluster.node(1 + cluster.leader().slot % 3);
    }

    /** Some 600 entries a second, as long as the cluster is looked at. */
    private void load(Cluster cluster) {
        cluster.after(random.nextLong(10 * MILLI), () -> {
            if (loading) {
                if (cluster.leader() != null) {
                    cluster.leader().propose(3);
                }
                load(cluster);
            }
        });
    }

    private static void until(String what, Cluster cluster, BooleanSupplier condition) {
        assertTrue(cluster.runUntil(condition, 20 * SECOND), what);
    }

    /** Who sends, or who receives, dies with the n-th message of it, and the sender's place is taken by another leader. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whoever_dies_in_the_middle_of_a_snapshot_the_member_that_lacks_it_comes_up_to_date(boolean sender) {
        for (int step = 0; step < 16; step++) {
            Cluster cluster = withOneAway(step + 1);
            SimulatedNode behind = away(cluster);
            int[] seen = {0};
            int dies = step;
            cluster.filter((from, to, message) -> {
                boolean counts = to == behind.slot
                        && (message instanceof Message.SnapshotOffer || message instanceof Message.SnapshotChunk);
                if (counts && seen[0]++ == dies) {
                    SimulatedNode dead = sender ? cluster.node(from) : behind;
                    cluster.after(0, dead::crash);
                    cluster.after(400 * MILLI, () -> {
                        if (!dead.up()) {
                            dead.start();
                        }
                    });
                }
                return false;
            });
            behind.start();
            until("message " + step + " of a snapshot", cluster, () -> seen[0] > dies);
            // Under the load, which goes on.
            long target = cluster.chosen.all().size();
            until("the one that lacked it, after a death at step " + step, cluster, () -> behind.applied >= target);
            assertTrue(cluster.installed > 0, "no snapshot at all");
            loading = false;
            cluster.filter((from, to, message) -> false);
            until(
                    "all up",
                    cluster,
                    () -> cluster.nodes()[0].up() && cluster.nodes()[1].up() && cluster.nodes()[2].up());
            cluster.liveness.awaitSettled(cluster);
            cluster.checkers.settled(cluster);
        }
    }

    /** Its disk is the slowest, its link loses, and the others forget what it lacks again and again; the load never ends. */
    @Test
    void slowest_member_is_never_further_behind_than_some_seconds_under_load() {
        for (long seed = 1; seed <= 2; seed++) {
            Cluster cluster = withOneAway(seed);
            SimulatedNode behind = away(cluster);
            cluster.network.weather(new SimulatedNetwork.Weather(0.02, 0.02, 0.1, 20 * MILLI, true));
            cluster.slowForce(behind.slot, 30 * MILLI);
            cluster.forgets(0.01, true);
            behind.start();
            for (int second = 0; second < 5; second++) {
                long target = cluster.chosen.all().size();
                assertTrue(
                        cluster.runUntil(() -> behind.applied >= target, 4 * SECOND),
                        "seed " + seed + ": applied " + behind.applied + " 4 s after " + target + " was committed");
                cluster.runFor(SECOND);
            }
            assertTrue(cluster.installed > 0, "no snapshot at all");
        }
    }
}
