package io.synod.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class WatchdogTest {
    private static final int KNOWS = LeaderQuestion.answer(true);
    private static final int KNOWS_NOBODY = LeaderQuestion.answer(false);
    private static final int SERVES = LeaderQuestion.answer(true, true);

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

    private static boolean isToBeLeft(int own, int others, String settings, boolean silent) throws Exception {
        try (AnsweringNode its = new AnsweringNode(n -> own);
                AnsweringNode other = new AnsweringNode(n -> others)) {
            SynodUrl url =
                    SynodUrl.parse("jdbc:synod://" + its.place() + "," + other.place() + "/shop" + settings, null);
            return Watchdog.isToBeLeft(
                    new Watchdog.Overdue(link(url), new NodeLink.Waiting(null, 0), its.place(), silent),
                    new HashMap<>());
        }
    }

    private static NodeLink link(SynodUrl url) {
        return new NodeLink(url, new Reconnection(url, null), new SessionState(), new OpenTransaction());
    }

    @Test
    void a_silent_node_is_left_at_once_where_another_one_serves_by_now() throws Exception {
        assertTrue(isToBeLeft(AnsweringNode.NOTHING, SERVES, "", false));
        assertFalse(isToBeLeft(AnsweringNode.NOTHING, KNOWS, "", false), "it may stand still for a moment");
        assertTrue(isToBeLeft(AnsweringNode.NOTHING, KNOWS, "", true));
        assertFalse(isToBeLeft(AnsweringNode.NOTHING, SERVES, ";TARGET=ANY", false), "it need not lead");
        assertFalse(isToBeLeft(KNOWS, SERVES, "", true), "the statement may take its time");
    }

    @Test
    void a_node_that_knows_no_leader_is_left_where_another_one_does() throws Exception {
        assertTrue(isToBeLeft(KNOWS_NOBODY, KNOWS, "", false));
        assertFalse(isToBeLeft(KNOWS_NOBODY, KNOWS_NOBODY, "", true));
    }

    @Test
    void a_wait_that_was_answered_meanwhile_costs_no_connection() throws Exception {
        SynodUrl url = SynodUrl.parse("jdbc:synod://127.0.0.1:1/shop", null);
        NodeLink link = link(url);
        link.waitsFor(null);
        NodeLink.Waiting overdue = link.waiting();
        link.waitsNoLonger();
        // There is no connection here: to sever it would fail.
        link.sever(overdue);
        assertNull(link.silent());
    }
}
