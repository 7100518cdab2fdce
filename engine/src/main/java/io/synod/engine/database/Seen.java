package io.synod.engine.database;

import io.synod.replica.ReplicatedLog;

/**
 * How far in the log a session has been shown the database, by its reads and by its own commits: at SESSION and BOUNDED it is
 * never shown less again, on whichever node. Under the session's lock.
 */
public final class Seen {
    private long index;
    private boolean elsewhere;

    /** The session knows of everything up to this index. */
    public void shown(long upTo) {
        index = Math.max(index, upTo);
    }

    /** It has changed something at an index that it does not know, on another node. */
    public void changedElsewhere() {
        elsewhere = true;
    }

    /** Everything that was acknowledged is applied here now. */
    public void caughtUp() {
        elsewhere = false;
    }

    /** Whether only the leader can tell what has to be waited for. */
    boolean isElsewhere() {
        return elsewhere;
    }

    /** Whether this node may show less than the session has seen. */
    public boolean isBehind(ReplicatedLog log) {
        return elsewhere || log.appliedIndex() < index;
    }

    public long index() {
        return index;
    }

    /**
     * A query has just been run on this node's H2. An entry is visible before the applied index says so, and they are applied
     * one at a time.
     */
    void shownBy(ReplicatedLog log) {
        shown(Math.min(log.appliedIndex() + 1, log.commitIndex()));
    }
}
