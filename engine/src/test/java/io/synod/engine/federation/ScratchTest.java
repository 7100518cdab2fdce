package io.synod.engine.federation;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.synod.engine.failover.Await;
import java.lang.ref.WeakReference;
import java.sql.DriverManager;
import java.util.Properties;
import org.h2.engine.SessionLocal;
import org.h2.jdbc.JdbcConnection;
import org.junit.jupiter.api.Test;

class ScratchTest {
    /** H2 closes what garbage has left open whenever a connection is opened, of whatever database. */
    @Test
    void it_stays_open_while_garbage_is_collected() throws Exception {
        try (JdbcConnection own = new JdbcConnection("jdbc:h2:mem:", new Properties(), "sa", "", false);
                Scratch scratch = Scratch.like((SessionLocal) own.getSession())) {
            WeakReference<Object> garbage = new WeakReference<>(new Object());
            Await.until("garbage is collected", () -> {
                System.gc();
                DriverManager.getConnection("jdbc:h2:mem:").close();
                return garbage.get() == null;
            });
            assertNull(garbage.get());
            System.gc();
            DriverManager.getConnection("jdbc:h2:mem:").close();
            assertFalse(scratch.session().isClosed());
        }
    }
}
