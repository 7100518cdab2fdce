package io.synod.jdbc;

import java.util.List;

/**
 * What a session says first on a node that it comes to.
 *
 * @param requests number of the last request of the session so far
 * @param seenIndex how far in the log it was shown the database; 0 for a new session
 * @param autoCommit whether it is in auto-commit mode
 * @param stateOfH2 as far as it is told, see {@link RemoteInternals#sessionState}
 * @param replays what it executes to be as it was, each a request with the next number
 */
record Hello(
        long requests, long seenIndex, boolean autoCommit, List<String> stateOfH2, List<SessionState.Replay> replays) {
    /** Of a session that nobody has told anything. */
    static final Hello FIRST = bare(0, 0);

    /** Of one that is asked for nothing but to be there. */
    static Hello bare(long requests, long seenIndex) {
        return new Hello(requests, seenIndex, true, List.of(), List.of());
    }
}
