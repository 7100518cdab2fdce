package io.synod.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.paxos.MemberChange;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.function.Predicate;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A group of one grows to three and to five, and shrinks to one that was not there at first, under load and with crashes, also of
 * whoever leads.
 */
class GrowAndShrinkTest {
    private static final long MILLI = Cluster.MILLI;
    private static final int SEEDS = 20;
    private static final int NODES = 5;
    private static final long STEP_LIMIT = 20_000 * MILLI;

    private Cluster cluster;
    private SplittableRandom random;
    private boolean over;
    private int crashed;

    /** @param crashes one in so many steps of 20 ms; 0 for none */
    @ParameterizedTest
    @ValueSource(ints = {0, 15})
    void group_grows_from_one_to_five_and_shrinks_to_one_under_load(int crashes) {
        long committed = 0;
        for (long seed = 1; seed <= SEEDS; seed++) {
            try {
                committed += run(seed, crashes);
            } catch (AssertionError e) {
                throw new AssertionError("seed " + seed + ", crashes " + crashes + ": " + e.getMessage(), e);
            }
        }
        assertTrue(committed > 80L * SEEDS, "entries committed: " + committed);
        assertTrue(crashes == 0 || crashed > SEEDS, "crashes: " + crashed);
    }

    private long run(long seed, int crashes) {
        random = new SplittableRandom(seed);
        over = false;
        cluster = new Cluster(1, NODES - 1, random.split(), Mutant.NONE, new Timeline());
        cluster.forgets(0.1, true);
        cluster.startAll();
        load();
        if (crashes > 0) {
            crash(crashes);
        }
        for (int slot = 2; slot <= NODES; slot++) {
            int comes = slot;
            String name = Cluster.name(comes);
            step(members -> members.bySlot(comes) != null, MemberChange.add(name, new UUID(0, comes), name + ":1"));
            step(members -> members.isVoter(comes), MemberChange.promote(name));
            assertEquals(comes, cluster.chosen.configuration().voters().length);
        }
        // In a random order, the one that began among them.
        List<Integer> going = new ArrayList<>(List.of(1, 2, 3, 4, 5));
        while (going.size() > 1) {
            int goes = going.remove(random.nextInt(going.size()));
            step(members -> members.bySlot(goes) == null, MemberChange.remove(Cluster.name(goes)));
        }
        over = true;
        cluster.runFor(300 * MILLI);
        cluster.startAll();
        cluster.liveness.awaitSettled(cluster);
        cluster.checkers.settled(cluster);
        Members last = cluster.chosen.configuration();
        assertEquals(1, last.all().size());
        assertEquals(Member.Role.VOTER, last.all().get(0).role());
        return cluster.chosen.all().size();
    }

    private void step(Predicate<Members> done, MemberChange change) {
        long[] askedAt = {Long.MIN_VALUE / 2};
        boolean made = cluster.runUntil(
                () -> {
                    SimulatedNode leader = cluster.leader();
                    if (leader != null && cluster.now() - askedAt[0] > 20 * MILLI) {
                        askedAt[0] = cluster.now();
                        leader.change(members -> change);
                    }
                    return done.test(cluster.chosen.configuration());
                },
                STEP_LIMIT);
        assertTrue(made, () -> change + " is not made in " + cluster.chosen.configuration());
    }

    private void load() {
        cluster.after(random.nextLong(2 * MILLI), () -> {
            if (!over) {
                SimulatedNode leader = cluster.leader();
                if (leader != null) {
                    leader.propose(1);
                }
                load();
            }
        });
    }

    /** One at a time, and it comes back soon. */
    private void crash(int oneIn) {
        cluster.after(20 * MILLI, () -> {
            if (over) {
                return;
            }
            if (random.nextInt(oneIn) == 0) {
                SimulatedNode leader = cluster.leader();
                SimulatedNode node =
                        leader != null && random.nextBoolean() ? leader : cluster.node(1 + random.nextInt(NODES));
                crashed += node.up() ? 1 : 0;
                node.crash();
                cluster.after(random.nextLong(300 * MILLI), () -> {
                    if (!node.up()) {
                        node.start();
                    }
                });
            }
            crash(oneIn);
        });
    }
}
