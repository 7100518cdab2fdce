package io.synod.bench.floor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.bench.Round;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FloorTest {
    @Test
    void commits_alone_and_together_and_leaves_nothing_behind(@TempDir Path directory) throws Exception {
        try (Floor floor = new Floor(directory, 256)) {
            for (int clients : new int[] {1, 3, 1}) {
                Round round = floor.run(clients, TimeUnit.MILLISECONDS.toNanos(200));
                assertTrue(round.latency().getTotalCount() >= clients, round.line());
                assertTrue(round.micros(50) > 0, round.line());
            }
        }
        // A machine may stand still for longer than a round.
        try (Floor floor = new Floor(directory, 256)) {
            for (int clients : new int[] {1, 3}) {
                assertEquals(clients, floor.run(clients, 0).latency().getTotalCount());
            }
        }
        try (Stream<Path> left = Files.list(directory)) {
            assertEquals(0, left.count());
        }
    }
}
