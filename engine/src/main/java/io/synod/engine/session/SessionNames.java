package io.synod.engine.session;

import java.util.UUID;

/**
 * Names of sessions that a node opens on another one: each once, and they say which node has made them. A node of an earlier release makes
 * names that do not.
 */
public final class SessionNames {
    /** Of UUIDs: one whose bits mean what who makes it says (RFC 9562). */
    private static final int VERSION = 8;

    private static final long SLOT_MASK = 0xFFFFFF;

    private SessionNames() {}

    static UUID of(int slot) {
        UUID random = UUID.randomUUID();
        long high = random.getMostSignificantBits() & ~0xF000L | VERSION << 12;
        return new UUID(high, random.getLeastSignificantBits() & ~SLOT_MASK | slot);
    }

    /** @return 0 where it does not say so */
    public static int slot(UUID name) {
        return name.version() == VERSION ? (int) (name.getLeastSignificantBits() & SLOT_MASK) : 0;
    }
}
