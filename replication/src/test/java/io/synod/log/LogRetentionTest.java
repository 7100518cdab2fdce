package io.synod.log;

import static io.synod.log.EntryLogContract.NO_LIMIT;
import static io.synod.log.EntryLogContract.data;
import static io.synod.log.EntryLogContract.entries;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.group.Base;
import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.group.Epoch;
import io.synod.group.Member;
import io.synod.group.Members;
import io.synod.group.Recovered;
import io.synod.log.EntryLog.Append;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Segments that are not needed any more go, and nothing else does, whenever the process dies. */
class LogRetentionTest {
    private static final long BUSY = 1;
    private static final long IDLE = 2;
    private static final long PROMISED = 3;
    private static final String LARGE = "x".repeat(20_000);

    @TempDir
    Path dir;

    private Path live() {
        return dir.resolve("live");
    }

    private static ChronicleEntryLog open(Path directory) throws IOException {
        return ChronicleEntryLog.open(directory, ChronicleEntryLogTest.SMALL);
    }

    private static List<Path> segments(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(f -> f.toString().endsWith(".cq4")).sorted().toList();
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        LogKillTest.copy(from, to);
        Files.deleteIfExists(to.resolve("LOCK"));
    }

    private static Base base(long round, long index) {
        return new Base(index, Epoch.of(round, 1), null);
    }

    /** The busy group fills some segments; the idle ones have all they have in the first. */
    private static void fill(EntryLog log, int count) throws IOException {
        log.append(List.of(
                Append.entry(IDLE, data(1, 1, "idle")),
                Append.entry(IDLE, data(1, 2, "too")),
                Append.promise(PROMISED, Epoch.of(9, 2))));
        for (int i = 1; i <= count; i++) {
            log.append(entries(BUSY, data(1, i, i + LARGE)));
            log.force();
        }
    }

    private static void verify(EntryLog log, long base, long last) throws IOException {
        Recovered busy = log.recovered(BUSY);
        assertEquals(base(1, base), busy.base());
        assertEquals(last, busy.lastIndex());
        assertEquals(List.of(new Recovered.Term(Epoch.of(1, 1), base + 1)), busy.terms());
        for (long i = base + 1; i <= last; i++) {
            assertEquals(
                    i + LARGE,
                    EntryLogContract.text(log.read(BUSY, i, i, NO_LIMIT).get(0)));
        }
        assertThrows(IOException.class, () -> log.read(BUSY, base, base, NO_LIMIT));
        assertEquals(List.of("idle", "too"), EntryLogContract.texts(log.read(IDLE, 1, 2, NO_LIMIT)));
        assertEquals(Epoch.of(9, 2), log.recovered(PROMISED).promised());
    }

    private void awaitSegments(int most) throws Exception {
        long start = System.nanoTime();
        while (segments(live()).size() > most) {
            assertTrue(System.nanoTime() - start < 60_000_000_000L, "still there: " + segments(live()));
            Thread.onSpinWait();
        }
    }

    @Test
    void entries_that_cannot_be_read_keep_their_segment_and_nothing_else_stops() throws Exception {
        try (EntryLog log = open(live())) {
            fill(log, 60);
            Path oldest = segments(live()).get(0);
            byte[] bytes = Files.readAllBytes(oldest);
            int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("idle");
            try (RandomAccessFile file = new RandomAccessFile(oldest.toFile(), "rw")) {
                file.seek(at);
                file.write('I');
            }
            log.append(List.of(Append.base(BUSY, base(1, 55), false)));
            log.force();
            assertFalse(log.reclaim());
            assertFalse(log.reclaim());
            assertTrue(Files.exists(oldest));
            log.append(entries(BUSY, data(1, 61, "goes on")));
            log.force();
            assertEquals(61, log.recovered(BUSY).lastIndex());
            // Undone, so that the log can be closed as it should be.
            try (RandomAccessFile file = new RandomAccessFile(oldest.toFile(), "rw")) {
                file.seek(at);
                file.write('i');
            }
            assertTrue(log.reclaim());
        }
    }

    /** Its last entry below the base tells members that end there that they match. */
    @Test
    void base_of_an_idle_group_whose_entries_were_moved_keeps_its_epoch() throws Exception {
        try (EntryLog log = open(live())) {
            for (int i = 1; i <= 5; i++) {
                log.append(entries(IDLE, data(3, i, "idle")));
            }
            log.append(List.of(Append.base(IDLE, base(3, 3), false)));
            for (int i = 1; i <= 60; i++) {
                log.append(entries(BUSY, data(1, i, i + LARGE)));
                log.force();
            }
            log.append(List.of(Append.base(BUSY, base(1, 55), false)));
            log.force();
            assertTrue(log.reclaim());
            awaitSegments(2);
        }
        try (EntryLog log = open(live())) {
            assertEquals(base(3, 3), log.recovered(IDLE).base());
            assertEquals(5, log.recovered(IDLE).lastIndex());
        }
    }

    @Test
    void segments_of_forgotten_entries_go_and_what_idle_groups_have_there_is_kept() throws Exception {
        try (EntryLog log = open(live())) {
            fill(log, 60);
            int before = segments(live()).size();
            assertTrue(before > 4, "segments " + before);
            assertFalse(log.reclaim());
            log.append(List.of(Append.base(BUSY, base(1, 55), false)));
            log.force();
            assertTrue(log.reclaim());
            awaitSegments(2);
            verify(log, 55, 60);
        }
        for (int restart = 0; restart < 3; restart++) {
            try (EntryLog log = open(live())) {
                verify(log, 55, 60);
            }
        }
        try (EntryLog log = open(live())) {
            log.append(entries(BUSY, data(2, 61, 61 + LARGE)));
        }
        try (EntryLog log = open(live())) {
            assertEquals(61, log.recovered(BUSY).lastIndex());
        }
    }

    @Test
    void death_at_any_step_of_the_deletion_loses_nothing_and_the_next_start_goes_on() throws Exception {
        try (ChronicleEntryLog log = open(live())) {
            fill(log, 60);
            log.append(List.of(Append.base(BUSY, base(1, 55), false)));
            log.force();
            copy(live(), dir.resolve("before"));
            Path manifest = live().resolve("MANIFEST");
            byte[] oldManifest = Files.readAllBytes(manifest);
            List<Path> old = segments(live());
            assertTrue(log.reclaim());
            awaitSegments(2);
            copy(live(), dir.resolve("after"));
            // Written again and forced, but the manifest is the old one, and nothing is deleted yet.
            state("forced", old, old.size());
            Files.write(dir.resolve("forced/MANIFEST"), oldManifest);
            state("manifest", old, old.size());
            state("one deleted", old, old.size() - 1);
            state("all but one", old, 1);
            copy(dir.resolve("after"), dir.resolve("no manifest"));
            Files.delete(dir.resolve("no manifest/MANIFEST"));
            // Deleted in another order than asked for: the file system may do that.
            state("hole", old, old.size());
            Files.deleteIfExists(dir.resolve("hole").resolve(old.get(1).getFileName()));
        }
        for (String state :
                List.of("before", "after", "forced", "manifest", "one deleted", "all but one", "no manifest", "hole")) {
            for (int restart = 0; restart < 2; restart++) {
                try (EntryLog log = open(dir.resolve(state))) {
                    verify(log, 55, 60);
                } catch (IOException | AssertionError e) {
                    throw new AssertionError(state + ", start " + restart, e);
                }
            }
            if (!state.equals("before") && !state.equals("forced")) {
                int left = segments(dir.resolve(state)).size();
                assertTrue(left <= 4, state + ": " + left + " segments left");
            }
        }
    }

    /** As after the deletion, but for the newest {@code undeleted} of the old segments. */
    private void state(String name, List<Path> old, int undeleted) throws IOException {
        copy(dir.resolve("after"), dir.resolve(name));
        for (Path segment : old.subList(old.size() - undeleted, old.size())) {
            Path there = dir.resolve(name).resolve(segment.getFileName());
            Path before = dir.resolve("before").resolve(segment.getFileName());
            if (!Files.exists(there) && Files.exists(before)) {
                Files.copy(before, there);
            }
        }
    }

    @Test
    void segment_that_is_needed_and_missing_is_named() throws Exception {
        try (EntryLog log = open(live())) {
            fill(log, 60);
            log.append(List.of(Append.base(BUSY, base(1, 30), false)));
            log.force();
            assertTrue(log.reclaim());
        }
        Files.delete(segments(live()).get(0));
        DamagedLogException e = assertThrows(DamagedLogException.class, () -> open(live()));
        assertTrue(e.faults().stream().anyMatch(f -> f.covers(BUSY, 31)), e.getMessage());
    }

    @Test
    void base_of_an_installed_snapshot_voids_everything_and_survives_with_its_members() throws Exception {
        Members members = new Members(List.of(new Member(1, "a", new UUID(1, 2), Member.Role.VOTER, "h:1")));
        Base installed = new Base(100, Epoch.of(4, 2), members);
        try (EntryLog log = open(live())) {
            log.append(entries(BUSY, data(1, 1), data(1, 2), data(1, 3)));
            log.append(List.of(Append.base(BUSY, installed, true), Append.entry(BUSY, data(5, 101))));
            log.force();
            assertEquals(List.of("5/101"), EntryLogContract.texts(log.read(BUSY, 101, 101, NO_LIMIT)));
            assertThrows(IOException.class, () -> log.read(BUSY, 3, 3, NO_LIMIT));
        }
        try (EntryLog log = open(live())) {
            Recovered recovered = log.recovered(BUSY);
            assertEquals(installed, recovered.base());
            assertEquals(101, recovered.lastIndex());
            assertEquals(Epoch.of(5, 1), recovered.promised());
            assertEquals(List.of("5/101"), EntryLogContract.texts(log.read(BUSY, 101, 101, NO_LIMIT)));
        }
    }

    /** The log against its twin in memory, through restarts, and never large. */
    @Test
    void disk_use_stays_flat_and_the_content_right_in_a_long_random_run() throws Exception {
        long seed = Long.getLong("seed", new Random().nextInt(1_000_000));
        System.err.println("seed " + seed);
        Random random = new Random(seed);
        MemoryEntryLog twin = new MemoryEntryLog();
        long[] last = new long[6];
        long[] round = new long[6];
        long written = 0;
        long most = 0;
        ChronicleEntryLog log = open(live());
        for (int step = 0; step < 2_000; step++) {
            List<Append> batch = new ArrayList<>();
            for (int n = 1 + random.nextInt(3); n > 0; n--) {
                int g = random.nextInt(20) == 0 ? random.nextInt(6) : random.nextInt(2);
                long begin = twin.recovered(g).base().index();
                boolean fresh = batch.stream().noneMatch(a -> a.group() == g);
                if (random.nextInt(40) == 0 && fresh && last[g] > begin) {
                    // Another leader voids the end.
                    round[g]++;
                    last[g] = Math.max(begin, last[g] - random.nextInt(5));
                } else if (random.nextInt(60) == 0 && fresh) {
                    batch.add(Append.promise(g, Epoch.of(++round[g] + 1, 1)));
                    continue;
                }
                String text = "e" + step + "x".repeat(g < 2 ? random.nextInt(12_000) : 0);
                batch.add(Append.entry(g, data(round[g] + 1, ++last[g], text)));
                written += text.length();
            }
            append(log, twin, batch);
            if (random.nextInt(8) == 0) {
                int g = random.nextInt(2);
                Recovered now = twin.recovered(g);
                long cut = Math.max(now.base().index(), last[g] - random.nextInt(12));
                if (cut > now.base().index()) {
                    boolean snapshot = random.nextInt(10) == 0;
                    Base base = snapshot
                            ? new Base(last[g] += 5, Epoch.of(++round[g] + 1, 1), null)
                            : new Base(
                                    cut, twin.read(g, cut, cut, NO_LIMIT).get(0).epoch(), null);
                    append(log, twin, List.of(Append.base(g, base, snapshot)));
                }
            }
            if (random.nextInt(10) == 0) {
                log.reclaim();
            }
            if (random.nextInt(200) == 0) {
                log.close();
                log = open(live());
                same(log, twin);
            }
            most = Math.max(most, log.bytes());
        }
        same(log, twin);
        log.close();
        assertTrue(written > 10_000_000, "written " + written);
        assertTrue(most < 5_000_000, "largest " + most + " of " + written);
    }

    private static void append(EntryLog log, EntryLog twin, List<Append> batch) throws IOException {
        log.append(batch);
        log.force();
        twin.append(batch);
    }

    private static void same(EntryLog log, EntryLog twin) throws IOException {
        for (long g = 0; g < 6; g++) {
            Recovered expected = twin.recovered(g);
            assertEquals(expected, log.recovered(g), "group " + g);
            long first = expected.base().index() + 1;
            if (first <= expected.lastIndex()) {
                List<Entry> entries = new ArrayList<>();
                while (first + entries.size() <= expected.lastIndex()) {
                    entries.addAll(log.read(g, first + entries.size(), expected.lastIndex(), NO_LIMIT));
                }
                assertEquals(
                        EntryLogContract.texts(twin.read(g, first, expected.lastIndex(), NO_LIMIT)),
                        EntryLogContract.texts(entries));
                assertTrue(entries.stream().allMatch(e -> e.kind() == EntryKind.DATA));
                assertEquals(
                        entries,
                        entries.stream()
                                .sorted(Comparator.comparingLong(Entry::index))
                                .toList());
            }
        }
    }
}
