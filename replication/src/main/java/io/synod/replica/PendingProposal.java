package io.synod.replica;

import io.synod.group.Entry;
import io.synod.group.Invariant;
import java.util.concurrent.locks.LockSupport;

/**
 * A proposal of this node. It is decided once: by the entry that is applied here at its index, or because it never got
 * one.
 */
final class PendingProposal implements Proposal {
    private final Replica replica;
    private final byte[] payload;
    private final long epoch;
    private final Object attachment;

    private volatile Entry entry;
    private volatile Outcome outcome;
    private volatile Thread waiter;

    PendingProposal(Replica replica, byte[] payload, long epoch, Object attachment) {
        this.replica = replica;
        this.payload = payload;
        this.epoch = epoch;
        this.attachment = attachment;
    }

    byte[] payload() {
        return payload;
    }

    long epoch() {
        return epoch;
    }

    @Override
    public Object attachment() {
        return attachment;
    }

    @Override
    public Entry entry() {
        return entry;
    }

    Thread waiter() {
        return waiter;
    }

    void placed(Entry at) {
        Invariant.that(at.epoch() == epoch, "proposal of epoch %d placed in epoch %d", epoch, at.epoch());
        entry = at;
    }

    void decide(Outcome how) {
        Invariant.that(outcome == null, "a proposal was decided twice");
        outcome = how;
        wake();
    }

    void wake() {
        Thread waiting = waiter;
        if (waiting != null && waiting != Thread.currentThread()) {
            LockSupport.unpark(waiting);
        }
    }

    @Override
    public boolean awaitForced(long timeoutNanos) {
        // Not as the waiter: who only waits for the disk is not the one to be woken to apply.
        replica.help();
        replica.copies().await(() -> outcome != null || isForced() || replica.hasLetGo(), timeoutNanos);
        return outcome == null && isForced();
    }

    private boolean isForced() {
        Entry at = entry;
        return at != null && replica.servingEpoch() == epoch && replica.durableIndex() >= at.index();
    }

    private boolean isCommitted() {
        Entry at = entry;
        return at != null && replica.commitIndex() >= at.index();
    }

    @Override
    public Outcome await(long timeoutNanos) {
        boolean interrupted = false;
        long start = System.nanoTime();
        waiter = Thread.currentThread();
        try {
            while (outcome == null) {
                // A set flag would make park return at once, and file channels close themselves.
                interrupted |= Thread.interrupted();
                replica.help();
                if (outcome != null) {
                    break;
                }
                if (replica.hasLetGo()) {
                    return Outcome.UNKNOWN;
                }
                long left = timeoutNanos - (System.nanoTime() - start);
                if (left <= 0 || Patience.graceLeft() <= 0 && !isCommitted()) {
                    return Outcome.UNKNOWN;
                }
                LockSupport.parkNanos(this, Patience.slice(left));
            }
            return outcome;
        } finally {
            waiter = null;
            replica.leave();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
