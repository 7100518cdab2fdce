package io.synod.log;

import static io.synod.log.EntryLogContract.data;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.log.EntryLog.Append;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Somebody deletes the directory under an open log, or files in it. */
class DeletedDirectoryTest {
    @TempDir
    Path dir;

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

    /** The first of its segments, the one that is written, and the mark of what was forced. */
    @ParameterizedTest
    @ValueSource(strings = {"19700101W.cq4", "19700103W.cq4", DurableMark.FILE})
    void log_without_a_file_says_so_and_takes_nothing_more(String file) throws Exception {
        try (ChronicleEntryLog log = ChronicleEntryLog.open(dir, ChronicleEntryLogTest.SMALL)) {
            for (int i = 1; new Segments(dir, 0).list().size() < 3; i++) {
                log.append(List.of(Append.entry(1, data(1, i, "x".repeat(30_000)))));
                log.force();
            }
            assertTrue(log.bytes() > 0);
            long next = log.recovered(1).lastIndex() + 1;
            Path deleted = dir.resolve(file);
            Files.delete(deleted);
            assertEquals(-1, log.bytes());
            assertEquals(-1, log.bytes(), "whoever asks again is told so, too");
            IOException e =
                    assertThrows(IOException.class, () -> log.append(List.of(Append.entry(1, data(1, next, "text")))));
            assertTrue(e.getMessage().contains(deleted + " was deleted"), e.getMessage());
            assertThrows(IOException.class, log::force);
        }
    }

    @Test
    void log_without_its_directory_says_so_in_one_line_once() throws Exception {
        Path live = dir.resolve("live");
        ChronicleEntryLog log = ChronicleEntryLog.open(live, ChronicleEntryLogTest.SMALL);
        log.append(List.of(Append.entry(1, data(1, 1, "text"))));
        log.force();
        assertTrue(log.bytes() > 0);
        delete(live);
        PrintStream err = System.err;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
        try {
            for (int i = 0; i < 3; i++) {
                assertEquals(-1, log.bytes());
                assertEquals(-1, log.segments());
            }
        } finally {
            System.setErr(err);
        }
        List<String> lines = said.toString(StandardCharsets.UTF_8).lines().toList();
        // The thread that makes the next segment may have something to say, too.
        List<String> here =
                lines.stream().filter(line -> !line.contains("SegmentWriter")).toList();
        assertEquals(1, here.size(), lines.toString());
        assertTrue(here.get(0).contains("ERROR") && here.get(0).contains(live + " was deleted"), here.get(0));
        IOException e = assertThrows(IOException.class, () -> log.append(List.of(Append.entry(1, data(1, 2, "text")))));
        assertTrue(e.getMessage().contains(live + " was deleted"), e.getMessage());
        assertThrows(IOException.class, log::force);
        log.close();
    }
}
