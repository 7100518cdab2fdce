package io.synod.engine.database;

import java.util.concurrent.TimeUnit;

/**
 * How long the ids of commits, and the decisions on prepared branches, are remembered. A client that has lost an answer looks its commit up within an hour, which is
 * the greatest FAILOVER_TIMEOUT; what is older than twice that can be forgotten.
 *
 * @param sessions with up to that many client sessions and decisions, nothing is forgotten
 * @param idleMillis a session that has committed since then is remembered, by the log's own time
 * @param newerEntries so is one that has committed in the last that many entries
 * @param everyMillis how often the leader lets old ones be forgotten
 */
public record CommitIdBounds(long sessions, long idleMillis, long newerEntries, long everyMillis) {
    static final CommitIdBounds STANDARD =
            new CommitIdBounds(1_000, TimeUnit.HOURS.toMillis(2), 100_000, TimeUnit.MINUTES.toMillis(10));
}
