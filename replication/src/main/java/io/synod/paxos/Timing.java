package io.synod.paxos;

/**
 * Durations of the protocol, in nanoseconds.
 *
 * @param heartbeat between two heartbeats of a leader
 * @param electionTimeout silence of the leader after which a follower looks for another (adaptive above this)
 * @param lease how long a granter guards a leader after an Accept that asks for it; 0 switches leases off
 * @param maxDriftPercent bound on the difference in speed of two monotonic clocks
 * @param settled how long a member of higher priority has to have been well before leadership is moved to it; nobody moves it for
 *     that reason who has not led for {@link #SETTLED_LEADS} times as long
 */
public record Timing(long heartbeat, long electionTimeout, long lease, int maxDriftPercent, long settled) {
    static final int SETTLED_LEADS = 3;
    private static final int SILENCE_TIMEOUTS = 5;

    private static final long MILLI = 1_000_000L;
    private static final long SETTLED_NANOS = 10_000 * MILLI;

    /** The same with 10 s for {@link #settled}. */
    public Timing(long heartbeat, long electionTimeout, long lease, int maxDriftPercent) {
        this(heartbeat, electionTimeout, lease, maxDriftPercent, SETTLED_NANOS);
    }

    /** So long a leader must not have heard a member whose place another directory is to take: 5 s, five timeouts at least. */
    long silence() {
        return Math.max(settled / 2, SILENCE_TIMEOUTS * electionTimeout);
    }

    /** 20 ms heartbeats, 150 ms timeout, 90 ms leases, 2 % drift. */
    public static Timing standard() {
        return new Timing(20 * MILLI, 150 * MILLI, 90 * MILLI, 2);
    }

    /**
     * The standard with more or less patience. Members may differ in it: neither the length of a lease nor the time between
     * heartbeats, which they must agree on, depends on it.
     *
     * @param electionTimeoutMillis more than a lease, in milliseconds
     */
    public static Timing patient(int electionTimeoutMillis) {
        Timing standard = standard();
        return new Timing(standard.heartbeat, electionTimeoutMillis * MILLI, standard.lease, standard.maxDriftPercent);
    }
}
