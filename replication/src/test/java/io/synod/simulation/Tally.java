package io.synod.simulation;

import java.util.StringJoiner;

/** How often each thing struck, in one run or in many: a fault that never does tests nothing. */
final class Tally {
    /** What happens beside the faults of a plan, or because of them. */
    enum Event {
        MESSAGE_LOST,
        MESSAGE_TWICE,
        MESSAGE_LATE,
        /** Later than any ordinary delay. */
        MESSAGE_VERY_LATE,
        /** A crash took some of what was not forced. */
        UNFORCED_LOST,
        RECORD_TORN,
        /** With whole records behind it. */
        TORN_IN_THE_MIDDLE,
        CHUNK_SPOILT,
        CHUNK_REFUSED,
        /** What a member has received of a snapshot, on its disk. */
        PART_SPOILT,
        /** A snapshot on the disk of the member that sends it. */
        SENT_SNAPSHOT_SPOILT,
        SNAPSHOT_REFUSED,
        SNAPSHOT_SENDER_DIED,
        SNAPSHOT_RECEIVER_DIED,
        /** Between the offer and the end of an installation. */
        SNAPSHOT_ACROSS_EPOCHS,
        /** The file of a member that is down. */
        STATE_SPOILT,
        /** A witness lost its log. */
        WITNESS_LOST,
        /** A node with a member of several groups lost all its logs. */
        NODE_LOST
    }

    private static final FaultPlan.Fault[] FAULTS = FaultPlan.Fault.values();
    private static final Event[] EVENTS = Event.values();
    static final int SIZE = FAULTS.length + EVENTS.length;

    private final long[] counts = new long[SIZE];

    void add(FaultPlan.Fault fault) {
        counts[fault.ordinal()]++;
    }

    void add(Event event) {
        counts[FAULTS.length + event.ordinal()]++;
    }

    void add(Tally other) {
        add(other.counts, 0);
    }

    /** @param from where they begin in it */
    void add(long[] sums, int from) {
        for (int i = 0; i < SIZE; i++) {
            counts[i] += sums[from + i];
        }
    }

    long of(FaultPlan.Fault fault) {
        return counts[fault.ordinal()];
    }

    long of(Event event) {
        return counts[FAULTS.length + event.ordinal()];
    }

    void copyTo(long[] sums, int from) {
        System.arraycopy(counts, 0, sums, from, SIZE);
    }

    static String describe(long[] sums, int from) {
        Tally tally = new Tally();
        tally.add(sums, from);
        return tally.toString();
    }

    @Override
    public String toString() {
        StringJoiner text = new StringJoiner(", ");
        for (FaultPlan.Fault fault : FAULTS) {
            text.add(fault + " " + of(fault));
        }
        for (Event event : EVENTS) {
            text.add(event + " " + of(event));
        }
        return text.toString();
    }
}
