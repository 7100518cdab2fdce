package io.synod.engine.global;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.synod.branch.Attempt;
import io.synod.branch.Branch;
import io.synod.branch.BranchRequest;
import io.synod.branch.BranchStanding;
import io.synod.branch.BranchState;
import io.synod.engine.database.BranchVotes;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class BranchMessagesTest {
    private static final Attempt ATTEMPT = new Attempt(3, 2, 1L << 40);

    private static final List<BranchMessages.Question> QUESTIONS = List.of(
            BranchMessages.Question.of(
                    "shop", new BranchRequest.CanCommit(Branch.of("g", "shop", List.of("shop", "bänk")), Attempt.NONE)),
            BranchMessages.Question.of("shop", new BranchRequest.Elect("g", ATTEMPT)),
            BranchMessages.Question.of("shop", new BranchRequest.Accept("g", ATTEMPT, true)),
            BranchMessages.Question.of("shop", new BranchRequest.Accept("g", ATTEMPT, false)),
            BranchMessages.Question.of("shop", new BranchRequest.Decide("g", true)),
            BranchMessages.Question.toForget("shop", List.of("g", "h")));

    @Test
    void questions_come_out_as_they_went_in() {
        for (BranchMessages.Question question : QUESTIONS) {
            assertEquals(question, BranchMessages.decodeQuestion(BranchMessages.encode(question)));
        }
    }

    @Test
    void answers_come_out_as_they_went_in() {
        for (BranchState state : BranchState.values()) {
            BranchVotes.Answer answer =
                    new BranchVotes.Answer(new BranchStanding(state, ATTEMPT, new Attempt(1, 1, 1)), 7);
            assertEquals(answer, BranchMessages.decodeAnswer(BranchMessages.encode(answer)));
        }
        assertNull(BranchMessages.decodeAnswer(BranchMessages.encode((BranchVotes.Answer) null)));
    }

    @Test
    void another_version_another_kind_and_half_a_message_are_refused() {
        byte[] question = BranchMessages.encode(QUESTIONS.get(1));
        for (int length = 0; length < question.length; length++) {
            byte[] half = Arrays.copyOf(question, length);
            assertThrows(IllegalArgumentException.class, () -> BranchMessages.decodeQuestion(half), "at " + length);
        }
        byte[] later = question.clone();
        later[0]++;
        assertThrows(IllegalArgumentException.class, () -> BranchMessages.decodeQuestion(later));
        byte[] unknown = question.clone();
        unknown[1] = 9;
        assertThrows(IllegalArgumentException.class, () -> BranchMessages.decodeQuestion(unknown));
        byte[] answer = BranchMessages.encode((BranchVotes.Answer) null);
        answer[0]++;
        assertThrows(IllegalArgumentException.class, () -> BranchMessages.decodeAnswer(answer));
    }
}
