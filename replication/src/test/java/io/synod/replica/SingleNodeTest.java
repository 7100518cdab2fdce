package io.synod.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.group.Entry;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.log.ChronicleEntryLog;
import io.synod.log.EntryLog;
import io.synod.log.LogConfig;
import io.synod.paxos.Timing;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.io.TempDir;

/** A node without peers: one member, no transport. */
@Timeout(240)
class SingleNodeTest {
    private static final Members ALONE =
            new Members(List.of(new Member(1, "a", Member.UNSEEN, Member.Role.VOTER, "127.0.0.1:1")));

    private static ReplicaNode node(EntryLog log) {
        return new ReplicaNode(log, null, Timing.standard(), System::nanoTime, new Random(1));
    }

    private static Proposal propose(ReplicatedLog log, String text) {
        return log.propose(text.getBytes(StandardCharsets.UTF_8), log.servingEpoch(), text);
    }

    private static Proposal.Outcome write(ReplicatedLog log, String text) {
        return propose(log, text).await(Await.LIMIT_NANOS);
    }

    @Test
    void serves_at_once_and_applies_what_is_proposed() {
        try (ReplicaNode node = node(new TestLog())) {
            ListApplier applier = new ListApplier();
            ReplicatedLog log = node.openGroup(1, ALONE, 1, 0, applier);
            assertEquals("a", log.awaitLeader(Await.LIMIT_NANOS));
            assertNotEquals(0, log.servingEpoch());
            assertEquals(Proposal.Outcome.APPLIED, write(log, "x"));
            assertEquals(List.of("x"), applier.texts());
            assertTrue(log.leaseHolds());
            assertTrue(log.awaitReadable(Await.LIMIT_NANOS));
            assertEquals(log.appliedIndex(), log.durableIndex());
        }
    }

    @Test
    void entry_is_committed_whether_its_siblings_come_or_not() {
        TestLog log = new TestLog();
        log.forceTakes(4_000_000);
        try (ReplicaNode node = node(log)) {
            ReplicatedLog one = node.openGroup(1, ALONE, 1, 0, new SiblingApplier());
            ReplicatedLog two = node.openGroup(2, ALONE, 1, 0, new SiblingApplier());
            one.awaitLeader(Await.LIMIT_NANOS);
            two.awaitLeader(Await.LIMIT_NANOS);
            for (int i = 0; i < 20; i++) {
                assertEquals(Proposal.Outcome.APPLIED, write(one, "alone " + i));
            }
            for (int i = 0; i < 20; i++) {
                Proposal first = propose(one, "both " + i);
                Proposal second = propose(two, "both " + i);
                assertEquals(Proposal.Outcome.APPLIED, first.await(Await.LIMIT_NANOS));
                assertEquals(Proposal.Outcome.APPLIED, second.await(Await.LIMIT_NANOS));
            }
        }
    }

    /** Entries of one text are siblings, of groups 1 and 2. */
    private static final class SiblingApplier implements Applier {
        private volatile long applied;

        @Override
        public long appliedIndex() {
            return applied;
        }

        @Override
        public Siblings siblings(Entry entry) {
            return new Siblings(new String(entry.payload(), StandardCharsets.UTF_8), 0, new long[] {1, 2});
        }

        @Override
        public void apply(Entry entry, Proposal proposal) {
            applied = entry.index();
        }

        @Override
        public void onDeposed() {}

        @Override
        public void onRole(String leader, long epoch, boolean serving) {}

        @Override
        public void onStopped(Throwable cause) {}
    }

    @Test
    void proposal_under_another_epoch_is_lost_and_leaves_no_entry() {
        try (ReplicaNode node = node(new TestLog())) {
            ListApplier applier = new ListApplier();
            ReplicatedLog log = node.openGroup(1, ALONE, 1, 0, applier);
            log.awaitLeader(Await.LIMIT_NANOS);
            Proposal stale = log.propose(new byte[1], log.servingEpoch() - 1, null);
            assertEquals(Proposal.Outcome.LOST, stale.await(0));
            assertEquals(null, stale.entry());
            assertEquals(Proposal.Outcome.APPLIED, write(log, "x"));
            assertEquals(List.of("x"), applier.texts());
        }
    }

    @Test
    @EnabledForJreRange(min = JRE.JAVA_21, disabledReason = "there are no virtual threads before 21")
    void virtual_thread_commits_without_holding_its_carrier_in_a_force() throws Throwable {
        try (ReplicaNode node = node(new TestLog())) {
            ListApplier applier = new ListApplier();
            List<String> appliedBy = new ArrayList<>();
            applier.before(entry -> appliedBy.add(Thread.currentThread().getName()));
            ReplicatedLog log = node.openGroup(1, ALONE, 1, 0, applier);
            log.awaitLeader(Await.LIMIT_NANOS);
            Proposal.Outcome[] outcome = new Proposal.Outcome[1];
            Thread client = (Thread) MethodHandles.lookup()
                    .findStatic(Thread.class, "startVirtualThread", MethodType.methodType(Thread.class, Runnable.class))
                    .invoke((Runnable) () -> outcome[0] = write(log, "x"));
            client.join();
            assertEquals(Proposal.Outcome.APPLIED, outcome[0]);
            assertEquals(Set.of("synod-apply-1"), Set.copyOf(appliedBy));
        }
    }

    @Test
    void groups_share_one_force() {
        TestLog shared = new TestLog();
        try (ReplicaNode node = node(shared)) {
            List<ListApplier> appliers = new ArrayList<>();
            List<ReplicatedLog> logs = new ArrayList<>();
            for (int g = 0; g < 3; g++) {
                appliers.add(new ListApplier());
                logs.add(node.openGroup(g, ALONE, 1, 0, appliers.get(g)));
            }
            logs.forEach(log -> log.awaitLeader(Await.LIMIT_NANOS));
            assertThrows(IllegalStateException.class, () -> node.openGroup(1, ALONE, 1, 0, new ListApplier()));
            int before = shared.forces();
            for (int i = 0; i < 20; i++) {
                List<Proposal> proposals = new ArrayList<>();
                for (ReplicatedLog log : logs) {
                    proposals.add(propose(log, "x" + i));
                }
                for (Proposal proposal : proposals) {
                    assertEquals(Proposal.Outcome.APPLIED, proposal.await(Await.LIMIT_NANOS));
                }
            }
            int forces = shared.forces() - before;
            assertTrue(forces < 40, forces + " forces for 20 times 3 proposals");
            appliers.forEach(applier -> assertEquals(20, applier.texts().size()));
        }
    }

    @Test
    void what_was_applied_is_applied_again_after_a_restart_from_real_files(@TempDir Path dir) throws Exception {
        LogConfig config = LogConfig.standard("a");
        List<String> written = new ArrayList<>();
        for (int round = 0; round < 3; round++) {
            try (ReplicaNode node = node(ChronicleEntryLog.open(dir, config))) {
                ListApplier applier = new ListApplier();
                ReplicatedLog log = node.openGroup(1, ALONE, 1, 0, applier);
                log.awaitLeader(Await.LIMIT_NANOS);
                assertEquals(written, applier.texts());
                for (int i = 0; i < 50; i++) {
                    assertEquals(Proposal.Outcome.APPLIED, write(log, round + "/" + i));
                    written.add(round + "/" + i);
                }
            }
        }
    }

    @Test
    void close_ends_those_who_wait_and_takes_no_more() throws Exception {
        TestLog disk = new TestLog();
        ReplicaNode node = node(disk);
        ReplicatedLog log = node.openGroup(1, ALONE, 1, 0, new ListApplier());
        log.awaitLeader(Await.LIMIT_NANOS);
        // Until it is let go: closing waits for it.
        disk.forceTakes(2 * Await.LIMIT_NANOS);
        Proposal proposal = propose(log, "x");
        Proposal.Outcome[] outcome = new Proposal.Outcome[1];
        Thread client = new Thread(() -> outcome[0] = proposal.await(Await.LIMIT_NANOS));
        client.start();
        Await.until(
                "it is on its way", () -> proposal.entry() != null && client.getState() == Thread.State.TIMED_WAITING);
        CompletableFuture<Void> closed = CompletableFuture.runAsync(node::close);
        Await.until("the group has ended", () -> log.servingEpoch() == 0);
        disk.forceTakes(0);
        closed.get();
        client.join();
        assertNotEquals(Proposal.Outcome.LOST, outcome[0]);
        assertEquals(Proposal.Outcome.LOST, write(log, "y"));
        assertFalse(log.awaitReadable(0));
    }

    /** It may yet be lost: opened before, the group would tell others that it has it. */
    @Test
    void group_that_was_closed_is_opened_again_when_all_that_it_has_left_is_on_disk() throws Exception {
        TestLog disk = new TestLog();
        try (ReplicaNode node = node(disk)) {
            ReplicatedLog log = node.openGroup(1, ALONE, 1, 0, new ListApplier());
            log.awaitLeader(Await.LIMIT_NANOS);
            // Until it is let go.
            disk.forceTakes(2 * Await.LIMIT_NANOS);
            Proposal proposal = propose(log, "x");
            Thread client = new Thread(() -> proposal.await(Await.LIMIT_NANOS));
            client.start();
            Await.until("it is appended", () -> {
                Entry entry = proposal.entry();
                return entry != null && disk.recovered(1).lastIndex() == entry.index();
            });
            log.close();
            assertFalse(node.awaitWritten(1, 0));
            ListApplier applier = new ListApplier();
            AtomicReference<ReplicatedLog> opened = new AtomicReference<>();
            Thread opener = new Thread(() -> opened.set(node.openGroup(1, ALONE, 1, 0, applier)));
            opener.start();
            Await.until(
                    "it waits, or has not waited",
                    () -> opened.get() != null || opener.getState() == Thread.State.TIMED_WAITING);
            ReplicatedLog early = opened.get();
            disk.forceTakes(0);
            opener.join();
            client.join();
            assertNull(early, "opened before that was on disk");
            assertTrue(node.awaitWritten(1, 0));
            opened.get().awaitLeader(Await.LIMIT_NANOS);
            assertEquals(Proposal.Outcome.APPLIED, write(opened.get(), "y"));
            assertEquals(List.of("x", "y"), applier.texts());
        }
    }

    @Test
    void error_in_the_force_ends_as_unknown_and_stops_all_groups() {
        TestLog disk = new TestLog();
        try (ReplicaNode node = node(disk)) {
            ListApplier first = new ListApplier();
            ListApplier second = new ListApplier();
            ReplicatedLog log = node.openGroup(1, ALONE, 1, 0, first);
            ReplicatedLog other = node.openGroup(2, ALONE, 1, 0, second);
            log.awaitLeader(Await.LIMIT_NANOS);
            other.awaitLeader(Await.LIMIT_NANOS);
            disk.failForces(new java.io.IOException("gone"));
            assertEquals(Proposal.Outcome.UNKNOWN, write(log, "x"));
            Await.until("both are told", () -> first.stopped() != null && second.stopped() != null);
            assertEquals(Proposal.Outcome.LOST, write(other, "y"));
            assertEquals(List.of(), first.texts());
            assertThrows(IllegalStateException.class, () -> node.openGroup(3, ALONE, 1, 0, new ListApplier()));
        }
    }

    /** Whoever finds no leader here asks why. */
    @Test
    void group_that_stops_tells_why_before_anybody_finds_that_it_serves_no_more() {
        try (ReplicaNode node = node(new TestLog())) {
            ListApplier applier = new ListApplier();
            ReplicatedLog log = node.openGroup(1, ALONE, 1, 0, applier);
            log.awaitLeader(Await.LIMIT_NANOS);
            AtomicLong served = new AtomicLong();
            AtomicReference<Proposal> late = new AtomicReference<>();
            AtomicReference<String> leader = new AtomicReference<>();
            applier.beforeStopped(() -> {
                served.set(log.servingEpoch());
                leader.set(log.awaitLeader(Await.LIMIT_NANOS));
                late.set(propose(log, "late"));
            });
            applier.before(entry -> {
                throw new IllegalStateException("divergence at " + entry.index());
            });
            assertEquals(Proposal.Outcome.UNKNOWN, write(log, "x"));
            assertNotEquals(0, served.get());
            assertEquals("a", leader.get());
            assertEquals(Proposal.Outcome.LOST, late.get().await(Await.LIMIT_NANOS));
            assertEquals(0, log.servingEpoch());
            assertEquals(null, log.awaitLeader(Await.LIMIT_NANOS));
        }
    }

    /** Somebody deletes the directory under it: what it would acknowledge would be gone when it stops. */
    @Test
    void node_whose_log_was_deleted_stops_and_what_was_under_way_is_not_known(@TempDir Path dir) throws Exception {
        Path live = dir.resolve("live");
        try (ReplicaNode node = node(ChronicleEntryLog.open(live, new LogConfig("a", 256 << 10, 16 << 10, 0)))) {
            ListApplier applier = new ListApplier();
            ReplicatedLog log = node.openGroup(1, ALONE, 1, 0, applier);
            log.awaitLeader(Await.LIMIT_NANOS);
            assertEquals(Proposal.Outcome.APPLIED, write(log, "before"));
            delete(live);
            List<Proposal> proposed = new ArrayList<>();
            // Without waiting for each: more than the rest of the segment.
            for (int i = 0; i < 8; i++) {
                proposed.add(propose(log, "x".repeat(60_000)));
            }
            // The group may be the first: what it reads from the log, to apply it, is gone as well.
            Await.until("the group stops", () -> applier.stopped() != null);
            Await.until("the node stops", () -> node.failure() != null);
            String why = node.failure().toString();
            assertTrue(why.contains(live + " was deleted"), why);
            for (Proposal each : proposed) {
                Proposal.Outcome outcome = each.await(Await.LIMIT_NANOS);
                assertTrue(
                        each.entry() == null
                                ? outcome == Proposal.Outcome.LOST
                                : outcome == Proposal.Outcome.APPLIED || outcome == Proposal.Outcome.UNKNOWN,
                        outcome + " of " + each.entry());
            }
            assertEquals(Proposal.Outcome.LOST, write(log, "after"));
            assertThrows(IllegalStateException.class, () -> node.openGroup(2, ALONE, 1, 0, new ListApplier()));
        }
    }

    @Test
    void idle_node_whose_log_was_deleted_stops(@TempDir Path dir) throws Exception {
        Path live = dir.resolve("live");
        try (ReplicaNode node = node(ChronicleEntryLog.open(live, new LogConfig("a", 256 << 10, 16 << 10, 0)))) {
            ListApplier applier = new ListApplier();
            node.openGroup(1, ALONE, 1, 0, applier).awaitLeader(Await.LIMIT_NANOS);
            delete(live);
            Await.until("the node stops", () -> applier.stopped() != null);
        }
    }

    /** The next segment may be on its way into it. */
    private static void delete(Path directory) throws IOException {
        while (Files.exists(directory)) {
            try (Stream<Path> files = Files.list(directory)) {
                for (Path file : files.toList()) {
                    Files.deleteIfExists(file);
                }
            }
            try {
                Files.delete(directory);
            } catch (DirectoryNotEmptyException e) {
                Thread.onSpinWait();
            }
        }
    }
}
