package io.synod.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.paxos.MemberChange;
import io.synod.paxos.MemberChange.Refusal;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** Nodes that come and go while others write, over real sockets. */
class MembershipTest {
    private static final List<Refusal> PASSING =
            List.of(Refusal.NOT_LEADING, Refusal.TOO_EARLY, Refusal.LEARNER_IS_BEHIND, Refusal.MAJORITY_OUT_OF_REACH);

    private final List<String> written = new ArrayList<>();

    /** Asks whoever leads, until it is done. */
    private static void change(TestCluster cluster, MemberChange change, Refusal done) {
        Await.until(change::toString, () -> {
            Refusal refusal = cluster.awaitLeader()
                    .group
                    .changeMembers(change, Await.LIMIT_NANOS)
                    .refusal();
            // What was not known to have happened says so when it is asked for again.
            assertTrue(
                    refusal == null || refusal == done || refusal == Refusal.NOT_KNOWN || PASSING.contains(refusal),
                    () -> change + ": " + refusal);
            return refusal == null || refusal == done;
        });
    }

    private static void add(TestCluster cluster, TestCluster.TestNode node) {
        change(cluster, MemberChange.add(node.name, node.incarnation(), node.address()), Refusal.NAME_TAKEN);
    }

    private static void remove(TestCluster cluster, TestCluster.TestNode node) {
        change(cluster, MemberChange.remove(node.name), Refusal.NO_SUCH_MEMBER);
        Await.until(() -> node.name + " has stopped", () -> node.applier.stopped() != null);
        assertInstanceOf(RemovedMemberException.class, node.applier.stopped());
        node.kill();
    }

    private void write(TestCluster cluster, String text) {
        cluster.write(text);
        written.add(text);
    }

    @Test
    void node_is_added_promoted_and_takes_the_place_of_others_under_load() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            write(cluster, "before");
            AtomicBoolean loads = new AtomicBoolean(true);
            List<String> acknowledged = new ArrayList<>();
            Thread load = new Thread(() -> {
                for (int i = 0; loads.get(); i++) {
                    cluster.write("load " + i);
                    acknowledged.add("load " + i);
                }
            });
            load.start();
            TestCluster.TestNode added = cluster.join();
            add(cluster, added);
            change(cluster, MemberChange.promote(added.name), Refusal.NOT_A_LEARNER);
            TestCluster.TestNode leader = cluster.awaitLeader();
            TestCluster.TestNode follower = cluster.nodes().stream()
                    .filter(node -> node != leader && node != added)
                    .findFirst()
                    .orElseThrow();
            remove(cluster, follower);
            remove(cluster, cluster.awaitLeader());
            loads.set(false);
            load.join();
            written.addAll(acknowledged);
            write(cluster, "after");
            assertTrue(acknowledged.size() > 0, "no load");
            cluster.awaitEqual(written);
            Members members = cluster.awaitLeader().group.members();
            assertEquals(2, members.voters().length);
            assertTrue(members.isVoter(4) || members.bySlot(4) == null, members.toString());
        }
    }

    @Test
    void member_that_was_down_when_it_was_removed_hears_of_it_and_stops() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            write(cluster, "before");
            TestCluster.TestNode away = cluster.others(cluster.awaitLeader()).get(0);
            away.kill();
            change(cluster, MemberChange.remove(away.name), Refusal.NO_SUCH_MEMBER);
            write(cluster, "without it");
            away.start();
            Await.until(() -> "it has heard", () -> away.applier.stopped() != null);
            assertInstanceOf(RemovedMemberException.class, away.applier.stopped());
            away.kill();
            write(cluster, "after");
            cluster.awaitEqual(written);
        }
    }

    @Test
    void members_that_restart_know_who_was_added_and_its_vote_counts() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            TestCluster.TestNode added = cluster.join();
            add(cluster, added);
            Await.until(
                    "it is told who leads, by name",
                    () -> added.applier.events().stream().anyMatch(event -> event.matches("role [abc]")));
            write(cluster, "before");
            assertEquals(
                    Member.Role.LEARNER,
                    cluster.awaitLeader().group.members().bySlot(4).role());
            change(cluster, MemberChange.promote(added.name), Refusal.NOT_A_LEARNER);
            cluster.awaitEqual(written);
            for (TestCluster.TestNode node : cluster.nodes()) {
                node.kill();
            }
            // Three of four: without the one that was added there is no majority.
            for (int slot : new int[] {1, 2, 4}) {
                cluster.nodes().get(slot - 1).start();
            }
            write(cluster, "after");
            cluster.awaitEqual(written);
            assertEquals(4, cluster.awaitLeader().group.members().voters().length);
        }
    }
}
