package io.synod.engine.session;

import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import org.junit.jupiter.api.Test;

/** What an interrupted thread of the application applies for everybody. */
public class InterruptedApplyTest {
    private static volatile Boolean interruptedInside;

    /** H2 calls {@link #init} when the trigger is created, which is when the statement is applied. */
    public static final class Probe implements org.h2.api.Trigger {
        /** Made by H2. */
        public Probe() {}

        @Override
        public void init(Connection c, String schema, String trigger, String table, boolean before, int type) {
            interruptedInside = Thread.currentThread().isInterrupted();
        }

        @Override
        public void fire(Connection c, Object[] oldRow, Object[] newRow) {
            // Nothing is written here.
        }
    }

    @Test
    void an_interrupt_waits_outside_while_an_entry_is_applied() throws Exception {
        try (TestNode a = TestNode.solo(new MemoryGroup());
                Connection c = a.connect()) {
            run(c, "CREATE TABLE t(id INT PRIMARY KEY)");
            Thread.currentThread().interrupt();
            run(c, "CREATE TRIGGER probe AFTER INSERT ON t CALL '" + Probe.class.getName() + "'");
            assertTrue(Thread.interrupted(), "it is still there afterwards");
            assertEquals(false, interruptedInside);
        }
    }
}
