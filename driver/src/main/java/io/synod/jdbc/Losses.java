package io.synod.jdbc;

import org.h2.engine.SessionRemote;

/**
 * The connections that one call has lost. A statement that is itself what kills a node must not go on to kill them all; a node
 * that went silent, or was cut off from the majority, is none that it killed, until FAILOVER_TIMEOUT has passed: something must end it where all of
 * them do.
 */
final class Losses {
    static final int REPETITIONS = 2;

    private int counted;

    /** @param silent the one that the watchdog has severed last; {@code null} for none */
    void lost(SessionRemote session, SessionRemote silent, Deadline deadline) {
        if (session == null || session != silent || deadline.hasPassed()) {
            counted++;
        }
    }

    boolean tooMany() {
        return counted > REPETITIONS;
    }

    int count() {
        return counted;
    }
}
