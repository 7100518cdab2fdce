package io.synod.bench.failover;

/** What befalls the leader. */
enum FaultKind {
    /** {@code kill -9}. */
    KILL("kills", "killed with -9", 500),
    /** Nothing passes between it and the other nodes any more, and no connection is closed; clients reach all. */
    PARTITION("partitions", "cut off silently", 2_000),
    /** It is asked to hand over. */
    TRANSFER("transfers", "handed over", 100),
    /** SIGTERM: it hands over and ends, and is started again. */
    TERM("terms", "stopped with SIGTERM", 100),
    /** It stands still for {@link FailoverMeter#PAUSE_MILLIS}: as for a collection of garbage. */
    PAUSE("pauses", "stood still", 0);

    final String plural;
    final String what;
    /** The greatest gap that the 99th percentile may have, in milliseconds; 0 where leadership must stay. */
    final int barMillis;

    FaultKind(String plural, String what, int barMillis) {
        this.plural = plural;
        this.what = what;
        this.barMillis = barMillis;
    }
}
