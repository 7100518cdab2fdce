package io.synod.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.paxos.Timing;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Stress on baton, gate, release and apply baton with the timer stopped: its ticks would wake whoever was forgotten, and
 * hide the bug. A missed wake-up shows as a commit that never ends.
 */
@Timeout(600)
class MissedWakeUpTest {
    private static final long LIMIT_NANOS = 30_000_000_000L;

    private static void hammer(ReplicatedLog log, int clients, int each, long seed) throws Exception {
        System.err.println("seed " + seed);
        List<Thread> threads = new ArrayList<>();
        List<String> wrong = Collections.synchronizedList(new ArrayList<>());
        AtomicInteger applied = new AtomicInteger();
        long epoch = log.servingEpoch();
        for (int c = 0; c < clients; c++) {
            Random random = new Random(seed + c);
            Thread thread = new Thread(() -> {
                for (int i = 0; i < each && wrong.isEmpty(); i++) {
                    Proposal.Outcome outcome = log.propose(new byte[random.nextInt(300)], epoch, null)
                            .await(LIMIT_NANOS);
                    if (outcome == Proposal.Outcome.APPLIED) {
                        applied.incrementAndGet();
                    } else {
                        wrong.add(i + ": " + outcome);
                    }
                    // Sometimes alone, sometimes in the crowd: think times around that of a cycle.
                    if (random.nextInt(4) == 0) {
                        LockSupport.parkNanos(random.nextInt(200_000));
                    }
                }
            });
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) {
            // It ends: each of its waits does.
            thread.join();
        }
        assertEquals(List.of(), wrong);
        assertEquals(clients * each, applied.get());
    }

    @Test
    void one_node_alone() throws Exception {
        Members alone = new Members(List.of(new Member(1, "a", Member.UNSEEN, Member.Role.VOTER, "h:1")));
        for (int clients : new int[] {1, 2, 3, 40}) {
            TestLog disk = new TestLog();
            try (ReplicaNode node =
                    new ReplicaNode(disk, null, Timing.standard(), System::nanoTime, new Random(clients))) {
                ReplicatedLog log = node.openGroup(1, alone, 1, 0, new ListApplier());
                log.awaitLeader(Await.LIMIT_NANOS);
                Await.until("it serves", () -> log.servingEpoch() != 0);
                node.timer().close();
                disk.forceTakes(clients % 2 * 30_000L);
                hammer(log, clients, 6_000 / clients, clients);
            }
        }
    }

    @Test
    void leader_of_three_nodes() throws Exception {
        for (int clients : new int[] {1, 2, 5, 40}) {
            // Followers that never campaign: without ticks, the leader sends no heartbeats.
            try (TestCluster cluster = TestCluster.ledBy(1)) {
                TestCluster.TestNode leader = cluster.awaitLeader();
                assertEquals(Proposal.Outcome.APPLIED, leader.write("first"));
                leader.node.timer().close();
                leader.log.forceTakes(clients % 2 * 30_000L);
                hammer(leader.group, clients, 3_000 / clients, clients);
            }
        }
    }
}
