package io.synod.engine.session;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

class BackoffTest {
    /** As one is whose pool shuts down: the flag is its owner's, and whoever has it set is not parked. */
    @Test
    void an_interrupted_thread_waits_too_and_stays_interrupted() {
        Backoff backoff = new Backoff();
        // What is loaded for the first one is no work of the others.
        new Backoff().pause(1);
        Thread.currentThread().interrupt();
        try {
            long wall = System.nanoTime();
            long cpu = cpu();
            for (int i = 0; i < 30; i++) {
                backoff.pause(Long.MAX_VALUE);
                assertTrue(Thread.currentThread().isInterrupted());
            }
            wall = System.nanoTime() - wall;
            cpu = cpu() - cpu;
            assertTrue(wall > 100_000_000, wall + " ns");
            assertTrue(cpu < wall / 4, cpu + " ns of " + wall + " at work");
        } finally {
            Thread.interrupted();
        }
    }

    private static long cpu() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }
}
