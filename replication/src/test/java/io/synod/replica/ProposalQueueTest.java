package io.synod.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.paxos.Timing;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(240)
class ProposalQueueTest {
    private static final Members ALONE =
            new Members(List.of(new Member(1, "a", Member.UNSEEN, Member.Role.VOTER, "127.0.0.1:1")));

    /** It stands in no queue any more, and in none yet. */
    @Test
    void who_waits_for_a_proposal_that_failed_on_its_way_into_the_log_is_let_go() {
        try (ReplicaNode node =
                new ReplicaNode(new TestLog(), null, Timing.standard(), System::nanoTime, new Random(1))) {
            Replica replica = (Replica) node.openGroup(1, ALONE, 1, 0, new ListApplier());
            replica.awaitLeader(Await.LIMIT_NANOS);
            ProposalQueue queue = new ProposalQueue();
            PendingProposal proposal = new PendingProposal(replica, new byte[1], replica.servingEpoch(), null);
            PendingProposal behind = new PendingProposal(replica, new byte[1], replica.servingEpoch(), null);
            queue.offer(proposal);
            queue.offer(behind);
            CompletableFuture<Proposal.Outcome> outcome =
                    CompletableFuture.supplyAsync(() -> proposal.await(TimeUnit.DAYS.toNanos(1)));
            Await.until("somebody waits", () -> proposal.waiter() != null);
            // Without a queue of what is to be written this fails as soon as the protocol appends the entry.
            replica.submit((s, now, out) -> queue.place(s, now, new StepEffects(replica, null), replica.applyPath()));
            assertNotNull(node.failure());
            // As the node does that stops.
            queue.loseAll();
            Await.until("who waits is told", outcome::isDone);
            assertEquals(Proposal.Outcome.UNKNOWN, outcome.join());
            assertEquals(Proposal.Outcome.LOST, behind.await(0));
        }
    }
}
