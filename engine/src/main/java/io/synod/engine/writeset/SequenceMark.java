package io.synod.engine.writeset;

import org.h2.schema.Sequence;

/**
 * A mark: every value that a client may have seen lies before {@code next}, in the sequence's direction.
 *
 * @param exhausted the sequence may have given its last value
 */
record SequenceMark(long next, boolean exhausted) {
    /** Values between two marks. Also the gap that a change of leader may leave. */
    private static final long STEP = 1000;

    /** Whether all values that the sequence has given so far lie before this mark. */
    boolean covers(Sequence sequence) {
        long base = sequence.getBaseValue(); // before the cycle: a statement's own draws are seen in both
        if (exhausted) {
            return true;
        }
        return sequence.getCycle() != Sequence.Cycle.EXHAUSTED
                && (sequence.getIncrement() > 0 ? base <= next : base >= next);
    }

    /** Whether less than half of the values ahead is left. */
    boolean isShort(Sequence sequence) {
        if (exhausted) {
            return false;
        }
        long base = sequence.getBaseValue();
        long left = Long.divideUnsigned(
                sequence.getIncrement() > 0 ? next - base : base - next, Math.abs(sequence.getIncrement()));
        return left < headroom(sequence, base) / 2;
    }

    /** The farther of two marks. */
    SequenceMark max(SequenceMark other, Sequence sequence) {
        if (exhausted || other.exhausted) {
            return exhausted ? this : other;
        }
        return sequence.getIncrement() > 0 == next > other.next ? this : other;
    }

    static SequenceMark at(Sequence sequence) {
        return new SequenceMark(sequence.getBaseValue(), sequence.getCycle() == Sequence.Cycle.EXHAUSTED);
    }

    static SequenceMark ahead(Sequence sequence) {
        long base = sequence.getBaseValue();
        if (sequence.getCycle() == Sequence.Cycle.EXHAUSTED) {
            return new SequenceMark(base, true);
        }
        return new SequenceMark(base + sequence.getIncrement() * headroom(sequence, base), false);
    }

    /** Near the end of a sequence the steps get smaller, so that a change of leader does not use up a short one. */
    private static long headroom(Sequence sequence, long base) {
        long increment = sequence.getIncrement();
        long left = Long.divideUnsigned(
                increment > 0 ? sequence.getMaxValue() - base : base - sequence.getMinValue(), Math.abs(increment));
        return Math.min(STEP, left >>> 4);
    }
}
