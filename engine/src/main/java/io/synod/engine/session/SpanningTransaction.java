package io.synod.engine.session;

import io.synod.engine.global.SpanningSession;
import io.synod.engine.global.WaitGraph.Whole;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The transaction of a session that has been in other databases, as others may look at it while it waits. Written under the
 * session's lock, read by anybody.
 */
final class SpanningTransaction implements SpanningSession {
    private static final AtomicLong NUMBERS = new AtomicLong();

    private final RoutedSession session;
    private final List<RoutedSession> branches = new CopyOnWriteArrayList<>();
    private volatile Begun begun;

    private record Begun(String id, long sinceMillis) {}

    SpanningTransaction(RoutedSession session) {
        this.session = session;
        branches.add(session);
    }

    void add(RoutedSession branch) {
        branches.removeIf(RoutedSession::isClosed);
        branches.add(branch);
    }

    /** Before a statement that names other databases. */
    void begin() {
        if (begun == null) {
            begun = new Begun(session.database().node() + "-" + NUMBERS.incrementAndGet(), System.currentTimeMillis());
        }
    }

    void ended() {
        begun = null;
    }

    @Override
    public Whole running() {
        Begun now = begun;
        if (now == null || session.activity().state() != SessionActivity.State.RUNNING) {
            return null;
        }
        Set<String> names = new HashSet<>();
        for (RoutedSession branch : branches) {
            // Which of the two it works in is known under its lock only. The other one holds and wants nothing.
            names.add(SessionWaits.nameOf(branch));
            String there = branch.forwarding().sessionName();
            if (there != null) {
                names.add(there);
            }
        }
        return new Whole(now.id(), now.sinceMillis(), names);
    }

    @Override
    public long runningNanos() {
        SessionActivity activity = session.activity();
        return activity.state() == SessionActivity.State.RUNNING ? System.nanoTime() - activity.sinceNanos() : 0;
    }
}
