package io.synod.engine.large;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Large things in small heaps: client and nodes end with an error when theirs does not suffice. */
@Tag("long")
@Tag("process")
class LargeThingsTest {
    private static final Logger LOG = LoggerFactory.getLogger(LargeThingsTest.class);

    @TempDir
    Path directory;

    @Test
    @Timeout(3600)
    void three_nodes_and_a_client_do_large_things_in_a_small_heap() throws Exception {
        int heap = Integer.getInteger("large.heap", 96);
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + heap + "m",
                "-XX:+UseSerialGC",
                "-Dlarge.collector=" + System.getProperty("large.collector", "Serial"),
                "-cp",
                System.getProperty("java.class.path"),
                LargeThings.class.getName(),
                System.getProperty("large.dir", directory.resolve("nodes").toString()),
                String.valueOf(heap),
                System.getProperty("large.rows", "50000"),
                System.getProperty("large.lob", String.valueOf(48 << 20))));
        if (System.getProperty("large.steps") != null) {
            command.add(System.getProperty("large.steps"));
        }
        Path output = directory.resolve("output");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            int code = process.waitFor(Integer.getInteger("large.minutes", 15), TimeUnit.MINUTES)
                    ? process.exitValue()
                    : -1;
            String said = Files.readString(output);
            LOG.info("{}", said);
            assertEquals(0, code, said);
        } finally {
            process.destroyForcibly();
        }
    }
}
