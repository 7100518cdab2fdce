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
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sectors of a log's files that the disk does not give any more: damage, as bits that have turned are. */
class UnreadableSectorTest {
    private static final LogConfig NOTHING_RECENT = new LogConfig("a", 256 << 10, 16 << 10, 0);
    private static final String LARGE = "x".repeat(20_000);
    /** Behind the mark that begins an entry, where that alone is. */
    private static final int INSIDE = 8192;

    @TempDir
    Path directory;

    private EntryLog open() throws IOException {
        return ChronicleEntryLog.open(directory, NOTHING_RECENT);
    }

    private static void fill(EntryLog log, int from, int to) throws IOException {
        for (int i = from; i <= to; i++) {
            log.append(entries(1, data(1, i, mark(i) + LARGE)));
            log.force();
        }
    }

    private static String mark(int i) {
        return "<" + i + ">";
    }

    private record Place(Path file, int position) {}

    private Place inside(int entry) throws IOException {
        return inside(mark(entry));
    }

    private Place inside(String text) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".cq4")).toList()) {
                int at = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).indexOf(text);
                if (at >= 0) {
                    return new Place(file, at + INSIDE);
                }
            }
        }
        throw new AssertionError("no entry " + text);
    }

    private UnreadableSectors unreadable(int entry) throws IOException {
        Place place = inside(entry);
        return UnreadableSectors.at(place.file(), place.position());
    }

    private static void forget(EntryLog log, long index) throws IOException {
        log.append(List.of(Append.base(1, new Base(index, Epoch.of(1, 1), null), false)));
        log.force();
    }

    @Test
    void entry_that_cannot_be_read_is_damaged_and_the_others_are_not() throws Exception {
        try (EntryLog log = open()) {
            fill(log, 1, 40);
            try (UnreadableSectors sectors = unreadable(15)) {
                DamagedEntryException e =
                        assertThrows(DamagedEntryException.class, () -> log.read(1, 15, 15, NO_LIMIT));
                assertEquals(15, e.index());
                assertTrue(e.getMessage().contains("Input/output error"), e.getMessage());
                assertTrue(sectors.refused() > 0);
                assertEquals(1, log.damage().size());
                assertTrue(
                        log.damage().get(0).contains("Input/output error"),
                        log.damage().toString());
                assertEquals(1, log.read(1, 14, 14, NO_LIMIT).size());
                assertEquals(1, log.read(1, 16, 16, NO_LIMIT).size());
            }
        }
    }

    @Test
    void scrub_names_it_goes_on_and_the_segment_goes_when_it_is_not_needed() throws Exception {
        try (EntryLog log = open()) {
            fill(log, 1, 40);
            Place place = inside(15);
            try (UnreadableSectors sectors = UnreadableSectors.at(place.file(), place.position())) {
                Scrubbed scrubbed = log.scrub(bytes -> {});
                String damage = scrubbed.damage().toString();
                assertTrue(damage.contains(place.file().getFileName().toString()), damage);
                assertTrue(damage.contains("entries 15 to 15 of group 1"), damage);
                assertTrue(damage.contains("Input/output error"), damage);
                assertFalse(damage.contains("entries 14") || damage.contains("entries 16"), damage);
                assertTrue(scrubbed.bytes() > 40L * LARGE.length(), "the other segments were not read");
                assertTrue(sectors.refused() > 0);
                long to = log.damagedTo(1);
                forget(log, to);
                assertTrue(log.reclaim());
                assertEquals(List.of(), log.damage());
                fill(log, 41, 42);
                assertEquals(List.of(), log.scrub(bytes -> {}).damage());
            }
        }
    }

    @Test
    void disk_that_gives_nothing_of_a_segment_is_not_asked_for_each_of_its_sectors() throws Exception {
        try (EntryLog log = open()) {
            fill(log, 1, 40);
            try (UnreadableSectors sectors = UnreadableSectors.all(inside(15).file())) {
                assertFalse(log.scrub(bytes -> {}).damage().isEmpty());
                assertTrue(sectors.refused() < 100, "asked " + sectors.refused() + " times");
            }
        }
    }

    @Test
    void log_is_not_opened_when_a_sector_cannot_be_read_and_says_what_was_in_it() throws Exception {
        try (EntryLog log = open()) {
            fill(log, 1, 40);
        }
        try (UnreadableSectors sectors = unreadable(15)) {
            DamagedLogException e = assertThrows(DamagedLogException.class, this::open);
            assertTrue(e.getMessage().contains("entries 15 to 15 of group 1"), e.getMessage());
            assertTrue(e.getMessage().contains("Input/output error"), e.getMessage());
            assertTrue(sectors.refused() > 0);
        }
        try (EntryLog log = open()) {
            assertEquals(40, log.recovered(1).lastIndex(), "it was not left as it was");
        }
    }

    /** What the last segment does not give may have been its end. */
    @Test
    void log_is_not_opened_when_its_end_cannot_be_read_and_nothing_says_what_was_forced() throws Exception {
        try (EntryLog log = open()) {
            fill(log, 1, 4);
        }
        Place last = inside(4);
        Files.delete(directory.resolve("MANIFEST"));
        Files.delete(directory.resolve(DurableMark.FILE));
        for (int behind : new int[] {0, 32 << 10}) {
            try (UnreadableSectors sectors = UnreadableSectors.at(last.file(), last.position() + behind)) {
                assertThrows(DamagedLogException.class, this::open, "bytes behind it: " + behind);
                assertTrue(sectors.refused() > 0);
            }
        }
    }

    @Test
    void sector_behind_the_end_of_a_segment_that_is_not_written_any_more_is_not_missed() throws Exception {
        try (EntryLog log = open()) {
            fill(log, 1, 40);
        }
        try (UnreadableSectors sectors = UnreadableSectors.at(inside(1).file(), (256 << 10) + 4096);
                EntryLog log = open()) {
            assertTrue(sectors.refused() > 0);
            assertEquals(40, log.recovered(1).lastIndex());
        }
    }

    @Test
    void mark_that_cannot_be_read_is_damage() throws Exception {
        try (EntryLog log = open()) {
            fill(log, 1, 4);
        }
        try (UnreadableSectors sectors = UnreadableSectors.all(directory.resolve(DurableMark.FILE))) {
            DamagedLogException e = assertThrows(DamagedLogException.class, this::open);
            assertTrue(e.getMessage().contains(DurableMark.FILE), e.getMessage());
            assertTrue(sectors.refused() > 0);
        }
        open().close();
    }

    /** Of a log that has given room back, and begins in the middle: the segments say so themselves. */
    @Test
    void manifest_that_cannot_be_read_or_is_changed_is_written_anew() throws Exception {
        try (EntryLog log = open()) {
            fill(log, 1, 40);
            forget(log, 30);
            log.reclaim();
            fill(log, 41, 44);
        }
        Path manifest = directory.resolve("MANIFEST");
        byte[] whole = Files.readAllBytes(manifest);
        assertFalse(new String(whole, StandardCharsets.ISO_8859_1).contains("first 1\n"), "room was made");
        try (UnreadableSectors sectors = UnreadableSectors.all(manifest);
                EntryLog log = open()) {
            assertTrue(sectors.refused() > 0);
            assertEquals(44, log.recovered(1).lastIndex());
        }
        assertTrue(Manifest.read(directory).knowsFirst());
        for (int at = 0; at < whole.length; at += 7) {
            byte[] changed = Files.readAllBytes(manifest);
            changed[at % changed.length] ^= 1;
            Files.write(manifest, changed);
            try (EntryLog log = open()) {
                assertEquals(44, log.recovered(1).lastIndex());
                assertEquals(1, log.read(1, 44, 44, Integer.MAX_VALUE).size());
            }
        }
    }

    /** All three that were written last: what the two others would have told of is then told by nobody. */
    @Test
    void manifest_and_mark_that_are_damaged_together_are_damage() throws Exception {
        try (EntryLog log = open()) {
            fill(log, 1, 40);
        }
        try (Stream<Path> files = Files.list(directory)) {
            List<Path> segments =
                    files.filter(f -> f.toString().endsWith(".cq4")).sorted().toList();
            assertTrue(segments.size() > 1, segments.toString());
            Files.delete(segments.get(segments.size() - 1));
        }
        Path manifest = directory.resolve("MANIFEST");
        Files.write(manifest, new byte[(int) Files.size(manifest)]);
        assertThrows(DamagedLogException.class, this::open, "the mark tells of what is gone");
        Path mark = directory.resolve("DURABLE");
        Files.write(mark, new byte[(int) Files.size(mark)]);
        assertThrows(DamagedLogException.class, this::open, "nothing does");
    }

    /** The few entries of an idle group, which are to be written again so that their segment can go. */
    @Test
    void damage_that_is_met_when_room_is_made_is_remembered() throws Exception {
        try (EntryLog log = open()) {
            log.append(entries(2, data(1, 1, "<idle>" + LARGE)));
            fill(log, 1, 40);
            forget(log, 39);
            Place place = inside("<idle>");
            try (UnreadableSectors sectors = UnreadableSectors.at(place.file(), place.position())) {
                log.reclaim();
                assertTrue(sectors.refused() > 0);
                assertEquals(1, log.damagedTo(2));
            }
        }
    }
}
