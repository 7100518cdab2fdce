package io.synod.paxos;

/** Notices that this process stood still, from ticks that come late: silence of others then proves nothing. */
final class Pauses {
    private static final long MEMORY_NANOS = 60_000_000_000L;

    private final Timing timing;
    private long lastTick = Core.NEVER;
    private long worst;
    private long worstAt;

    Pauses(Timing timing) {
        this.timing = timing;
    }

    /** @return whether this tick ends a stall of more than half an election timeout */
    boolean tick(long now) {
        long pause = lastTick == Core.NEVER ? 0 : now - lastTick;
        lastTick = now;
        boolean stalled = pause > timing.electionTimeout() / 2;
        if (now - worstAt > MEMORY_NANOS) {
            worst = 0;
        }
        if (stalled && pause >= worst) {
            worst = pause;
            worstAt = now;
        }
        return stalled;
    }

    /** The longest stall of the last minute, in nanoseconds; 0 if there was none. */
    long worst() {
        return worst;
    }
}
