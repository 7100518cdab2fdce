package io.synod.engine.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.database.HostedDatabase;
import io.synod.engine.snapshot.H2Store;
import io.synod.jdbc.SynodUrl;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointsTest {
    private static final int BROKEN = 8;
    /** Enough for a database that gets few entries to have its turn. */
    private static final int ROUNDS = 12;

    @TempDir
    Path dir;

    @Test
    void an_exception_or_an_error_for_one_leaves_the_others_their_turn() {
        List<String> done = new ArrayList<>();
        Checkpoints.each(List.of("a", "b", "c", "d"), database -> {
            if (database.equals("a")) {
                throw new IllegalStateException("not a");
            }
            if (database.equals("c")) {
                throw new AssertionError("not c");
            }
            done.add(database);
        });
        assertEquals(List.of("b", "d"), done);
    }

    @Test
    void an_error_in_one_database_leaves_the_others_their_rounds() throws Exception {
        String url = "jdbc:synod:file:" + dir.resolve("shop");
        try (Connection c = DriverManager.getConnection(url);
                Statement s = c.createStatement();
                Node node = EmbeddedEngine.start(SynodUrl.parse(url, null));
                Checkpoints checkpoints = new Checkpoints()) {
            s.execute("CREATE TABLE T(ID INT)");
            HostedDatabase sound = node.host("shop", Map.of());
            long before = sound.storage().checkpointIndex();
            assertTrue(before < sound.appliedIndex());
            // Several: some of them come before the sound one in whatever order.
            for (int i = 0; i < BROKEN; i++) {
                H2Store store = H2Store.openMemory("broken" + i, Map.of());
                HostedDatabase broken = new HostedDatabase("broken" + i, "a", store, 1_000);
                // No log, and soon no store.
                store.abandon();
                checkpoints.add(broken, 50);
            }
            checkpoints.add(sound, 0);
            for (int round = 0; round < ROUNDS; round++) {
                checkpoints.run();
            }
            assertEquals(sound.appliedIndex(), sound.storage().checkpointIndex());
        }
    }
}
