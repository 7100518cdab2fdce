package io.synod.engine.session;

import java.util.concurrent.locks.LockSupport;

/** Waits between two tries. */
final class Pause {
    private Pause() {}

    /** Interrupts do not shorten the sum of the waits for more than one try; the flag is kept. */
    static void nanos(long nanos) {
        if (nanos > 0) {
            LockSupport.parkNanos(nanos);
        }
    }
}
