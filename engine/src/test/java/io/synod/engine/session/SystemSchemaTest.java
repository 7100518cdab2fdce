package io.synod.engine.session;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.engine.database.HostedDatabase;
import io.synod.engine.snapshot.H2Store;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SystemSchemaTest {
    /** H2's list of schemas is exchanged: a schema that the log created at that moment would be lost on this member. */
    @Test
    void the_schema_comes_before_the_log() throws Exception {
        HostedDatabase database = new HostedDatabase("shop", "a", H2Store.openMemory("test", Map.of()), 2_000);
        database.attach(new MemoryGroup().join("a", database));
        String error = assertThrows(IllegalStateException.class, () -> new Sessions(database, null))
                .getMessage();
        assertTrue(error.contains("before the database has its log"), error);
    }
}
