package io.synod.simulation;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.group.Invariant;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Members that die while their log is being told where it begins, and start again. */
class MovingBaseTest {
    private static final long SECOND = 1000 * Cluster.MILLI;
    private static final int SEEDS = 40;

    private int moved;
    private int asBefore;

    private static void until(String what, Cluster cluster, java.util.function.BooleanSupplier condition) {
        assertTrue(cluster.runUntil(condition, 20 * SECOND), what);
    }

    /** Ten times: one member's base moves, it dies before that is forced, and comes back. */
    private void run(long seed, Mutant mutant) {
        Cluster cluster = new Cluster(3, new SplittableRandom(seed), mutant);
        cluster.checkpointChance(1);
        cluster.forgets(1, true);
        cluster.startAll();
        for (int i = 0; i < 10; i++) {
            until("a leader", cluster, () -> cluster.leader() != null);
            SimulatedNode dies = cluster.node(1 + i % 3);
            long before = dies.disk.base();
            until("a base that moves", cluster, () -> {
                if (cluster.leader() != null && cluster.leader().disk.last() < before + 40) {
                    cluster.leader().propose(1);
                }
                return dies.disk.base() > before && !dies.disk.baseIsForced();
            });
            long after = dies.disk.base();
            dies.crash();
            moved += dies.disk.base() == after ? 1 : 0;
            asBefore += dies.disk.base() < after ? 1 : 0;
            assertTrue(dies.disk.base() <= after, "begins behind " + dies.disk.base() + ", told was " + after);
            assertTrue(dies.whole(), "needs a snapshot after its own checkpoint");
            dies.start();
        }
        cluster.liveness.awaitSettled(cluster);
        cluster.checkers.settled(cluster);
    }

    @Test
    void member_that_dies_while_its_base_moves_goes_on_behind_the_old_or_the_new_one() {
        for (long seed = 1; seed <= SEEDS; seed++) {
            run(seed, Mutant.NONE);
        }
        assertTrue(moved > SEEDS && asBefore > SEEDS, moved + " kept the new base, " + asBefore + " had the old one");
    }

    @Test
    void segments_deleted_before_the_base_is_forced_are_found() {
        assertThrows(Invariant.Violation.class, () -> {
            for (long seed = 1; seed <= SEEDS; seed++) {
                run(seed, Mutant.RECLAIM_BEFORE_BASE_IS_FORCED);
            }
        });
    }
}
