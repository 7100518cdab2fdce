package io.synod.jdbc;

import java.sql.SQLException;
import java.util.function.Consumer;
import org.h2.engine.SessionRemote;
import org.h2.message.DbException;

/**
 * Takes a session to the leader, and keeps the connection that it left for a while: for large objects that the application may
 * still read from it. Under the session's lock.
 */
final class LeaderMove {
    private static final long LEFT_NANOS = 10_000_000_000L;

    private final SynodUrl url;
    private final Reconnection reconnection;
    private final LeaderSearch search;
    private final Consumer<SessionRemote> restore;
    /** {@code null} for none. */
    private NodeSession left;

    private long leftNanos;

    /** @param restore gives a new session the state of this one */
    LeaderMove(SynodUrl url, Reconnection reconnection, Consumer<SessionRemote> restore) {
        this.url = url;
        this.reconnection = reconnection;
        this.search = new LeaderSearch(url);
        this.restore = restore;
    }

    /** This node leads. */
    void found(NodeSession node) {
        search.found();
        LeaderHints.found(url, node.endpoint());
    }

    /**
     * One attempt, where it is time for one.
     *
     * @param bound whether the session has to stay: it is in a transaction, or leaves something behind here
     * @return the session on the leader, with the state of this one; {@code null} where it stays
     */
    NodeSession from(NodeSession here, boolean bound, long requests, long seenIndex) {
        long now = System.nanoTime();
        if (left != null && now - leftNanos > LEFT_NANOS) {
            dropLeft();
        }
        if (bound || !search.isDue(here.latest(), now)) {
            return null;
        }
        NodeSession there = null;
        try {
            String leader = LeaderSearch.ask(here.remote());
            if (leader == null) {
                search.notKnown(now);
                return null;
            }
            there = reconnection.connectTo(leader, requests, seenIndex);
            restore.accept(there.remote());
            dropLeft();
            left = here;
            leftNanos = now;
            found(there);
            return there;
        } catch (SQLException | DbException e) {
            // The session goes on where it is, or finds out that it cannot.
            search.notReached(now);
            if (there != null) {
                RemoteInternals.abandon(there.remote());
            }
            return null;
        }
    }

    void dropLeft() {
        if (left != null) {
            RemoteInternals.abandon(left.remote());
            left = null;
        }
    }
}
