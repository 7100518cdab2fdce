package io.synod.jdbc;

import java.sql.SQLException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.h2.engine.SessionRemote;
import org.h2.message.DbException;

/**
 * What became of a session's commits: of one whose answer was lost, and of one that was answered at level LOCAL by a node that
 * was lost then. Asks whichever node the session reaches. Under the session's lock, but for {@link #giveUp}.
 */
final class CommitOutcome {
    /** A commit that a node has answered at level LOCAL, and that is not decided as far as this session knows. */
    private record Unsettled(NodeSession node, long number, CommitAge age) {}

    private final NodeLink link;
    private final UUID id;
    private final SynodUrl url;
    private final Reconnection reconnection;
    /** {@code null} for none. */
    private Unsettled unsettled;

    /** Where else a commit may be known; see {@link ReplyHead#databases}. */
    private String databases = "";

    private volatile boolean resolving;
    private volatile boolean givenUp;
    private volatile SessionRemote asked;

    CommitOutcome(NodeLink link, UUID id, SynodUrl url, Reconnection reconnection) {
        this.link = link;
        this.id = id;
        this.url = url;
        this.reconnection = reconnection;
    }

    /** How a commit is called in messages. */
    String name(long number) {
        return id + "/" + number;
    }

    /** @param number of the request whose commit was answered at level LOCAL and is not decided; 0 for none */
    void answered(NodeSession node, long number, CommitAge age) {
        if (number != 0) {
            unsettled = new Unsettled(node, number, age);
        } else if (unsettled != null && unsettled.node() == node) {
            // Another node has answered a rollback, which does not ask: whoever comes next does.
            unsettled = null;
        }
    }

    /** Where the session has been, as the node says before it executes anything there. */
    void mayBeIn(String others) {
        if (!others.equals(databases)) {
            Set<String> all = new LinkedHashSet<>(List.of(databases.split(",")));
            all.addAll(List.of(others.split(",")));
            all.remove("");
            databases = String.join(",", all);
        }
    }

    boolean isUnsettled() {
        return unsettled != null;
    }

    /** The node that answered a commit at level LOCAL was lost: the others know what became of it. */
    void settle(NodeSession now, Deadline deadline) {
        Unsettled last = unsettled;
        if (last == null || last.node() == now) {
            return;
        }
        unsettled = null;
        SQLException lost = new SQLException("the node " + last.node().endpoint() + " was lost");
        if (!isCommitted(last.number(), last.age(), lost, deadline)) {
            throw Errors.wrap(Errors.localCommitLost(name(last.number())));
        }
    }

    /**
     * Asks until somebody knows.
     *
     * @param cause why its answer is missing
     * @throws DbException 08007 when nobody could tell in time, or before it was given up
     */
    boolean isCommitted(long number, CommitAge age, SQLException cause, Deadline deadline) {
        SQLException last = cause;
        givenUp = false;
        resolving = true;
        try {
            while (!deadline.hasPassed() && !givenUp) {
                try {
                    boolean committed = ask(link.asked(deadline), number, deadline);
                    if (committed || age.isRemembered()) {
                        return committed;
                    }
                    break;
                } catch (DbException e) {
                    last = e.getSQLException();
                    if (link.remote() == null) {
                        break;
                    }
                    boolean again = link.leaveIfBroken(e)
                            || Errors.RETRY.equals(last.getSQLState()) && reconnection.pause(deadline);
                    if (!again) {
                        break;
                    }
                }
            }
        } finally {
            resolving = false;
        }
        throw Errors.wrap(Errors.outcomeUnknown(name(number), url.endpoints(), deadline.millis(), last));
    }

    private boolean ask(SessionRemote target, long number, Deadline deadline) {
        String elsewhere = databases.isEmpty() ? "" : ", '" + databases.replace("'", "''") + "'";
        String question = "CALL SYNOD.RESOLVE('" + id + "', " + number + elsewhere + ")";
        link.announceNext(target);
        // The node's own patience may be longer than ours.
        RemoteInternals.readTimeout(target, (int) Math.max(1, deadline.leftMillis()));
        asked = target;
        link.waitsFor(target);
        try {
            return RemoteInternals.firstRow(target, link.node().heads(), question)[0].getBoolean();
        } finally {
            asked = null;
            if (!target.isClosed()) {
                RemoteInternals.readTimeout(target, Connector.readTimeoutMillis(url));
            }
        }
    }

    /** From any thread. @return whether a commit was asked for: whoever asks stops, and does not know */
    boolean giveUp() {
        if (!resolving) {
            return false;
        }
        givenUp = true;
        SessionRemote target = asked;
        if (target != null) {
            RemoteInternals.sever(target);
        }
        return true;
    }
}
