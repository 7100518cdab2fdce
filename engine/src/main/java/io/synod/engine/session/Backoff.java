package io.synod.engine.session;

import io.synod.engine.database.Errors;
import io.synod.replica.Patience;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.h2.message.DbException;

/**
 * The waits between the tries of one session at a leader that does not serve yet, or is not reached. They grow with what has been
 * waited, so that an outage becomes longer by an eighth at most, and many sessions do not keep a leader busy that is about to begin;
 * each is another one by chance, so that they do not come at once. Not thread-safe.
 */
final class Backoff {
    private static final long FIRST_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
    private static final long LAST_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
    /** How often it is looked whether the request still waits. */
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private boolean tried;
    private long since;
    private long last;

    /**
     * Whether the node that was asked did not lead, or not yet: then it executed nothing, and somebody will soon. Waits a
     * moment before it says yes.
     */
    boolean shallAskAgain(DbException e, long deadlineNanos) {
        long left = deadlineNanos - System.nanoTime();
        if (e.getErrorCode() != Errors.NOT_LEADER_CODE || left <= 0) {
            return false;
        }
        pause(left);
        return true;
    }

    /** Before the next try; the first one after a while begins with short waits again. */
    void pause(long leftNanos) {
        long now = System.nanoTime();
        if (!tried || now - last > LAST_NANOS) {
            tried = true;
            since = now;
        }
        long most = Math.max(FIRST_NANOS, Math.min(LAST_NANOS, (now - since) / 8));
        long nanos = Math.min(leftNanos, most / 2 + ThreadLocalRandom.current().nextLong(most / 2 + 1));
        // Interrupts do not shorten it; the flag is kept, but not meanwhile: whoever has it set cannot be parked.
        boolean interrupted = false;
        for (long left = nanos; left > 0 && !Patience.isOver(); left = nanos - (System.nanoTime() - now)) {
            interrupted |= Thread.interrupted();
            LockSupport.parkNanos(Math.min(left, LOOK_NANOS));
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        last = System.nanoTime();
    }
}
