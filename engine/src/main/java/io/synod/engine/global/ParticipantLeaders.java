package io.synod.engine.global;

import io.synod.branch.BranchRequest;
import io.synod.engine.database.BranchVotes;
import io.synod.engine.database.HostedDatabase;
import io.synod.group.Member;
import java.util.List;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks the leaders of databases, wherever they are, and answers for those that this node leads. Thread-safe. */
final class ParticipantLeaders {
    private static final Logger LOG = LoggerFactory.getLogger(ParticipantLeaders.class);

    private final Function<String, HostedDatabase> hosted;
    private final GlobalCommits.PeerLink link;

    /** @param hosted gives {@code null} for a database that is not open on this node */
    ParticipantLeaders(Function<String, HostedDatabase> hosted, GlobalCommits.PeerLink link) {
        this.hosted = hosted;
        this.link = link;
    }

    /** @return {@code null} when there is no answer in time, or no leader that is known: ask again */
    BranchVotes.Answer ask(String database, BranchRequest request, long timeoutNanos) {
        HostedDatabase here = hosted.apply(database);
        if (here == null) {
            return null;
        }
        if (here.log().servingEpoch() != 0) {
            return here.votes().answer(request, timeoutNanos);
        }
        byte[] answer =
                askThere(here, BranchMessages.encode(BranchMessages.Question.of(database, request)), timeoutNanos);
        return answer == null ? null : BranchMessages.decodeAnswer(answer);
    }

    void forget(String database, List<String> gids, long timeoutNanos) {
        HostedDatabase here = hosted.apply(database);
        if (here == null) {
            return;
        }
        if (here.log().servingEpoch() != 0) {
            here.votes().forget(gids, timeoutNanos);
        } else {
            askThere(here, BranchMessages.encode(BranchMessages.Question.toForget(database, gids)), timeoutNanos);
        }
    }

    private byte[] askThere(HostedDatabase database, byte[] question, long timeoutNanos) {
        String leader = database.log().leader();
        if (leader == null || leader.equals(database.node())) {
            return null;
        }
        Member member = database.log().members().byName(leader);
        return member == null ? null : link.ask(database.name(), member.slot(), question, timeoutNanos);
    }

    /** What another node asks this one. */
    byte[] answer(byte[] bytes, long timeoutNanos) {
        BranchMessages.Question question = BranchMessages.decodeQuestion(bytes);
        HostedDatabase database = hosted.apply(question.database());
        BranchVotes.Answer answer = null;
        if (database != null && question.request() != null) {
            answer = database.votes().answer(question.request(), timeoutNanos);
        } else if (database != null) {
            database.votes().forget(question.forget(), timeoutNanos);
        }
        LOG.debug("{} is answered {}", question, answer);
        return BranchMessages.encode(answer);
    }
}
