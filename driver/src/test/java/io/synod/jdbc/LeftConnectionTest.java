package io.synod.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Properties;
import org.h2.engine.SessionRemote;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A session that went to the leader and rests gives up the connection that it came from; not one that is still read from. */
@Timeout(240)
class LeftConnectionTest {
    /** Long after now: the watchdog's own rounds take nothing of it for old. */
    private static final long NOW = Long.MAX_VALUE / 2 + System.nanoTime();

    private static final long OLD = NOW + LeftConnection.KEPT_NANOS + 1;

    private StockNode node;
    private FailoverSession session;
    private SessionRemote before;

    @BeforeEach
    void start() throws Exception {
        node = new StockNode();
        session = connect();
        before = connect().link().remote();
        session.link().left().keep(before, NOW);
    }

    @AfterEach
    void stop() throws Exception {
        session.close();
        node.close();
    }

    private FailoverSession connect() throws Exception {
        Properties login = new Properties();
        login.setProperty("USER", "sa");
        login.setProperty("CONNECT_TIMEOUT", "60000");
        return FailoverSession.connect(SynodUrl.parse(node.url(""), login), "secret".toCharArray());
    }

    private void assertDropped(boolean dropped) {
        assertEquals(dropped, before.isClosed() || !serves(before));
        assertTrue(serves(session.link().remote()));
    }

    private static boolean serves(SessionRemote remote) {
        try {
            remote.hasPendingTransaction();
            return true;
        } catch (org.h2.message.DbException e) {
            return false;
        }
    }

    @Test
    void a_session_at_rest_gives_it_up_after_a_while() {
        Watchdog.dropLeft(OLD - 1);
        assertDropped(false);
        Watchdog.dropLeft(OLD);
        assertDropped(true);
    }

    @Test
    void what_is_read_from_it_keeps_it() {
        LeftConnection left = session.link().left();
        left.used(before, OLD);
        left.used(session.link().remote(), NOW);
        Watchdog.dropLeft(OLD);
        assertDropped(false);
        session.link().waitsFor(before);
        Watchdog.dropLeft(OLD + LeftConnection.KEPT_NANOS + 1);
        assertDropped(false);
        session.link().waitsNoLonger();
        Watchdog.dropLeft(OLD + LeftConnection.KEPT_NANOS + 1);
        assertDropped(true);
    }

    @Test
    void a_session_that_ends_takes_it_along() {
        session.close();
        assertNull(session.link().remote());
        assertTrue(before.isClosed() || !serves(before));
    }
}
