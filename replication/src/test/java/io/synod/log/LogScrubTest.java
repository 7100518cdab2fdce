package io.synod.log;

import static io.synod.log.EntryLogContract.NO_LIMIT;
import static io.synod.log.EntryLogContract.data;
import static io.synod.log.EntryLogContract.entries;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.group.Base;
import io.synod.group.Epoch;
import io.synod.log.EntryLog.Append;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A log whose files change under it, while it is open. */
class LogScrubTest {
    private static final LogConfig NOTHING_RECENT = new LogConfig("a", 256 << 10, 16 << 10, 0);
    private static final String LARGE = "x".repeat(20_000);

    @TempDir
    Path directory;

    private EntryLog open() throws IOException {
        return ChronicleEntryLog.open(directory, NOTHING_RECENT);
    }

    private static void fill(EntryLog log, int from, int to) throws IOException {
        for (int i = from; i <= to; i++) {
            log.append(entries(1, data(1, i, mark(i) + LARGE)));
            log.append(List.of(Append.promise(2, Epoch.of(i, 1))));
            log.force();
        }
    }

    private static String mark(int i) {
        return "<" + i + ">";
    }

    private List<Path> segments() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(f -> f.toString().endsWith(".cq4")).sorted().toList();
        }
    }

    /** Turns a bit where this text stands, and returns the file. */
    private Path damage(String text) throws IOException {
        for (Path segment : segments()) {
            int at = new String(Files.readAllBytes(segment), StandardCharsets.ISO_8859_1).indexOf(text);
            if (at >= 0) {
                turn(segment, at + 1, 4);
                return segment;
            }
        }
        throw new AssertionError(text + " is nowhere");
    }

    private static void turn(Path file, long at, int mask) throws IOException {
        try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
            raw.seek(at);
            int old = raw.read();
            raw.seek(at);
            raw.write(old ^ mask);
        }
    }

    private static void forget(EntryLog log, long index) throws IOException {
        log.append(List.of(Append.base(1, new Base(index, Epoch.of(1, 1), null), false)));
        log.force();
    }

    private void verifyAfterRestart(long base, int last) throws IOException {
        try (EntryLog log = open()) {
            assertEquals(base, log.recovered(1).base().index());
            assertEquals(last, log.recovered(1).lastIndex());
            assertEquals(Epoch.of(last, 1), log.recovered(2).promised());
            for (int i = (int) base + 1; i <= last; i++) {
                assertEquals(
                        mark(i) + LARGE,
                        EntryLogContract.text(log.read(1, i, i, NO_LIMIT).get(0)));
            }
            assertEquals(List.of(), log.scrub(bytes -> {}).damage());
        }
    }

    @Test
    void whole_log_has_no_damage_and_all_of_it_is_read() throws Exception {
        try (EntryLog log = open()) {
            fill(log, 1, 40);
            AtomicLong paced = new AtomicLong();
            Scrubbed scrubbed = log.scrub(paced::addAndGet);
            assertEquals(List.of(), scrubbed.damage());
            assertEquals(scrubbed.bytes(), paced.get());
            assertTrue(scrubbed.bytes() > 40L * LARGE.length(), scrubbed.toString());
            assertEquals(List.of(), log.damage());
            assertEquals(0, log.damagedTo(1));
        }
    }

    @Test
    void damaged_entry_is_named_and_its_segment_goes_when_it_is_not_needed() throws Exception {
        Path damaged;
        long to;
        try (EntryLog log = open()) {
            fill(log, 1, 40);
            damaged = damage(mark(15));
            List<String> damage = log.scrub(bytes -> {}).damage();
            assertTrue(damage.toString().contains(damaged.getFileName().toString()), damage.toString());
            assertTrue(damage.toString().contains("entries 15 to 15 of group 1"), damage.toString());
            assertEquals(damage, log.damage());
            to = log.damagedTo(1);
            assertTrue(to >= 15 && to < 40, "damaged to " + to);
            assertThrows(DamagedEntryException.class, () -> log.read(1, 15, 15, NO_LIMIT));

            log.reclaim();
            assertTrue(Files.exists(damaged), "gone although it is needed");
            assertFalse(log.damage().isEmpty());

            forget(log, to);
            assertTrue(log.reclaim());
            assertEquals(List.of(), log.damage());
            assertEquals(0, log.damagedTo(1));
            fill(log, 41, 42);
            assertEquals(List.of(), log.scrub(bytes -> {}).damage());
        }
        assertFalse(Files.exists(damaged));
        verifyAfterRestart(to, 42);
    }

    @Test
    void damage_of_a_segment_that_is_given_back_while_it_is_read_is_none() throws Exception {
        try (EntryLog log = open()) {
            fill(log, 1, 40);
            damage(mark(3));
            boolean[] givenBack = {false};
            Scrubbed scrubbed = log.scrub(bytes -> {
                try {
                    if (!givenBack[0]) {
                        givenBack[0] = true;
                        forget(log, 30);
                        assertTrue(log.reclaim());
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            assertTrue(givenBack[0]);
            assertEquals(List.of(), scrubbed.damage());
            assertEquals(List.of(), log.damage());
        }
    }

    @Test
    void damage_is_noticed_by_who_reads_it() throws Exception {
        try (EntryLog log = open()) {
            fill(log, 1, 40);
            damage(mark(3));
            assertEquals(List.of(), log.damage());
            assertThrows(DamagedEntryException.class, () -> log.read(1, 3, 5, NO_LIMIT));
            assertEquals(1, log.damage().size());
            assertTrue(log.damagedTo(1) >= 3);
        }
    }

    @Test
    void segment_that_is_being_written_is_left_when_it_is_damaged() throws Exception {
        Path damaged;
        try (EntryLog log = open()) {
            fill(log, 1, 4);
            assertEquals(1, segments().size());
            damaged = damage(mark(2));
            assertEquals(1, log.scrub(bytes -> {}).damage().size());
            assertEquals(0, log.damagedTo(1));
            log.reclaim();
            log.force();
            assertEquals(4, log.damagedTo(1));
            fill(log, 5, 6);
            forget(log, 4);
            assertTrue(log.reclaim());
            assertEquals(List.of(), log.damage());
        }
        assertFalse(Files.exists(damaged));
        verifyAfterRestart(4, 6);
    }

    /** Wherever it is: in an entry, a header, a trailer, a frame. What is not found is not missed after a restart either. */
    @Test
    void any_turned_bit_that_a_start_would_refuse_is_found() throws Exception {
        long seed = Long.getLong("synod.seed", System.nanoTime());
        System.out.println("LogScrubTest seed " + seed);
        Random random = new Random(seed);
        int found = 0;
        try (EntryLog log = open()) {
            fill(log, 1, 30);
            List<Path> sealed = segments().subList(0, segments().size() - 1);
            for (int i = 0; i < 60; i++) {
                Path file = sealed.get(random.nextInt(sealed.size()));
                long at = random.nextLong(4096, 220 << 10);
                int mask = 1 << random.nextInt(8);
                turn(file, at, mask);
                boolean damaged = !log.scrub(bytes -> {}).damage().isEmpty();
                assertTrue(damaged || !isRefused(), "seed " + seed + ": byte " + at + " of " + file);
                found += damaged ? 1 : 0;
                turn(file, at, mask);
            }
            assertEquals(List.of(), log.scrub(bytes -> {}).damage(), "seed " + seed);
        }
        assertTrue(found > 30, "seed " + seed + ": found " + found);
    }

    /** By a start on a copy. */
    private boolean isRefused() throws IOException {
        Path copy = directory.resolve("copy");
        Files.createDirectories(copy);
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String name = file.getFileName().toString();
                if (name.endsWith(".cq4") || name.equals("MANIFEST") || name.equals("DURABLE")) {
                    Files.copy(file, copy.resolve(name));
                }
            }
        }
        try (EntryLog log = ChronicleEntryLog.open(copy, NOTHING_RECENT)) {
            return log.recovered(1).lastIndex() < 30;
        } catch (IOException e) {
            return true;
        } finally {
            try (Stream<Path> files = Files.list(copy)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    @Test
    void nothing_is_found_in_a_log_that_is_written_and_given_back_meanwhile() throws Exception {
        try (EntryLog log = open()) {
            fill(log, 1, 2);
            AtomicBoolean over = new AtomicBoolean();
            AtomicReference<Object> found = new AtomicReference<>();
            Thread scrubber = new Thread(() -> {
                try {
                    while (!over.get() && found.get() == null) {
                        Scrubbed scrubbed = log.scrub(bytes -> {});
                        if (!scrubbed.damage().isEmpty()) {
                            found.set(scrubbed);
                        }
                    }
                } catch (Throwable e) {
                    found.set(e);
                }
            });
            scrubber.start();
            for (int i = 3; i <= 400; i++) {
                fill(log, i, i);
                if (i % 30 == 0) {
                    forget(log, i - 5);
                    log.reclaim();
                }
            }
            over.set(true);
            scrubber.join();
            assertEquals(null, found.get());
        }
    }
}
