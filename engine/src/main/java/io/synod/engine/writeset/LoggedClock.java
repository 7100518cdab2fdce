package io.synod.engine.writeset;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Time as the log knows it: the sum of what serving leaders have measured on their monotonic clocks, so that it never runs
 * ahead of real time and is the same on every member. Remembers where in the log it stood when.
 */
final class LoggedClock {
    private record Mark(long millis, long index) {}

    private final List<Mark> marks = new ArrayList<>();

    /** @param stored what {@link #encode} gave, {@code null} for a clock that has not run yet */
    static LoggedClock decode(byte[] stored) {
        LoggedClock clock = new LoggedClock();
        if (stored != null) {
            ByteBuffer in = ByteBuffer.wrap(stored);
            while (in.hasRemaining()) {
                clock.marks.add(new Mark(in.getLong(), in.getLong()));
            }
        }
        return clock;
    }

    byte[] encode() {
        ByteBuffer out = ByteBuffer.allocate(16 * marks.size());
        marks.forEach(mark -> out.putLong(mark.millis).putLong(mark.index));
        return out.array();
    }

    /**
     * Time has gone on.
     *
     * @param millis since the record before this one, or less
     * @param index of the entry that says so
     * @param idleMillis how long ago is asked for
     * @return the last index that is at least that old; 0 for none
     */
    long advance(long millis, long index, long idleMillis) {
        long now = (marks.isEmpty() ? 0 : marks.get(marks.size() - 1).millis) + Math.max(0, millis);
        marks.add(new Mark(now, index));
        while (marks.size() > 1 && marks.get(1).millis <= now - idleMillis) {
            marks.remove(0);
        }
        Mark oldest = marks.get(0);
        return oldest.millis <= now - idleMillis ? oldest.index : 0;
    }
}
