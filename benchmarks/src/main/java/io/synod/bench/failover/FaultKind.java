package io.synod.bench.failover;

/** What befalls the leader, or the nodes one by one. */
enum FaultKind {
    /** {@code kill -9}. */
    KILL("kills", "leader killed with -9", 500, 99),
    /** Nothing passes between it and the other nodes any more, and no connection is closed; clients reach all. */
    PARTITION("partitions", "leader cut off silently", 2_000, 99),
    /** It is asked to hand over. */
    TRANSFER("transfers", "leader handed over", 100, 99),
    /** SIGTERM: it hands over and ends, and is started again. */
    TERM("terms", "leader stopped with SIGTERM", 100, 99),
    /** It stands still for {@link FailoverMeter#PAUSE_MILLIS}: as for a collection of garbage. */
    PAUSE("pauses", "leader stood still", 0, 99),
    /** It was made leader by hand, and leadership goes back by itself to the node of the highest priority. */
    PRIORITY("priorities", "leadership went back by PRIORITY", 100, 99),
    /** A rolling restart: a node that does not lead gets SIGTERM, and is started again. */
    ROLLING_FOLLOWER("rollingFollowers", "rolling restart, follower stopped", 100, 100),
    /** The same: the turn of the node that leads. */
    ROLLING_LEADER("rollingLeaders", "rolling restart, leader stopped", 100, 99);

    final String plural;
    final String what;
    /** The greatest gap that the percentile may have, in milliseconds; 0 where leadership must stay. */
    final int barMillis;

    /** Of the bar: 100 is the greatest gap of all. */
    final int barPercentile;

    FaultKind(String plural, String what, int barMillis, int barPercentile) {
        this.plural = plural;
        this.what = what;
        this.barMillis = barMillis;
        this.barPercentile = barPercentile;
    }

    /** Whether another node should lead afterwards. */
    boolean moves() {
        return this != PAUSE && this != ROLLING_FOLLOWER;
    }

    /**
     * @param sorted the gaps of all of its kind, not empty
     * @param moved how often leadership moved: a move that did not happen had no gap
     */
    boolean isMet(long[] sorted, long moved) {
        boolean soon = barMillis == 0 || FaultGaps.percentile(sorted, barPercentile) < barMillis;
        return soon && moved == (moves() ? sorted.length : 0);
    }

    /** How its bar reads in a report. */
    String bar() {
        if (barMillis == 0) {
            return "leadership stays";
        }
        return (barPercentile == 100 ? "max " : "p" + barPercentile + " ") + barMillis + " ms, "
                + (moves() ? "each moves" : "none moves");
    }
}
