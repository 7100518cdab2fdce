package io.synod.clients;

import static org.junit.jupiter.api.Assertions.assertTrue;

/** Kills the leader once, in the middle of a transaction, and counts how often transactions were begun. One thread. */
final class KillInside {
    private final Cluster cluster;
    private int begun;
    private boolean killed;

    KillInside(Cluster cluster) {
        this.cluster = cluster;
    }

    void begun() {
        begun++;
    }

    /** By a transaction that has written and not committed. */
    void kill() {
        if (killed) {
            return;
        }
        killed = true;
        try {
            cluster.killLeader();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** The transaction in which the leader was killed ran again: nothing of it was left. */
    void assertRanAgain(int transactions) {
        assertTrue(killed && begun > transactions, begun + " transactions were begun, of " + transactions);
    }
}
