package io.synod.bench;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * What was measured in one round.
 *
 * @param what the target's name
 * @param latency of each operation that was completed, and of those that were given up, as long as that took, in ns
 * @param givenUp how many were given up, as the round had ended
 * @param nanos how long the round took
 * @param errors how often an operation failed, by SQLState; each was then tried again
 */
public record Round(String what, Histogram latency, long givenUp, long nanos, Map<String, Long> errors) {
    /** Of the histograms of its clients. */
    public static Round of(String what, List<Histogram> clients, long givenUp, long nanos, Map<String, Long> errors) {
        Histogram sum = new Histogram(3);
        clients.forEach(sum::add);
        return new Round(what, sum, givenUp, nanos, Map.copyOf(errors));
    }

    /** Of those that were completed. */
    public double perSecond() {
        return (latency.getTotalCount() - givenUp) * 1e9 / nanos;
    }

    /** @param percentile 0 to 100 */
    public double micros(double percentile) {
        return latency.getValueAtPercentile(percentile) / 1e3;
    }

    public String line() {
        return String.format(
                Locale.ROOT,
                "%-8s p50 %,9.0f us  p90 %,9.0f  p99 %,9.0f  p99.9 %,9.0f  max %,9.0f  %,10.0f /s%s",
                what,
                micros(50),
                micros(90),
                micros(99),
                micros(99.9),
                micros(100),
                perSecond(),
                errors.isEmpty() ? "" : "  errors " + errors);
    }
}
