package io.synod.jdbc;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.h2.engine.SessionRemote;

/**
 * The connection that a session left for the leader's, kept for a while: for large objects that the application may still read
 * from it. The watchdog drops it: a session that rests in a pool would keep it as long as it rests. Thread-safe.
 */
final class LeftConnection {
    /** Since it was left, or last read from. */
    static final long KEPT_NANOS = TimeUnit.SECONDS.toNanos(10);

    private record Left(SessionRemote remote, long sinceNanos) {}

    private final AtomicReference<Left> left = new AtomicReference<>();

    /** In the place of the one before. */
    void keep(SessionRemote remote, long nowNanos) {
        drop(left.getAndSet(new Left(remote, nowNanos)));
    }

    /** Something is read from this session, which may be that one. */
    void used(SessionRemote remote, long nowNanos) {
        left.updateAndGet(last -> last != null && last.remote() == remote ? new Left(remote, nowNanos) : last);
    }

    /** @param reading the session that somebody reads from, which is not dropped meanwhile; {@code null} for none */
    void dropIfOld(SessionRemote reading, long nowNanos) {
        Left last = left.get();
        if (last != null
                && last.remote() != reading
                && nowNanos - last.sinceNanos() > KEPT_NANOS
                && left.compareAndSet(last, null)) {
            drop(last);
        }
    }

    void drop() {
        drop(left.getAndSet(null));
    }

    private static void drop(Left last) {
        if (last != null) {
            RemoteInternals.sever(last.remote());
        }
    }
}
