package io.synod.bench.failover;

import io.synod.bench.Leadership;

/** One fault of a run, and the time in which its gap is looked for. Only the thread that makes faults changes it. */
final class Fault {
    final FaultKind kind;
    final String node;
    final long atNanos;
    private long untilNanos;
    private boolean ended;
    private boolean moved;

    Fault(FaultKind kind, String node, long atNanos) {
        this.kind = kind;
        this.node = node;
        this.atNanos = atNanos;
    }

    void leadership(Leadership before, Leadership after) {
        moved = !Leadership.stayed(before, after);
    }

    /** Whether another node led afterwards, or the same in another epoch. */
    boolean moved() {
        return moved;
    }

    /** What comes now is not this fault's doing. */
    void end() {
        if (!ended) {
            untilNanos = System.nanoTime();
            ended = true;
        }
    }

    /** Now, as long as it has not ended. */
    long untilNanos() {
        return ended ? untilNanos : System.nanoTime();
    }
}
