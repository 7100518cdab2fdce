package io.synod.engine.snapshot;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Lets statements that write into H2 run side by side, or none of them, for the moment in which a checkpoint is taken.
 * Everything that changes H2's store passes it: statements that may write, commits, rollbacks, and the apply of entries.
 * Reads do not. Not reentrant. Thread-safe.
 *
 * <p>Passing an open gate is one atomic operation. The gate is closed by whoever leaves it last, so that no moment without
 * a writer is missed, however short.
 */
public final class StatementGate {
    private static final long COUNT = (1L << 32) - 1;
    /** Someone wants to close: the last one out does. */
    private static final long WANTED = 1L << 32;
    /** New transactions wait. */
    private static final long HELD = 1L << 33;
    /** Nothing runs; all wait. */
    private static final long CLOSED = 1L << 34;

    private final AtomicLong state = new AtomicLong();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ReentrantLock closer = new ReentrantLock();

    /** Before the first writing statement of a transaction: waits while the gate is closed or about to close. */
    public void enter() {
        pass(HELD | CLOSED);
    }

    /**
     * Before a further statement, the commit or the rollback of a transaction that has changed something, and before the
     * apply of an entry: waits only while the gate is closed, so that what others wait for comes to its end.
     */
    public void enterOpenTransaction() {
        pass(CLOSED);
    }

    /** After each {@link #enter()} and {@link #enterOpenTransaction()}. */
    public void exit() {
        while (true) {
            long s = state.get();
            if ((s & COUNT) == 0) {
                throw new IllegalStateException("the statement gate was left more often than entered");
            }
            long left = s - 1;
            boolean closes = (left & COUNT) == 0 && (left & WANTED) != 0;
            if (state.compareAndSet(s, closes ? CLOSED : left)) {
                if (closes) {
                    signal();
                }
                return;
            }
        }
    }

    /**
     * Closes the gate: first waits, without holding anyone up, for a moment in which nothing writes; when there is none in
     * time, holds new transactions back. One closer at a time; it is that thread that opens it again.
     *
     * @param patienceNanos how long to wait without holding anyone up
     * @param holdNanos how long to hold new transactions back after that
     * @return false: it is open as before, try later
     */
    public boolean close(long patienceNanos, long holdNanos) {
        closer.lock();
        boolean closed = false;
        try {
            state.getAndUpdate(s -> (s & COUNT) == 0 ? CLOSED : s | WANTED);
            closed = awaitClosed(patienceNanos);
            if (!closed) {
                state.getAndUpdate(s -> (s & CLOSED) != 0 ? s : s | HELD);
                closed = awaitClosed(holdNanos);
            }
            if (!closed) {
                closed = (state.getAndUpdate(s -> (s & CLOSED) != 0 ? s : s & COUNT) & CLOSED) != 0;
                if (!closed) {
                    signal();
                }
            }
        } finally {
            if (!closed) {
                closer.unlock();
            }
        }
        return closed;
    }

    public void open() {
        if (!closer.isHeldByCurrentThread() || (state.get() & CLOSED) == 0) {
            throw new IllegalStateException("the statement gate is opened by the thread that closed it");
        }
        state.set(0); // nobody but the closer changes the state of a closed gate
        signal();
        closer.unlock();
    }

    private void pass(long barriers) {
        while (true) {
            long s = state.get();
            if ((s & barriers) != 0) {
                awaitNone(barriers);
            } else if (state.compareAndSet(s, s + 1)) {
                return;
            }
        }
    }

    private void awaitNone(long barriers) {
        lock.lock();
        try {
            while ((state.get() & barriers) != 0) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean awaitClosed(long nanos) {
        boolean interrupted = false;
        long end = System.nanoTime() + nanos;
        lock.lock();
        try {
            long left = nanos;
            while ((state.get() & CLOSED) == 0 && left > 0) {
                try {
                    changed.awaitNanos(left);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
                left = end - System.nanoTime();
            }
            return (state.get() & CLOSED) != 0;
        } finally {
            lock.unlock();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void signal() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
