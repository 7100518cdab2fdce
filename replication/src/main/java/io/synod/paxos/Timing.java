package io.synod.paxos;

/**
 * Durations of the protocol, in nanoseconds.
 *
 * @param heartbeat between two heartbeats of a leader
 * @param electionTimeout for what mostly takes a round trip: answers to a candidate, the age of a majority's answers under which a lease is
 *     given
 * @param lease how long a granter guards a leader after an Accept that asks for it; 0 switches leases off
 * @param maxDriftPercent bound on the difference in speed of two monotonic clocks
 * @param settled how long a member of higher priority has to have been well before leadership is moved to it; nobody moves it for
 *     that reason who has not led for {@link #SETTLED_LEADS} times as long
 * @param silence of the leader after which a follower looks for another, and of a majority after which a leader steps down (adaptive above
 *     this). A process that stands still for a moment, collecting garbage, say, is not to lose leadership for it; one that dies is noticed
 *     by its broken connections and not by this
 */
public record Timing(
        long heartbeat, long electionTimeout, long lease, int maxDriftPercent, long settled, long silence) {
    /** The silence that is borne by default, in milliseconds: a standstill of 300 ms and what it takes to come back from one. */
    public static final int STANDARD_SILENCE_MILLIS = 400;

    static final int SETTLED_LEADS = 3;
    private static final int SILENCE_TIMEOUTS = 5;

    private static final long MILLI = 1_000_000L;
    private static final long SETTLED_NANOS = 10_000 * MILLI;
    private static final int STANDARD_TIMEOUT_MILLIS = 150;

    /** So long a leader must not have heard a member whose place another directory is to take: 5 s, five times the silence at least. */
    long absence() {
        return Math.max(settled / 2, SILENCE_TIMEOUTS * silence);
    }

    /** 20 ms heartbeats, 150 ms timeout, 90 ms leases, 2 % drift, 10 s to settle, 400 ms of silence. */
    public static Timing standard() {
        return patient(STANDARD_SILENCE_MILLIS);
    }

    /**
     * The standard with more or less patience. Members may differ in it: neither the length of a lease nor the time between
     * heartbeats, which they must agree on, depends on it.
     *
     * @param silenceMillis more than a lease, in milliseconds; the other timeout grows with it where it is more than the standard's
     */
    public static Timing patient(int silenceMillis) {
        int timeoutMillis = Math.max(
                Math.min(silenceMillis, STANDARD_TIMEOUT_MILLIS),
                silenceMillis * STANDARD_TIMEOUT_MILLIS / STANDARD_SILENCE_MILLIS);
        return new Timing(20 * MILLI, timeoutMillis * MILLI, 90 * MILLI, 2, SETTLED_NANOS, silenceMillis * MILLI);
    }
}
