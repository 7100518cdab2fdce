package io.synod.engine.snapshot;

import java.util.function.Consumer;

/** Where the test of a crash can let a step fail, between what goes to disk before and after it. Free otherwise. */
enum FaultPoint {
    MADE,
    VERIFIED,
    DECIDED,
    CLOSED,
    MOVED,
    SEALED,
    DONE,
    COPIED,
    COMPACTED,
    REVOKED;

    /** Set by tests only. */
    static volatile Consumer<FaultPoint> hook;

    static void reach(FaultPoint point) {
        Consumer<FaultPoint> test = hook;
        if (test != null) {
            test.accept(point);
        }
    }
}
