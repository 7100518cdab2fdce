package io.synod.engine.session;

import io.synod.engine.database.CommitId;
import io.synod.engine.database.CommitLevel;
import io.synod.engine.database.Errors;
import io.synod.engine.database.HostedDatabase;
import io.synod.engine.database.Writer;
import java.util.List;
import org.h2.message.DbException;

/**
 * The last commit of a session: where it stands in the log, and whether it was answered, at level LOCAL, before it was
 * decided. Under the session's lock.
 */
final class LastCommit {
    private final HostedDatabase database;
    private final Levels levels;
    private final Forwarding forwarding;
    private Writer writer;

    private long index;
    private CommitId id = CommitId.NONE;
    /** Unsettled in a copy that a snapshot has replaced; {@code null} for none. */
    private CommitId unsettledBefore;
    /** It was answered too early; told with the next call. */
    private DbException lost;

    LastCommit(HostedDatabase database, Levels levels, Forwarding forwarding, Writer writer) {
        this.database = database;
        this.levels = levels;
        this.forwarding = forwarding;
        this.writer = writer;
    }

    /** This node's copy was replaced by a snapshot. */
    void move(Writer itsWriter) {
        if (writer.isUnsettled()) {
            unsettledBefore = id;
        }
        writer = itsWriter;
    }

    void begins(CommitId commit) {
        index = 0;
        id = commit;
    }

    /** It was made here. */
    void ended(long here, CommitLevel level) {
        index = here;
        if (index == 0 || writer.isUnsettled()) {
            return;
        }
        levels.seen().shown(index);
        if (level == CommitLevel.ALL) {
            List<String> missing = database.awaitEverywhere(index);
            if (!missing.isEmpty()) {
                levels.warn("committed on a majority, but COMMIT=ALL was not reached: no confirmation from "
                        + String.join(", ", missing));
            }
        }
    }

    /** It was made by the leader. */
    void ended(ForwardedSession.Committed there, CommitLevel level) {
        index = there.index();
        if (there == ForwardedSession.Committed.SOMEWHERE) {
            lookedUp(level);
        }
        if (there.warning() != null) {
            levels.warn(there.warning());
        }
        if (there.index() > 0 && there.settled()) {
            levels.seen().shown(there.index());
        } else if (there.settled()) {
            levels.seen().changedElsewhere();
        }
    }

    /** Its answer was lost: that it is committed is all that can be found out. */
    void lookedUp(CommitLevel level) {
        if (level == CommitLevel.ALL) {
            levels.warn(
                    "committed on a majority, but whether COMMIT=ALL was reached is not known: the leader, or the node of the"
                            + " session, was lost before it could answer");
        }
    }

    /** Where it stands in the log; 0 where it left nothing there, or its place is not known. */
    long index() {
        return index;
    }

    CommitId id() {
        return id;
    }

    /** Whether it was answered before it was decided. */
    boolean isUnsettled() {
        return unsettledBefore != null || writer.isUnsettled() || forwarding.isUnsettled();
    }

    /**
     * Waits for its end, when it was answered before that.
     *
     * @return whether that has failed; {@link #tell} says how
     */
    boolean settle() {
        try {
            if (unsettledBefore != null) {
                settleBefore();
            }
            levels.seen().shown(writer.settle());
            long there = forwarding.settle();
            if (there < 0) {
                levels.seen().changedElsewhere();
            }
            levels.seen().shown(there);
            return false;
        } catch (DbException e) {
            lost = e;
            return true;
        }
    }

    /** @throws DbException 40000 once, when it was lost after it was answered */
    void tell() {
        if (lost != null) {
            DbException told = lost;
            lost = null;
            throw told;
        }
    }

    private void settleBefore() {
        CommitId before = unsettledBefore;
        unsettledBefore = null;
        if (!forwarding.resolve(before)) {
            throw Errors.localCommitLost("this node lost its leadership before a majority had it");
        }
        levels.seen().changedElsewhere();
    }
}
