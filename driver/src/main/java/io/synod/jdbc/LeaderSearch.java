package io.synod.jdbc;

import java.util.concurrent.ThreadLocalRandom;
import org.h2.value.Value;

/**
 * When a session that does not have to stay where it is looks for the leader, and where that is. A leader that cannot be
 * reached from here, though the nodes reach it, is tried less and less often, in the end once a minute. Under the session's lock.
 */
final class LeaderSearch {
    private static final long UNKNOWN_PAUSE_NANOS = 50_000_000L;
    private static final long FIRST_PAUSE_NANOS = 1_000_000_000L;
    private static final long LAST_PAUSE_NANOS = 60_000_000_000L;

    /** One attempt must not stop a session for long that works where it is. */
    static final int CONNECT_MILLIS = 500;

    private final boolean wanted;
    private boolean waits;
    private long nextNanos;
    private long pauseNanos = FIRST_PAUSE_NANOS;

    LeaderSearch(SynodUrl url) {
        this.wanted = LeaderHints.wants(url);
    }

    /** @param head what the node of the moment has said last; {@code null} for nothing */
    boolean isDue(ReplyHead head, long nowNanos) {
        if (!wanted || head == null || head.leads()) {
            return false;
        }
        return !waits || nowNanos - nextNanos >= 0;
    }

    /** @return {@code host:port}; {@code null} where no other node is known to lead */
    static String ask(NodeSession node) {
        Value[] row = RemoteInternals.firstRow(node.remote(), node.heads(), "CALL SYNOD.LEADER()");
        return row != null && !row[2].getBoolean() ? row[1].getString() : null;
    }

    void notKnown(long nowNanos) {
        again(nowNanos + UNKNOWN_PAUSE_NANOS);
    }

    void notReached(long nowNanos) {
        // Not all sessions at once: they have lost the leader together.
        again(nowNanos + ThreadLocalRandom.current().nextLong(pauseNanos / 2, pauseNanos));
        pauseNanos = Math.min(4 * pauseNanos, LAST_PAUSE_NANOS);
    }

    void found() {
        waits = false;
        pauseNanos = FIRST_PAUSE_NANOS;
    }

    private void again(long atNanos) {
        waits = true;
        nextNanos = atNanos;
    }
}
