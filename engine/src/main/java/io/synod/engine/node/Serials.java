package io.synod.engine.node;

import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Numbers that this node uses once, whatever happens to it: how often it was started, which its {@link IdentityFile} has forced,
 * and a counter. A directory that was lost is another incarnation, which its peers refuse. Thread-safe.
 */
final class Serials implements LongSupplier {
    private static final int COUNTER_BITS = 40;

    private final String origin;
    private final AtomicLong last;

    private Serials(UUID incarnation, long starts) {
        origin = incarnation.toString();
        last = new AtomicLong(starts << COUNTER_BITS);
    }

    /** @param identity {@code null} for a node in memory, whose log ends with it */
    static Serials of(IdentityFile identity) {
        return identity == null
                ? new Serials(UUID.randomUUID(), 1)
                : new Serials(identity.incarnation(), identity.starts());
    }

    /** What no other node's begins with. */
    String origin() {
        return origin;
    }

    @Override
    public long getAsLong() {
        return last.incrementAndGet();
    }
}
