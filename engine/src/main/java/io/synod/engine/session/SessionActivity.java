package io.synod.engine.session;

import java.time.Instant;
import org.h2.util.JSR310Utils;
import org.h2.value.ValueTimestampTimeZone;

/** What a session does at the moment. Written under its lock, read by anybody. */
final class SessionActivity {
    enum State {
        IDLE,
        RUNNING,
        IN_TRANSACTION,
        /** A commit was answered at level LOCAL and is not decided. */
        UNSETTLED
    }

    private final Instant opened = Instant.now();
    private volatile State state = State.IDLE;
    private volatile long sinceNanos = System.nanoTime();
    private volatile String statement = "";

    void runs(String sql) {
        statement = sql;
        sinceNanos = System.nanoTime();
        state = State.RUNNING;
    }

    void rests(State next) {
        sinceNanos = System.nanoTime();
        state = next;
    }

    State state() {
        return state;
    }

    /** Since when, by System.nanoTime(): statements of one session have different ones. */
    long sinceNanos() {
        return sinceNanos;
    }

    long stateMillis() {
        return Math.max(0, (System.nanoTime() - sinceNanos) / 1_000_000);
    }

    /** The one that runs, else the last one. */
    String statement() {
        return statement;
    }

    /** By the wall clock of this node: for people, nothing is decided by it. */
    ValueTimestampTimeZone opened() {
        return JSR310Utils.instantToValue(opened);
    }
}
