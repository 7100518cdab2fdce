package io.synod.engine.database;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.snapshot.H2Store;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DeposedWhileClosingTest {
    /** A deposed leader ends the writers that it saw a moment before: a client may have closed its connection in between. */
    @Test
    void a_session_that_closed_just_before_its_writer_is_ended_does_not_stop_the_database() throws Exception {
        H2Store store = H2Store.openMemory("test", Map.of());
        HostedDatabase database = new HostedDatabase("shop", "a", store, 1_000);
        try {
            Writer writer = database.writer(store.systemSession());
            writer.close();
            writer.cancelStatement("this node lost its leadership");
            assertTrue(writer.tryEnd("this node lost its leadership"));
        } finally {
            store.close();
        }
    }
}
