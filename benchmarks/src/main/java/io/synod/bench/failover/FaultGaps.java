package io.synod.bench.failover;

import io.synod.engine.operations.Gaps;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;

/** For how long nothing was acknowledged around a fault. */
final class FaultGaps {
    private FaultGaps() {}

    /** For how long nobody's commit was acknowledged. */
    static long ofAllMillis(Fault fault, List<long[]> clients) {
        long[] all = clients.stream().flatMapToLong(LongStream::of).toArray();
        return millis(fault.atNanos, fault.untilNanos(), all);
    }

    /** The same of the one client that waited longest. */
    static long ofOneMillis(Fault fault, List<long[]> clients) {
        long until = fault.untilNanos();
        return clients.stream()
                .mapToLong(client -> millis(fault.atNanos, until, client))
                .max()
                .orElse(0);
    }

    /** A silence that lasts until the end counts as well: a client that gets no answer any more has waited, too. */
    static long millis(long fromNanos, long toNanos, long[] acknowledgedAtNanos) {
        long lastNanos = Arrays.stream(acknowledgedAtNanos)
                .filter(atNanos -> atNanos - toNanos <= 0)
                .map(atNanos -> atNanos - fromNanos)
                .max()
                .orElse(0);
        long silentNanos = toNanos - fromNanos - lastNanos;
        return TimeUnit.NANOSECONDS.toMillis(
                Math.max(silentNanos, new Gaps(acknowledgedAtNanos).longestNanos(fromNanos, toNanos)));
    }

    /** @param sorted not empty */
    static long percentile(long[] sorted, double percentile) {
        return sorted[Math.max(0, (int) Math.ceil(percentile / 100 * sorted.length) - 1)];
    }
}
