package io.synod.engine.global;

import io.synod.branch.Attempt;
import io.synod.branch.Branch;
import io.synod.branch.BranchRequest;
import io.synod.branch.BranchStanding;
import io.synod.branch.BranchState;
import io.synod.engine.database.BranchVotes;
import io.synod.engine.global.WaitGraph.Wait;
import io.synod.engine.global.WaitGraph.Whole;
import io.synod.formats.Golden;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What nodes of other releases ask and answer about global transactions and waits: {@code formats/questions.txt}. */
class GlobalFormatTest {
    private static final Attempt ATTEMPT = new Attempt(2, 3, 1L << 41);

    private static Object question(BranchRequest request) {
        return BranchMessages.Question.of("shop", request);
    }

    private static Map<String, Object> messages() {
        Map<String, Object> messages = new LinkedHashMap<>();
        Branch branch = Branch.of("g", "shop", List.of("shop", "bank"));
        messages.put("can-commit", question(new BranchRequest.CanCommit(branch, ATTEMPT)));
        messages.put("elect", question(new BranchRequest.Elect("g", ATTEMPT)));
        messages.put("accept", question(new BranchRequest.Accept("g", ATTEMPT, true)));
        messages.put("decide", question(new BranchRequest.Decide("g", true)));
        messages.put("forget", BranchMessages.Question.toForget("shop", List.of("g", "h")));
        for (BranchState state : BranchState.values()) {
            messages.put(
                    "answer-" + state, new BranchVotes.Answer(new BranchStanding(state, ATTEMPT, Attempt.NONE), 7));
        }
        messages.put(
                "waits",
                new WaitMessages.Report(
                        List.of(new Wait(1, "shop", "a", "b", 3, true)),
                        List.of(new Whole("w", 5, Set.of("a"))),
                        Set.of("shop")));
        return messages;
    }

    @Test
    void messages_of_all_releases_are_understood() throws Exception {
        Golden.of(GlobalFormatTest.class, "/formats/questions.txt").check(messages(), new Golden.Format<Object>() {
            @Override
            public byte[] encode(Object message) {
                if (message instanceof WaitMessages.Report report) {
                    return WaitMessages.report(report);
                }
                // A leading byte that is no part of the message: questions and answers look alike.
                byte[] bytes = message instanceof BranchVotes.Answer answer
                        ? BranchMessages.encode(answer)
                        : BranchMessages.encode((BranchMessages.Question) message);
                byte[] marked = new byte[1 + bytes.length];
                marked[0] = (byte) (message instanceof BranchVotes.Answer ? 'A' : 'Q');
                System.arraycopy(bytes, 0, marked, 1, bytes.length);
                return marked;
            }

            @Override
            public Object decode(byte[] bytes) {
                if (WaitMessages.isOne(bytes)) {
                    return WaitMessages.decode(bytes);
                }
                byte[] message = Arrays.copyOfRange(bytes, 1, bytes.length);
                return bytes[0] == 'A' ? BranchMessages.decodeAnswer(message) : BranchMessages.decodeQuestion(message);
            }
        });
    }
}
