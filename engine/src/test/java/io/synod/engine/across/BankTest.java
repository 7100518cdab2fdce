package io.synod.engine.across;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Transactions over several databases while nodes are killed: one fault of each kind, or for {@code -Dacross.minutes=N}. */
@Tag("long")
@Tag("process")
class BankTest {
    @TempDir
    private Path directory;

    // Its waits are bounded each by itself: how long it lasts is told.
    @Test
    void transfers_between_databases_are_whole_and_soon_decided_whichever_nodes_are_killed() throws Exception {
        long minutes = Long.getLong("across.minutes", 0);
        long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(minutes);
        BankFaults.Fault[] faults = BankFaults.Fault.values();
        int[] happened = {0};
        BankFaults.run(directory, Long.getLong("synod.seed", System.nanoTime()), minutes > 0, random -> {
            if (happened[0] < faults.length) {
                return faults[happened[0]++];
            }
            return System.nanoTime() - end < 0 ? faults[random.nextInt(faults.length)] : null;
        });
    }
}
