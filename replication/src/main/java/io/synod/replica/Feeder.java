package io.synod.replica;

import java.util.ArrayDeque;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;

/**
 * The thread that feeds slow peers and those that lag: it reads the log from disk where it must and waits for windows to
 * open, so that neither the holder of the baton nor the timer does. Peers take turns, chunk by chunk.
 */
final class Feeder implements Runnable {
    private static final long WINDOW_RETRY_NANOS = 1_000_000L;

    private final ConcurrentLinkedQueue<PeerOutbox> added = new ConcurrentLinkedQueue<>();
    private final ArrayDeque<PeerOutbox> open = new ArrayDeque<>();
    private volatile boolean closed;
    private volatile Thread thread;

    void add(PeerOutbox outbox) {
        added.add(outbox);
        LockSupport.unpark(thread);
    }

    void close() {
        closed = true;
        LockSupport.unpark(thread);
    }

    @Override
    public void run() {
        thread = Thread.currentThread();
        while (!closed) {
            PeerOutbox outbox;
            while ((outbox = added.poll()) != null) {
                open.add(outbox);
            }
            if (open.isEmpty()) {
                LockSupport.park(this);
            } else if (!round()) {
                LockSupport.parkNanos(this, WINDOW_RETRY_NANOS);
            }
        }
    }

    /** @return whether anything went forward */
    private boolean round() {
        boolean progress = false;
        for (int i = open.size(); i > 0; i--) {
            PeerOutbox outbox = open.poll();
            switch (outbox.feed()) {
                case MORE -> {
                    progress = true;
                    open.add(outbox);
                }
                case BLOCKED -> open.add(outbox);
                case DONE -> progress = true;
            }
        }
        return progress;
    }
}
