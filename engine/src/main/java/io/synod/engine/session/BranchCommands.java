package io.synod.engine.session;

import io.synod.branch.BranchRequest;
import io.synod.engine.database.BranchCodec;
import io.synod.engine.database.CommitId;
import io.synod.engine.database.Errors;
import io.synod.engine.database.HostedDatabase;
import io.synod.engine.session.SqlText.Token;
import io.synod.jdbc.CommitAge;
import io.synod.replica.Patience;
import java.util.HexFormat;
import java.util.List;
import org.h2.command.CommandInterface;
import org.h2.message.DbException;

/** PREPARE COMMIT, COMMIT TRANSACTION and ROLLBACK TRANSACTION of one session. Under the session's lock. */
final class BranchCommands {
    private final RoutedSession session;
    /** What was prepared here without having written anything: nobody else has to know. {@code null} for none. */
    private String empty;

    BranchCommands(RoutedSession session) {
        this.session = session;
    }

    /** The name behind the words, as H2 reads it. */
    private static String name(List<Token> tokens) {
        return tokens.get(2).text();
    }

    /** @return false when the transaction has written nothing: it has ended, and nothing is in doubt */
    boolean prepare(String gid) {
        checkNoTemporaryTables("PREPARE COMMIT");
        try {
            empty = null;
            return session.preparation().prepare(gid);
        } finally {
            session.goOn(0);
        }
    }

    /** PREPARE COMMIT, which does not tell whether anything was written: a decision on it is one all the same. */
    void prepare(RoutedCommand command) {
        String gid = name(command.tokens());
        if (!prepare(gid)) {
            empty = gid;
        }
    }

    /** A request as a literal of another node's call: in hexadecimal digits. */
    static String text(BranchRequest.CanCommit request) {
        return HexFormat.of().formatHex(BranchCodec.encode(request));
    }

    /**
     * Prepares what is open here as a branch of several groups, for the node whose session it serves.
     *
     * @param text of {@link #text}
     * @param id by which its client knows the whole
     */
    void canCommit(String text, CommitId id) {
        canCommit(BranchCodec.decodeCanCommit(HexFormat.of().parseHex(text)), id, () -> {});
    }

    /** @throws DbException 0A000 in the session of a user */
    void checkCoordinated() {
        if (!session.isInternal()) {
            throw Errors.refused(
                    "CALL SYNOD.CAN_COMMIT",
                    "only the node that coordinates a global transaction knows its participants",
                    "use COMMIT");
        }
    }

    /**
     * Prepares what is open in this session as a branch of several groups, with its inner session: {@link RoutedSession#goOn}
     * comes before that is used again.
     *
     * @param id by which its client knows the whole
     * @param meanwhile is run while this node's log is waited for, mostly
     */
    void canCommit(BranchRequest.CanCommit request, CommitId id, Runnable meanwhile) {
        checkNoTemporaryTables("a commit in several databases");
        session.preparation().prepare(request, id, meanwhile);
    }

    void checkNoTemporaryTables(String what) {
        if (!session.local().getLocalTempTables().isEmpty()) {
            throw Errors.refused(
                    what + " in a session with temporary tables of its own",
                    "the branch outlives the session, and they do not",
                    "drop them first, or use COMMIT");
        }
    }

    <T> T decide(RoutedCommand command, Execution<T> execution) {
        String gid = name(command.tokens());
        if (gid.equals(empty)) {
            empty = null;
            return execution.nothing();
        }
        return decide(gid, command.getCommandType() == CommandInterface.COMMIT_TRANSACTION, command, execution);
    }

    /** Ends a branch that is prepared, on the leader; what is open here stays so. */
    private <T> T decide(String gid, boolean commit, RoutedCommand command, Execution<T> execution) {
        HostedDatabase database = session.database();
        RoutedTransaction transaction = session.transaction();
        CommitId id = idOfDecision();
        long deadline = System.nanoTime() + database.timeoutMillis() * 1_000_000L;
        while (true) {
            try {
                if (!transaction.isForwarded()
                        && (session.isInternal() || database.log().servingEpoch() != 0)) {
                    session.levels()
                            .seen()
                            .shown(database.branches()
                                    .decide(gid, commit, id, session.local().getUser()));
                    return execution.nothing();
                }
                if (transaction.isForwarded() || transaction.placement().isReachable(deadline)) {
                    T result = decideThere(id, command, execution);
                    if (result != null) {
                        return result;
                    }
                }
            } catch (DbException e) {
                if (session.isInternal()
                        || Patience.isOver()
                        || !session.forwarding().shallAskAgain(e, deadline)) {
                    throw e;
                }
                if (transaction.isForwarded()) {
                    // That node leads no longer: what was open there is gone.
                    session.forwarding().close();
                    transaction.lostThere();
                }
            }
        }
    }

    /**
     * The client's id of the request, once for all attempts; NONE where it gave none, and for a part of a text: what commits with
     * the last part is what the client asks for.
     */
    private CommitId idOfDecision() {
        if (session.transaction().group().isRunning()) {
            return CommitId.NONE;
        }
        CommitId id = session.transaction().commitId();
        return id.equals(session.ids().used()) ? id : CommitId.NONE;
    }

    /**
     * @param id NONE for one that only this session asks for
     * @return {@code null} when it was not decided over there, and may be tried again
     * @throws DbException 40001 when it was not decided, and never will be under this id
     */
    private <T> T decideThere(CommitId id, RoutedCommand command, Execution<T> execution) {
        Forwarding forwarding = session.forwarding();
        CommitId asked = session.ids().orOwn(id);
        CommitAge age = CommitAge.now();
        try {
            forwarding.name(asked);
            T result = forwarding.run(command, execution, session.local(), true);
            session.levels().seen().changedElsewhere();
            return result;
        } catch (DbException e) {
            if (!forwarding.isBroken()) {
                throw e;
            }
            forwarding.close();
            boolean lost = session.transaction().isForwarded();
            if (lost) {
                session.transaction().lostThere();
            }
            if (forwarding.resolve(asked, age)) {
                session.levels().seen().changedElsewhere();
                return execution.nothing();
            }
            if (lost) {
                throw forwarding.lost(" in the middle of the transaction");
            }
            if (!id.isNone()) {
                // Void from now on: decided under another one, its client would be told that it was not.
                throw forwarding.lost(" before the decision was durable");
            }
            return null;
        }
    }
}
