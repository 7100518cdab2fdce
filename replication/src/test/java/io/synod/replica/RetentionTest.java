package io.synod.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.group.Base;
import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.log.ChronicleEntryLog;
import io.synod.log.EntryLog;
import io.synod.log.LogConfig;
import io.synod.paxos.Timing;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A node's log under a small bound. */
@Timeout(240)
class RetentionTest {
    private static final Members ALONE =
            new Members(List.of(new Member(1, "a", Member.UNSEEN, Member.Role.VOTER, "127.0.0.1:1")));
    private static final int SEGMENT = 256 << 10;
    private static final long BOUND = 1 << 20;
    /** More than is written here. */
    private static final long ROOM = 1L << 30;

    private static final long WRITTEN = 24 << 20;

    private static ReplicaNode node(EntryLog log, long bound, long seed) {
        return new ReplicaNode(
                log, null, Timing.standard(), new LogLimits(bound, 0), System::nanoTime, new Random(seed));
    }

    /** Opens a group that goes on with what is on its disk, and leads it. */
    private static ReplicatedLog open(ReplicaNode node, long group, ListApplier applier, ListSnapshots disk) {
        disk.restart(applier, ALONE);
        ReplicatedLog log = node.openGroup(group, ALONE, 1, 0, applier, disk);
        assertEquals("a", log.awaitLeader(Await.LIMIT_NANOS));
        return log;
    }

    @Test
    void disk_use_of_a_node_that_writes_on_and_on_stays_flat_and_idle_groups_keep_what_they_have(@TempDir Path dir)
            throws Exception {
        long seed = Long.getLong("seed", new Random().nextInt(1_000_000));
        System.err.println("seed " + seed);
        Random random = new Random(seed);
        ListSnapshots busyDisk = new ListSnapshots();
        ListSnapshots idleDisk = new ListSnapshots();
        long written = 0;
        int count = 0;
        while (written < WRITTEN) {
            // Several lives: a restart begins in the middle of the log.
            EntryLog log = ChronicleEntryLog.open(dir, new LogConfig("a", SEGMENT, 16 << 10, 0));
            try (ReplicaNode node = node(log, BOUND, seed)) {
                ListApplier idle = new ListApplier();
                ListApplier whole = new ListApplier();
                ReplicatedLog busyLog = open(node, 1, new ListApplier(), busyDisk);
                ReplicatedLog idleLog = open(node, 2, idle, idleDisk);
                ReplicatedLog wholeLog = node.openGroup(3, ALONE, 1, 0, whole);
                assertEquals("a", wholeLog.awaitLeader(Await.LIMIT_NANOS));
                write(idleLog, "idle");
                write(wholeLog, "whole");
                count++;
                for (long end = written + WRITTEN / 3; written < end; ) {
                    // What is written between two looks comes on top.
                    for (long pause = written + 2 * BOUND; written < pause; ) {
                        String text = "x".repeat(random.nextInt(60_000));
                        write(busyLog, text);
                        written += text.length();
                    }
                    Await.until(() -> "a log under its bound: " + log.bytes(), () -> log.bytes() < BOUND + 4 * SEGMENT);
                }
                assertTrue(busyLog.status().get(0).firstIndex() > 1, "nothing was forgotten");
                assertEquals(1, wholeLog.status().get(0).firstIndex());
                assertEquals(count, idle.texts().size());
                assertEquals(count, whole.texts().size());
            }
        }
    }

    @Test
    void closed_group_keeps_only_what_is_behind_its_last_checkpoint() throws Exception {
        TestLog log = new TestLog();
        ListSnapshots disk = new ListSnapshots();
        try (ReplicaNode node = node(log, ROOM, 1)) {
            ListApplier applier = new ListApplier();
            ReplicatedLog group = open(node, 1, applier, disk);
            for (int i = 0; i < 50; i++) {
                write(group, "text " + i);
            }
            assertEquals(0, log.recovered(1).base().index());
            disk.checkpoint();
            group.close();
            Await.until("the log to forget", () -> log.recovered(1).base().index() >= 50);
            assertEquals(null, node.failure());
        }
    }

    @Test
    void stopped_group_that_holds_back_the_log_is_named_in_a_warning(@TempDir Path dir) throws Exception {
        EntryLog log = ChronicleEntryLog.open(dir, new LogConfig("a", SEGMENT, 16 << 10, 0));
        PrintStream err = System.err;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        try (ReplicaNode node = node(log, BOUND, 1)) {
            System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
            ListSnapshots brokenDisk = new ListSnapshots();
            ListApplier broken = new ListApplier();
            ReplicatedLog busyLog = open(node, 1, new ListApplier(), new ListSnapshots());
            ReplicatedLog brokenLog = open(node, 2, broken, brokenDisk);
            // More than is written again elsewhere.
            write(brokenLog, "x".repeat(SEGMENT / 4));
            broken.before(entry -> {
                throw new IllegalStateException("divergence at " + entry.index());
            });
            brokenLog.propose(new byte[1], brokenLog.servingEpoch(), null);
            Await.until("the broken one stops", () -> broken.stopped() != null);
            for (long written = 0; written < 2 * BOUND; written += 50_000) {
                write(busyLog, "x".repeat(50_000));
            }
            Await.until("a warning", () -> said.toString(StandardCharsets.UTF_8).contains("holds back the log"));
            String warning = said.toString(StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> line.contains("holds back"))
                    .findFirst()
                    .orElseThrow();
            assertTrue(warning.contains("WARN") && warning.contains("(group 2)"), warning);
        } finally {
            System.setErr(err);
        }
    }

    @Test
    void closed_group_that_holds_back_the_log_is_named_in_a_warning_until_it_is_opened_again(@TempDir Path dir)
            throws Exception {
        EntryLog log = ChronicleEntryLog.open(dir, new LogConfig("a", SEGMENT, 16 << 10, 0));
        PrintStream err = System.err;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        try (ReplicaNode node = node(log, BOUND, 1)) {
            System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
            ListSnapshots closedDisk = new ListSnapshots();
            ListApplier closed = new ListApplier();
            ReplicatedLog busyLog = open(node, 1, new ListApplier(), new ListSnapshots());
            ReplicatedLog closedLog = open(node, 2, closed, closedDisk);
            // More than is written again elsewhere, and no checkpoint has it.
            write(closedLog, "x".repeat(SEGMENT / 4));
            closedLog.close();
            for (long written = 0; written < 2 * BOUND; written += 50_000) {
                write(busyLog, "x".repeat(50_000));
            }
            Await.until("a warning", () -> said.toString(StandardCharsets.UTF_8).contains("holds back the log"));
            List<String> warnings = said.toString(StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> line.contains("holds back"))
                    .toList();
            assertEquals(1, warnings.size(), warnings.toString());
            String warning = warnings.get(0);
            assertTrue(
                    warning.contains("WARN")
                            && warning.contains(closed + " (group 2) was closed")
                            && warning.contains("bytes")
                            && warning.contains("connect"),
                    warning);
            // What the warning says helps.
            closed = new ListApplier();
            open(node, 2, closed, closedDisk);
            Await.until(() -> "a log under its bound: " + log.bytes(), () -> log.bytes() < BOUND + 4 * SEGMENT);
        } finally {
            System.setErr(err);
        }
    }

    /** A log that is too large for a moment, as every busy one is now and then. */
    @Test
    void closed_group_is_not_blamed_for_looks_that_found_nothing_wrong_in_between() throws Exception {
        TestLog log = new TestLog();
        Retention retention = new Retention(log, new LogLimits(10_000, 0), () -> new Replica[0]);
        log.append(List.of(entry(2, 1, 100)));
        retention.closedGroups().closed(2, "the closed one");
        long last = 0;
        for (int peak = 0; peak < 3; peak++) {
            log.append(List.of(entry(1, ++last, 20_000)));
            assertEquals("", said(() -> look(retention, ClosedGroups.LOOKS - 1)));
            log.appendBases(List.of(EntryLog.Append.base(1, new Base(last, 1, null), false)));
            assertEquals("", said(() -> look(retention, 1)));
        }
        log.append(List.of(entry(1, ++last, 20_000)));
        assertEquals("", said(() -> look(retention, ClosedGroups.LOOKS - 1)));
        assertTrue(said(() -> look(retention, 1)).contains("the closed one (group 2) was closed"));
        assertEquals("", said(() -> look(retention, 2 * ClosedGroups.LOOKS)), "said once");
    }

    @Test
    void stopped_group_is_not_blamed_at_the_first_look() {
        TestLog log = new TestLog();
        try (ReplicaNode node = node(log, ROOM, 1)) {
            ListSnapshots disk = new ListSnapshots();
            ListApplier applier = new ListApplier();
            ReplicatedLog group = open(node, 1, applier, disk);
            write(group, "text");
            Replica replica = (Replica) group;
            replica.stop(new IllegalStateException("broken in this test"));
            for (int peak = 0; peak < 3; peak++) {
                assertEquals("", said(() -> warn(replica, ClosedGroups.LOOKS - 1, 10_000)));
                assertEquals("", said(() -> warn(replica, 1, -10_000)));
            }
            String warning = said(() -> warn(replica, 2 * ClosedGroups.LOOKS, 10_000));
            assertEquals(1, warning.lines().count(), warning);
            assertTrue(warning.contains("(group 1) has stopped"), warning);
        }
    }

    private static void look(Retention retention, int times) {
        for (int i = 0; i < times; i++) {
            retention.look(false);
        }
    }

    private static void warn(Replica replica, int times, long bytesTooMany) {
        for (int i = 0; i < times; i++) {
            replica.retention().warnOfPinned(bytesTooMany);
        }
    }

    /** The warnings of this kind that are logged meanwhile. */
    private static String said(Runnable by) {
        PrintStream err = System.err;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
        try {
            by.run();
        } finally {
            System.setErr(err);
        }
        return said.toString(StandardCharsets.UTF_8)
                .lines()
                .filter(line -> line.contains("holds back"))
                .collect(Collectors.joining("\n"));
    }

    private static EntryLog.Append entry(long group, long index, int size) {
        return EntryLog.Append.entry(group, new Entry(1, index, EntryKind.DATA, new byte[size]));
    }

    @Test
    void full_disk_holds_what_it_refused_and_goes_on_when_there_is_room() throws Exception {
        TestLog log = new TestLog();
        ListSnapshots disk = new ListSnapshots();
        try (ReplicaNode node = node(log, ROOM, 1)) {
            ListApplier applier = new ListApplier();
            ReplicatedLog group = open(node, 1, applier, disk);
            for (int i = 0; i < 50; i++) {
                write(group, i + "x".repeat(100));
            }
            assertEquals(0, log.recovered(1).base().index());
            log.full(true);
            Proposal refused = group.propose("refused".getBytes(StandardCharsets.UTF_8), group.servingEpoch(), null);
            Await.until("the batch to be held", () -> node.holdsBack());
            // What makes room goes ahead of it.
            disk.checkpoint();
            // On disk, before any room is given back.
            Await.until(
                    "the log to forget",
                    () -> log.disk().stream()
                            .anyMatch(append ->
                                    append.base() != null && append.base().index() >= 50));
            assertEquals(null, node.failure());
            assertEquals(50, applier.texts().size());
            log.full(false);
            assertEquals(Proposal.Outcome.APPLIED, refused.await(Await.LIMIT_NANOS));
            write(group, "more");
            assertEquals(52, applier.texts().size());
            assertEquals(null, node.failure());
        }
    }

    private static void write(ReplicatedLog log, String text) {
        Proposal proposal = log.propose(text.getBytes(StandardCharsets.UTF_8), log.servingEpoch(), null);
        assertEquals(Proposal.Outcome.APPLIED, proposal.await(Await.LIMIT_NANOS));
    }
}
