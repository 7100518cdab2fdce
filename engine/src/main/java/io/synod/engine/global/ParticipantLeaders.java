package io.synod.engine.global;

import io.synod.branch.BranchRequest;
import io.synod.engine.database.BranchVotes;
import io.synod.engine.database.HostedDatabase;
import io.synod.group.Member;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
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

    /**
     * Asks on whichever other node leads, and does not wait. Of a database that this node does not host it asks all others.
     *
     * @return completed with {@code null} when there is no answer in time, or no leader that is known: ask again. {@code null}
     *     when this node leads: {@link #begin}
     */
    CompletableFuture<BranchVotes.Answer> askThere(String database, BranchRequest request, long timeoutNanos) {
        HostedDatabase here = hosted.apply(database);
        if (here != null && here.log().servingEpoch() != 0) {
            return null;
        }
        byte[] question = BranchMessages.encode(BranchMessages.Question.of(database, request));
        if (here == null) {
            return askAll(database, question, timeoutNanos);
        }
        Member leader = leaderElsewhere(here);
        return leader == null
                ? CompletableFuture.completedFuture(null)
                : ask(database, leader.slot(), question, timeoutNanos);
    }

    private CompletableFuture<BranchVotes.Answer> ask(String database, int slot, byte[] question, long timeoutNanos) {
        return link.ask(database, slot, question, timeoutNanos)
                .thenApply(answer -> answer == null ? null : BranchMessages.decodeAnswer(answer));
    }

    /** What this node does not host it has no leader of: the one that leads it answers, the others have no answer. */
    private CompletableFuture<BranchVotes.Answer> askAll(String database, byte[] question, long timeoutNanos) {
        CompletableFuture<BranchVotes.Answer> first = new CompletableFuture<>();
        List<CompletableFuture<BranchVotes.Answer>> asked = new ArrayList<>();
        for (int slot : link.slots()) {
            asked.add(ask(database, slot, question, timeoutNanos).whenComplete((answer, failure) -> {
                if (answer != null) {
                    first.complete(answer);
                }
            }));
        }
        CompletableFuture.allOf(asked.toArray(CompletableFuture[]::new)).whenComplete((all, failure) -> {
            if (failure != null) {
                first.completeExceptionally(failure);
            }
            first.complete(null);
        });
        return first;
    }

    /** Whether {@link #askThere} finds somebody, or {@link #begin} does. */
    boolean canBeAsked(String database) {
        HostedDatabase here = hosted.apply(database);
        if (here == null) {
            return link.slots().stream().anyMatch(link::reaches);
        }
        if (here.log().servingEpoch() != 0) {
            return true;
        }
        Member leader = leaderElsewhere(here);
        return leader != null && link.reaches(leader.slot());
    }

    /** @return {@code null} for a database that is closed here by now */
    BranchVotes.Vote begin(String database, BranchRequest request, long timeoutNanos) {
        HostedDatabase here = hosted.apply(database);
        return here == null ? null : here.votes().begin(request, timeoutNanos);
    }

    void forget(String database, List<String> gids, long timeoutNanos) {
        HostedDatabase here = hosted.apply(database);
        if (here != null && here.log().servingEpoch() != 0) {
            here.votes().forget(gids, timeoutNanos);
            return;
        }
        byte[] question = BranchMessages.encode(BranchMessages.Question.toForget(database, gids));
        if (here == null) {
            link.slots().forEach(slot -> link.ask(database, slot, question, timeoutNanos));
            return;
        }
        Member leader = leaderElsewhere(here);
        if (leader != null) {
            link.ask(database, leader.slot(), question, timeoutNanos);
        }
    }

    /** @return {@code null} where none is known */
    private static Member leaderElsewhere(HostedDatabase database) {
        String leader = database.log().leader();
        return leader == null || leader.equals(database.node())
                ? null
                : database.log().members().byName(leader);
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
