package io.synod.replica;

import io.synod.paxos.GroupState;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * The protocol's state of one group, and the lock under which it is stepped and looked at. What a step has changed is
 * published by {@link Standing} before the lock is free again. Thread-safe.
 */
final class LockedState {
    /** A step of the protocol. */
    interface Step {
        void run(GroupState state, long nowNanos, StepEffects out);
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final GroupState state;
    private final Standing standing;
    private final LongSupplier nanoClock;
    private final SuspendCheck suspends;
    private boolean started;
    private volatile Throwable stopped;

    LockedState(GroupState state, Standing standing, LongSupplier nanoClock, SuspendCheck suspends) {
        this.state = state;
        this.standing = standing;
        this.nanoClock = nanoClock;
        this.suspends = suspends;
    }

    /** @return false when the group has stopped: no step was made */
    boolean step(Step step, StepEffects out) {
        lock.lock();
        try {
            if (stopped != null) {
                return false;
            }
            if (!started) {
                started = true;
                state.start(nanoClock.getAsLong(), out);
            }
            checkClock();
            step.run(state, nanoClock.getAsLong(), out);
            standing.stepped(state);
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Looks at the state under the lock. */
    <T> T inspect(Function<GroupState, T> look) {
        lock.lock();
        try {
            return look.apply(state);
        } finally {
            lock.unlock();
        }
    }

    boolean leaseHolds() {
        return inspect(s -> {
            checkClock();
            return stopped == null && s.leaseHolds(nanoClock.getAsLong());
        });
    }

    /** Before a lease is relied on; a step may answer the question of a follower under it. */
    private void checkClock() {
        if (suspends.distrusts()) {
            state.distrustLease(suspends.distrustUntil());
        }
    }

    /**
     * No step is made any more. The first cause counts.
     *
     * @return whether it was running
     */
    boolean stop(Throwable cause) {
        lock.lock();
        try {
            if (stopped != null) {
                return false;
            }
            stopped = cause;
            return true;
        } finally {
            lock.unlock();
        }
    }

    boolean isStopped() {
        return stopped != null;
    }
}
