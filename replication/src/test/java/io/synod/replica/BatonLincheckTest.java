package io.synod.replica;

import java.util.concurrent.atomic.AtomicInteger;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnJre;
import org.junit.jupiter.api.condition.JRE;

/**
 * Hunts the interleaving in which work is queued, nobody is at it, and the log thread sleeps without having been woken:
 * of client and log thread, or of holder and client, each looked before the other one had said.
 */
@Tag("lincheck")
@EnabledOnJre(value = JRE.JAVA_17, disabledReason = "Lincheck 3.7 misses planted races on later JDKs")
public class BatonLincheckTest {
    private final AtomicInteger work = new AtomicInteger();
    private volatile boolean permit;
    /** The log thread runs at first. */
    private volatile boolean parked;

    private final Baton baton = new Baton(() -> work.get() > 0, this::cycle, () -> permit = true);

    private boolean cycle() {
        int found = work.get();
        work.addAndGet(-found);
        return found > 0;
    }

    /** A client with a proposal, or the reader of a follower. */
    @Operation
    public void help() {
        work.incrementAndGet();
        baton.help();
    }

    /** A control reader, or the timer. */
    @Operation
    public void leave() {
        work.incrementAndGet();
        baton.wake();
    }

    /** One turn of the log thread's loop. */
    @Operation(nonParallelGroup = "log thread")
    public void logThread() {
        if (permit || !parked) {
            permit = false;
            parked = baton.exhaust();
        }
    }

    @Validate
    public void noWorkIsForgotten() {
        if (work.get() > 0 && parked && !permit) {
            throw new IllegalStateException("work is queued and everybody sleeps");
        }
    }

    @Test
    public void no_wake_up_is_missed_in_any_interleaving() {
        new ModelCheckingOptions()
                .iterations(10)
                .invocationsPerIteration(300)
                .threads(3)
                .actorsPerThread(2)
                .actorsBefore(0)
                .actorsAfter(0)
                .check(BatonLincheckTest.class);
    }
}
