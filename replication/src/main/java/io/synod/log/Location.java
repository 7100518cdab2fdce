package io.synod.log;

import io.synod.group.Invariant;

/** Where a batch is, in one long: segment (24 bits), byte of its first record's header in that file (40 bits). */
final class Location {
    private static final int POSITION_BITS = 40;
    private static final int MAX_CYCLE = 1 << 23;

    private Location() {}

    static long of(int cycle, long position) {
        Invariant.that(cycle >= 0 && cycle < MAX_CYCLE, "segment %d out of range, limit %d", cycle, MAX_CYCLE);
        Invariant.that(
                position >= 0 && position < 1L << POSITION_BITS,
                "position %d in segment %d out of range",
                position,
                cycle);
        return (long) cycle << POSITION_BITS | position;
    }

    static int cycle(long location) {
        return (int) (location >>> POSITION_BITS);
    }

    static long position(long location) {
        return location & (1L << POSITION_BITS) - 1;
    }
}
