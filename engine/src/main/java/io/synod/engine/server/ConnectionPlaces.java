package io.synod.engine.server;

import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/**
 * How many sessions a node serves over its ports, whichever they come through. Those that other nodes forward to a leader are
 * counted apart: clients of this node must not keep them out, nor they these. Thread-safe.
 */
public final class ConnectionPlaces {
    /** More than MAX_CONNECTIONS, for administrators: somebody has to get in and see who fills the node. */
    static final int ADMINISTRATORS = 3;

    /** As many for each place of a client: of five nodes the other four may each have all theirs in transactions here. */
    static final int FORWARDED_FACTOR = 4;

    /** PostgreSQL's SQLState for the same (too_many_connections); pools do not throw connections away because of it. */
    static final String TOO_MANY = "53300";

    private static final int TOO_MANY_CODE = 53_300;

    private final int max;
    private final AtomicInteger clients = new AtomicInteger();
    private final AtomicInteger forwarded = new AtomicInteger();

    /** @param max sessions of clients, at least 1 */
    public ConnectionPlaces(int max) {
        this.max = max;
    }

    /** @return sessions of clients that are open now */
    public int clients() {
        return clients.get();
    }

    /**
     * Takes a place.
     *
     * @param ofNode whether another node has opened the session for one of its own
     * @param administrator asked only where it makes a difference
     * @throws SQLException 53300 there is none left
     */
    void enter(boolean ofNode, BooleanSupplier administrator) throws SQLException {
        if (ofNode) {
            if (!take(forwarded, (long) max * FORWARDED_FACTOR)) {
                throw new SQLException(
                        "This node, which leads, has " + (long) max * FORWARDED_FACTOR
                                + " sessions open for clients of other nodes, its greatest number (MAX_CONNECTIONS="
                                + max
                                + ", " + FORWARDED_FACTOR
                                + " for each): nothing was executed; close some connections, or"
                                + " raise MAX_CONNECTIONS",
                        TOO_MANY,
                        TOO_MANY_CODE);
            }
        } else if (!take(clients, max)
                && !(administrator.getAsBoolean() && take(clients, (long) max + ADMINISTRATORS))) {
            throw new SQLException(
                    "This node serves its greatest number of connections already, MAX_CONNECTIONS=" + max + " ("
                            + ADMINISTRATORS
                            + " more are for administrators): close some, use a smaller pool, connect to"
                            + " another node, or raise it",
                    TOO_MANY,
                    TOO_MANY_CODE);
        }
    }

    private static boolean take(AtomicInteger count, long limit) {
        int now = count.get();
        while (now < limit) {
            if (count.compareAndSet(now, now + 1)) {
                return true;
            }
            now = count.get();
        }
        return false;
    }

    void leave(boolean ofNode) {
        (ofNode ? forwarded : clients).decrementAndGet();
    }
}
