package io.synod.engine.global;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.synod.branch.Attempt;
import io.synod.branch.Branch;
import io.synod.branch.BranchRequest;
import io.synod.branch.BranchStanding;
import io.synod.branch.BranchState;
import io.synod.engine.database.BranchVotes;
import io.synod.engine.global.WaitGraph.Wait;
import io.synod.engine.global.WaitGraph.Whole;
import io.synod.fuzz.Fuzz;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What nodes tell each other about transactions over several databases is a message, or is refused. */
@Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MessageFuzzTest {
    private static final Attempt ATTEMPT = new Attempt(2, 3, 1L << 41);
    /** Such as what a class that is used for the first time takes. */
    private static final int BUFFERS = 1 << 20;

    private static final int PER_BYTE = 64;

    private static final List<byte[]> QUESTIONS = List.of(
            BranchMessages.encode(BranchMessages.Question.of(
                    "shop", new BranchRequest.CanCommit(Branch.of("g", "shop", List.of("shop", "bank")), ATTEMPT))),
            BranchMessages.encode(BranchMessages.Question.of("shop", new BranchRequest.Elect("g", ATTEMPT))),
            BranchMessages.encode(BranchMessages.Question.of("shop", new BranchRequest.Accept("g", ATTEMPT, true))),
            BranchMessages.encode(BranchMessages.Question.of("shop", new BranchRequest.Decide("g", true))),
            BranchMessages.encode(BranchMessages.Question.toForget("shop", List.of("g", "h"))));

    private static final byte[] ANSWER = BranchMessages.encode(
            new BranchVotes.Answer(new BranchStanding(BranchState.values()[0], ATTEMPT, ATTEMPT), 7));

    private static final byte[] REPORT = WaitMessages.report(new WaitMessages.Report(
            List.of(new Wait(1, "shop", "a", "b", 3, true)), List.of(new Whole("w", 5, Set.of("a"))), Set.of("shop")));

    private static String decoded(byte[] valid, Random random, UnaryOperator<byte[]> again) {
        assertArrayEquals(valid, again.apply(valid));
        byte[] bytes = random.nextInt(8) == 0 ? Fuzz.noise(random, 100) : Fuzz.mutated(valid, random);
        long before = Fuzz.allocated();
        byte[] once = null;
        try {
            once = again.apply(bytes);
        } catch (IllegalArgumentException e) {
            assertTrue(e.getMessage() != null);
        }
        long allocated = Fuzz.allocated() - before;
        assertTrue(
                allocated <= BUFFERS + (long) PER_BYTE * bytes.length,
                () -> allocated + " bytes allocated for " + bytes.length);
        if (once == null) {
            return "refused";
        }
        assertArrayEquals(once, again.apply(once));
        return "message";
    }

    @Test
    void a_question_an_answer_and_a_report_are_one_or_are_refused() {
        Fuzz.run("messages about branches", random -> switch (random.nextInt(3)) {
            case 0 ->
                decoded(
                        QUESTIONS.get(random.nextInt(QUESTIONS.size())),
                        random,
                        bytes -> BranchMessages.encode(BranchMessages.decodeQuestion(bytes)));
            case 1 -> decoded(ANSWER, random, bytes -> BranchMessages.encode(BranchMessages.decodeAnswer(bytes)));
            default -> decoded(REPORT, random, bytes -> WaitMessages.report(WaitMessages.decode(bytes)));
        });
    }
}
