package io.synod.replica;

import io.synod.group.Entry;

/**
 * An entry on its way into the log, made by {@link ReplicatedLog#propose}. One thread waits for it.
 */
public interface Proposal {
    /** How a proposal ended. */
    enum Outcome {
        /** Committed and applied on this node. */
        APPLIED,
        /** Surely not in the log, now or ever. */
        LOST,
        /**
         * Not known when the deadline passed, or the group stopped here, or a snapshot came in the place of the entries among
         * which it may be; it may still be decided either way.
         */
        UNKNOWN
    }

    /** What was given to {@link ReplicatedLog#propose} along with the payload. */
    Object attachment();

    /** The entry, once it has a place in the log; {@code null} before. */
    Entry entry();

    /**
     * Waits until the entry is on this node's disk, or decided. Interrupts do not end the wait; the flag is kept.
     *
     * @return true when it is on this disk and not decided yet: a majority may still not have it, and never get it
     */
    boolean awaitForced(long timeoutNanos);

    /** Waits until it is decided. Interrupts do not end the wait; the flag is kept. */
    Outcome await(long timeoutNanos);
}
