package io.synod.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class WatchdogTest {
    private static long questions(long millis) {
        return Watchdog.questions(TimeUnit.MILLISECONDS.toNanos(millis));
    }

    /** A leader that is cut off has stepped down, and another one serves, after some 450 ms. */
    @Test
    void a_node_that_keeps_a_session_waiting_is_asked_soon_and_then_less_and_less_often() {
        assertEquals(0, questions(249));
        assertEquals(1, questions(250));
        assertTrue(questions(550) > questions(450));
        for (long millis = 250; millis < 60_000; millis += 10) {
            long since = questions(millis + 1_000) - questions(millis);
            assertTrue(since >= 1, "none in the second after " + millis + " ms");
            assertTrue(millis < 6_000 || since <= 2, since + " in the second after " + millis + " ms");
        }
    }

    @Test
    void a_wait_that_was_answered_meanwhile_costs_no_connection() throws Exception {
        SynodUrl url = SynodUrl.parse("jdbc:synod://127.0.0.1:1/shop", null);
        NodeLink link = new NodeLink(url, new Reconnection(url, null), new SessionState(), new OpenTransaction());
        link.waitsFor(null);
        NodeLink.Waiting overdue = link.waiting();
        link.waitsNoLonger();
        // There is no connection here: to sever it would fail.
        link.sever(overdue);
        assertNull(link.silent());
    }
}
