package io.synod.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.group.Base;
import io.synod.group.Epoch;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
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

    @Test
    void configurations_are_there_after_a_stop() throws Exception {
        log.append(entries(1, data(1, 1), config(1, 2, 3), data(1, 3), config(1, 4, 4), config(1, 5, 5)));
        log.append(entries(1, data(2, 5)));
        log.close();
        log = open();
        assertEquals(List.of("2:3", "4:4"), configurations(log));
        log.append(List.of(EntryLog.Append.base(1, new Base(2, Epoch.of(1, 1), configuration(3)), false)));
        log.close();
        log = open();
        assertEquals(List.of("4:4"), configurations(log));
        assertEquals(configuration(3), log.recovered(1).base().members());
    }
}
