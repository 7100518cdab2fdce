package io.synod.log;

import static io.synod.log.EntryLogContract.NO_LIMIT;
import static io.synod.log.EntryLogContract.data;
import static io.synod.log.EntryLogContract.entries;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.synod.group.Base;
import io.synod.group.Epoch;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A disk that is really full; needs the right to mount one. */
class LogFullDiskTest {
    @TempDir
    Path directory;

    private static int run(String... command) throws IOException, InterruptedException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
    }

    private int mount(Path disk) throws InterruptedException {
        try {
            Files.createDirectory(disk);
            return run("mount", "-t", "tmpfs", "-o", "size=1800k", "tmpfs", disk.toString());
        } catch (IOException e) {
            return -1;
        }
    }

    @Test
    void a_full_disk_refuses_the_batch_and_the_log_goes_on_when_there_is_room() throws Exception {
        Path disk = directory.resolve("disk");
        Assumptions.assumeTrue(mount(disk) == 0, "no right to mount a small file system: not tested");
        try {
            Path filler = disk.resolve("filler");
            Files.write(filler, new byte[700_000]);
            Path path = disk.resolve("log");
            try (EntryLog log = ChronicleEntryLog.open(path, ChronicleEntryLogTest.SMALL)) {
                long index = fill(log);
                assertEquals(index, log.recovered(1).lastIndex());
                assertTrue(index > 20, index + " entries");
                assertEquals(index, log.read(1, 1, index, NO_LIMIT).size());
                assertTrue(fill(log) == index, "a full log took more");
                Files.delete(filler);
                log.append(entries(1, data(1, index + 1, "x".repeat(5000))));
                log.force();
            }
            try (EntryLog log = ChronicleEntryLog.open(path, ChronicleEntryLogTest.SMALL)) {
                long last = log.recovered(1).lastIndex();
                assertEquals(last, log.read(1, 1, last, NO_LIMIT).size());
            }
        } finally {
            // Lazily: the mark stays mapped until its buffer is collected.
            run("umount", "-l", disk.toString());
        }
    }

    @Test
    void a_full_disk_is_emptied_by_what_the_log_forgets() throws Exception {
        Path disk = directory.resolve("disk");
        Assumptions.assumeTrue(mount(disk) == 0, "no right to mount a small file system: not tested");
        try {
            Path path = disk.resolve("log");
            long last;
            try (EntryLog log = ChronicleEntryLog.open(path, ChronicleEntryLogTest.SMALL)) {
                long index = fill(log);
                fillUp(disk.resolve("filler"));
                Base base = new Base(index - 3, Epoch.of(1, 1), null);
                log.appendBases(List.of(EntryLog.Append.base(1, base, false)));
                log.force();
                assertTrue(log.reclaim());
                last = fill(log);
                // Pages of a file that is gone stay taken for as long as it is mapped.
                for (int i = 0; i < 600 && last <= index + 20; i++) {
                    LockSupport.parkNanos(100_000_000L);
                    last = fill(log);
                }
                assertTrue(last > index + 20, "room for " + (last - index));
                log.appendBases(List.of(EntryLog.Append.base(1, new Base(last - 2, Epoch.of(1, 1), null), false)));
                log.force();
                assertTrue(log.reclaim());
            }
            try (EntryLog log = ChronicleEntryLog.open(path, ChronicleEntryLogTest.SMALL)) {
                assertEquals(last - 2, log.recovered(1).base().index());
                assertEquals(last, log.recovered(1).lastIndex());
                assertEquals(2, log.read(1, last - 1, last, NO_LIMIT).size());
            }
        } finally {
            run("umount", "-l", disk.toString());
        }
    }

    /** Not a byte is left. */
    private static void fillUp(Path filler) throws IOException {
        try (OutputStream out = Files.newOutputStream(filler)) {
            byte[] page = new byte[4096];
            for (int i = 0; i < 10_000; i++) {
                out.write(page);
            }
            fail("this disk is not small");
        } catch (IOException e) {
            assertTrue(Files.size(filler) >= 0, e.getMessage());
        }
    }

    /** Appends until the disk is full; returns the last index that was taken. */
    private static long fill(EntryLog log) throws IOException {
        long index = log.recovered(1).lastIndex();
        while (true) {
            try {
                log.append(entries(1, data(1, index + 1, "x".repeat(5000))));
            } catch (IOException e) {
                assertTrue(e.getMessage().contains("disk full"), e.getMessage());
                return index;
            }
            log.force();
            index++;
        }
    }
}
