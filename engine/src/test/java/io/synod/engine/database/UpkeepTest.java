package io.synod.engine.database;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.synod.engine.snapshot.H2Store;
import java.util.List;
import java.util.Map;
import org.h2.engine.SessionLocal;
import org.junit.jupiter.api.Test;

class UpkeepTest {
    @Test
    void leftovers_are_looked_for_while_a_table_is_being_dropped() throws Exception {
        HostedDatabase d = new HostedDatabase("shop", "a", H2Store.openMemory("upkeep", Map.of()), 1_000);
        SessionLocal session = d.store().systemSession();
        session.lock();
        try {
            session.prepareLocal("CREATE TABLE T(ID INT)").executeUpdate(null);
            session.prepareLocal("CREATE TABLE LEFT_U(ID INT)").executeUpdate(null);
            d.copy().tables().onDdlApplied(session, 1, List.of());
            session.commit(false);
            // What the registry does not know yet: H2 has taken the table's name from it.
            session.prepareLocal("DROP TABLE T").executeUpdate(null);
            assertEquals(
                    List.of("DROP TABLE IF EXISTS \"PUBLIC\".\"LEFT_U\""),
                    d.copy().tables().drops("LEFT_"));
            session.commit(false);
        } finally {
            session.unlock();
            d.close();
        }
    }
}
