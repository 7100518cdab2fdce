package io.synod.jdbc;

import static io.synod.jdbc.LeaderQuestion.Answer.KNOWN;
import static io.synod.jdbc.LeaderQuestion.Answer.NONE;
import static io.synod.jdbc.LeaderQuestion.Answer.SERVES;
import static io.synod.jdbc.LeaderQuestion.Answer.SILENT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.jdbc.LeaderQuestion.Answer;
import io.synod.jdbc.Watchdog.Overdue;
import io.synod.jdbc.Watchdog.Reply;
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

    private static boolean isToBeLeft(Answer own, Answer others, String settings, boolean silent) throws Exception {
        NodeLink link = link(SynodUrl.parse("jdbc:synod://its:1,other:2/shop" + settings, null));
        return Watchdog.isToBeLeft(new Overdue(link, new NodeLink.Waiting(null, 0), "its:1", silent), place -> {
            Answer answer = place.endpoint().equals("its:1") ? own : others;
            // Only who asks that is told that a node serves.
            return new Reply(answer == SERVES && !place.serving() ? KNOWN : answer, System.nanoTime());
        });
    }

    private static NodeLink link(SynodUrl url) {
        return new NodeLink(url, new Reconnection(url, null), new SessionState(), new OpenTransaction());
    }

    @Test
    void a_silent_node_is_left_at_once_where_another_one_serves_by_now() throws Exception {
        assertTrue(isToBeLeft(SILENT, SERVES, "", false));
        assertFalse(isToBeLeft(SILENT, KNOWN, "", false), "it may stand still for a moment");
        assertTrue(isToBeLeft(SILENT, KNOWN, "", true));
        assertFalse(isToBeLeft(SILENT, SERVES, ";TARGET=ANY", false), "it need not lead");
        assertFalse(isToBeLeft(KNOWN, SERVES, "", true), "the statement may take its time");
    }

    @Test
    void a_node_that_knows_no_leader_is_left_where_another_one_does() throws Exception {
        assertTrue(isToBeLeft(NONE, SERVES, "", false));
        assertTrue(isToBeLeft(NONE, SERVES, ";TARGET=ANY", false));
        assertFalse(isToBeLeft(NONE, KNOWN, "", false), "it may be the leader that was lost");
        assertTrue(isToBeLeft(NONE, KNOWN, "", true));
        assertFalse(isToBeLeft(NONE, NONE, "", true));
    }

    /** However late that is noticed: a process that stands still has not read the other answers either. */
    @Test
    void a_silent_node_that_answered_another_session_until_its_own_answer_was_due_is_not_left() throws Exception {
        try (StockNode node = new StockNode()) {
            SynodUrl url = SynodUrl.parse(node.url(";USER=sa;CONNECT_TIMEOUT=60000"), null);
            FailoverSession other = FailoverSession.connect(url, "secret".toCharArray());
            try {
                other.link().answered();
                long answered = other.link().answeredNanos();
                Overdue overdue = new Overdue(
                        link(url), new NodeLink.Waiting(null, 0), other.link().endpoint(), true);
                assertFalse(Watchdog.isToBeLeft(
                        overdue, place -> new Reply(SILENT, answered + TimeUnit.MILLISECONDS.toNanos(999))));
                assertTrue(Watchdog.isToBeLeft(
                        overdue, place -> new Reply(SILENT, answered + TimeUnit.MILLISECONDS.toNanos(1_100))));
            } finally {
                other.close();
            }
        }
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
