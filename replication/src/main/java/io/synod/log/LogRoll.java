package io.synod.log;

import net.openhft.chronicle.core.time.TimeProvider;
import net.openhft.chronicle.queue.RollCycle;
import net.openhft.chronicle.queue.rollcycles.RollCycleArithmetic;

/**
 * Rolls when it is told to, never by a clock: the cycle is a counter of ours. File names must parse as dates, so cycle n
 * is the n-th day since 1970.
 *
 * <p>Chronicle's own index is never read (the log keeps its own, per group), so it is made as small as it can be: one
 * index page that an append touches only once in {@value #SPACING} records, which saves a dirty page per force.
 */
final class LogRoll implements RollCycle {
    private static final int COUNT = 64;
    private static final int SPACING = 2048;

    /** Beyond this a second index page would be put between two records. */
    static final int MAX_RECORDS = COUNT * SPACING - SPACING;

    private final RollCycleArithmetic arithmetic = RollCycleArithmetic.of(COUNT, SPACING);
    private volatile int current;

    void current(int cycle) {
        current = cycle;
    }

    @Override
    public int current(TimeProvider time, long epoch) {
        return current;
    }

    @Override
    public String format() {
        return "yyyyMMdd'W'";
    }

    @Override
    public int lengthInMillis() {
        return 86_400_000;
    }

    @Override
    public int defaultIndexCount() {
        return arithmetic.indexCount();
    }

    @Override
    public int defaultIndexSpacing() {
        return arithmetic.indexSpacing();
    }

    @Override
    public long toIndex(int cycle, long sequenceNumber) {
        return arithmetic.toIndex(cycle, sequenceNumber);
    }

    @Override
    public long toSequenceNumber(long index) {
        return arithmetic.toSequenceNumber(index);
    }

    @Override
    public int toCycle(long index) {
        return arithmetic.toCycle(index);
    }

    @Override
    public long maxMessagesPerCycle() {
        return arithmetic.maxMessagesPerCycle();
    }
}
