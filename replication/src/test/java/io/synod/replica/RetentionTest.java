package io.synod.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.log.ChronicleEntryLog;
import io.synod.log.EntryLog;
import io.synod.log.LogConfig;
import io.synod.paxos.Timing;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A node's log under a small bound. */
@Timeout(60)
class RetentionTest {
    private static final Members ALONE =
            new Members(List.of(new Member(1, "a", Member.UNSEEN, Member.Role.VOTER, "127.0.0.1:1")));
    private static final int SEGMENT = 256 << 10;
    private static final long BOUND = 1 << 20;
    private static final long WRITTEN = 24 << 20;

    @Test
    void disk_use_of_a_node_that_writes_on_and_on_stays_flat_and_idle_groups_keep_what_they_have(@TempDir Path dir)
            throws Exception {
        long seed = Long.getLong("seed", new Random().nextInt(1_000_000));
        System.err.println("seed " + seed);
        Random random = new Random(seed);
        ListSnapshots busyDisk = new ListSnapshots();
        ListSnapshots idleDisk = new ListSnapshots();
        long written = 0;
        long most = 0;
        int count = 0;
        while (written < WRITTEN) {
            // Several lives: a restart begins in the middle of the log.
            EntryLog log = ChronicleEntryLog.open(dir, new LogConfig("a", SEGMENT, 16 << 10, 0));
            try (ReplicaNode node = new ReplicaNode(
                    log, null, Timing.standard(), new LogLimits(BOUND, 0), System::nanoTime, new Random(seed))) {
                ListApplier busy = new ListApplier();
                ListApplier idle = new ListApplier();
                ListApplier whole = new ListApplier();
                busyDisk.restart(busy, ALONE);
                idleDisk.restart(idle, ALONE);
                ReplicatedLog busyLog = node.openGroup(1, ALONE, 1, 0, busy, busyDisk);
                ReplicatedLog idleLog = node.openGroup(2, ALONE, 1, 0, idle, idleDisk);
                ReplicatedLog wholeLog = node.openGroup(3, ALONE, 1, 0, whole);
                for (ReplicatedLog each : List.of(busyLog, idleLog, wholeLog)) {
                    assertEquals("a", each.awaitLeader(Await.LIMIT_NANOS));
                }
                write(idleLog, "idle");
                write(wholeLog, "whole");
                count++;
                for (long end = written + WRITTEN / 3; written < end; ) {
                    String text = "x".repeat(random.nextInt(60_000));
                    write(busyLog, text);
                    written += text.length();
                    most = Math.max(most, log.bytes());
                }
                Await.until(() -> "a log under its bound: " + log.bytes(), () -> log.bytes() < BOUND + 4 * SEGMENT);
                assertTrue(busyLog.status().get(0).firstIndex() > 1, "nothing was forgotten");
                assertEquals(1, wholeLog.status().get(0).firstIndex());
                assertEquals(count, idle.texts().size());
                assertEquals(count, whole.texts().size());
            }
        }
        // What is written between two looks comes on top.
        assertTrue(most < WRITTEN / 2, "log of " + most + " bytes");
    }

    private static void write(ReplicatedLog log, String text) {
        Proposal proposal = log.propose(text.getBytes(StandardCharsets.UTF_8), log.servingEpoch(), null);
        assertEquals(Proposal.Outcome.APPLIED, proposal.await(Await.LIMIT_NANOS));
    }
}
