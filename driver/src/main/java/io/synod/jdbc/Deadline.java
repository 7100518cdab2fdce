package io.synod.jdbc;

/** A time limit that starts to run at its first use: a statement that needs no failover never asks the clock. */
final class Deadline {
    private final int millis;
    private final boolean ofStatement;
    private long endNanos;
    private boolean started;

    Deadline(int millis) {
        this(millis, false);
    }

    private Deadline(int millis, boolean ofStatement) {
        this.millis = millis;
        this.ofStatement = ofStatement;
    }

    /** @param queryTimeoutMillis of the session; 0 for none */
    static Deadline of(SynodUrl url, int queryTimeoutMillis) {
        int failover = url.intSetting("FAILOVER_TIMEOUT");
        return queryTimeoutMillis > 0 && queryTimeoutMillis < failover
                ? new Deadline(queryTimeoutMillis, true)
                : new Deadline(failover);
    }

    /** Whether it is QUERY_TIMEOUT. */
    boolean isOfStatement() {
        return ofStatement;
    }

    int millis() {
        return millis;
    }

    boolean hasPassed() {
        return leftMillis() <= 0;
    }

    long leftMillis() {
        long now = System.nanoTime();
        if (!started) {
            started = true;
            endNanos = now + millis * 1_000_000L;
        }
        return (endNanos - now + 999_999) / 1_000_000;
    }
}
