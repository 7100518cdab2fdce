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
        // The first session that has asked has found it for all. Whoever was sent to the wrong node by that asks there.
        LeaderHints.wrong(url, here.endpoint());
        String hint = LeaderHints.of(url);
        NodeSession there = hint == null ? null : to(hint, false, here, hello);
        if (there == null) {
            try {
                String leader = LeaderSearch.ask(here);
                if (leader == null) {
                    search.notKnown(now);
                    return null;
                }
                there = leader.equals(hint) ? null : to(leader, true, here, hello);
            } catch (DbException e) {
                // The session finds out by itself that it cannot stay.
                there = null;
            }
        }
        if (there == null) {
            search.notReached(now);
            return null;
        }
        left.keep(here.remote(), now);
        search.found();
        return there;
    }

    /**
     * @param asked whether the node of the moment says that this one leads; else it may be long ago
     * @return {@code null} where that fails: the session goes on where it is
     */
    private NodeSession to(String leader, boolean asked, NodeSession here, Supplier<Hello> hello) {
        NodeSession there = null;
        try {
            there = reconnection.connectTo(leader, hello.get());
            reconnection.served(there);
            restore.accept(there);
            ReplyHead head = there.latest();
            if (asked || head != null && head.leads()) {
                LeaderHints.found(url, leader);
                return there;
            }
            if (head == null) {
                // It says with its first answer whether it leads.
                return there;
            }
            LeaderHints.wrong(url, leader);
        } catch (SQLException | DbException e) {
            // Another session, with other settings, may well come there.
            if (Broken.isBroken(DbException.convert(e).getSQLException())) {
                LeaderHints.wrong(url, leader);
            }
        }
        if (there != null) {
            reconnection.served(here);
            RemoteInternals.abandon(there.remote());
        }
        return null;
    }
}
