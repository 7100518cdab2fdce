package io.synod.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChronicleEntryLogTest extends EntryLogContract {
    static final LogConfig SMALL = new LogConfig("a", 256 << 10, 16 << 10, 64 << 10);

    @TempDir
    Path directory;

    @Override
    EntryLog open() throws Exception {
        return ChronicleEntryLog.open(directory, SMALL);
    }

    @Test
    void the_jvm_was_started_without_a_flag_that_opens_packages() {
        assertTrue(ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .noneMatch(argument -> argument.contains("add-opens") || argument.contains("add-exports")));
    }

    @Test
    void this_jdk_lets_a_file_be_forced_without_listening_to_interrupts() throws Exception {
        log.append(entries(1, data(1, 1)));
        assertTrue(((ChronicleEntryLog) log).currentFile().uninterruptible());
    }

    @Test
    void everything_is_there_after_a_clean_stop() throws Exception {
        log.append(entries(1, data(1, 1), data(1, 2), data(1, 3), data(1, 4)));
        log.append(entries(1, data(1, 5), data(1, 6), data(1, 7)));
        log.append(entries(1, data(3, 5)));
        log.close();
        log = open();
        assertFoldOfNeon(log);
        log.append(entries(1, data(3, 6)));
        log.close();
        log = open();
        assertEquals(6, log.recovered(1).lastIndex());
    }
}
