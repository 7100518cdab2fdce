package io.synod.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.replica.TestCluster.TestNode;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Requests that wait for a majority and are given up. */
@Timeout(240)
class PatienceTest {
    private static final long FOR_EVER = TimeUnit.HOURS.toNanos(1);

    private final AtomicReference<Patience> patience = new AtomicReference<>();

    private <T> CompletableFuture<T> request(long limitNanos, Supplier<T> request) throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        CompletableFuture<T> end = CompletableFuture.supplyAsync(() -> {
            try (Patience mine = Patience.begin(limitNanos)) {
                patience.set(mine);
                begun.countDown();
                return request.get();
            }
        });
        begun.await();
        return end;
    }

    @Test
    void what_waits_without_a_majority_ends_when_it_is_given_up() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            TestNode leader = cluster.awaitLeader();
            leader.transport.cut(true);
            CompletableFuture<Proposal.Outcome> write =
                    request(0, () -> leader.propose("x").await(FOR_EVER));
            patience.get().giveUp();
            // Where the leader had been deposed before, it was never in the log.
            Proposal.Outcome outcome = write.get(30, TimeUnit.SECONDS);
            assertTrue(outcome != Proposal.Outcome.APPLIED, outcome.toString());
            Await.until("no leader", () -> leader.group.leader() == null);
            CompletableFuture<Boolean> read = request(0, () -> leader.group.awaitReadable(FOR_EVER));
            patience.get().giveUp();
            assertFalse(read.get(30, TimeUnit.SECONDS));
            CompletableFuture<String> search = request(0, () -> leader.group.awaitLeader(FOR_EVER));
            patience.get().giveUp();
            assertNull(search.get(30, TimeUnit.SECONDS));
        }
    }

    @Test
    void what_waits_without_a_majority_ends_when_its_time_is_over() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            TestNode leader = cluster.awaitLeader();
            leader.transport.cut(true);
            Await.until("no leader", () -> leader.group.leader() == null);
            assertFalse(request(100_000_000L, () -> leader.group.awaitReadable(FOR_EVER))
                    .get(30, TimeUnit.SECONDS));
        }
    }

    @Test
    void a_committed_proposal_is_waited_for_although_it_was_given_up() throws Exception {
        try (TestCluster cluster = TestCluster.of(3)) {
            TestNode leader = cluster.awaitLeader();
            CountDownLatch applying = new CountDownLatch(1);
            CountDownLatch goOn = new CountDownLatch(1);
            leader.applier.before(entry -> {
                applying.countDown();
                try {
                    goOn.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            Proposal first = leader.propose("first");
            CompletableFuture<Proposal.Outcome> applier =
                    CompletableFuture.supplyAsync(() -> first.await(Await.LIMIT_NANOS));
            applying.await();
            Proposal second = leader.propose("second");
            CompletableFuture<Proposal.Outcome> write = request(0, () -> second.await(FOR_EVER));
            Await.until(
                    "it is committed",
                    () -> second.entry() != null
                            && leader.group.commitIndex() >= second.entry().index());
            patience.get().giveUp();
            assertThrows(
                    TimeoutException.class,
                    () -> write.get(TimeUnit.NANOSECONDS.toMillis(Patience.GRACE_NANOS) + 200, TimeUnit.MILLISECONDS));
            goOn.countDown();
            assertEquals(Proposal.Outcome.APPLIED, write.get(30, TimeUnit.SECONDS));
            assertEquals(Proposal.Outcome.APPLIED, applier.get(30, TimeUnit.SECONDS));
        }
    }
}
