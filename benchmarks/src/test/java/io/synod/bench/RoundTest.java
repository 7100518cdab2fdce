package io.synod.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class RoundTest {
    @Test
    void what_was_given_up_counts_as_latency_and_not_as_throughput() {
        Histogram client = new Histogram(3);
        client.recordValue(TimeUnit.MILLISECONDS.toNanos(1));
        client.recordValue(TimeUnit.SECONDS.toNanos(20));
        Round round = Round.of("it", List.of(client), 1, TimeUnit.SECONDS.toNanos(1), Map.of());
        assertEquals(1, round.perSecond());
        assertTrue(round.micros(100) > 19e6, () -> "at most " + round.micros(100) + " us");
    }
}
