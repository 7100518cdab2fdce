package io.synod.engine.snapshot;

import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** After kill -9, a database is its checkpoint and the log, whole: see {@link KillRounds}. */
@Tag("long")
class KillTest {
    private static final int KILLS = 25;
    private static final int RECLAIM_KILLS = 12;
    /** On a slow machine writers come less far: then there are more of them, with more and more time, up to so many times. */
    private static final int SLOWER = 3;

    @TempDir
    Path directory;

    @Test
    void a_killed_writer_leaves_every_index_equal_to_its_table() throws Exception {
        long seed = Long.getLong("synod.seed", System.nanoTime());
        KillRounds rounds = new KillRounds("synod", directory.resolve("work"), seed, 200, 600);
        for (int i = 1; i <= KILLS || i <= SLOWER * KILLS && !isEnough(rounds); i++) {
            if (i > KILLS) {
                rounds.killLater();
            }
            assertNull(rounds.killAndCheck(), "kill " + i + ", seed " + seed + " (-Dsynod.seed=" + seed + ")");
        }
        assertTrue(isEnough(rounds), rounds.summary());
    }

    private static boolean isEnough(KillRounds rounds) {
        return rounds.checkpoints() >= KILLS / 2 && rounds.transactions() > KILLS * 20;
    }

    @Test
    void a_writer_killed_while_it_reclaims_space_leaves_every_index_equal_to_its_table() throws Exception {
        long seed = Long.getLong("synod.seed", System.nanoTime());
        KillRounds rounds = new KillRounds("reclaim", directory.resolve("work"), seed, 100, 500);
        for (int i = 1;
                i <= RECLAIM_KILLS || i <= SLOWER * RECLAIM_KILLS && rounds.transactions() <= RECLAIM_KILLS;
                i++) {
            if (i > RECLAIM_KILLS) {
                rounds.killLater();
            }
            assertNull(rounds.killAndCheck(), "kill " + i + ", seed " + seed + " (-Dsynod.seed=" + seed + ")");
        }
        assertTrue(rounds.transactions() > RECLAIM_KILLS, rounds.summary());
    }
}
