package io.synod.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.group.Entry;
import io.synod.log.DamagedLogException.Fault;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real processes, killed in the middle of appending, and what a disk may do to what they left. */
class LogKillTest {
    private static final int KILLS = 5;
    private static final int DAMAGES_PER_KILL = 40;

    @TempDir
    Path directory;

    @Test
    void what_was_forced_survives_a_kill_and_a_second_process_is_refused() throws Exception {
        long seed = new Random().nextLong();
        int acknowledged;
        try (LogWriterProcess writer = new LogWriterProcess(directory, seed)) {
            writer.awaitAcknowledged(20);
            LogLockedException locked = assertThrows(LogLockedException.class, () -> open(directory));
            assertTrue(locked.getMessage().contains("process " + writer.pid() + ", node a"), locked.getMessage());
            acknowledged = writer.killAfter(400);
        }
        try (EntryLog log = open(directory)) {
            int batches = assertHolds(log, seed, acknowledged, "seed " + seed);
            appendMore(log, seed, batches);
        }
        try (EntryLog log = open(directory)) {
            assertHolds(log, seed, acknowledged + 1, "seed " + seed + ", second start");
        }
    }

    @Test
    void damage_after_a_kill_is_repaired_or_named() throws Exception {
        int named = 0;
        int whole = 0;
        for (int kill = 0; kill < KILLS; kill++) {
            long seed = new Random().nextLong();
            Path killed = directory.resolve("killed-" + kill);
            int acknowledged;
            try (LogWriterProcess writer = new LogWriterProcess(killed, seed)) {
                acknowledged = writer.killAfter(30 + 40 * kill);
            }
            Random random = new Random(seed);
            for (int i = 0; i < DAMAGES_PER_KILL; i++) {
                Path copy = directory.resolve("damaged-" + kill + "-" + i);
                copy(killed, copy);
                String damage = damage(random, copy, i % 5);
                String where = "seed " + seed + ", damage " + i + ": " + damage;
                if (survives(copy, seed, acknowledged, where)) {
                    whole++;
                } else {
                    named++;
                }
                delete(copy);
            }
        }
        // Both must have been met, or the damages miss what they are meant to hit.
        assertTrue(named > 20 && whole > 5, named + " named, " + whole + " whole");
    }

    /** True when all that was forced was read back, false when all that is missing was named. */
    private static boolean survives(Path damaged, long seed, int acknowledged, String where) throws IOException {
        try (EntryLog log = open(damaged)) {
            int batches = assertHolds(log, seed, acknowledged, where);
            appendMore(log, seed, batches);
            return true;
        } catch (DamagedLogException e) {
            String unnamed = unnamed(damaged, e.faults(), LogScript.after(seed, acknowledged));
            if (unnamed != null) {
                // The batch that was on its way may be in the log, and supersede.
                String other = unnamed(damaged, e.faults(), LogScript.after(seed, acknowledged + 1));
                assertEquals(null, other, where + ": " + unnamed + ", named " + e.faults());
            }
            return false;
        }
    }

    /** An entry that is neither readable nor named, {@code null} when there is none. */
    private static String unnamed(Path damaged, List<Fault> faults, LogScript expected) throws IOException {
        Segments segments = new Segments(damaged, ChronicleEntryLogTest.SMALL.segmentBytes());
        LogIndex index = new LogIndex(0);
        Manifest manifest = Manifest.read(damaged);
        new LogScan(segments, manifest, DurableMark.open(damaged), index).run(manifest);
        StoredEntries stored = new StoredEntries(segments, index);
        for (var group : expected.content().entrySet()) {
            for (Entry entry : group.getValue()) {
                if (faults.stream().noneMatch(f -> f.covers(group.getKey(), entry.index()))) {
                    List<Entry> found = new ArrayList<>();
                    if (entry.index() <= index.last(group.getKey())) {
                        stored.read(group.getKey(), entry.index(), entry.index(), Integer.MAX_VALUE, found);
                    }
                    if (found.isEmpty() || !LogScript.same(entry, found.get(0))) {
                        return "group " + group.getKey() + " has " + found + ", forced was " + entry;
                    }
                }
            }
        }
        return null;
    }

    /** The batches that it holds: all acknowledged ones, and at most the one that was on its way. */
    private static int assertHolds(EntryLog log, long seed, int acknowledged, String where) throws IOException {
        LogScript script = LogScript.after(seed, acknowledged);
        String difference = script.difference(log);
        if (difference != null) {
            script.next();
            String other = script.difference(log);
            assertEquals(null, other, where + ": neither after " + acknowledged + " batches (" + difference + ")");
        }
        return script.batches();
    }

    private static void appendMore(EntryLog log, long seed, int batches) throws IOException {
        LogScript script = LogScript.after(seed, batches);
        log.append(script.next());
        log.force();
        assertEquals(null, script.difference(log));
    }

    private static String damage(Random random, Path log, int kind) throws IOException {
        Path last = new Segments(log, 0)
                .list().values().stream().reduce((a, b) -> b).orElseThrow();
        byte[] bytes = Files.readAllBytes(last);
        int used = bytes.length;
        while (used > 0 && bytes[used - 1] == 0) {
            used--;
        }
        // Nothing where it was killed between making the segment and writing to it.
        int at = random.nextInt(Math.max(1, used));
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        String done = switch (kind) {
            case 0 -> "cut at " + at;
            case 1 -> fill(random, buffer, at & ~4095, 4096, false);
            case 2 -> fill(random, buffer, at, 1 + random.nextInt(3000), true);
            case 3 -> "bit flipped at " + flip(random, buffer, at);
            default -> hugeLength(random, buffer, at);
        };
        try (RandomAccessFile file = new RandomAccessFile(last.toFile(), "rw")) {
            file.write(bytes);
            if (kind == 0) {
                file.setLength(at);
            }
        }
        return done + " of " + used;
    }

    private static String fill(Random random, ByteBuffer bytes, int at, int length, boolean garbage) {
        byte[] with = new byte[Math.min(length, bytes.capacity() - at)];
        if (garbage) {
            random.nextBytes(with);
        }
        bytes.put(at, with);
        return with.length + (garbage ? " bytes of garbage at " : " zeros at ") + at;
    }

    private static int flip(Random random, ByteBuffer bytes, int at) {
        bytes.put(at, (byte) (bytes.get(at) ^ 1 << random.nextInt(8)));
        return at;
    }

    /** In the frame of the first record behind this place. */
    private static String hugeLength(Random random, ByteBuffer bytes, int at) {
        int frame = 0;
        while (frame < bytes.capacity() - 4 && (frame < at || bytes.getInt(frame + 4) != EntryCodec.RECORD_MAGIC)) {
            frame += 4;
        }
        int length = random.nextBoolean() ? 0x3fff_ffff : random.nextInt(0x4000_0000);
        bytes.putInt(frame, length);
        return "length " + length + " at " + frame;
    }

    private static ChronicleEntryLog open(Path directory) throws IOException {
        return ChronicleEntryLog.open(directory, ChronicleEntryLogTest.SMALL);
    }

    /** The spare segment comes and goes while a log is open, and nothing depends on it. */
    static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (var files = Files.newDirectoryStream(from, "{*.cq4,MANIFEST,DURABLE,LOCK}")) {
            for (Path file : files) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }

    private static void delete(Path directory) throws IOException {
        try (var files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(directory);
    }
}
