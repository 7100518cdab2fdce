package io.synod.log;

import static io.synod.log.EntryLogContract.NO_LIMIT;
import static io.synod.log.EntryLogContract.data;
import static io.synod.log.EntryLogContract.entries;
import static io.synod.log.EntryLogContract.texts;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Starts after all kinds of ends. A copy of the directory of an open log is what a killed process leaves. */
class LogRecoveryTest {
    @TempDir
    Path directory;

    private Path live() {
        return directory.resolve("live");
    }

    private static ChronicleEntryLog open(Path directory) throws IOException {
        return ChronicleEntryLog.open(directory, ChronicleEntryLogTest.SMALL);
    }

    private Path crashed(String name) throws IOException {
        Path copy = directory.resolve(name);
        LogKillTest.copy(live(), copy);
        return copy;
    }

    private static Path lastSegment(Path log) throws IOException {
        return new Segments(log, 0).list().values().stream().reduce((a, b) -> b).orElseThrow();
    }

    /** Position of the last occurrence of this magic number. */
    private static int lastOf(int magic, Path segment) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(segment)).order(ByteOrder.LITTLE_ENDIAN);
        int at = bytes.capacity() - 4;
        while (bytes.getInt(at) != magic) {
            at -= 4;
        }
        return at;
    }

    private static void spoil(Path segment, int at) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(segment.toFile(), "rw")) {
            file.seek(at);
            int before = file.read();
            file.seek(at);
            file.write(before ^ 0x10);
        }
    }

    @Test
    void a_torn_batch_that_was_never_forced_is_dropped() throws Exception {
        try (EntryLog log = open(live())) {
            log.append(entries(1, data(1, 1)));
            log.force();
            log.append(entries(1, data(1, 2), data(1, 3)));
            Path torn = crashed("torn");
            spoil(lastSegment(torn), lastOf(EntryCodec.TRAILER_MAGIC, lastSegment(torn)) + 8);
            try (EntryLog recovered = open(torn)) {
                assertEquals(1, recovered.recovered(1).lastIndex());
                recovered.append(entries(1, data(2, 2)));
                recovered.force();
            }
            try (EntryLog recovered = open(torn)) {
                assertEquals(List.of("1/1", "2/2"), texts(recovered.read(1, 1, 2, NO_LIMIT)));
            }
        }
    }

    @Test
    void a_torn_tail_of_several_batches_is_dropped() throws Exception {
        try (EntryLog log = open(live())) {
            log.append(entries(1, data(1, 1)));
            log.force();
            log.append(entries(1, data(1, 2, "x".repeat(6000))));
            log.append(entries(1, data(1, 3, "x".repeat(6000))));
            Path torn = crashed("torn");
            Path segment = lastSegment(torn);
            int second = lastOf(EntryCodec.RECORD_MAGIC, segment);
            try (RandomAccessFile file = new RandomAccessFile(segment.toFile(), "rw")) {
                file.seek(second - 100);
                file.write(new byte[10_000]);
            }
            try (EntryLog recovered = open(torn)) {
                assertEquals(1, recovered.recovered(1).lastIndex());
            }
        }
    }

    /** After a power cut any page of what was not forced may be missing; nothing of what was forced is ever dropped. */
    @Test
    void pages_lost_in_what_was_not_forced_never_take_forced_entries_along() throws Exception {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        int dropped = 0;
        try (EntryLog log = open(live())) {
            long index = 0;
            for (int i = 0; i < 30; i++) {
                log.append(entries(1, data(1, ++index, "f".repeat(random.nextInt(3000)))));
                log.force();
                long forced = index;
                int forcedEnd = used(lastSegment(live()));
                for (int k = 1 + random.nextInt(3); k > 0; k--) {
                    log.append(entries(1, data(1, ++index, "u".repeat(random.nextInt(6000)))));
                }
                Path cut = crashed("cut-" + i);
                if (!lastSegment(cut).getFileName().equals(lastSegment(live()).getFileName())
                        || used(lastSegment(cut)) < forcedEnd) {
                    continue;
                }
                losePages(random, lastSegment(cut), forcedEnd);
                try (EntryLog recovered = open(cut)) {
                    long last = recovered.recovered(1).lastIndex();
                    assertTrue(last >= forced, "seed " + seed + ", cut " + i + ": " + last + " of " + forced);
                    dropped += last < index ? 1 : 0;
                } catch (DamagedLogException e) {
                    // Where a trailer is left it cannot be told from damage.
                    assertTrue(
                            e.faults().stream().noneMatch(f -> f.group() == 1 && f.fromIndex() <= forced),
                            "seed " + seed + ": " + e.faults());
                }
            }
        }
        assertTrue(dropped > 5, dropped + " dropped");
    }

    private static int used(Path segment) throws IOException {
        byte[] bytes = Files.readAllBytes(segment);
        int used = bytes.length;
        while (used > 0 && bytes[used - 1] == 0) {
            used--;
        }
        return used;
    }

    private static void losePages(Random random, Path segment, int from) throws IOException {
        int end = used(segment);
        try (RandomAccessFile file = new RandomAccessFile(segment.toFile(), "rw")) {
            for (int at = from; at < end; at = (at & ~4095) + 4096) {
                if (random.nextInt(3) > 0) {
                    file.seek(at);
                    file.write(new byte[4096 - (at & 4095)]);
                }
            }
        }
    }

    @Test
    void a_spoilt_mark_costs_nothing_but_the_mark() throws Exception {
        try (EntryLog log = open(live())) {
            log.append(entries(1, data(1, 1)));
            log.force();
        }
        byte[] garbage = new byte[64 << 10];
        new Random(3).nextBytes(garbage);
        Files.write(live().resolve(DurableMark.FILE), garbage);
        try (EntryLog log = open(live())) {
            assertEquals(1, log.recovered(1).lastIndex());
        }
    }

    @Test
    void segments_may_have_another_size_after_a_restart() throws Exception {
        LogConfig larger = new LogConfig("a", 1 << 20, 64 << 10, 0);
        long last;
        try (EntryLog log = ChronicleEntryLog.open(live(), larger)) {
            for (int i = 1; i <= 250; i++) {
                log.append(entries(1, data(1, i, i + "x".repeat(3000))));
            }
        }
        try (EntryLog log = open(live())) {
            last = log.recovered(1).lastIndex();
            roll(log, 6);
            assertEquals(250, log.read(1, 1, 250, NO_LIMIT).size());
        }
        try (EntryLog log = ChronicleEntryLog.open(live(), larger)) {
            assertEquals(250, last);
            assertEquals(250, log.read(1, 1, 250, NO_LIMIT).size());
        }
    }

    /** Not even the mark is left to tell of it. */
    @Test
    void segments_of_which_only_the_manifest_knows_are_missed() throws Exception {
        try (EntryLog log = open(live())) {
            roll(log, 3);
        }
        // As it was while the log was open.
        Manifest closed = Manifest.read(live());
        new Manifest(false, 0, closed.first(), closed.sealed()).write(live());
        for (Path segment : new Segments(live(), 0).list().values()) {
            Files.delete(segment);
        }
        Files.delete(live().resolve(DurableMark.FILE));
        DamagedLogException e = assertThrows(DamagedLogException.class, () -> open(live()));
        assertTrue(e.getMessage().contains("the segment is gone"), e.getMessage());
        // And it stays so at the next start, also of a log that had forgotten its beginning.
        new Manifest(false, 0, 7, new TreeMap<>()).write(live());
        assertThrows(DamagedLogException.class, () -> open(live()));
    }

    @Test
    void a_damaged_batch_with_its_trailer_is_named_even_when_no_mark_tells_of_it() throws Exception {
        try (EntryLog log = open(live())) {
            log.append(entries(7, data(1, 1), data(1, 2), data(1, 3)));
            Path damaged = crashed("damaged");
            Files.delete(damaged.resolve(DurableMark.FILE));
            Path segment = lastSegment(damaged);
            int record = lastOf(EntryCodec.RECORD_MAGIC, segment);
            spoil(segment, record + EntryCodec.RECORD_HEADER + EntryCodec.ENTRY_HEADER);
            byte[] before = Files.readAllBytes(segment);
            DamagedLogException e = assertThrows(DamagedLogException.class, () -> open(damaged));
            assertEquals(7, e.faults().get(0).group());
            assertEquals(1, e.faults().get(0).fromIndex());
            assertEquals(3, e.faults().get(0).toIndex());
            assertEquals(segment.getFileName().toString(), e.faults().get(0).file());
            assertEquals(record, e.faults().get(0).position());
            assertTrue(e.getMessage().contains("move the directory aside"), e.getMessage());
            assertTrue(java.util.Arrays.equals(before, Files.readAllBytes(segment)), "it was changed");
            // And it stays so at the next start.
            assertThrows(DamagedLogException.class, () -> open(damaged));
        }
    }

    @Test
    void a_damaged_batch_before_a_valid_one_is_named() throws Exception {
        try (EntryLog log = open(live())) {
            log.append(entries(7, data(1, 1)));
            Path one = crashed("one");
            int record = lastOf(EntryCodec.RECORD_MAGIC, lastSegment(one));
            log.append(entries(7, data(1, 2)));
            Path two = crashed("two");
            Files.delete(two.resolve(DurableMark.FILE));
            try (RandomAccessFile file = new RandomAccessFile(lastSegment(two).toFile(), "rw")) {
                file.seek(record);
                file.write(new byte[lastOf(EntryCodec.RECORD_MAGIC, lastSegment(two)) - 4 - record]);
            }
            DamagedLogException e = assertThrows(DamagedLogException.class, () -> open(two));
            assertTrue(e.faults().stream().anyMatch(f -> f.covers(7, 1)), e.getMessage());
        }
    }

    @Test
    void a_flipped_bit_in_a_sealed_segment_is_named() throws Exception {
        try (EntryLog log = open(live())) {
            roll(log, 3);
            Path damaged = crashed("damaged");
            Path first = new Segments(damaged, 0).list().values().iterator().next();
            spoil(first, 100_000);
            DamagedLogException e = assertThrows(DamagedLogException.class, () -> open(damaged));
            assertEquals(1, e.faults().size(), e.getMessage());
            assertEquals(first.getFileName().toString(), e.faults().get(0).file());
        }
    }

    @Test
    void a_missing_segment_is_named() throws Exception {
        try (EntryLog log = open(live())) {
            roll(log, 4);
            List<Path> files = List.copyOf(new Segments(live(), 0).list().values());
            for (Path file : files) {
                Path damaged = crashed("without-" + file.getFileName());
                Files.delete(damaged.resolve(file.getFileName()));
                assertThrows(DamagedLogException.class, () -> open(damaged), "without " + file.getFileName());
            }
        }
    }

    /** Entries of 3 kB until there are that many segments. */
    private void roll(EntryLog log, int segments) throws IOException {
        long index = log.recovered(1).lastIndex();
        while (new Segments(live(), 0).list().size() < segments) {
            index++;
            log.append(entries(1, data(1, index, index + "x".repeat(3000))));
            if (index % 10 == 0) {
                log.force();
            }
        }
        log.force();
    }

    @Test
    void rolling_over_many_segments_loses_nothing_and_grows_no_file() throws Exception {
        try (EntryLog log = open(live())) {
            roll(log, 12);
            for (Path file : new Segments(live(), 0).list().values()) {
                assertEquals((256 << 10) + (64 << 10), Files.size(file), file.toString());
            }
        }
        try (EntryLog log = open(live())) {
            long last = log.recovered(1).lastIndex();
            assertTrue(last > 600, last + " entries");
            var all = log.read(1, 1, last, NO_LIMIT);
            for (int i = 0; i < last; i++) {
                assertEquals(i + 1, all.get(i).index());
                assertTrue(EntryLogContract.text(all.get(i)).startsWith(i + 1 + "x"));
            }
            assertTrue(log.bytes() > 12 * (256 << 10), log.bytes() + " bytes");
        }
    }

    @Test
    void fragments_and_batches_larger_than_a_segment_come_back() throws Exception {
        String large = "y".repeat(100_001);
        String giant = "z".repeat(1_000_003);
        try (EntryLog log = open(live())) {
            log.append(entries(1, data(1, 1), data(1, 2, large), data(1, 3)));
            log.append(entries(1, data(1, 4, giant), data(1, 5)));
            log.append(entries(1, data(1, 6)));
            log.force();
            assertLarge(log, large, giant);
            try (EntryLog recovered = open(crashed("killed"))) {
                assertLarge(recovered, large, giant);
            }
        }
        try (EntryLog log = open(live())) {
            assertLarge(log, large, giant);
        }
        try (EntryLog log = open(live())) {
            assertLarge(log, large, giant);
        }
    }

    private static void assertLarge(EntryLog log, String large, String giant) throws IOException {
        assertEquals(List.of("1/1", large, "1/3", giant, "1/5", "1/6"), texts(log.read(1, 1, 6, NO_LIMIT)));
    }

    @Test
    void a_crash_while_the_last_segment_is_copied_is_undone() throws Exception {
        try (EntryLog log = open(live())) {
            log.append(entries(1, data(1, 1), data(1, 2)));
            log.force();
            Path crashed = crashed("crashed");
            // Set aside, and the copy begun: half of a segment with nothing in it.
            Segments segments = new Segments(crashed, 256 << 10);
            Files.move(segments.segment(0), segments.aside(0));
            Files.write(segments.segment(1), new byte[100_000]);
            try (EntryLog recovered = open(crashed)) {
                assertEquals(List.of("1/1", "1/2"), texts(recovered.read(1, 1, 2, NO_LIMIT)));
            }
        }
    }

    @Test
    void recent_entries_are_read_without_the_disk_and_older_ones_not() throws Exception {
        try (EntryLog log = open(live())) {
            for (int i = 1; i <= 60; i++) {
                log.append(entries(1, data(1, i, "x".repeat(2000))));
            }
            assertEquals(60, log.read(1, 1, 60, NO_LIMIT).size());
            Files.delete(lastSegment(live()));
            assertEquals(20, log.read(1, 41, 60, NO_LIMIT).size());
            assertThrows(IOException.class, () -> log.read(1, 1, 60, NO_LIMIT));
        }
    }

    @Test
    void a_stored_entry_that_was_damaged_meanwhile_is_an_error_that_names_it() throws Exception {
        try (EntryLog log = open(live())) {
            log.append(entries(1, data(1, 1)));
            int record = lastOf(EntryCodec.RECORD_MAGIC, lastSegment(live()));
            for (int i = 2; i <= 60; i++) {
                log.append(entries(1, data(1, i, "x".repeat(2000))));
            }
            spoil(lastSegment(live()), record + EntryCodec.RECORD_HEADER + EntryCodec.ENTRY_HEADER);
            IOException e = assertThrows(IOException.class, () -> log.read(1, 1, 1, NO_LIMIT));
            assertTrue(e.getMessage().contains("entry 1 of group 1"), e.getMessage());
            assertTrue(e.getMessage().contains(lastSegment(live()).toString()), e.getMessage());
        }
    }

    @Test
    void a_failed_force_is_final() throws Exception {
        try (ChronicleEntryLog log = open(live())) {
            log.append(entries(1, data(1, 1)));
            log.force();
            log.append(entries(1, data(1, 2)));
            log.currentFile().close();
            IOException first = assertThrows(IOException.class, log::force);
            IOException later = assertThrows(IOException.class, log::force);
            assertEquals(first.getMessage(), later.getMessage());
            assertThrows(IOException.class, () -> log.append(entries(1, data(1, 3))));
            assertEquals(2, log.read(1, 1, 2, NO_LIMIT).size());
        }
        try (EntryLog log = open(live())) {
            assertTrue(log.recovered(1).lastIndex() >= 1);
        }
    }

    @Test
    void a_directory_in_use_in_this_jvm_is_refused_and_free_again_after_close() throws Exception {
        try (EntryLog log = open(live())) {
            for (int i = 0; i < 2; i++) {
                LogLockedException e = assertThrows(LogLockedException.class, () -> open(live()));
                assertTrue(
                        e.holder().contains("process " + ProcessHandle.current().pid() + ", node a"), e.getMessage());
            }
            log.append(entries(1, data(1, 1)));
        }
        open(live()).close();
    }

    @Test
    void a_log_of_a_later_format_is_refused() throws Exception {
        open(live()).close();
        Path manifest = live().resolve("MANIFEST");
        Files.writeString(manifest, "synod-log 3\n" + "crc " + Manifest.crc("synod-log 3\n") + "\n");
        IOException e = assertThrows(IOException.class, () -> open(live()));
        assertTrue(e.getMessage().contains("has format \"synod-log 3\""), e.getMessage());
    }
}
