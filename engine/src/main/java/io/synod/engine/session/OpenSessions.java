package io.synod.engine.session;

import java.util.Collection;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.h2.engine.SessionLocal;

/** The sessions that are open on one database of this node. Thread-safe. */
final class OpenSessions {
    private final Set<RoutedSession> all = ConcurrentHashMap.newKeySet();

    void add(RoutedSession session) {
        all.add(session);
    }

    void remove(RoutedSession session) {
        all.remove(session);
    }

    Collection<RoutedSession> all() {
        return all;
    }

    /**
     * Ends a session as its connection's {@code close} does: its transaction is rolled back.
     *
     * @param number H2's, on this node
     * @return false when there is none
     */
    boolean abort(int number) {
        for (RoutedSession session : all) {
            if (session.local().getId() == number) {
                session.cancel();
                session.lock();
                try {
                    session.close();
                } finally {
                    session.unlock();
                }
                return true;
            }
        }
        return false;
    }

    /** @return {@code null} for a session that is H2's or a function's */
    RoutedSession of(SessionLocal local) {
        for (RoutedSession session : all) {
            if (session.local() == local) {
                return session;
            }
        }
        return null;
    }
}
