package io.synod.jdbc;

import java.sql.SQLException;
import java.util.function.Consumer;
import org.h2.engine.SessionRemote;
import org.h2.message.DbException;

/** Takes a session to the leader, and has the connection kept that it left. Under the session's lock. */
final class LeaderMove {
    private final SynodUrl url;
    private final Reconnection reconnection;
    private final LeaderSearch search;
    private final Consumer<SessionRemote> restore;
    private final LeftConnection left;

    /** @param restore gives a new session the state of this one */
    LeaderMove(SynodUrl url, Reconnection reconnection, LeftConnection left, Consumer<SessionRemote> restore) {
        this.url = url;
        this.reconnection = reconnection;
        this.search = new LeaderSearch(url);
        this.left = left;
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
            left.keep(here.remote(), now);
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
}
