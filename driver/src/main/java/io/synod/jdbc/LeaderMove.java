package io.synod.jdbc;

import java.sql.SQLException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.h2.message.DbException;

/** Takes a session to the leader, and has the connection kept that it left. Under the session's lock. */
final class LeaderMove {
    private final SynodUrl url;
    private final Reconnection reconnection;
    private final LeaderSearch search;
    private final Consumer<NodeSession> restore;
    private final LeftConnection left;

    /** @param restore sees to it that a new session has the state of this one */
    LeaderMove(SynodUrl url, Reconnection reconnection, LeftConnection left, Consumer<NodeSession> restore) {
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
     * @param hello what it says there
     * @return the session on the leader, with the state of this one; {@code null} where it stays
     */
    NodeSession from(NodeSession here, boolean bound, Supplier<Hello> hello) {
        long now = System.nanoTime();
        if (bound || !search.isDue(here.latest(), now)) {
            return null;
        }
        NodeSession there = null;
        String leader = null;
        try {
            leader = leader(here);
            if (leader == null) {
                search.notKnown(now);
                return null;
            }
            there = reconnection.connectTo(leader, hello.get());
            restore.accept(there);
            left.keep(here.remote(), now);
            found(there);
            return there;
        } catch (SQLException | DbException e) {
            // The session goes on where it is, or finds out that it cannot.
            search.notReached(now);
            if (leader != null) {
                LeaderHints.wrong(url, leader);
            }
            if (there != null) {
                RemoteInternals.abandon(there.remote());
            }
            return null;
        }
    }

    /** The first session that has asked has found it for all. Whoever was sent to the wrong node by that asks there. */
    private String leader(NodeSession here) {
        LeaderHints.wrong(url, here.endpoint());
        String hint = LeaderHints.of(url);
        return hint == null ? LeaderSearch.ask(here) : hint;
    }
}
