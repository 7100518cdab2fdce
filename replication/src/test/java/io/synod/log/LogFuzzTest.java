package io.synod.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.fuzz.Fuzz;
import io.synod.group.Entry;
import io.synod.group.EntryKind;
import io.synod.group.Epoch;
import io.synod.log.EntryLog.Append;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A log with one damage, wherever it is, opens with all that was forced or is refused with what to do; it never opens with
 * anything else.
 */
@Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LogFuzzTest {
    private static final long SCRIPT = 5;
    private static final int BATCHES = 300;
    private static final int PAGE = 4096;
    private static final int HEAD = 8 << 10;

    @TempDir
    private static Path directory;

    /** A log of several segments, all of it forced, as a killed process and as a stop leave it. */
    @BeforeAll
    static void write() throws IOException {
        LogScript script = new LogScript(SCRIPT);
        Path live = directory.resolve("closed");
        try (EntryLog log = ChronicleEntryLog.open(live, ChronicleEntryLogTest.SMALL)) {
            for (int i = 0; i < BATCHES; i++) {
                log.append(script.next());
                if (i % 10 == 0 || i == BATCHES - 1) {
                    log.force();
                }
            }
            LogKillTest.copy(live, directory.resolve("killed"));
        }
        assertTrue(new Segments(live, 0).list().size() > 2, "several segments");
    }

    @Test
    void a_damaged_log_opens_whole_or_is_refused() {
        Fuzz.run("damaged logs", random -> {
            Path copy = directory.resolve("copy");
            LogKillTest.copy(directory.resolve(random.nextBoolean() ? "closed" : "killed"), copy);
            try {
                String file = damage(copy, random);
                return file.replaceAll("[0-9]+W", "N") + " " + opened(copy);
            } finally {
                try (var files = Files.list(copy)) {
                    for (Path each : files.toList()) {
                        Files.delete(each);
                    }
                }
            }
        });
    }

    private static String damage(Path log, Random random) throws IOException {
        List<Path> files;
        try (var found = Files.list(log)) {
            files = found.filter(f -> !f.getFileName().toString().equals("LOCK"))
                    .sorted()
                    .toList();
        }
        Path file = files.get(random.nextInt(files.size()));
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            damage(bytes, random);
        }
        return file.getFileName().toString();
    }

    /** A bit, some bytes, a page that is lost or swapped with another, an end that is missing. */
    private static void damage(RandomAccessFile file, Random random) throws IOException {
        long length = file.length();
        // What Chronicle keeps for itself is at the front.
        long at = (long) (random.nextDouble() * (random.nextInt(3) == 0 ? Math.min(length, HEAD) : length));
        long page = at / PAGE * PAGE;
        int size = (int) Math.min(PAGE, length - page);
        switch (random.nextInt(6)) {
            case 0 -> {
                file.seek(at);
                int before = file.read();
                write(file, at, new byte[] {(byte) (before ^ 1 << random.nextInt(8))});
            }
            case 1 -> write(file, at, Fuzz.noise(random, (int) Math.min(64, length - at)));
            case 2 -> write(file, page, new byte[size]);
            case 3 -> {
                long other = (long) (random.nextDouble() * (length / PAGE)) * PAGE;
                byte[] here = read(file, page, size);
                byte[] there = read(file, other, (int) Math.min(PAGE, length - other));
                write(file, page, Arrays.copyOf(there, Math.min(size, there.length)));
                write(file, other, Arrays.copyOf(here, Math.min(size, there.length)));
            }
            case 4 -> file.setLength(at);
            default -> {
                byte[] few = read(file, at, (int) Math.min(200, length - at));
                byte[] spoilt = Fuzz.mutated(few, random);
                write(file, at, Arrays.copyOf(spoilt, few.length));
            }
        }
    }

    private static byte[] read(RandomAccessFile file, long at, int length) throws IOException {
        byte[] bytes = new byte[length];
        file.seek(at);
        file.readFully(bytes);
        return bytes;
    }

    private static void write(RandomAccessFile file, long at, byte[] bytes) throws IOException {
        file.seek(at);
        file.write(bytes);
    }

    /** What was promised is part of the script, and so of the comparison. */
    private static String opened(Path log) throws IOException {
        LogScript expected = LogScript.after(SCRIPT, BATCHES);
        Entry next;
        try (EntryLog opened = ChronicleEntryLog.open(log, ChronicleEntryLogTest.SMALL)) {
            assertNull(expected.difference(opened));
            next = new Entry(
                    Epoch.of(1000, 1), opened.recovered(0).lastIndex() + 1, EntryKind.DATA, new byte[] {1, 2, 3});
            opened.append(List.of(Append.entry(0, next)));
            opened.force();
        } catch (DamagedLogException e) {
            assertTrue(e.getMessage().contains("restore"), e.getMessage());
            assertTrue(!e.faults().isEmpty(), e.getMessage());
            return "refused";
        } catch (IOException e) {
            assertNotNull(e.getMessage());
            boolean chronicles = e.getMessage().contains("Chronicle Queue");
            assertTrue(chronicles || e.getMessage().contains("MANIFEST"), e.toString());
            return chronicles ? "refused by Chronicle" : "refused";
        }
        try (EntryLog again = ChronicleEntryLog.open(log, ChronicleEntryLogTest.SMALL)) {
            assertEquals(next.index(), again.recovered(0).lastIndex());
            assertTrue(LogScript.same(
                    next, again.read(0, next.index(), next.index(), 1 << 20).get(0)));
        }
        return "whole";
    }

    /** Also with checksums that are right: what they cover is believed by nobody before it was found to fit. */
    @Test
    void a_scan_of_anything_ends_and_costs_no_more_than_the_segment() throws IOException {
        byte[] segment = Files.readAllBytes(new Segments(directory.resolve("closed"), 0)
                .list()
                .values()
                .iterator()
                .next());
        Fuzz.run("segments", random -> {
            byte[] bytes = segment.clone();
            for (int i = random.nextInt(4); i >= 0; i--) {
                forge(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN), random);
            }
            long before = Fuzz.allocated();
            int[] found = new int[2];
            SegmentScan scan = new SegmentScan(ByteBuffer.wrap(bytes), 1, random.nextInt(60), new SegmentScan.Sink() {
                @Override
                public void batch(long number, int record, int recordsEnd, ByteBuffer in, int start, int end) {
                    EntryCodec.records(in, start, end, (kind, group, epoch, index, of, at, length) -> found[0]++);
                }

                @Override
                public void fault(long from, long to, int position, ByteBuffer in, int[] trailers, String reason) {
                    for (int tail : trailers) {
                        EntryCodec.runs(in, tail, (group, epoch, first, count) -> found[1]++);
                    }
                }
            });
            scan.run();
            long allocated = Fuzz.allocated() - before;
            assertTrue(allocated <= 8L * bytes.length, () -> allocated + " bytes allocated for a segment");
            return found[1] > 0 ? "faults" : "none";
        });
    }

    /** Spoils a field of a record's header or trailer and makes its checksum right; or spoils a few bytes. */
    private static void forge(ByteBuffer bytes, Random random) {
        int kind = random.nextInt(3);
        int at = random.nextInt(bytes.limit() - 64) & ~3;
        int magic = kind == 0 ? EntryCodec.RECORD_MAGIC : EntryCodec.TRAILER_MAGIC;
        while (kind < 2 && at < bytes.limit() - 64 && bytes.getInt(at) != magic) {
            at += 4;
        }
        if (kind == 2 || bytes.getInt(at) != magic) {
            bytes.putInt(at, Fuzz.extreme(random));
        } else if (kind == 0) {
            bytes.putInt(at + 8 + 4 * random.nextInt(8), Fuzz.extreme(random));
            new EntryCodec()
                    .recordHeader(
                            bytes,
                            at,
                            EntryCodec.number(bytes, at),
                            EntryCodec.durable(bytes, at),
                            EntryCodec.fragment(bytes, at),
                            EntryCodec.fragments(bytes, at),
                            EntryCodec.chunkBytes(bytes, at),
                            EntryCodec.batchBytes(bytes, at));
        } else {
            int runs = bytes.getInt(at + 20);
            int start = at - Math.max(0, Math.min(runs, at / EntryCodec.RUN)) * EntryCodec.RUN;
            bytes.putInt(at + 8 + 4 * random.nextInt(5), Fuzz.extreme(random));
            CRC32C crc = new CRC32C();
            crc.update(bytes.slice(start, at + EntryCodec.TRAILER_TAIL - 4 - start));
            bytes.putInt(at + 28, (int) crc.getValue());
        }
    }
}
