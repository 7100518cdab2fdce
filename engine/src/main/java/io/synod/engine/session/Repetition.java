package io.synod.engine.session;

import io.synod.engine.database.CommitId;
import io.synod.engine.database.Errors;
import io.synod.engine.session.StatementRouter.Route;
import io.synod.replica.Patience;
import java.util.stream.Stream;
import org.h2.engine.SessionLocal;
import org.h2.expression.ParameterInterface;
import org.h2.message.DbException;
import org.h2.value.Value;

/**
 * Whether a transaction's first statement is executed again. Always where the node that was asked did not lead, and executed
 * nothing; and one that is a transaction of its own where its leader was lost and it surely has not committed, as the application
 * would have to. So is one over several databases, where the leader of any of them was lost before its commit had begun.
 *
 * <p>Not where something else is lost with the leader (temporary tables) or done with the first attempt (variables, LOBs that H2
 * has stored for it), nor where a client's name for the commit is void already, by which it may ask for it.
 */
final class Repetition {
    private final Forwarding forwarding;
    private final CommitIds ids;
    private SessionLocal local;
    private boolean forwarded;
    /** By temporary tables; with the link to their node that is forgotten. */
    private boolean pinned;

    private CommitId usedBefore;

    Repetition(Forwarding forwarding, CommitIds ids) {
        this.forwarding = forwarding;
        this.ids = ids;
    }

    /** @param toLeader whether the attempt that begins runs on another node */
    void begins(SessionLocal session, boolean toLeader) {
        local = session;
        forwarded = toLeader;
        pinned = forwarding.pinned();
        usedBefore = ids.used();
    }

    /**
     * The attempt has failed, and nothing has happened: when it is to be repeated, its commit will have the same name.
     *
     * @param single whether it commits by itself
     */
    boolean isDue(DbException e, boolean single, RoutedCommand command, Execution<?> execution, long deadlineNanos) {
        if (Patience.isOver() || System.nanoTime() - deadlineNanos >= 0) {
            return false;
        }
        boolean due = forwarding.shallAskAgain(e, deadlineNanos)
                || single && Errors.isLeaderLost(e) && isRepeatable(command, execution);
        return due && nameIsFree();
    }

    /** The same of one over several databases that commits by itself: all that it has done is rolled back. */
    boolean isDueAcross(DbException e, RoutedCommand command, Execution<?> execution, long deadlineNanos) {
        // A node that did not lead has executed nothing of it, but another one may have.
        return ids.used().equals(usedBefore)
                && isRepeatable(command, execution)
                && isDue(e, true, command, execution, deadlineNanos);
    }

    private boolean isRepeatable(RoutedCommand command, Execution<?> execution) {
        return (command.local() != null || command.decision().route() == Route.ACROSS)
                && !pinned
                && local.getLocalTempTables().isEmpty()
                && !SessionVariables.mayBeSetBy(command.tokens())
                && values(command, execution).noneMatch(Lobs::isStored);
    }

    private boolean nameIsFree() {
        boolean taken = !ids.used().equals(usedBefore);
        if (taken && forwarded && forwarding.isBroken()) {
            return false;
        }
        if (taken) {
            ids.giveBack(ids.used());
        }
        return true;
    }

    private static Stream<Value> values(RoutedCommand command, Execution<?> execution) {
        if (execution instanceof Execution.Batch batch) {
            return batch.parameters().stream().flatMap(Stream::of);
        }
        return command.getParameters().stream()
                .filter(ParameterInterface::isValueSet)
                .map(ParameterInterface::getParamValue);
    }
}
