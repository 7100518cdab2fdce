package io.synod.replica;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.paxos.Message;
import io.synod.transport.Envelope;
import io.synod.transport.Transport;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class QuestionsTest {
    private static final long GROUP = 7;
    private static final int GONE = 9;
    private static final long LONG_NANOS = TimeUnit.SECONDS.toNanos(60);

    private final List<Message> lost = new ArrayList<>();
    private boolean losing;

    /** Hands over at once what is sent to the other one. */
    private final class Wire implements Transport {
        private Questions other;
        private boolean cutsAtTheQuestion;
        private boolean cut;

        @Override
        public void start(Receiver receiver) {}

        @Override
        public void sendControl(int toSlot, long group, Message message) {
            cut = cutsAtTheQuestion;
            if (losing || cut) {
                lost.add(message);
            } else {
                assertTrue(other.takes(3, group, message));
            }
        }

        @Override
        public void sendControl(int toSlot, List<Envelope> messages) {}

        @Override
        public boolean sendData(int toSlot, long group, Message message) {
            return false;
        }

        @Override
        public boolean connected(int slot) {
            return slot != GONE && !cut;
        }

        @Override
        public void close() {}
    }

    private final Wire there = new Wire();
    private final Wire back = new Wire();
    private final Questions asking = new Questions(there);
    private final Questions answering = new Questions(back);

    QuestionsTest() {
        there.other = answering;
        back.other = asking;
    }

    @Test
    void a_question_gets_its_answer() {
        answering.answeredBy((group, question, answer) -> answer.accept(new byte[] {(byte) group, question[0]}));
        assertArrayEquals(new byte[] {7, 1}, asking.ask(2, GROUP, new byte[] {1}, LONG_NANOS));
        assertArrayEquals(new byte[] {7, 2}, asking.ask(2, GROUP, new byte[] {2}, LONG_NANOS));
    }

    @Test
    void what_is_lost_or_not_answered_is_no_answer() {
        assertNull(asking.ask(2, GROUP, new byte[] {1}, 1), "nobody answers");
        answering.answeredBy((group, question, answer) -> {
            throw new IllegalArgumentException("a version that is not known");
        });
        assertNull(asking.ask(2, GROUP, new byte[] {1}, 1));
        losing = true;
        assertNull(asking.ask(2, GROUP, new byte[] {1}, 1));
        assertNull(new Questions(null).ask(2, GROUP, new byte[] {1}, LONG_NANOS), "without peers");
    }

    @Test
    void an_answer_that_comes_too_late_is_nobodys() {
        answering.answeredBy((group, question, answer) -> answer.accept(question));
        losing = true;
        assertNull(asking.ask(2, GROUP, new byte[] {1}, 1));
        losing = false;
        assertTrue(answering.takes(3, GROUP, lost.get(0)));
        assertArrayEquals(new byte[] {2}, asking.ask(2, GROUP, new byte[] {2}, LONG_NANOS));
    }

    @Test
    void several_are_asked_at_once_and_those_that_are_gone_are_not_waited_for() {
        answering.answeredBy((group, question, answer) -> answer.accept(question));
        List<byte[]> answers = asking.askAll(List.of(2, GONE, 3), GROUP, new byte[] {1}, LONG_NANOS);
        assertEquals(2, answers.size());
        assertArrayEquals(new byte[] {1}, answers.get(1));
        assertEquals(List.of(), asking.askAll(List.of(GONE), GROUP, new byte[] {1}, LONG_NANOS));
        assertEquals(List.of(), new Questions(null).askAll(List.of(2), GROUP, new byte[] {1}, LONG_NANOS));
    }

    @Test
    void who_does_not_answer_in_time_does_not_keep_the_others_answers() {
        answering.answeredBy((group, question, answer) -> {
            if (!lost.isEmpty()) {
                answer.accept(question);
            }
            lost.add(null);
        });
        assertEquals(1, asking.askAll(List.of(2, 3), GROUP, new byte[] {1}, 1).size());
    }

    @Test
    void what_a_lost_peer_was_asked_is_not_waited_for() {
        CompletableFuture<byte[]> toLost = asking.begin(2, GROUP, new byte[] {1}, LONG_NANOS);
        CompletableFuture<byte[]> toOther = asking.begin(3, GROUP, new byte[] {1}, LONG_NANOS);
        asking.lost(2);
        assertTrue(toLost.isDone(), "its answer can come no more");
        assertNull(toLost.join());
        assertFalse(toOther.isDone());
    }

    @Test
    void a_peer_that_is_not_connected_is_not_waited_for() {
        CompletableFuture<byte[]> answer = asking.begin(GONE, GROUP, new byte[] {1}, LONG_NANOS);
        assertTrue(answer.isDone(), "nobody got the question");
        assertNull(answer.join());
    }

    @Test
    void a_peer_that_is_lost_while_it_is_asked_is_not_waited_for() {
        there.cutsAtTheQuestion = true;
        CompletableFuture<byte[]> answer = asking.begin(2, GROUP, new byte[] {1}, LONG_NANOS);
        assertTrue(answer.isDone(), "the connection was lost before anybody could be told of this question");
        assertNull(answer.join());
    }

    @Test
    void messages_of_the_protocol_are_left_to_it() {
        assertFalse(asking.takes(3, GROUP, new Message.ReadIndex(1)));
    }
}
