package io.synod.engine.global;

/** A session of a client of this node that has been in other databases than its own. Thread-safe; does not wait for it. */
public interface SpanningSession {
    /** @return its transaction, while that may have branches in other databases; {@code null} else, and while nothing runs */
    WaitGraph.Whole running();

    /** For how long its statement has been running, in nanoseconds. */
    long runningNanos();
}
